"""Arrays of your own: .npz and .npy files of NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field

from nncli.data.array_files import read_arrays
from nncli.data.dataset import DecodedDataset, DecodedSplit, Source
from nncli.data.files import DataPath, label_of, stamp
from nncli.data.image_sizes import size_of
from nncli.data.inputs import InputSettings
from nncli.data.splits import HeldOutShares
from nncli.data.table.cells import LARGEST
from nncli.data.table.targets import MOST_NUMBERED_CLASSES
from nncli.data.units import Measured
from nncli.descriptions import (
    TASKS,
    ArrayInput,
    ClassTarget,
    ImageInput,
    Input,
    LabelsTarget,
    Target,
    TextInput,
    ValueTarget,
)
from nncli.errors import DataError, NotFoundError
from nncli.preprocessing import ImagePreprocessing, Preprocessing
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ArraySettings", "ArraysDataset", "Names", "as_described", "decode", "source"]

BATCH_SIZE = 4096


class Names(NamedTuple):
    """How arrays are called: `label` in runs and reports, `place` in messages about them."""

    label: str
    place: str


class ArraySettings(InputSettings, HeldOutShares):
    """What can be said about arrays, wherever they come from."""

    task: Literal["classes", "labels", "values"] | None = Field(
        default=None,
        description=(
            "What the target is; default: classes for words and few whole numbers, labels for "
            "rows of 0 and 1, values for all else."
        ),
    )


class ArraysDataset(ArraySettings, Measured):
    """Arrays of NumPy: an .npz file of inputs and targets, or two .npy files."""

    type: Literal["arrays"] = Field(default="arrays", description="Files of NumPy.")
    path: DataPath = Field(
        strict=False, description="The .npz file, or the .npy file of the inputs."
    )
    target_path: DataPath | None = Field(
        default=None, strict=False, description="The .npy file of the targets, one a row."
    )
    inputs: str | None = Field(
        default=None, description="Member of the .npz file; default: x_train, x, images, ..."
    )
    target: str | None = Field(
        default=None, description="Member of the .npz file; default: y_train, y, labels, ..."
    )

    @property
    def label(self) -> str:
        """The name that runs and reports give to this dataset."""
        return label_of(self.path)


def source(settings: ArraysDataset) -> Source:
    """The arrays that `settings` name.

    Raises:
        NotFoundError: there is no such file.
    """
    paths = [settings.path] + ([settings.target_path] if settings.target_path else [])
    for path in paths:
        if not path.is_file():
            raise NotFoundError(f"There is no file {path}.")
    status = [stamp(path) for path in paths]
    kept = settings.model_dump(mode="json", exclude={"validation", "test", "unit"})
    key = {"name": settings.label, "files": status, "settings": kept}

    def read(given: Preprocessing | None, reporter: Reporter) -> DecodedDataset:
        arrays, found = read_arrays(
            settings.path, settings.target_path, settings.inputs, settings.target, reporter
        )
        names = Names(settings.label, str(settings.path))
        return decode(settings, arrays, found, names, given, reporter)

    return Source(key, read, partial(read, None))


def decode(
    settings: ArraySettings,
    arrays: Mapping[str, tuple[NDArray[Any], NDArray[Any]]],
    found: Mapping[str, Any],
    names: Names,
    given: Preprocessing | None,
    reporter: Reporter,
) -> DecodedDataset:
    """What inputs and targets in arrays mean.

    Args:
        settings: what was said about them.
        arrays: inputs and targets of each split, shape (n, ...), train among them.
        found: settings that were found out where they were read.
        names: of the dataset, and of where they come from.
        given: the preprocessing of a model; default: found out, or fitted later.
        reporter: told what is not as one would expect.

    Raises:
        DataError: they are nothing that a network could be trained on.
    """
    inputs, preprocessing, chosen = _inputs(settings, names, arrays["train"][0], given, reporter)
    settings.check_kind(names.label, inputs.kind)
    for name, (values, targets) in arrays.items():
        _check_alike(names.place, name, values, targets, arrays["train"][0], inputs)
    target = _target(settings, names.place, arrays["train"][1])
    splits = {}
    unknown = 0
    for name, (values, targets) in arrays.items():
        encoded = _encoded(names.place, targets, target, name)
        described = as_described(values, inputs)
        if isinstance(inputs, ArrayInput):
            unknown += _missing(described)
        pick = partial(_at, described) if isinstance(inputs, ImageInput) else None
        splits[name] = DecodedSplit(
            len(values),
            _batches(described, encoded),
            encoded,
            pick=pick,
            original=partial(_at, described),
        )
    if unknown:
        reporter.notice(
            f"{names.label}: {counted(unknown, 'number')} {'is' if unknown == 1 else 'are'} "
            "missing (NaN, or infinite), taken as the mean."
        )
    return DecodedDataset(
        name=names.label,
        inputs=inputs,
        target=target,
        splits=splits,
        preprocessing=preprocessing,
        found={**found, **chosen, "task": TASKS[target.kind]},
    )


def _missing(values: NDArray[Any]) -> int:
    import numpy as np

    return int(np.isnan(values).sum())


def _check_alike(
    place: str,
    name: str,
    values: NDArray[Any],
    targets: NDArray[Any],
    first: NDArray[Any],
    inputs: Input,
) -> None:
    """Refuse a split whose arrays do not fit each other, or those of train."""
    if len(values) != len(targets):
        raise DataError(f"{place}: {name} has {len(values):,} inputs and {len(targets):,} targets.")
    if values.shape[1:] != first.shape[1:]:
        raise DataError(
            f"{place}: {name} has inputs of shape {values.shape[1:]}, train of {first.shape[1:]}."
        )
    if isinstance(inputs, ImageInput) and values.dtype != first.dtype:
        raise DataError(
            f"{place}: {name} has pixels of type {values.dtype}, train of {first.dtype}.",
            hint="Save both as the same type.",
        )


def _batches(values: NDArray[Any], targets: NDArray[Any]) -> Any:
    def read() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        for start in range(0, len(values), BATCH_SIZE):
            yield values[start : start + BATCH_SIZE], targets[start : start + BATCH_SIZE]

    return read


def _inputs(
    settings: ArraySettings,
    names: Names,
    values: NDArray[Any],
    given: Preprocessing | None,
    reporter: Reporter,
) -> tuple[Input, Preprocessing | None, dict[str, Any]]:
    """What the inputs are, what is done to them, and the settings that were found out."""
    import numpy as np

    shape = values.shape[1:]
    if values.dtype.kind in "US" and not shape:
        return TextInput(), given, {}
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{names.place}: inputs are numbers, or one string an example, not {values.dtype} of "
            f"shape {values.shape}."
        )
    if values.dtype in (np.uint8, np.uint16) and len(shape) in (2, 3):
        channels = shape[2] if len(shape) == 3 else 1
        if channels <= 4:
            maximum = 255.0 if values.dtype == np.uint8 else 65535.0
            image = ImageInput(shape=(shape[0], shape[1], channels), maximum=maximum)
            if given is not None and given.kind == "image":
                return image, given, {}
            size, found = size_of(settings, names.label, (shape[0], shape[1]), reporter)
            own = ImagePreprocessing(inputs=image, size=size, resize=settings.resize)
            return image, own, found
    return ArrayInput(shape=shape or (1,)), given, {}


def as_described(values: NDArray[Any], inputs: Input) -> NDArray[Any]:
    """Some rows of an array as `inputs` have them; what is no number becomes NaN."""
    import numpy as np

    match inputs:
        case ImageInput():
            return values if values.ndim == 4 else values[..., None]
        case TextInput():
            return values.astype(str).astype(object)
        case ArrayInput():
            numbers = values.reshape(len(values), *inputs.shape).astype(np.float64)
            numbers[~(np.abs(numbers) <= LARGEST)] = np.nan
            return numbers.astype(np.float32)
        case _:
            raise AssertionError(inputs.kind)


def _target(settings: ArraySettings, place: str, targets: NDArray[Any]) -> Target:
    import numpy as np

    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim > 2 or targets.dtype.kind not in "biufUS":
        raise DataError(
            f"{place}: targets are of shape {targets.shape} and type {targets.dtype}; "
            "nncli takes one number or word, or a row of numbers, an example."
        )
    distinct = np.unique(targets)
    if targets.ndim == 2:
        names = tuple(f"target_{number + 1}" for number in range(targets.shape[1]))
        binary = bool(np.isin(distinct, (0, 1)).all())
        one_hot = binary and bool((targets.sum(axis=1) == 1).all())
        if settings.task == "classes" and not one_hot:
            raise DataError(f"{place}: a row of targets is no class.")
        if one_hot and settings.task in (None, "classes"):  # as Keras's to_categorical writes them
            return ClassTarget(names=tuple(str(number) for number in range(targets.shape[1])))
        if settings.task == "labels" or (settings.task is None and binary):
            return LabelsTarget(names=names)
        return ValueTarget(names=names)
    words = targets.dtype.kind in "US"
    if len(distinct) < 2:
        raise DataError(f"{place}: all targets are {distinct[0]!s}.")
    if words and not _name(distinct[0]):
        row = int(np.flatnonzero(targets == distinct[0])[0])
        raise DataError(f"{place}: the target of train row {row} is empty.")
    few = not words and bool((distinct == np.floor(distinct)).all())
    # An integer type says class more often than not: 1,000 classes are numbered too.
    most = max(MOST_NUMBERED_CLASSES, len(targets) // 20 if targets.dtype.kind in "biu" else 0)
    few = few and len(distinct) <= most
    if words or settings.task == "classes" or (settings.task is None and few):
        return ClassTarget(names=tuple(_name(value) for value in distinct))
    return ValueTarget(names=("target",))


def _name(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    whole = not isinstance(value, str) and value == int(value)
    return str(int(value)) if whole else str(value)


def _encoded(place: str, targets: NDArray[Any], target: Target, split: str) -> NDArray[Any]:
    import numpy as np

    targets = targets.reshape(len(targets), -1)
    if isinstance(target, ClassTarget) and targets.shape[1] == len(target.names) > 1:
        places_of: NDArray[Any] = targets.argmax(axis=1).astype(np.int64)
        if not (targets.sum(axis=1) == 1).all():
            raise DataError(f"{place}: {split} has rows of targets that are no class.")
        return places_of
    if isinstance(target, ClassTarget):
        places = {name: place for place, name in enumerate(target.names)}
        names = [_name(value) for value in targets[:, 0]]
        lost = sorted({name for name in names if name not in places})
        if lost:
            raise DataError(f"{place}: {split} has the class {lost[0]}, which train does not have.")
        return np.array([places[name] for name in names], np.int64)
    values = targets.astype(np.float32)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise DataError(f"{place}: the target of {split} row {row} is no finite number.")
    return values


def _at(values: NDArray[Any], places: Sequence[int]) -> list[NDArray[Any]]:
    """Some of the examples."""
    return list(values[list(places)])
