"""Mixing examples with others of their batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nncli.data import Split
from nncli.data.mixing import Mixing
from nncli.data.pipelines import EpochOrder, Feed

SIZE = 32
# The pixels of example i are all i, and its class is i: what it was mixed of can be read off.
PIXELS = np.broadcast_to(np.arange(SIZE).reshape(-1, 1, 1, 1), (SIZE, 10, 10, 1)).astype(np.uint8)
SHARES = np.eye(SIZE, dtype=np.float32)


def mixing(**alphas: float) -> Mixing:
    return Mixing(alphas.get("mixup"), alphas.get("cutmix"), seed=0, classes=SIZE)


def test_mixup_blends_inputs_and_targets_alike() -> None:
    inputs, targets = mixing(mixup=1.0)(PIXELS, (SHARES,), 0, 0)
    assert np.allclose(targets.sum(axis=1), 1)
    blended = (targets > 0).sum(axis=1) == 2
    assert blended.mean() > 0.8
    assert np.allclose(inputs[:, 0, 0, 0], targets @ np.arange(SIZE), atol=1e-3)
    assert np.allclose(inputs, inputs[:, :1, :1])


def test_cutmix_pastes_a_box_and_counts_its_area() -> None:
    inputs, targets = mixing(cutmix=1.0)(PIXELS, (SHARES,), 0, 0)
    pasted = 0
    for number in range(SIZE):
        own = inputs[number, ..., 0] == number
        assert np.isclose(targets[number, number], own.mean(), atol=1e-5)
        rows, columns = np.flatnonzero(~own.all(axis=1)), np.flatnonzero(~own.all(axis=0))
        if len(rows):
            box = inputs[number, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, 0]
            assert len(np.unique(box)) == 1 and targets[number, int(box[0, 0])] > 0
            pasted += 1
    assert pasted > SIZE / 2


def test_weights_are_mixed_as_targets_are() -> None:
    weights = np.arange(SIZE, dtype=np.float32)
    _, targets, mixed = mixing(mixup=1.0)(PIXELS, (SHARES, weights), 0, 0)
    assert np.allclose(mixed, targets @ weights, atol=1e-3)


def test_what_is_drawn_is_a_function_of_seed_epoch_and_step() -> None:
    both = mixing(mixup=0.4, cutmix=1.0)

    def drawn(*place: int) -> bytes:
        return both(PIXELS, (SHARES,), *place)[0].tobytes()

    assert drawn(1, 2) == drawn(1, 2)
    assert len({drawn(1, 2), drawn(2, 1), drawn(0, 2), drawn(1, 0)}) == 4
    other = Mixing(0.4, 1.0, seed=1, classes=SIZE)
    assert other(PIXELS, (SHARES,), 1, 2)[0].tobytes() != drawn(1, 2)


@pytest.mark.parametrize("backend", ["tensorflow", "numpy"])
def test_a_feed_that_begins_inside_an_epoch_mixes_as_one_that_began_with_it(backend: str) -> None:
    split = Split(PIXELS, np.arange(SIZE, dtype=np.int64))

    def batches(first_step: int) -> list[tuple[Any, ...]]:
        order = EpochOrder(SIZE, 0)
        order.epoch = 3
        options: dict[str, Any] = {"first_step": first_step, "mixing": mixing(mixup=1.0)}
        if backend == "tensorflow":
            return list(Feed().shuffled(split, 8, order, **options).as_numpy_iterator())
        from nncli.data.batches import GatheredBatches

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("keras.config.backend", lambda: "jax")
            found = Feed().shuffled(split, 8, order, **options)
        assert isinstance(found, GatheredBatches)
        return [found[number] for number in range(found.num_batches)]

    whole, rest = batches(0), batches(2)
    assert len(whole) == 4 and len(rest) == 2
    for one, other in zip(whole[2:], rest, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        assert one[0].dtype == np.float32 and one[1].shape == (8, SIZE)
