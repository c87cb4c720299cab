"""Dividing a dataset into train, validation and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from nncli.data.dataset import Dataset, Split
from nncli.data.partition import (
    grouped_folds,
    grouped_hold_out,
    latest_hold_out,
    stratified_folds,
    stratified_hold_out,
)
from nncli.data.words import Word
from nncli.errors import DataError
from nncli.reporting import counted
from nncli.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Apart",
    "Division",
    "Folds",
    "HeldOutShares",
    "HeldOutValidation",
    "divided",
    "hold_out",
    "join",
]


By = Literal["group", "time"]
# Tells what folds are drawn from apart from the shares, which count from 0.
FOLD_STREAM = 7


@dataclass(frozen=True)
class Division:
    """How the splits that a dataset lacks are made of its training split.

    Attributes:
        validation: share held out where there is no such split.
        test: likewise.
        by: `group`, so that no group is on both sides, or `time`, so that the latest are tested.
        folds: into how many parts the training split is divided, one of which is the test split.
        fold: which one, counted from 1.
    """

    validation: float
    test: float = 0.0
    by: By | None = None
    folds: int | None = None
    fold: int | None = None


class Folds(Settings):
    """Of every source: cross-validation."""

    folds: int | None = Field(
        default=None,
        ge=2,
        le=1000,
        description=(
            "Divide the training split into so many parts and train as often, each part being "
            "the test split once; a test split of its own is left for later."
        ),
    )
    fold: int | None = Field(
        default=None, ge=1, description="Train once, with this part for test; counted from 1."
    )

    @field_validator("fold")
    @classmethod
    def _is_one_of_the_folds(cls, fold: int | None, info: ValidationInfo) -> int | None:
        folds = info.data.get("folds", 0)
        if fold is not None and folds is None:
            raise ValueError("is one of dataset.folds, which are not set")
        if fold is not None and folds and fold > folds:
            raise ValueError(f"is more than dataset.folds, which is {folds}")
        return fold

    def with_a_fold(self) -> Self:
        """The first of several folds where none is chosen, for they are alike; else the same."""
        if self.folds is None or self.fold is not None:
            return self
        return self.model_copy(update={"fold": 1})

    def division_of(self, validation: float, test: float, by: By | None) -> Division:
        """The division of these shares, with the fold if one is chosen."""
        folds = self.folds if self.fold is not None else None
        return Division(validation, test, by, folds, self.fold)


class Apart(Settings):
    """Of sources with columns: what must not be on both sides of a division."""

    group: Word | None = Field(
        default=None,
        description=(
            "Column whose equal values stay together when shares are held out: the patient, "
            "speaker or molecule. It is no input."
        ),
    )
    time: Word | None = Field(
        default=None,
        description=(
            "Column of dates or numbers by which the latest examples are tested, and the latest "
            "of the rest are for validation. It stays an input, unless columns says ignore."
        ),
    )

    @field_validator("time")
    @classmethod
    def _is_the_only_order(cls, time: str | None, info: ValidationInfo) -> str | None:
        group = info.data.get("group")
        if time is not None and group is not None:
            raise ValueError(f"and dataset.group, {group!r}, exclude each other: leave one out")
        # `Folds` stands behind `Apart` where both are bases, so that its fields are known here.
        if time is not None and info.data.get("folds") is not None:
            raise ValueError(
                "tests the latest examples alone, dataset.folds every part once: leave one out"
            )
        return time

    @property
    def by(self) -> By | None:
        """What shares are held out by, beside chance."""
        return "group" if self.group is not None else "time" if self.time is not None else None

    @property
    def divided_by(self) -> str | None:
        """The column of that."""
        return self.group if self.group is not None else self.time


class HeldOutValidation(Folds):
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

    @property
    def division(self) -> Division:
        """How splits are made of the training split."""
        return self.division_of(self.validation, 0.0, None)


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

    @property
    def division(self) -> Division:
        """How splits are made of the training split."""
        return self.division_of(self.validation, self.test, None)


def hold_out(dataset: Dataset, division: Division, *, seed: int) -> Dataset:
    """Add the splits that `dataset` lacks by holding out shares, or a fold, of train.

    A dataset without `train` is returned as it is.

    Raises:
        DataError: a share leaves a split without examples.
    """
    return dataset.with_splits(divided(dataset.name, dataset.splits, division, seed=seed))


def divided(
    name_of_dataset: str, published: Mapping[str, Split], division: Division, *, seed: int
) -> dict[str, Split]:
    """`published` with what `hold_out` adds; of the inputs nothing is read.

    Raises:
        DataError: a share leaves a split without examples.
    """
    splits = dict(published)
    if division.fold is not None and "train" in splits:
        splits |= _one_fold(name_of_dataset, splits["train"], division, seed)
    if division.by == "group":
        _check_groups(name_of_dataset, splits)
    shares = (("test", division.test), ("validation", division.validation))
    for number, (name, share) in enumerate(shares):
        train = splits.get("train")
        if train is None or name in splits or share == 0:
            continue
        kept, held = _held_out(train, division, share, seed=(seed, number))
        if not len(kept) or not len(held):
            raise DataError(
                f"{name_of_dataset}: a share of {share:g} of {len(train):,} training examples "
                f"leaves {'train' if not len(kept) else name} without any.",
                hint=f"Set dataset.{name} to another share, or to 0.",
            )
        splits["train"], splits[name] = train.taking(kept), train.taking(held)
    order = ("train", "validation", "test")
    return {name: splits[name] for name in order if name in splits}


def _held_out(
    train: Split, division: Division, share: float, *, seed: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places in `train`: kept, held out."""
    if division.by == "time":
        return latest_hold_out(train.dividers, share)
    strata = _strata(train.labels)
    if division.by == "group":
        return grouped_hold_out(strata, train.dividers, share, seed=seed)
    return stratified_hold_out(strata, share, seed=seed)


def _one_fold(name: str, train: Split, division: Division, seed: int) -> dict[str, Split]:
    """`train` without one of its parts, and that part as `test`."""
    import numpy as np

    assert division.folds is not None and division.fold is not None
    strata, seeds = _strata(train.labels), (seed, FOLD_STREAM)
    if division.by == "group":
        found = grouped_folds(strata, train.dividers, division.folds, seed=seeds)
    else:
        found = stratified_folds(strata, division.folds, seed=seeds)
    filled = len(np.unique(found))
    if filled < division.folds:
        what = "groups" if division.by == "group" else "examples"
        raise DataError(
            f"{name} has too few {what} for {division.folds} folds.",
            hint=f"It makes {filled}: --folds {filled}" if filled > 1 else None,
        )
    held = found == division.fold - 1
    return {
        "train": train.taking(np.flatnonzero(~held)),
        "test": train.taking(np.flatnonzero(held)),
    }


def _check_groups(name: str, splits: Mapping[str, Split]) -> None:
    """Refuse published splits that share groups."""
    import numpy as np

    present = {
        split: np.unique(found.dividers)
        for split, found in splits.items()
        if found.divider is not None
    }
    for split in ("validation", "test"):
        common = np.intersect1d(present.get("train", ()), present.get(split, ()))
        if len(common):
            raise DataError(
                f"{name}: train and {split} have {counted(len(common), 'group')} in common.",
                hint="Give nncli one table to divide, or leave dataset.group out.",
            )


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
    return np.searchsorted(edges, first[:, 0]).astype(np.int16)  # a byte or two a row, of millions


def join(splits: Sequence[Split]) -> Split:
    """One split with the examples of all of `splits`, in their order."""
    import numpy as np

    if len(splits) == 1:
        return splits[0]
    inputs = [split.examples for split in splits]
    targets = np.concatenate([split.labels for split in splits])
    return Split(np.concatenate(inputs), targets, parts=tuple(splits))
