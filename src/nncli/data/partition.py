"""Which examples go where: plain functions of labels, groups, times and a seed.

NumPy's PCG64 draws, so that the result depends on these alone and not on the version of a library
that splits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "grouped_folds",
    "grouped_hold_out",
    "latest_hold_out",
    "stratified_folds",
    "stratified_hold_out",
]

Seed = int | tuple[int, ...]
Halves = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def stratified_hold_out(labels: NDArray[np.int64], share: float, *, seed: Seed) -> Halves:
    """Divide `range(len(labels))` into what is kept and what is held out, class by class.

    Each class gives `share` of its examples, rounded so that the total is `share` of everything
    (largest remainders first).

    Args:
        labels: class indices, shape (n,), of any integer dtype.
        share: what is held out, from 0 to 1.
        seed: one or several non-negative integers.

    Returns:
        Two sorted arrays of indices, int64: kept, held out.
    """
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(seed))
    counts = np.bincount(labels)  # unlike `unique` it sorts nothing, and takes no memory
    classes = np.flatnonzero(counts)
    wanted = counts[classes] * share
    taken = np.floor(wanted).astype(np.int64)
    missing = round(len(labels) * share) - int(taken.sum())
    largest_remainders = np.argsort(taken - wanted, kind="stable")[: max(missing, 0)]
    taken[largest_remainders] += 1
    held = np.zeros(len(labels), dtype=bool)
    for label, amount in zip(classes, taken, strict=True):
        members = np.flatnonzero(labels == label)
        held[generator.permutation(members)[:amount]] = True
    return _halves(held)


def grouped_hold_out(
    labels: NDArray[np.int64], groups: NDArray[np.int64], share: float, *, seed: Seed
) -> Halves:
    """The same with whole groups: in an order that the seed draws, each is held out that brings
    the classes of what is held out nearer to `share` of all.

    Args:
        labels: class indices, shape (n,), int64.
        groups: the number of each example's group, shape (n,), int64.
        share, seed: as for `stratified_hold_out`.
    """
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(seed))
    counts, place = _counts(labels, groups)
    lacking = counts.sum(axis=0) * share
    taken = np.zeros(len(counts), bool)
    order = generator.permutation(len(counts))
    for group in order:
        rest = lacking - counts[group]
        if (rest**2).sum() < (lacking**2).sum():
            taken[group], lacking = True, rest
    if not taken.any() and len(counts) > 1:  # all are larger than the share: the nearest one
        distances = ((lacking - counts[order]) ** 2).sum(axis=1)
        taken[order[int(distances.argmin())]] = True
    return _halves(taken[place])


def latest_hold_out(times: NDArray[np.float64], share: float) -> Halves:
    """Hold out the latest `share`; what has the same time stays together.

    Args:
        times: shape (n,), any unit.
        share: what is held out, from 0 to 1; as near as whole times allow.
    """
    import numpy as np

    _, inverse, counts = np.unique(times, return_inverse=True, return_counts=True)
    held_from = counts[::-1].cumsum()[::-1]  # examples from each time on
    nearest = int(np.abs(held_from - len(times) * share).argmin())
    return _halves(inverse >= nearest) if share and nearest else _halves(np.zeros(len(times), bool))


def stratified_folds(labels: NDArray[np.int64], folds: int, *, seed: Seed) -> NDArray[np.int64]:
    """Deal the examples of each class to the folds in turn: the fold of each, shape (n,)."""
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(seed))
    fold = np.empty(len(labels), np.int64)
    dealt = 0
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        fold[members] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return fold


def grouped_folds(
    labels: NDArray[np.int64], groups: NDArray[np.int64], folds: int, *, seed: Seed
) -> NDArray[np.int64]:
    """The same with whole groups, the largest first, each to the fold that lacks its classes most
    (as scikit-learn's StratifiedGroupKFold does): the fold of each example, shape (n,)."""
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(seed))
    counts, place = _counts(labels, groups)
    shares = counts / counts.sum(axis=0)
    order = generator.permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    fold = np.empty(len(counts), np.int64)
    filled = np.zeros((folds, counts.shape[1]))
    for group in order:
        # Of the sum of squares of all folds only this much changes with the choice.
        growth = (((filled + shares[group]) ** 2) - filled**2).sum(axis=1)
        fold[group] = int(np.lexsort((filled.sum(axis=1), growth))[0])
        filled[fold[group]] += shares[group]
    return fold[place]


def _counts(
    labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many examples of each class each group has, and the row of each example's group."""
    import numpy as np

    names, place = np.unique(groups, return_inverse=True)
    classes, label = np.unique(labels, return_inverse=True)
    cells = place * len(classes) + label
    counts = np.bincount(cells, minlength=len(names) * len(classes))
    return counts.reshape(len(names), len(classes)), place


def _halves(held: NDArray[np.bool_]) -> Halves:
    import numpy as np

    return np.flatnonzero(~held), np.flatnonzero(held)
