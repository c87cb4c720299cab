"""Holding out validation and test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.data import Dataset, DigitsDataset, Split, TfdsDataset
from nncli.data.partition import stratified_hold_out
from nncli.data.splits import hold_out, join
from nncli.descriptions import ClassTarget, ImageInput
from nncli.errors import DataError
from nncli.preprocessing import ImagePreprocessing


def labels_of(*counts: int) -> np.ndarray:
    """So many examples of class 0, 1, ...; mixed."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(7).permutation(labels).astype(np.int64)


def split_of(labels: np.ndarray, indices: np.ndarray | None = None) -> Split:
    """Examples whose only pixel is their number."""
    inputs = np.arange(len(labels), dtype=np.uint16).reshape(-1, 1, 1, 1)
    return Split(inputs, labels, indices)


def dataset_of(**splits: Split) -> Dataset:
    target = ClassTarget(names=("a", "b", "c"))
    inputs = ImageInput(shape=(1, 1, 1), maximum=65535.0)
    return Dataset("shapes", inputs, target, ImagePreprocessing(inputs=inputs), splits)


def pixels(split: Split) -> list[int]:
    """Which examples `split` holds."""
    inputs = split.inputs if split.indices is None else split.inputs[split.indices]
    return [int(value) for value in inputs.ravel()]


@pytest.mark.parametrize(
    ("counts", "share", "held"),
    [
        ((50, 30, 20), 0.1, [5, 3, 2]),
        ((6000, 3000, 1000), 0.25, [1500, 750, 250]),
        ((15, 15, 10), 0.1, [2, 1, 1]),
        ((18, 11, 11), 0.1, [2, 1, 1]),
        ((98, 1, 1), 0.1, [10, 0, 0]),
        ((4, 4, 2), 0.5, [2, 2, 1]),
        ((0, 7, 3), 0.0, [0, 0, 0]),
    ],
)
def test_each_class_gives_its_share(counts: tuple[int, ...], share: float, held: list[int]) -> None:
    labels = labels_of(*counts)
    _, held_out = stratified_hold_out(labels, share, seed=0)
    assert np.bincount(labels[held_out], minlength=len(counts)).tolist() == held


def test_classes_of_one_example_give_together_their_share() -> None:
    kept, held = stratified_hold_out(np.arange(50), 0.1, seed=0)
    assert (len(kept), len(held)) == (45, 5)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 5), max_size=80),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 2**32 - 1),
)
def test_nothing_is_lost_and_nothing_is_in_both(labels: list[int], share: float, seed: int) -> None:
    array = np.array(labels, dtype=np.int64)
    kept, held = stratified_hold_out(array, share, seed=seed)
    assert sorted([*kept.tolist(), *held.tolist()]) == list(range(len(labels)))
    assert kept.tolist() == sorted(kept.tolist())
    assert held.tolist() == sorted(held.tolist())
    assert len(held) == round(len(labels) * share)
    counts = np.bincount(array, minlength=6)
    given_up = np.bincount(array[held], minlength=6)
    assert (np.abs(given_up - counts * share) < 1).all()


def test_the_same_seed_gives_the_same_division_and_another_seed_another() -> None:
    labels = labels_of(50, 30, 20)
    once, again, other = (stratified_hold_out(labels, 0.2, seed=seed)[1] for seed in (1, 1, 2))
    assert once.tolist() == again.tolist()
    assert once.tolist() != other.tolist()


def test_the_division_is_the_one_of_earlier_versions() -> None:
    """Another division would mix what was trained on into the test of an older model."""
    _, held = stratified_hold_out(np.arange(20) % 2, 0.3, seed=(0, 1))
    assert held.tolist() == [2, 3, 6, 7, 15, 18]


def test_held_out_examples_are_not_the_first_ones() -> None:
    _, held = stratified_hold_out(np.zeros(1000, dtype=np.int64), 0.1, seed=0)
    assert held.max() > 900
    assert held.min() < 100


def test_hold_out_adds_what_is_missing() -> None:
    labels = labels_of(100, 60, 40)
    division = TfdsDataset(test=0.2, validation=0.25).division
    result = hold_out(dataset_of(train=split_of(labels)), division, seed=0)
    sizes = {name: len(split) for name, split in result.splits.items()}
    assert sizes == {"train": 120, "test": 40, "validation": 40}
    assert np.bincount(result.splits["test"].labels).tolist() == [20, 12, 8]
    assert np.bincount(result.splits["validation"].labels).tolist() == [20, 12, 8]
    everything = [pixel for split in result.splits.values() for pixel in pixels(split)]
    assert sorted(everything) == list(range(200))


def test_hold_out_copies_no_pixels() -> None:
    train = split_of(labels_of(100, 60, 40))
    result = hold_out(dataset_of(train=train), TfdsDataset().division, seed=0)
    for split in result.splits.values():
        assert split.inputs is train.inputs
        assert split.targets is train.targets


def test_published_splits_are_left_alone() -> None:
    labels = labels_of(10, 6, 4)
    dataset = dataset_of(train=split_of(labels), validation=split_of(labels), test=split_of(labels))
    assert hold_out(dataset, TfdsDataset().division, seed=0).splits == dataset.splits


def test_test_is_held_out_only_where_the_settings_have_such_a_share() -> None:
    result = hold_out(
        dataset_of(train=split_of(labels_of(10, 6, 4))), DigitsDataset().division, seed=0
    )
    assert set(result.splits) == {"train", "validation"}


def test_a_share_of_0_holds_out_nothing() -> None:
    dataset = dataset_of(train=split_of(labels_of(10, 6, 4)))
    result = hold_out(dataset, TfdsDataset(validation=0.0, test=0.0).division, seed=0)
    assert set(result.splits) == {"train"}
    assert len(result.splits["train"]) == 20


def test_a_dataset_without_train_is_left_alone() -> None:
    dataset = dataset_of(test=split_of(labels_of(10, 6, 4)))
    assert hold_out(dataset, TfdsDataset().division, seed=0).splits == dataset.splits


def test_a_train_split_that_is_a_part_of_its_arrays_stays_one() -> None:
    part = np.arange(50, 150)
    train = split_of(labels_of(100, 60, 40), part)
    result = hold_out(dataset_of(train=train), TfdsDataset().division, seed=0)
    everything = [pixel for split in result.splits.values() for pixel in pixels(split)]
    assert sorted(everything) == part.tolist()
    for split in result.splits.values():
        assert split.labels.tolist() == [int(train.targets[pixel]) for pixel in pixels(split)]


@pytest.mark.parametrize(("share", "empty"), [(0.1, "validation"), (0.95, "train")])
def test_a_share_that_leaves_a_split_empty(share: float, empty: str) -> None:
    dataset = dataset_of(train=split_of(labels_of(2, 1, 1)))
    with pytest.raises(DataError) as caught:
        hold_out(dataset, DigitsDataset(validation=share).division, seed=0)
    assert str(caught.value) == (
        f"shapes: a share of {share:g} of 4 training examples leaves {empty} without any.\n"
        "Set dataset.validation to another share, or to 0."
    )


def test_join_keeps_the_order() -> None:
    labels = labels_of(5, 3, 2)
    whole, part = split_of(labels), split_of(labels, np.array([7, 2]))
    joined = join([whole, part])
    assert pixels(joined) == [*range(10), 7, 2]
    assert joined.labels.tolist() == [*labels.tolist(), int(labels[7]), int(labels[2])]
    assert join([part]) is part
