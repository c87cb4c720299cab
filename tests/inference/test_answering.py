"""How many examples a network is asked about at once."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from nncli.data import Split
from nncli.inference import answering
from nncli.inference.answering import answers, batch_size_for


def network(units: int) -> Any:
    """Its largest layer says 4 bytes for each of `units`."""
    start = keras.Input((3,))
    return keras.Model(start, keras.layers.Dense(2)(keras.layers.Dense(units)(start)))


def test_a_small_network_is_asked_about_as_many_as_allowed() -> None:
    assert batch_size_for(network(10)) == 1024
    assert batch_size_for(network(10), 4096) == 4096


def test_what_a_layer_says_about_a_batch_stays_below_a_gigabyte() -> None:
    assert batch_size_for(network(1_000_000)) == 128  # 250 would fit: a power of two
    assert batch_size_for(network(1_000_000), 64) == 64


def test_the_answers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, inputs = network(10), np.random.default_rng(0).random((50, 3), np.float32)
    split = Split(inputs, np.zeros(50, np.int64))
    whole = answers(model, split)
    sizes = []
    monkeypatch.setattr(answering, "BATCH_BYTES", 1000)
    ordered = answering.Feed.ordered

    def listening(self: Any, split: Any, size: int, **more: Any) -> Any:
        sizes.append(size)
        return ordered(self, split, size, **more)

    monkeypatch.setattr(answering.Feed, "ordered", listening)
    np.testing.assert_allclose(answers(model, split), whole, atol=1e-6)
    assert sizes == [16]
