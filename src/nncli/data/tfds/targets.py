"""What of a tensorflow-datasets builder is predicted: classes, labels or values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.data.table.answers import MOST_CLASSES
from nncli.data.table.settings import Task
from nncli.data.table.targets import MOST_NUMBERED_CLASSES
from nncli.data.tfds.types import (
    called,
    dtype_of,
    is_integer,
    is_numeric,
    is_scalar,
    is_string,
    label_names,
    shape_of,
    strings,
    type_of,
)
from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Decision", "decided", "encoded", "has_target", "is_sequence_of_labels", "target_of"]

MOST_VALUES = 1000
# Whole numbers from 0 without a gap are codes of classes if none of them is rarer than this share
# of the average; counts and ages have rare ends.
RAREST_CODE = 0.1
MOST_CODES = 1000


def target_of(
    name: str, paths: Sequence[str], features: Mapping[str, Any], task: Task | None, *, said: bool
) -> Target | None:
    """What the features in `paths` ask for; None where only their values tell.

    Args:
        name: of the dataset.
        paths: the features.
        features: the TFDS feature behind each path.
        task: what the user says it is.
        said: whether the user named the target: words are classes then, and to be written else.

    Raises:
        DataError: it is nothing that nncli predicts.
    """
    names = tuple(called(paths))
    if len(paths) > 1:
        return _several(name, names, [features[path] for path in paths], task)
    feature, shape = features[paths[0]], shape_of(features[paths[0]])
    kind, [alone] = type_of(feature), names
    if is_sequence_of_labels(feature) and len(label_names(feature.feature)) > 0:
        return LabelsTarget(names=label_names(feature.feature))
    if is_scalar(feature):
        if kind == "ClassLabel" and task in (None, "classes") and len(label_names(feature)) > 1:
            return ClassTarget(names=label_names(feature))
        if dtype_of(feature) == "bool" and task is None:
            return ClassTarget(names=("false", "true"))
        if task == "labels" and is_numeric(feature) and len(label_names(feature)) <= 2:
            return LabelsTarget(names=names)
        if kind == "ClassLabel" and task == "labels":
            raise DataError(
                f"{name}: {alone} is one of {len(label_names(feature))} classes, and no label.",
                hint="Leave dataset.task out.",
            )
        if is_numeric(feature) and (task == "values" or not (task or is_integer(feature))):
            return ValueTarget(names=names)
        words = is_string(feature) and (task == "classes" or (said and task is None))
        if is_numeric(feature) or words:
            return None
    elif kind == "Tensor" and is_numeric(feature) and None not in shape:
        count = math.prod(shape)
        if count <= MOST_VALUES:
            return ValueTarget(names=tuple(f"{alone}_{n + 1}" for n in range(count)))
        raise DataError(f"{name}: its target {alone} has {count:,} values, which are too many.")
    hint = "Name another: --set dataset.target=..."
    if is_string(feature) and is_scalar(feature):
        hint = f"If its words are classes: --set dataset.task=classes\n{hint}"
    raise DataError(
        f"{name}: its target {alone} is {kind} of shape {shape}, which is neither a class, nor "
        "labels, nor a value.",
        hint=hint,
    )


def _several(
    name: str, names: tuple[str, ...], features: Sequence[Any], task: Task | None
) -> Target | None:
    kinds = [(type_of(feature), len(label_names(feature))) for feature in features]
    classes = [
        alone
        for alone, (kind, count) in zip(names, kinds, strict=True)
        if kind == "ClassLabel" and count > 2
    ]
    if (classes and task != "values") or task == "classes":
        raise DataError(
            f"{name}: {' and '.join((classes or names)[:2])} of several targets "
            f"{'is' if len(classes) == 1 else 'are'} one of many classes, which nncli predicts "
            "alone.",
            hint=f"Name one target: --set dataset.target={names[0]}",
        )
    if not all(is_scalar(feature) and is_numeric(feature) for feature in features):
        raise DataError(
            f"{name}: several targets must be single numbers.",
            hint=f"Name one target: --set dataset.target={names[0]}",
        )
    binary = [
        kind == "ClassLabel" or dtype_of(feature) == "bool"
        for feature, (kind, _) in zip(features, kinds, strict=True)
    ]
    if task == "labels" or (all(binary) and task is None):
        return LabelsTarget(names=names)
    if task is None and all(is_integer(feature) for feature in features):
        return None
    return ValueTarget(names=names)


def is_sequence_of_labels(feature: Any) -> bool:
    """Whether each example has any number of classes."""
    return type_of(feature) == "Sequence" and type_of(feature.feature) == "ClassLabel"


@dataclass(frozen=True)
class Decision:
    """What the values of a target say it is; `by_name`: their words are the names of classes."""

    target: Target
    task: Task
    by_name: bool


Batches = Callable[[], Iterator[Mapping[str, "NDArray[Any]"]]]


def decided(
    name: str, names: Sequence[str], splits: Mapping[str, Batches], task: Task | None
) -> Decision:
    """Look through the targets and decide what they are, as for a column of a table.

    The first split decides; the names of classes come from all.

    Raises:
        DataError: there is nothing to learn, or there are too many classes.
    """
    if len(names) > 1:
        binary = all(
            ((values == 0) | (values == 1)).all()
            for batches in splits.values()
            for batch in batches()
            for values in batch.values()
        )
        if binary:
            return Decision(LabelsTarget(names=tuple(names)), "labels", False)
        return Decision(ValueTarget(names=tuple(names)), "values", False)
    [alone] = names
    counts = {split: _counted(batches, alone) for split, batches in splits.items()}
    first = next(iter(counts.values()))
    for split, count in counts.items():
        if count[""]:
            raise DataError(
                f"{name}: {count['']:,} of {sum(count.values()):,} examples of {split} are "
                f"without {alone}."
            )
    if len(first) == 1:
        raise DataError(
            f"{name}: {alone} is {next(iter(first))!r} in every example; there is nothing to learn."
        )
    if task != "classes" and not _are_classes(first):
        return Decision(ValueTarget(names=(alone,)), "values", False)
    known = set().union(*counts.values())
    if len(known) > MOST_CLASSES or len(first) == sum(first.values()) > MOST_NUMBERED_CLASSES:
        raise DataError(
            f"{name}: {alone} has {len(known):,} different values, which are too many to be "
            "classes.",
            hint="Name another: --set dataset.target=...",
        )
    return Decision(ClassTarget(names=tuple(sorted(known, key=_order))), "classes", True)


def _counted(batches: Batches, name: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for batch in batches():
        counts.update(_words(batch[name]))
    return counts


def _words(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind in "OSU":
        words: list[str] = strings(values).tolist()
        return words
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in values.tolist()]


def _order(word: str) -> tuple[bool, float, str]:
    """Numbers by their size, before words."""
    try:
        return False, float(word), word
    except ValueError:
        return True, 0.0, word


def _are_classes(counts: Counter[str]) -> bool:
    if any(_order(word)[0] for word in counts):
        return True
    numbers = sorted(float(word) for word in counts)
    if any(number != int(number) for number in numbers):
        return False
    if len(numbers) <= MOST_NUMBERED_CLASSES:
        return True
    are_codes = numbers == list(range(len(numbers))) and len(numbers) <= MOST_CODES
    average = sum(counts.values()) / len(counts)
    return are_codes and average >= 2 and min(counts.values()) >= RAREST_CODE * average


def has_target(target: Target, targets: Mapping[str, Any]) -> bool:
    """Whether an example has one: contests publish test splits with the label -1."""
    if not isinstance(target, ClassTarget):
        return True
    return int(next(iter(targets.values()))) >= 0


def encoded(target: Target, targets: Mapping[str, NDArray[Any]], *, by_name: bool) -> NDArray[Any]:
    """A batch of targets as `nncli.data.Split` has them."""
    import numpy as np

    arrays = list(targets.values())
    if isinstance(target, ClassTarget) and by_name:
        places = {name: place for place, name in enumerate(target.names)}
        return np.array([places[word] for word in _words(arrays[0])], np.int64)
    if isinstance(target, ClassTarget):
        return arrays[0].astype(np.int64).reshape(-1)
    stacked = arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)
    values = stacked.reshape(len(stacked), -1).astype(np.float32)
    if isinstance(target, LabelsTarget) and not ((values == 0) | (values == 1)).all():
        raise DataError(f"Labels are 0 or 1: {', '.join(target.names[:3])} are not.")
    return values
