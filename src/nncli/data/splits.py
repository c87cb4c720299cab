"""Dividing a dataset into train, validation and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from nncli.data.dataset import Dataset, Split
from nncli.errors import DataError
from nncli.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "HeldOutShares",
    "HeldOutValidation",
    "divided",
    "hold_out",
    "join",
    "stratified_hold_out",
]


class HeldOutValidation(Settings):
    """Of a source with a test split of its own: the share held out for validation."""

    validation: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description=(
            "Share of train held out for validation, stratified by class and fixed by the seed; "
            "used where the dataset has no validation split of its own. 0 holds out nothing."
        ),
    )


class HeldOutShares(HeldOutValidation):
    """Of a source that may come without splits: the shares held out for validation and test."""

    test: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description=(
            "Share of train held out for the final test, stratified by class and fixed by the "
            "seed; used where the dataset has no test split of its own. 0 holds out nothing."
        ),
    )


def hold_out(dataset: Dataset, shares: HeldOutValidation, *, seed: int) -> Dataset:
    """Add the splits that `dataset` lacks by holding out stratified shares of train.

    A dataset without `train` is returned as it is.

    Raises:
        DataError: a share leaves a split without examples.
    """
    return dataset.with_splits(divided(dataset.name, dataset.splits, shares, seed=seed))


def divided(
    name_of_dataset: str, published: Mapping[str, Split], shares: HeldOutValidation, *, seed: int
) -> dict[str, Split]:
    """`published` with what `hold_out` adds; of the inputs nothing is read.

    Raises:
        DataError: a share leaves a split without examples.
    """
    splits = dict(published)
    test = shares.test if isinstance(shares, HeldOutShares) else 0.0
    for number, (name, share) in enumerate((("test", test), ("validation", shares.validation))):
        train = splits.get("train")
        if train is None or name in splits or share == 0:
            continue
        kept, held = stratified_hold_out(_strata(train.labels), share, seed=(seed, number))
        if not len(kept) or not len(held):
            raise DataError(
                f"{name_of_dataset}: a share of {share:g} of {len(train):,} training examples "
                f"leaves {'train' if not len(kept) else name} without any.",
                hint=f"Set dataset.{name} to another share, or to 0.",
            )
        stored = train.indices
        if stored is not None:
            kept, held = stored[kept], stored[held]
        splits["train"] = Split(train.inputs, train.targets, kept)
        splits[name] = Split(train.inputs, train.targets, held)
    order = ("train", "validation", "test")
    return {name: splits[name] for name in order if name in splits}


def _strata(targets: NDArray[Any]) -> NDArray[np.int64]:
    """What the shares are alike in: the class, tenths of the first value, or for labels whether
    the example has each; no more strata than a share could fill."""
    import numpy as np

    if targets.dtype == np.int64:
        return targets
    first = targets.reshape(len(targets), -1)
    if ((first == 0) | (first == 1)).all():
        rarest = first.sum(axis=0)
        # Of several labels the rarest counts: it is the one that a share could miss.
        weights = np.where(first > 0, rarest, np.inf)
        return np.where(first.any(axis=1), weights.argmin(axis=1), first.shape[1]).astype(np.int64)
    edges = np.quantile(first[:, 0], np.linspace(0, 1, 11)[1:-1])
    return np.searchsorted(edges, first[:, 0]).astype(np.int64)


def join(splits: Sequence[Split]) -> Split:
    """One split with the examples of all of `splits`, in their order."""
    import numpy as np

    if len(splits) == 1:
        return splits[0]
    inputs = [split.examples for split in splits]
    return Split(np.concatenate(inputs), np.concatenate([split.labels for split in splits]))


def stratified_hold_out(
    labels: NDArray[np.int64], share: float, *, seed: int | tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide `range(len(labels))` into what is kept and what is held out, class by class.

    Each class gives `share` of its examples, rounded so that the total is `share` of everything
    (largest remainders first). NumPy's PCG64 draws them, so that the result depends on the labels,
    the share and the seed alone and not on the version of a library that splits.

    Args:
        labels: class indices, shape (n,), int64.
        share: what is held out, from 0 to 1.
        seed: one or several non-negative integers.

    Returns:
        Two sorted arrays of indices, int64: kept, held out.
    """
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(seed))
    classes, inverse = np.unique(labels, return_inverse=True)
    counts = np.bincount(inverse, minlength=len(classes))
    wanted = counts * share
    taken = np.floor(wanted).astype(np.int64)
    missing = round(len(labels) * share) - int(taken.sum())
    largest_remainders = np.argsort(taken - wanted, kind="stable")[: max(missing, 0)]
    taken[largest_remainders] += 1
    held = np.zeros(len(labels), dtype=bool)
    for index, amount in enumerate(taken):
        members = np.flatnonzero(inverse == index)
        held[generator.permutation(members)[:amount]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)
