"""What became of the shares that were asked for, where groups or times had to stay together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nncli.data.dataset import Dataset, Split
from nncli.data.splits import Division
from nncli.descriptions import ClassTarget
from nncli.reporting import Reporter, listed

__all__ = ["tell_uneven"]

# A share that is so many times too large or too small is told.
FACTOR = 1.5
# With fewer groups than this it is their number that is to blame, and else the size of one.
FEW = 20


def tell_uneven(
    published: Dataset, divided: Dataset, division: Division, reporter: Reporter
) -> None:
    """Say which shares are far from what was asked for, and which classes train has lost.

    Args:
        published: the dataset with the splits that it came with.
        divided: the same with what was held out.
        division: how that was done.
        reporter: told about it.
    """
    if division.by is None:  # each class then gives its share
        return
    held = [
        name
        for name in ("test", "validation")
        if name in divided.splits.keys() - published.splits.keys()
    ]
    if "train" not in divided.splits or not held:
        return
    for message in _shares(divided, held, division):
        reporter.notice(message)
    lost = _lost_classes(divided, held)
    if lost:
        reporter.warning(
            f"Classes of {divided.name} that train has no example of, as all are in what is held "
            f"out: {listed(lost)}. They cannot be learned."
        )


def _shares(dataset: Dataset, held: Sequence[str], division: Division) -> Iterator[str]:
    """What is far from the share that was asked for; that of validation is of what test left."""
    asked = {"test": division.test, "validation": division.validation}
    if division.fold is not None:  # which is as large as it can be
        held = [name for name in held if name != "test"]
    everything = [dataset.splits[name] for name in ("train", *held)]
    rest = total = sum(map(len, everything))
    for name in held:
        size, wanted = len(dataset.splits[name]), asked[name]
        shares = (size / rest, size / total)
        rest -= size
        if all(_is_far(share, wanted) for share in shares):
            yield (
                f"{name} has {_percent(shares[1])} of the examples of {dataset.name} (asked: "
                f"{_percent(wanted)}): {_reason(everything, division)}."
            )


def _is_far(share: float, wanted: float) -> bool:
    return not wanted / FACTOR <= share <= wanted * FACTOR


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _reason(splits: Sequence[Split], division: Division) -> str:
    import numpy as np

    dividers = np.concatenate([split.dividers for split in splits])
    _, counts = np.unique(dividers, return_counts=True)
    what = "groups" if division.by == "group" else "different times"
    if len(counts) < FEW:
        return f"there are only {len(counts)} {what}"
    one = "group" if division.by == "group" else "time"
    largest = _percent(counts.max() / counts.sum())
    return f"the largest of {len(counts):,} {what} has {largest}, and a {one} stays together"


def _lost_classes(dataset: Dataset, held: Sequence[str]) -> list[str]:
    """The classes that are in what was held out, and not in train any more."""
    import numpy as np

    if not isinstance(dataset.target, ClassTarget):
        return []
    left = np.unique(dataset.splits["train"].labels)
    gone = np.setdiff1d(np.concatenate([dataset.splits[name].labels for name in held]), left)
    return [dataset.target.names[label] for label in gone]
