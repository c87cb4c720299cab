"""The multilayer perceptron."""

from __future__ import annotations

from typing import Any, get_args

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from nncli.descriptions import ClassTarget, ImageInput
from nncli.models.mlp import Activation, MlpModel, build

INPUTS = ImageInput(shape=(4, 5, 2))
TARGET = ClassTarget(names=("a", "b", "c"))


def built(**settings: Any) -> Any:
    return build(MlpModel(**settings), INPUTS, TARGET)


def kinds(network: Any) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


def test_the_default_is_the_tutorials() -> None:
    network = build(
        MlpModel(), ImageInput(shape=(28, 28, 1)), ClassTarget(names=tuple("0123456789"))
    )
    assert kinds(network) == ["InputLayer", "Flatten", "Dense", "Dense"]
    assert network.count_params() == 28 * 28 * 128 + 128 + 128 * 10 + 10


def test_hidden_units_become_layers_in_their_order() -> None:
    network = built(hidden_units=(7, 6, 5), activation="tanh")
    hidden = [network.get_layer(f"hidden_{number}") for number in (1, 2, 3)]
    assert [layer.units for layer in hidden] == [7, 6, 5]
    assert all(layer.activation is keras.activations.tanh for layer in hidden)
    assert network.count_params() == 40 * 7 + 7 + 7 * 6 + 6 + 6 * 5 + 5 + 5 * 3 + 3


def test_no_hidden_units_is_a_linear_model() -> None:
    network = built(hidden_units=())
    assert kinds(network) == ["InputLayer", "Flatten", "Dense"]
    generator = np.random.default_rng(0)
    one, other = (generator.random((1, 4, 5, 2), "float32") for _ in range(2))

    def logits(pixels: Any) -> Any:
        return np.asarray(network(pixels))

    zero = logits(np.zeros_like(one))
    np.testing.assert_allclose(
        logits(2 * one + other) - zero, 2 * (logits(one) - zero) + logits(other) - zero, atol=1e-5
    )


def test_without_dropout_there_is_no_such_layer() -> None:
    assert "Dropout" not in kinds(built(hidden_units=(3, 3), dropout=0.0))


def test_dropout_follows_every_hidden_layer_and_acts_only_while_training() -> None:
    network = built(hidden_units=(30, 30), dropout=0.5)
    assert kinds(network)[2:] == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert [layer.rate for layer in network.layers if hasattr(layer, "rate")] == [0.5, 0.5]
    pixels = np.ones((1, 4, 5, 2), "float32")
    answers = [np.asarray(network(pixels, training=False)) for _ in range(2)]
    trained = [np.asarray(network(pixels, training=True)) for _ in range(2)]
    assert np.array_equal(*answers)
    assert not np.array_equal(*trained)


@pytest.mark.parametrize("name", get_args(Activation))
def test_every_activation_is_keras_own(name: str) -> None:
    network = built(hidden_units=(3,), activation=name)
    assert network.get_layer("hidden_1").activation is keras.activations.get(name)


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_units": (0,)},
        {"hidden_units": (3.0,)},
        {"hidden_units": 3},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"activation": "softmax"},
        {"filters": (3,)},
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MlpModel(**settings)
