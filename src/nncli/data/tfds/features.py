"""What the features of a tensorflow-datasets builder mean for a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.catalogue import NOT_SAID
from nncli.data.table.cells import LARGEST
from nncli.data.table.columns import MISSING, Kind, Seen
from nncli.data.table.settings import Task
from nncli.data.tfds.targets import is_sequence_of_labels, target_of
from nncli.data.tfds.types import (
    SEPARATOR,
    called,
    dtype_of,
    flat,
    is_numeric,
    is_scalar,
    is_string,
    label_names,
    leaves,
    paths_of,
    shape_of,
    some,
    strings,
    type_of,
)
from nncli.descriptions import (
    ArrayInput,
    Column,
    ImageInput,
    Input,
    TableInput,
    Target,
    TextInput,
)
from nncli.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Meaning",
    "column_names",
    "described",
    "image_input",
    "input_values",
    "meaning",
    "picked",
]

MAXIMA = {"uint8": 255.0, "uint16": 65535.0}
WIDEST = 1000


@dataclass(frozen=True)
class Meaning:
    """What is input and what is target.

    Attributes:
        kind: image, text, sound, array or table.
        inputs: the paths of the input features (`features/carat`), by what they are called.
        targets: the paths of the target features, by what they are called.
        features: the TFDS feature behind each path.
        target: what is to be said; None until its values were looked through.
        by_name: whether classes are told by their words and not by indices.
    """

    kind: str
    inputs: Mapping[str, str]
    targets: Mapping[str, str]
    features: Mapping[str, Any]
    target: Target | None
    by_name: bool = False


def meaning(
    name: str,
    info: Any,
    wanted_inputs: Sequence[str] = (),
    wanted_targets: Sequence[str] = (),
    task: Task | None = None,
) -> Meaning:
    """What of a builder is input and target: as it was said, or by its supervised keys.

    Raises:
        DataError: it says neither, or nncli cannot train on it.
    """
    features = dict(flat(info.features))
    keys = info.supervised_keys
    # The third is a weight for each example, which nncli does without.
    whole = isinstance(keys, tuple) and len(keys) in (2, 3)
    targets = paths_of(name, features, list(wanted_targets) or (leaves(keys[1]) if whole else []))
    if wanted_inputs:
        inputs = paths_of(name, features, list(wanted_inputs))
    elif whole and not wanted_targets:
        inputs = paths_of(name, features, leaves(keys[0]))
    elif whole:  # another target: the input stays, unless it was the target
        inputs = [path for path in paths_of(name, features, leaves(keys[0])) if path not in targets]
    else:
        inputs = []
    if not inputs or not targets:
        known = [path.replace(SEPARATOR, "/") for path in features]
        raise DataError(
            f"{name} {NOT_SAID}",
            hint="Name them: --set dataset.inputs=... --set dataset.target=...\n"
            f"It has {some(known)}.",
        )
    both = [path.replace(SEPARATOR, "/") for path in inputs if path in targets]
    if both:
        raise DataError(
            f"{name}: {both[0]} is to be predicted, and is an input as well.",
            hint="Name the inputs: --set dataset.inputs=...",
        )
    target = target_of(name, targets, features, task, said=bool(wanted_targets))
    kind = _kind(name, inputs, features)
    return Meaning(kind, called(inputs), called(targets), features, target)


def _kind(name: str, paths: Sequence[str], features: Mapping[str, Any]) -> str:
    if len(paths) == 1:
        feature = features[paths[0]]
        kinds = {"Image": "image", "LabeledImage": "image", "Text": "text", "Audio": "sound"}
        kind = kinds.get(type_of(feature))
        shape = shape_of(feature)
        if kind == "image" and dtype_of(feature) not in MAXIMA and None not in shape:
            kind = "array"  # of numbers whose range is not known
        if kind:
            return kind
        if is_string(feature) and not shape:
            return "text"
        if is_numeric(feature) and shape and None not in shape:
            return "array"
        if not is_scalar(feature):
            raise DataError(
                f"{name}: its input {paths[0]} is {type_of(feature)} of shape {shape}, "
                "which no model of nncli takes."
            )
    unusable = [path for path in paths if not _is_column(features[path])]
    if unusable:
        feature = features[unusable[0]]
        raise DataError(
            f"{name}: its input {unusable[0]} is {type_of(feature)} of shape "
            f"{shape_of(feature)}, which is no column.",
            hint="Name the inputs: --set dataset.inputs=...",
        )
    return "table"


def _is_column(feature: Any) -> bool:
    if type_of(feature) not in ("Tensor", "Scalar", "ClassLabel", "Text", "BBoxFeature"):
        return False
    shape = shape_of(feature)
    return not shape or (is_numeric(feature) and len(shape) == 1 and 0 < (shape[0] or 0) <= WIDEST)


def image_input(name: str, feature: Any) -> ImageInput:
    """The input description of an image feature."""
    shape, dtype = tuple(feature.shape), dtype_of(feature)
    if len(shape) != 3 or shape[2] is None or dtype not in MAXIMA:
        raise DataError(f"{name} has images of shape {shape} and type {dtype}.")
    return ImageInput(shape=shape, maximum=MAXIMA[dtype])


def picked(found: Meaning) -> Callable[[Any], tuple[Any, Any]]:
    """What takes an example of TFDS apart, as tensors: inputs and targets by name."""

    def at(example: Any, path: str) -> Any:
        for key in path.split(SEPARATOR):
            example = example[key]
        return example

    def labels(example: Any, path: str) -> Any:
        import tensorflow as tf

        value, feature = at(example, path), found.features[path]
        if not is_sequence_of_labels(feature):
            return value
        hot = tf.one_hot(value, feature.feature.num_classes)
        return tf.maximum(tf.reduce_max(hot, axis=0), 0.0)  # of no labels the greatest is -inf

    def pick(example: Any) -> tuple[Any, Any]:
        inputs = {name: at(example, path) for name, path in found.inputs.items()}
        return inputs, {name: labels(example, path) for name, path in found.targets.items()}

    return pick


def described(
    found: Meaning, kinds: Mapping[str, Kind], batches: Callable[[], Iterator[Any]]
) -> Input:
    """The input of texts, arrays and tables; strings in tables are looked through once."""
    feature = found.features[next(iter(found.inputs.values()))]
    if found.kind == "text":
        return TextInput()
    if found.kind == "array":
        return ArrayInput(shape=tuple(feature.shape))
    columns: list[Column] = []
    seen: dict[str, Seen] = {}
    for name, path in found.inputs.items():
        feature = found.features[path]
        shape = shape_of(feature)
        if name in kinds:
            kind = kinds[name]
        elif type_of(feature) == "ClassLabel":
            kind = "category"
        elif is_numeric(feature):
            kind = "number"
        else:
            seen[name] = Seen(MISSING)
            kind = "category"
        if kind == "ignore":
            continue
        if shape:
            columns += [Column(name=f"{name}_{n + 1}", kind="number") for n in range(shape[0])]
        else:
            columns.append(Column(name=name, kind=kind))
    if seen:
        for inputs, _ in batches():
            for name, counted in seen.items():
                counted.add(strings(inputs[name]))
        found_out = {
            name: _kind_of_words(name, found.features[found.inputs[name]], counted)
            for name, counted in seen.items()
        }
        columns = [
            Column(name=column.name, kind=kind)
            for column in columns
            if (kind := found_out.get(column.name, column.kind)) != "ignore"
        ]
    if not columns:
        raise DataError("All columns are ignored: there is nothing to learn from.")
    return TableInput(columns=tuple(columns))


def column_names(found: Meaning) -> list[str]:
    """All that the columns of a table can be called, the ignored ones too."""
    shapes = {name: shape_of(found.features[path]) for name, path in found.inputs.items()}
    return [
        each
        for name, shape in shapes.items()
        for each in ([f"{name}_{n + 1}" for n in range(shape[0] or 0)] if shape else [name])
    ]


def _kind_of_words(name: str, feature: Any, seen: Seen) -> Kind:
    """What a column of strings is: what its cells look like, but a Text is no identifier, however
    different its words are."""
    kind, _ = seen.kind(name)
    differ = len(seen.counts) == seen.known > 1 and not seen.numbers
    return "text" if kind == "ignore" and differ and type_of(feature) == "Text" else kind


def input_values(
    found: Meaning, inputs: Input, batch: Mapping[str, NDArray[Any]]
) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """A batch of TFDS as `nncli.data.DecodedSplit` has it."""
    import numpy as np

    if not isinstance(inputs, TableInput):
        values = next(iter(batch.values()))
        if isinstance(inputs, TextInput):
            return strings(values)
        numbers = values.astype(np.float64)  # what no float32 can hold is missing
        return np.where(np.abs(numbers) <= LARGEST, numbers, np.nan).astype(np.float32)
    wide = dict(batch)
    for name in list(wide):
        if wide[name].ndim > 1:
            columns = wide.pop(name)
            wide |= {f"{name}_{n + 1}": columns[:, n] for n in range(columns.shape[1])}
    return {column.name: _column(found, column, wide[column.name]) for column in inputs.columns}


def _column(found: Meaning, column: Column, values: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    from nncli.data.table.columns import days, numbers

    feature = found.features.get(found.inputs.get(column.name, ""))
    if values.dtype.kind in "OSU":
        cells = strings(values)
        if column.kind == "number":
            return numbers(cells).astype(np.float32)
        return days(cells).astype(np.float32) if column.kind == "date" else cells
    if column.kind in ("number", "date"):
        return values.astype(np.float32)
    if feature is not None and type_of(feature) == "ClassLabel":
        names = [*label_names(feature), ""]
        return np.array([names[place] for place in values.tolist()], object)
    return np.array([f"{value:g}" for value in values.tolist()], object)
