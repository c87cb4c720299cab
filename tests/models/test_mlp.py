"""The multilayer perceptron."""

from __future__ import annotations

from typing import Any, get_args

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from nncli.descriptions import ClassTarget, Features
from nncli.models.fields import Activation
from nncli.models.mlp import MlpModel, build

INPUTS = Features(kind="image", shape=(4, 5, 2))
TARGET = ClassTarget(names=("a", "b", "c"))


def built(**settings: Any) -> Any:
    return build(MlpModel(**settings), INPUTS, TARGET)


def kinds(network: Any) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


def test_the_default_is_the_tutorials() -> None:
    network = build(
        MlpModel(),
        Features(kind="image", shape=(28, 28, 1)),
        ClassTarget(names=tuple("0123456789")),
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


@pytest.mark.parametrize("name", get_args(get_args(Activation)[0]))
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


@pytest.mark.parametrize(
    ("normalization", "layer"), [("batch", "BatchNormalization"), ("layer", "LayerNormalization")]
)
def test_a_normalization_stands_between_a_layer_and_its_activation(
    normalization: str, layer: str
) -> None:
    network = built(hidden_units=(30,), normalization=normalization, dropout=0.1)
    assert kinds(network)[2:] == ["Dense", layer, "Activation", "Dropout", "Dense"]
    hidden = network.get_layer("hidden_1")
    assert hidden.activation is keras.activations.linear
    assert hidden.use_bias == (normalization == "layer")
    pixels = 100 + np.random.default_rng(0).random((64, 4, 5, 2), "float32")
    inside = keras.Model(network.input, network.get_layer("normalization_1").output)
    said = np.asarray(inside(pixels, training=True))
    mean = said.mean(axis=0 if normalization == "batch" else 1)
    np.testing.assert_allclose(mean, 0, atol=1e-2)


def test_a_residual_layer_is_added_to_what_it_was_given() -> None:
    network = built(hidden_units=(6, 6, 5), residual=True)
    assert kinds(network).count("Add") == 1, "only two layers in a row are as wide"
    for number in (1, 2):
        network.get_layer(f"hidden_{number}").set_weights(
            [array * 0 for array in network.get_layer(f"hidden_{number}").get_weights()]
        )
    first = network.get_layer("hidden_1")
    first.set_weights([first.get_weights()[0], np.arange(6, dtype="float32")])
    inside = keras.Model(network.input, network.get_layer("residual_2").output)
    said = np.asarray(inside(np.zeros((1, 4, 5, 2), "float32")))
    np.testing.assert_array_equal(said, [np.arange(6)])


def test_residual_without_two_layers_of_one_width_is_refused() -> None:
    with pytest.raises(ValidationError, match="two hidden layers in a row"):
        MlpModel(hidden_units=(6, 5), residual=True)


def test_penalties_are_of_all_weights_and_no_bias() -> None:
    network = built(hidden_units=(7,), l1=0.5, l2=0.25)
    kernels = [np.asarray(weight) for weight in network.weights if weight.name == "kernel"]
    wanted = sum(0.5 * np.abs(array).sum() + 0.25 * (array**2).sum() for array in kernels)
    assert len(kernels) == 2
    assert float(sum(network.losses)) == pytest.approx(float(wanted), rel=1e-5)
