"""The residual network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from nncli import models
from nncli.descriptions import ClassTarget, Features
from nncli.models import LinearModel, ResnetModel

TARGET = ClassTarget(names=("one", "other"))


def built(shape: tuple[int, int, int] = (28, 28, 1), **settings: Any) -> Any:
    return models.build(ResnetModel(**settings), Features(kind="image", shape=shape), TARGET)


def kinds(network: Any, kind: str) -> list[Any]:
    return [layer for layer in network.layers if type(layer).__name__ == kind]


@pytest.mark.parametrize("depth", [8, 14, 20])
def test_the_depth_counts_the_layers_with_weights(depth: int) -> None:
    network = built(depth=depth)
    convolutions = [x for x in kinds(network, "Conv2D") if not x.name.endswith("_short")]
    assert len(convolutions) + 1 == depth
    assert len(kinds(network, "Add")) == (depth - 2) // 2
    widths = sorted({layer.filters for layer in convolutions})
    assert widths == [16, 32, 64]


def test_a_depth_that_makes_no_whole_blocks_is_refused_with_its_neighbours() -> None:
    with pytest.raises(ValidationError, match="nearest are 14 and 20"):
        ResnetModel(depth=18)


@pytest.mark.parametrize(
    ("side", "stem", "last"), [(8, 8, 2), (32, 32, 8), (64, 64, 16), (96, 48, 12), (224, 56, 14)]
)
def test_large_images_are_made_small_first(side: int, stem: int, last: int) -> None:
    network = built((side, side, 3))
    assert network.get_layer("stem").output.shape[1] == stem
    assert network.get_layer("stage_3_block_1_activation").output.shape[1] == last
    assert network.count_params() < 100_000


def test_without_its_convolutions_a_block_says_what_it_was_given() -> None:
    network = built(depth=14)
    for name in ("stage_1_block_2_1", "stage_1_block_2_2"):
        layer = network.get_layer(name)
        layer.set_weights([array * 0 for array in layer.get_weights()])
    import keras

    names = ("stage_1_block_1_activation", "stage_1_block_2_activation")
    inside = keras.Model(network.input, [network.get_layer(name).output for name in names])
    given, said = inside(np.random.default_rng(0).random((1, 28, 28, 1), np.float32))
    np.testing.assert_array_equal(np.asarray(given), np.asarray(said))


def bars(count: int = 400) -> tuple[Any, Any]:
    """A bar that lies or stands anywhere in noise: no pixel alone says which."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    pixels = random.random((count, 10, 10, 1), np.float32) / 2
    for image, label in zip(pixels, labels, strict=True):
        height, width = [(1, 6), (6, 1)][label]
        bar = np.zeros_like(image)
        bar[:height, :width] = 0.5
        image += np.roll(bar, random.integers(0, 10, 2), (0, 1))
    return pixels, labels


@pytest.mark.slow
def test_it_finds_a_pattern_wherever_it_is_and_a_linear_model_does_not(score: Any) -> None:
    pixels, labels = bars()
    features = Features(kind="image", shape=(10, 10, 1))
    assert score(ResnetModel(width=8), features, pixels, labels, epochs=15) > 0.9
    assert score(LinearModel(), features, pixels, labels) < 0.7


def test_a_file_says_the_same(tmp_path: Path, saved_and_loaded: Any) -> None:
    network = built((9, 12, 2), dropout=0.1, l2=0.01)
    pixels = np.random.default_rng(0).random((2, 9, 12, 2), np.float32)
    loaded = saved_and_loaded(network, tmp_path)
    np.testing.assert_allclose(np.asarray(loaded(pixels)), np.asarray(network(pixels)), atol=1e-6)
    assert network.losses and not built().losses


def test_no_convolution_of_single_pixels_takes_steps() -> None:
    """TensorFlow 2.21 overruns its memory in its gradient, for eight filters on CPUs: training on
    spectrograms of 64 x 34 ended the process."""
    network = built((64, 34, 1), depth=8, width=8)
    single = [layer for layer in kinds(network, "Conv2D") if layer.kernel_size == (1, 1)]
    assert len(single) == 2 and all(layer.strides == (1, 1) for layer in single)
    assert network.get_layer("stage_3_block_1_short").output.shape[1:] == (16, 9, 32)
