"""What the features of a tensorflow-datasets builder mean for a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.data.table_columns import MISSING, Kind, Seen
from nncli.descriptions import (
    ArrayInput,
    ClassTarget,
    Column,
    ImageInput,
    Input,
    LabelsTarget,
    TableInput,
    Target,
    TextInput,
    ValueTarget,
)
from nncli.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Meaning",
    "described",
    "encoded_targets",
    "has_target",
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
        target: what is to be said.
    """

    kind: str
    inputs: Mapping[str, str]
    targets: Mapping[str, str]
    features: Mapping[str, Any]
    target: Target


def meaning(
    name: str, info: Any, wanted_inputs: Sequence[str], wanted_targets: Sequence[str]
) -> Meaning:
    """What of a builder is input and target: as it was said, or by its supervised keys.

    Raises:
        DataError: it says neither, or nncli cannot train on it.
    """
    features = dict(_flat(info.features))
    keys = info.supervised_keys
    whole = isinstance(keys, tuple) and len(keys) == 2
    targets = _paths(name, features, list(wanted_targets) or (_leaves(keys[1]) if whole else []))
    if wanted_inputs:
        inputs = _paths(name, features, list(wanted_inputs))
    elif whole and not wanted_targets:
        inputs = _paths(name, features, _leaves(keys[0]))
    else:
        inputs = []
    if not inputs or not targets:
        raise DataError(
            f"{name} does not say what is input and what is target.",
            hint="Name them: --set dataset.inputs=... --set dataset.target=...\n"
            f"It has {_some(sorted(info.features.keys()))}.",
        )
    target = _target(name, targets, features)
    kind = _kind(name, inputs, features)
    return Meaning(kind, _called(inputs), _called(targets), features, target)


def _flat(features: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for key in features:
        place, feature = f"{path}{key}", features[key]
        if type(feature).__name__ == "FeaturesDict":
            yield from _flat(feature, f"{place}\t")
        else:
            yield place, feature


def _leaves(keys: Any) -> list[str]:
    if isinstance(keys, str):
        return [keys]
    parts = keys.values() if isinstance(keys, Mapping) else keys
    return [leaf for part in parts for leaf in _leaves(part)]


def _paths(name: str, features: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """The features that `keys` name, those inside a dictionary included."""
    found = []
    for key in keys:
        place = key.replace("/", "\t") if key not in features else key
        below = [path for path in features if path == place or path.startswith(f"{place}\t")]
        if not below:
            raise DataError(
                f"{name} has no feature {key!r}.",
                hint=f"It has {_some([path.replace(chr(9), '/') for path in features])}.",
            )
        found += below
    return found


def _called(paths: Sequence[str]) -> dict[str, str]:
    """Short names where they are unique."""
    last = [path.rpartition("\t")[2] for path in paths]
    alone = len(set(last)) == len(last)
    return {
        (short if alone else path.replace("\t", "/")): path
        for short, path in zip(last, paths, strict=True)
    }


def _target(name: str, paths: Sequence[str], features: Mapping[str, Any]) -> Target:
    called = tuple(_called(paths))
    first = features[paths[0]]
    if len(paths) > 1:
        if not all(_is_scalar(features[path]) for path in paths):
            raise DataError(f"{name}: several targets must be single numbers.")
        if all(_dtype(features[path]) == "bool" for path in paths):
            return LabelsTarget(names=called)
        return ValueTarget(names=called)
    if type(first).__name__ == "ClassLabel":
        return ClassTarget(names=_label_names(first))
    if _is_sequence_of_labels(first):
        return LabelsTarget(names=_label_names(first.feature))
    if _dtype(first) == "bool" and _is_scalar(first):
        return ClassTarget(names=("false", "true"))
    if _is_numeric(first) and _is_scalar(first):
        return ValueTarget(names=called)
    shape = tuple(first.shape or ())
    if _is_numeric(first) and len(shape) == 1 and shape[0] and type(first).__name__ == "Tensor":
        return ValueTarget(names=tuple(f"{called[0]}_{n + 1}" for n in range(shape[0])))
    raise DataError(
        f"{name}: its target {called[0]} is {type(first).__name__} of shape {shape}, which is "
        "neither a class, nor labels, nor a value.",
        hint="Name another: --set dataset.target=...",
    )


def _label_names(feature: Any) -> tuple[str, ...]:
    try:
        names = feature.names
    except (OSError, ValueError):
        names = None
    return tuple(names or (str(index) for index in range(feature.num_classes or 0)))


def _is_sequence_of_labels(feature: Any) -> bool:
    return type(feature).__name__ == "Sequence" and (type(feature.feature).__name__ == "ClassLabel")


def _kind(name: str, paths: Sequence[str], features: Mapping[str, Any]) -> str:
    if len(paths) == 1:
        feature = features[paths[0]]
        kinds = {"Image": "image", "LabeledImage": "image", "Text": "text", "Audio": "sound"}
        kind = kinds.get(type(feature).__name__)
        if kind:
            return kind
        shape = tuple(feature.shape or ())
        if _dtype(feature) in ("object", "str", "string") and not shape:
            return "text"
        if _is_numeric(feature) and shape and None not in shape:
            return "array"
        if not _is_scalar(feature):
            raise DataError(
                f"{name}: its input {paths[0]} is {type(feature).__name__} of shape {shape}, "
                "which no model of nncli takes."
            )
    unusable = [path for path in paths if not _is_column(features[path])]
    if unusable:
        feature = features[unusable[0]]
        raise DataError(
            f"{name}: its input {unusable[0]} is {type(feature).__name__} of shape "
            f"{tuple(feature.shape or ())}, which is no column.",
            hint="Name the inputs: --set dataset.inputs=...",
        )
    return "table"


def _is_column(feature: Any) -> bool:
    if type(feature).__name__ not in ("Tensor", "Scalar", "ClassLabel", "Text", "BBoxFeature"):
        return False
    shape = tuple(feature.shape or ())
    return not shape or (_is_numeric(feature) and len(shape) == 1 and 0 < (shape[0] or 0) <= WIDEST)


def _dtype(feature: Any) -> str:
    import numpy as np

    try:
        return str(np.dtype(feature.numpy_dtype))
    except (AttributeError, TypeError):
        return ""


def _is_numeric(feature: Any) -> bool:
    return _dtype(feature).startswith(("int", "uint", "float", "bool"))


def _is_scalar(feature: Any) -> bool:
    return isinstance(feature.shape, tuple) and feature.shape == ()


def image_input(name: str, feature: Any) -> ImageInput:
    """The input description of an image feature."""
    shape, dtype = tuple(feature.shape), _dtype(feature)
    if len(shape) != 3 or shape[2] is None or dtype not in MAXIMA:
        raise DataError(f"{name} has images of shape {shape} and type {dtype}.")
    return ImageInput(shape=shape, maximum=MAXIMA[dtype])


def picked(found: Meaning) -> Callable[[Any], tuple[Any, Any]]:
    """What takes an example of TFDS apart, as tensors: inputs and targets by name."""

    def at(example: Any, path: str) -> Any:
        for key in path.split("\t"):
            example = example[key]
        return example

    def labels(example: Any, path: str) -> Any:
        import tensorflow as tf

        value, feature = at(example, path), found.features[path]
        if not _is_sequence_of_labels(feature):
            return value
        hot = tf.one_hot(value, feature.feature.num_classes)
        return (
            tf.reduce_max(tf.concat([hot, tf.zeros_like(hot[:1])], 0), axis=0)
            if (value.shape.rank)
            else hot
        )

    def pick(example: Any) -> tuple[Any, Any]:
        inputs = {name: at(example, path) for name, path in found.inputs.items()}
        return inputs, {name: labels(example, path) for name, path in found.targets.items()}

    return pick


def has_target(found: Meaning, targets: Mapping[str, Any]) -> bool:
    """Whether an example has one: contests publish test splits with the label -1."""
    if not isinstance(found.target, ClassTarget):
        return True
    return int(next(iter(targets.values()))) >= 0


def encoded_targets(found: Meaning, targets: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """A batch of targets as `nncli.data.Split` has them."""
    import numpy as np

    arrays = list(targets.values())
    if isinstance(found.target, ClassTarget):
        return arrays[0].astype(np.int64).reshape(-1)
    stacked = arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)
    return stacked.reshape(len(stacked), -1).astype(np.float32)


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
        shape = tuple(feature.shape or ())
        if name in kinds:
            kind = kinds[name]
        elif type(feature).__name__ == "ClassLabel":
            kind = "category"
        elif _is_numeric(feature):
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
        found_out = {name: counted.kind()[0] for name, counted in seen.items()}
        columns = [
            Column(name=column.name, kind=kind)
            for column in columns
            if (kind := found_out.get(column.name, column.kind)) != "ignore"
        ]
    if not columns:
        raise DataError("All columns are ignored: there is nothing to learn from.")
    return TableInput(columns=tuple(columns))


def input_values(
    found: Meaning, inputs: Input, batch: Mapping[str, NDArray[Any]]
) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """A batch of TFDS as `nncli.data.DecodedSplit` has it."""
    import numpy as np

    if not isinstance(inputs, TableInput):
        values = next(iter(batch.values()))
        return strings(values) if isinstance(inputs, TextInput) else values.astype(np.float32)
    wide = dict(batch)
    for name in list(wide):
        if wide[name].ndim > 1:
            columns = wide.pop(name)
            wide |= {f"{name}_{n + 1}": columns[:, n] for n in range(columns.shape[1])}
    return {column.name: _column(found, column, wide[column.name]) for column in inputs.columns}


def _column(found: Meaning, column: Column, values: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    from nncli.data.table_columns import days, numbers

    feature = found.features.get(found.inputs.get(column.name, ""))
    if values.dtype.kind in "OSU":
        cells = strings(values)
        if column.kind == "number":
            return numbers(cells).astype(np.float32)
        return days(cells).astype(np.float32) if column.kind == "date" else cells
    if column.kind == "number":
        return values.astype(np.float32)
    if feature is not None and type(feature).__name__ == "ClassLabel":
        names = [*_label_names(feature), ""]
        return np.array([names[place] for place in values.tolist()], object)
    return np.array([f"{value:g}" for value in values.tolist()], object)


def strings(values: NDArray[Any]) -> NDArray[Any]:
    """Bytes as stripped strings, words for missing as ''."""
    import numpy as np

    cells = [
        value.decode("utf-8", "replace").strip() if isinstance(value, bytes) else str(value)
        for value in values.tolist()
    ]
    return np.array(["" if cell.lower() in MISSING else cell for cell in cells], object)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
