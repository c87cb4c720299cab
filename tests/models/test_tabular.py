"""The network for tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nncli import models
from nncli.descriptions import Block, ClassTarget, Features
from nncli.models import MlpModel, TabularModel

TARGET = ClassTarget(names=("one", "other"))
# Two numbers, a category of three, words of four.
TABLE = Features(
    kind="vector", shape=(9,), categories=(Block(start=2, width=3), Block(start=5, width=4))
)


def built(features: Features = TABLE, **settings: Any) -> Any:
    return models.build(TabularModel(**settings), features, TARGET)


def test_every_column_has_its_embedding() -> None:
    network = built(category_units=3)
    for number, width in ((1, 3), (2, 4)):
        layer = network.get_layer(f"category_{number}")
        assert layer.kernel.shape == (width, 3) and not layer.use_bias
    assert network.get_layer("frequencies").kernel.shape == (2, 16)
    assert network.get_layer("columns").output.shape == (None, 2 + 2 * 8 + 3 + 3)


def test_the_embedding_of_a_category_is_its_row_and_of_an_unknown_one_nothing() -> None:
    network = built(category_units=3)
    layer = network.get_layer("category_1")
    inside = keras.Model(network.input, layer.output)
    rows = np.zeros((2, 9), np.float32)
    rows[0, 3] = 1
    said = np.asarray(inside(rows))
    np.testing.assert_allclose(said[0], layer.get_weights()[0][1], atol=1e-6)
    np.testing.assert_array_equal(said[1], 0)


@pytest.mark.parametrize(("width", "units"), [(1, 2), (2, 2), (10, 6), (100, 21), (1001, 32)])
def test_more_categories_get_longer_embeddings(width: int, units: int) -> None:
    features = Features(kind="vector", shape=(width,), categories=(Block(start=0, width=width),))
    assert built(features).get_layer("category_1").units == units


@pytest.mark.parametrize(
    ("shape", "settings", "waves"),
    [((200,), {}, True), ((201,), {}, False), ((201,), {"frequencies": 2}, True),
     ((3,), {"frequencies": 0}, False), ((2, 3, 2, 2), {}, True)],
)  # fmt: skip
def test_numbers_are_seen_through_waves_unless_there_are_many(
    shape: tuple[int, ...], settings: dict[str, Any], waves: bool
) -> None:
    network = built(Features(kind="vector", shape=shape), **settings)
    assert ("frequencies" in [layer.name for layer in network.layers]) is waves
    assert network(np.ones((2, *shape), np.float32)).shape == (2, 2)


def stripes() -> tuple[Any, Any]:
    """The class changes with every half of a deviation of one number."""
    numbers = np.random.default_rng(0).normal(size=(1600, 2)).astype(np.float32)
    return numbers, (np.floor(numbers[:, 0] * 2) % 2).astype(int)


@pytest.mark.slow
def test_it_finds_small_differences_of_numbers_that_dense_layers_miss(score: Any) -> None:
    numbers, labels = stripes()
    features = Features(kind="vector", shape=(2,))
    small: dict[str, Any] = {"units": 32, "blocks": 1, "dropout": 0.0}
    wide = TabularModel(frequency_range=1.0, **small)
    assert score(wide, features, numbers, labels) > 0.9
    assert score(TabularModel(frequencies=0, **small), features, numbers, labels) < 0.8


@pytest.mark.slow
def test_it_finds_what_a_category_makes_of_a_number(score: Any) -> None:
    random = np.random.default_rng(0)
    rows = np.zeros((800, 9), np.float32)
    rows[:, :2] = random.normal(size=(800, 2))
    sorts = random.integers(0, 3, 800)
    rows[np.arange(800), 2 + sorts] = 1
    labels = ((rows[:, 0] > 0) ^ (sorts == 1)).astype(int)
    assert score(TabularModel(units=32), TABLE, rows, labels) > 0.9
    assert score(MlpModel(hidden_units=()), TABLE, rows, labels) < 0.75


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_a_file_says_the_same(tmp_path: Path, normalization: str, saved_and_loaded: Any) -> None:
    network = built(normalization=normalization, l2=0.01, blocks=3)
    rows = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32)
    loaded = saved_and_loaded(network, tmp_path)
    np.testing.assert_allclose(np.asarray(loaded(rows)), np.asarray(network(rows)), atol=1e-6)
    added = [layer for layer in network.layers if type(layer).__name__ == "Add"]
    assert len(added) == 3 and network.losses
