"""Feeding arrays to Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nncli.data import Split
from nncli.data.pipelines import EpochOrder, Feed, steps


def numbered(size: int, indices: list[int] | None = None) -> Split:
    """Examples whose pixel is their number and whose class is three times that."""
    inputs = np.arange(size, dtype=np.uint8).reshape(-1, 1, 1, 1)
    chosen = None if indices is None else np.array(indices)
    return Split(inputs, np.arange(size, dtype=np.int64) * 3, chosen)


def epoch(batches: Any) -> tuple[list[int], list[int]]:
    """The pixels of one pass in the order in which they come, and the sizes of the batches."""
    pixels: list[int] = []
    sizes = []
    for inputs, targets in batches.as_numpy_iterator():
        assert inputs.dtype == np.uint8
        assert targets.dtype == np.int64
        assert inputs.shape[1:] == (1, 1, 1)
        assert targets.tolist() == [3 * int(pixel) for pixel in inputs.ravel()]
        pixels += [int(pixel) for pixel in inputs.ravel()]
        sizes.append(len(targets))
    return pixels, sizes


@pytest.mark.parametrize(
    ("size", "batch_size", "count"), [(10, 4, 3), (8, 4, 2), (1, 4, 1), (0, 4, 0), (5, 1, 5)]
)
def test_steps(size: int, batch_size: int, count: int) -> None:
    assert steps(size, batch_size) == count


def order_of(size: int, *, seed: int, epoch: int) -> list[int]:
    order = EpochOrder(size, seed)
    order.epoch = epoch
    return order.permutation().tolist()


def test_the_order_is_a_function_of_seed_and_epoch_alone() -> None:
    order = EpochOrder(50, 3)
    seen = []
    for order.epoch in (0, 1, 2, 1):
        seen.append(order.permutation().tolist())
        assert order.permutation().tolist() == seen[-1]
    assert seen[3] == seen[1] == order_of(50, seed=3, epoch=1)
    assert all(sorted(one) == list(range(50)) for one in seen)
    assert len({tuple(one) for one in seen[:3]}) == 3


def test_an_order_takes_four_bytes_an_example_and_is_numpys_own() -> None:
    order = EpochOrder(1_000, 7)
    order.epoch = 2
    generator = np.random.Generator(np.random.PCG64((7, 2)))
    assert order.permutation().nbytes == 4_000
    assert order.permutation().tolist() == generator.permutation(1_000).tolist()


def test_seed_and_epoch_are_not_added_up() -> None:
    assert order_of(50, seed=0, epoch=1) != order_of(50, seed=1, epoch=0)


def test_the_largest_seed_works() -> None:
    assert sorted(order_of(5, seed=2**32 - 1, epoch=999_999)) == list(range(5))


def test_each_epoch_has_every_example_once_in_an_order_of_its_own() -> None:
    order = EpochOrder(50, 0)
    batches = Feed().shuffled(numbered(50), 8, order)
    seen = []
    for order.epoch in range(3):
        pixels, sizes = epoch(batches)
        assert sizes == [8] * 6 + [2]
        assert pixels == order.permutation().tolist()
        assert sorted(pixels) == list(range(50))
        assert pixels != list(range(50))
        seen.append(tuple(pixels))
    assert len(set(seen)) == 3
    order.epoch = 1
    assert tuple(epoch(batches)[0]) == seen[1]


def test_a_part_of_the_arrays_is_shuffled_alone() -> None:
    chosen = [3, 5, 7, 11, 13, 17, 19]
    order = EpochOrder(len(chosen), 0)
    pixels, _ = epoch(Feed().shuffled(numbered(20, chosen), 2, order))
    assert sorted(pixels) == chosen
    assert pixels == [chosen[position] for position in order.permutation()]


def test_ordered_batches_keep_the_order() -> None:
    assert epoch(Feed().ordered(numbered(5), 2)) == ([0, 1, 2, 3, 4], [2, 2, 1])
    assert epoch(Feed().ordered(numbered(9, [8, 1, 4]), 2)) == ([8, 1, 4], [2, 1])


def test_keras_can_know_how_many_batches_there_are() -> None:
    shuffled = Feed().shuffled(numbered(10), 4, EpochOrder(10, 0))
    assert int(shuffled.cardinality()) == 3
    assert int(Feed().ordered(numbered(10, [1, 2]), 4).cardinality()) == 1
