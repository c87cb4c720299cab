"""The convolutional network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from nncli.descriptions import ClassTarget, Features
from nncli.models.cnn import CnnModel, build

TARGET = ClassTarget(names=("a", "b", "c"))


def built(shape: tuple[int, int, int] = (8, 8, 1), **settings: Any) -> Any:
    return build(CnnModel(**settings), Features(kind="image", shape=shape), TARGET)


def kinds(network: Any) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


def test_every_stage_halves_the_image() -> None:
    network = built((28, 20, 3), filters=(4, 5, 6), kernel_size=5, activation="gelu")
    outputs = [network.get_layer(f"pooling_{number}").output.shape for number in (1, 2, 3)]
    assert outputs == [(None, 14, 10, 4), (None, 7, 5, 5), (None, 4, 3, 6)]
    first = network.get_layer("convolution_1")
    assert first.kernel_size == (5, 5)
    assert first.activation is keras.activations.gelu
    assert network.output_shape == (None, 3)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 1), (7, 100, 4)])
def test_any_size_of_image_works(shape: tuple[int, int, int]) -> None:
    network = built(shape, filters=(2, 2, 2, 2), kernel_size=3, hidden_units=(3,))
    assert network(np.ones((2, *shape), "float32")).shape == (2, 3)


def test_dropout_stands_before_every_dense_layer() -> None:
    network = built(filters=(2,), hidden_units=(5, 4), dropout=0.5)
    assert kinds(network)[3:] == [
        "Flatten", "Dropout", "Dense", "Dropout", "Dense", "Dropout", "Dense",
    ]  # fmt: skip


def test_without_dropout_there_is_no_such_layer() -> None:
    assert "Dropout" not in kinds(built(filters=(2,), hidden_units=(5,), dropout=0.0))


def test_without_hidden_units_the_answer_follows_the_convolutions() -> None:
    network = built(filters=(2,), hidden_units=(), dropout=0.0)
    assert kinds(network) == ["InputLayer", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]


def test_the_default_has_two_stages_and_a_hidden_layer() -> None:
    network = built((28, 28, 1))
    weights = (9 * 32 + 32) + (9 * 32 * 64 + 64) + (7 * 7 * 64 * 128 + 128) + (128 * 3 + 3)
    assert network.count_params() == weights


@pytest.mark.parametrize(
    ("shape", "filters"),
    [
        ((28, 28, 1), [32, 64]),
        ((32, 32, 3), [32, 64]),
        ((64, 64, 3), [32, 64]),
        ((96, 96, 3), [32, 64, 128]),
        ((224, 224, 3), [32, 64, 128, 256]),
        ((1024, 1024, 3), [32, 64, 128, 256, 256, 256]),
    ],
)
def test_large_images_get_more_stages_so_that_the_dense_layer_stays_small(
    shape: tuple[int, int, int], filters: list[int]
) -> None:
    network = built(shape)
    found = [layer.filters for layer in network.layers if hasattr(layer, "filters")]
    assert found == filters
    assert network.count_params() < 1e7
    given = built(shape, filters=(4,))
    assert [layer.filters for layer in given.layers if hasattr(layer, "filters")] == [4]


@pytest.mark.parametrize(
    ("normalization", "layer"), [("batch", "BatchNormalization"), ("layer", "LayerNormalization")]
)
def test_a_normalization_stands_between_a_convolution_and_its_activation(
    normalization: str, layer: str
) -> None:
    network = built(filters=(4,), normalization=normalization)
    assert kinds(network)[1:5] == ["Conv2D", layer, "Activation", "MaxPooling2D"]
    convolution = network.get_layer("convolution_1")
    assert convolution.activation is keras.activations.linear
    assert convolution.use_bias == (normalization == "layer")


def test_penalties_are_of_all_weights_and_no_bias() -> None:
    network = built(filters=(2,), hidden_units=(3,), l1=0.5, l2=0.25)
    kernels = [np.asarray(weight) for weight in network.weights if weight.name == "kernel"]
    wanted = sum(0.5 * np.abs(array).sum() + 0.25 * (array**2).sum() for array in kernels)
    assert len(kernels) == 3
    assert float(sum(network.losses)) == pytest.approx(float(wanted), rel=1e-5)


@pytest.mark.parametrize(
    "settings", [{"filters": ()}, {"filters": (0,)}, {"kernel_size": 0}, {"kernel_size": 32}]
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CnnModel(**settings)
