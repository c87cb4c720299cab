"""Who goes where: groups that stay together, the latest last, and folds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nncli.data import Split
from nncli.data.partition import (
    grouped_folds,
    grouped_hold_out,
    latest_hold_out,
    stratified_folds,
)
from nncli.data.splits import Division, divided
from nncli.errors import DataError

GENERATOR = np.random.default_rng(0)
# 300 examples of 40 speakers with 1 to 14 examples each; class 1 is a fifth.
GROUPS = np.repeat(np.arange(40), GENERATOR.integers(1, 15, 40))
LABELS = (GENERATOR.random(len(GROUPS)) < 0.2).astype(np.int64)


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_both_sides_and_classes_are_alike(seed: int) -> None:
    kept, held = grouped_hold_out(LABELS, GROUPS, 0.2, seed=seed)
    assert sorted([*kept, *held]) == list(range(len(GROUPS)))
    assert not set(GROUPS[kept]) & set(GROUPS[held])
    assert len(held) / len(GROUPS) == pytest.approx(0.2, abs=0.03)
    assert LABELS[held].mean() == pytest.approx(LABELS.mean(), abs=0.05)


def test_other_seeds_hold_out_other_groups_and_the_same_seed_the_same() -> None:
    first, again, other = (grouped_hold_out(LABELS, GROUPS, 0.2, seed=s)[1] for s in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


def test_of_two_large_groups_one_is_held_out() -> None:
    groups = np.array([0] * 60 + [1] * 40)
    kept, held = grouped_hold_out(np.zeros(100, np.int64), groups, 0.1, seed=0)
    assert len(kept) == 60 and len(held) == 40


@given(
    times=st.lists(st.integers(0, 8), min_size=1, max_size=40),
    share=st.floats(0, 1, exclude_max=True),
)
def test_everything_held_out_is_later_than_everything_kept(times: list[int], share: float) -> None:
    array = np.array(times, float)
    kept, held = latest_hold_out(array, share)
    assert sorted([*kept, *held]) == list(range(len(times)))
    if len(held):
        assert len(kept) and array[kept].max() < array[held].min()


def test_the_latest_are_as_many_as_the_share_says() -> None:
    times = GENERATOR.permutation(100).astype(float)
    _, held = latest_hold_out(times, 0.2)
    assert sorted(times[held].tolist()) == list(range(80, 100))


@settings(max_examples=50)
@given(counts=st.lists(st.integers(1, 12), min_size=1, max_size=4), folds=st.integers(2, 6))
def test_folds_are_alike_in_size_and_in_classes(counts: list[int], folds: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    fold = stratified_folds(labels, folds, seed=0)
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.max() - sizes.min() <= 1
    for label in range(len(counts)):
        of_class = np.bincount(fold[labels == label], minlength=folds)
        assert of_class.max() - of_class.min() <= 1


def test_grouped_folds_keep_groups_whole_and_classes_alike() -> None:
    fold = grouped_folds(LABELS, GROUPS, 5, seed=0)
    for group in np.unique(GROUPS):
        assert len(set(fold[group == GROUPS])) == 1
    sizes = np.bincount(fold)
    assert len(sizes) == 5 and sizes.min() > 0.8 * sizes.max()
    shares = [LABELS[fold == number].mean() for number in range(5)]
    assert max(shares) - min(shares) < 0.08


def split(size: int, divider: NDArray[np.int64] | None = None) -> Split:
    return Split(np.arange(size), np.arange(size) % 3, divider=divider)


def test_every_example_is_tested_in_one_fold_and_a_published_test_split_in_none() -> None:
    tested: list[int] = []
    for fold in range(1, 5):
        division = Division(0.1, 0.2, folds=4, fold=fold)
        splits = divided("x", {"train": split(30), "test": split(7)}, division, seed=0)
        indices = [found.indices for found in splits.values() if found.indices is not None]
        assert len(indices) == len(splits)  # none of them is a whole array
        places = [set(found.tolist()) for found in indices]
        assert sorted(i for place in places for i in place) == list(range(30))
        assert splits["test"].inputs is splits["train"].inputs
        tested += sorted(places[2])
    assert sorted(tested) == list(range(30))


def test_validation_is_held_out_by_group_too() -> None:
    groups = np.repeat(np.arange(15), 4)
    splits = divided("x", {"train": split(60, groups)}, Division(0.2, 0.2, "group"), seed=0)
    assert set(splits) == {"train", "validation", "test"}
    seen = [set(found.dividers.tolist()) for found in splits.values()]
    assert sum(map(len, seen)) == 15 and set.union(*seen) == set(range(15))


def test_too_few_groups_for_the_folds() -> None:
    division = Division(0.1, folds=5, fold=1, by="group")
    with pytest.raises(DataError, match="too few groups for 5 folds") as caught:
        divided("x", {"train": split(30, np.arange(30) % 3)}, division, seed=0)
    assert "--folds 3" in (caught.value.hint or "")


def test_published_splits_that_share_groups_are_refused() -> None:
    published = {"train": split(9, np.arange(9)), "test": split(3, np.array([8, 9, 10]))}
    with pytest.raises(DataError, match="have 1 group in common"):
        divided("x", published, Division(0.1, by="group"), seed=0)
