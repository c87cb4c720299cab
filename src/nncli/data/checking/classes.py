"""The targets: classes too small, rare or only in test; labels; values that were cut off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nncli.data.checking.examples import Examples
from nncli.data.checking.finding import Finding, share, some
from nncli.descriptions import ClassTarget, LabelsTarget, ValueTarget

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["sizes_of_splits", "targets"]

FEW_EXAMPLES = 10
IMBALANCE = 10.0
# A value at the very end that this share has was cut off there, if the others differ.
CUT_OFF = 0.02
DIFFERENT_VALUES = 50


def sizes_of_splits(examples: Examples) -> Iterator[Finding]:
    """How many examples there are to learn from and to measure with."""
    sizes = examples.sizes()
    listed = ", ".join(f"{size:,} {name}" for name, size in sizes.items())
    if not sizes.get("train"):
        yield Finding("fail", "splits", f"there is nothing to learn from: {listed}")
    elif sizes["train"] < 10 * FEW_EXAMPLES:
        yield Finding("warn", "splits", listed,
                      "Scores on so few examples say little; try several seeds.")  # fmt: skip
    else:
        yield Finding("good", "splits", listed)


def targets(examples: Examples) -> Iterator[Finding]:
    """What is to be predicted, and whether enough of each is there."""
    train = examples.targets[examples.within("train")]
    if not len(train):
        return
    match examples.target:
        case ClassTarget():
            yield from _classes(examples, examples.target.names)
        case LabelsTarget():
            yield from _labels(examples, examples.target.names, train)
        case ValueTarget():
            for place, name in enumerate(examples.target.names):
                yield from _values(name, train[:, place])


def _classes(examples: Examples, names: tuple[str, ...]) -> Iterator[Finding]:
    import numpy as np

    counts = {
        name: np.bincount(examples.targets[examples.within(name)], minlength=len(names))
        for name in examples.splits
    }
    train = counts["train"]
    yield from _lost(counts, names, examples.held_out)
    known = np.flatnonzero(train)
    if len(known) < 2:
        only = f"only {names[known[0]]}" if len(known) else "none"
        yield Finding("fail", "classes", f"train has {only}: there is nothing to tell apart")
        return
    small = [place for place in known if train[place] < FEW_EXAMPLES]
    if small:
        which = "1 class has" if len(small) == 1 else f"{len(small):,} classes have"
        listed = [f"{names[place]} ({train[place]})" for place in small]
        yield Finding(
            "warn", "classes",
            f"{which} fewer than {FEW_EXAMPLES} training examples: {some(listed)}",
            "Collect more, or join them with others.", listed,
        )  # fmt: skip
    most, least = known[train[known].argmax()], known[train[known].argmin()]
    ratio = train[most] / train[least]
    if ratio > IMBALANCE:
        yield Finding(
            "warn", "classes",
            f"{names[most]} is {ratio:,.0f} times as frequent as {names[least]} "
            f"({train[most]:,} and {train[least]:,} in train)",
            "Accuracy hides what happens to the rare ones: look at the recall of each class. It "
            "may help to weigh them:\n--set training.class_weight=balanced",
        )  # fmt: skip
    elif not small:
        span = f"{train[least]:,} to {train[most]:,}" if ratio > 1 else f"{train[most]:,}"
        yield Finding("good", "classes", f"{len(known):,} classes of {span} training examples")


def _lost(
    counts: dict[str, NDArray[np.int64]], names: tuple[str, ...], held_out: frozenset[str]
) -> Iterator[Finding]:
    """Classes that another split has and train lacks; training refuses those that it was given."""
    for split, count in counts.items():
        lost = [name for name, had, own in zip(names, counts["train"], count, strict=True)
                if own and not had]  # fmt: skip
        if lost:
            which = "1 class" if len(lost) == 1 else f"{len(lost):,} classes"
            yield Finding(
                "warn" if split in held_out else "fail", "classes",
                f"{split} has {which} that train lacks: {some(lost)}",
                "What was never seen cannot be learned: add examples to train, or remove them.",
                lost,
            )  # fmt: skip


def _labels(examples: Examples, names: tuple[str, ...], train: NDArray[Any]) -> Iterator[Finding]:
    counts = train.sum(axis=0)
    constant = [
        f"{name} ({'never' if count == 0 else 'always'})"
        for name, count in zip(names, counts, strict=True)
        if count in (0, len(train))
    ]
    if constant:
        yield Finding("warn", "labels", f"the same in every training example: {some(constant)}",
                      "There is nothing to learn about them.", constant)  # fmt: skip
    small = [f"{name} ({count:.0f})" for name, count in zip(names, counts, strict=True)
             if 0 < count < FEW_EXAMPLES]  # fmt: skip
    if small:
        yield Finding("warn", "labels",
                      f"with fewer than {FEW_EXAMPLES} training examples: {some(small)}",
                      "Collect more, or leave them out.", small)  # fmt: skip
    if not constant and not small:
        bare = int((train.sum(axis=1) == 0).sum())
        each = f"{train.sum() / len(train):.2g} an example on average"
        without = f"; {share(bare, len(train))} have none" if bare else ""
        yield Finding("good", "labels", f"{len(names):,} labels, {each}{without}")


def _values(name: str, values: NDArray[Any]) -> Iterator[Finding]:
    import numpy as np

    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == 1:
        yield Finding("fail", name, f"the target is {distinct[0]:g} in every training example",
                      "There is nothing to learn.")  # fmt: skip
        return
    cut_off = False
    for place, end in ((0, "smallest"), (-1, "largest")):
        if len(distinct) > DIFFERENT_VALUES and counts[place] > CUT_OFF * len(values):
            # Nothing is wrong with many zeros, which are counts or amounts.
            if distinct[place] == 0:
                continue
            cut_off = True
            yield Finding(
                "warn", name,
                f"{share(int(counts[place]), len(values))} of the targets are exactly "
                f"{distinct[place]:,.7g}, the {end}: were they cut off there?",
                "The model learns that limit. Leave those examples out if it is none of the world.",
            )  # fmt: skip
    if not cut_off:
        yield Finding("good", name, f"values from {distinct[0]:,.6g} to {distinct[-1]:,.6g}")
