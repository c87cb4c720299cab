"""What a network is made of."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from nncli import models
from nncli.descriptions import ClassTarget, Features
from nncli.models import CnnModel, MlpModel
from nncli.models.anatomy import layers_of, shown
from nncli.models.cost import flops

TARGET = ClassTarget(names=("a", "b", "c"))
IMAGES = Features(kind="image", shape=(8, 6, 1))
TOKENS = Features(kind="tokens", shape=(5,), vocabulary=11)


def dense(units: int, name: str) -> Any:
    return keras.layers.Dense(units, name=name)


def sources(network: Any) -> dict[str, list[str]]:
    """The names of what each layer takes from."""
    layers = layers_of(network)
    return {layer.name: [layers[place].name for place in layer.sources] for layer in layers}


@pytest.mark.parametrize("inputs", [IMAGES, TOKENS], ids=["images", "tokens"])
@pytest.mark.parametrize("settings", [MlpModel(), CnnModel()], ids=["mlp", "cnn"])
def test_the_layers_add_up_to_what_keras_counts(settings: Any, inputs: Features) -> None:
    network = models.build(settings, inputs, TARGET)
    layers = layers_of(network)
    assert sum(layer.parameters for layer in layers) == network.count_params()
    assert sum(layer.trained for layer in layers) == network.count_params()
    assert sum(layer.flops or 0 for layer in layers) == flops(network)
    assert {layer.name for layer in network.layers} <= {layer.name for layer in layers}
    for place, layer in enumerate(layers):
        assert all(source < place for source in layer.sources)


def test_a_layer_says_its_kind_shape_and_cost() -> None:
    network = models.build(MlpModel(hidden_units=(4,)), IMAGES, TARGET)
    start, flat, hidden, logits = layers_of(network)
    assert (start.kind, start.shape, start.sources) == ("InputLayer", (8, 6, 1), ())
    assert (flat.kind, shown(flat.shape), flat.parameters) == ("Flatten", "48", 0)
    assert (hidden.kind, hidden.parameters, hidden.flops) == ("Dense", 49 * 4, 2 * 48 * 4)
    assert logits.sources == (2,) and logits.shape == (3,)


def test_what_joins_is_there_and_what_only_passes_on_is_not() -> None:
    start = keras.Input((4,), name="start")
    one = dense(4, "one")(start)
    summed = keras.ops.tanh(one) + start
    network = keras.Model(start, dense(2, "two")(keras.ops.relu(summed) * 2.0))
    found = sources(network)
    assert [name for name in found if name.startswith("add")] == [*found][2:3]
    joined = [*found][2]
    assert found == {"start": [], "one": ["start"], joined: ["one", "start"], "two": [joined]}


def test_a_model_inside_is_one_line_frozen_or_not() -> None:
    inner = keras.Sequential([keras.Input((4,)), dense(5, "a"), dense(3, "b")], name="base")
    inner.trainable = False
    start = keras.Input((4,), name="start")
    network = keras.Model(start, dense(2, "head")(inner(start)))
    _, base, head = layers_of(network)
    assert (base.name, base.kind, base.parameters, base.trained) == ("base", "2 layers", 43, 0)
    assert base.is_frozen and not head.is_frozen
    # Whether weights are trained does not matter to what a forward pass costs.
    assert base.flops == 2 * (4 * 5 + 5 * 3)
    assert flops(network) == 2 * (4 * 5 + 5 * 3 + 3 * 2)


def test_a_layer_that_is_used_twice_has_its_weights_once_and_costs_twice() -> None:
    shared = dense(4, "shared")
    start = keras.Input((4,), name="start")
    network = keras.Model(start, shared(shared(start)))
    assert [layer.parameters for layer in layers_of(network)] == [0, 20, 0]
    assert [layer.flops for layer in layers_of(network)] == [0, 32, 32]
    assert flops(network) == 64
    assert [layer.sources for layer in layers_of(network)] == [(), (0,), (1,)]


def test_what_keras_cannot_look_into_has_an_unknown_cost() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.inner = dense(3, "inner")

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    start = keras.Input((4,), name="start")
    _, own = layers_of(keras.Model(start, Own()(start)))
    assert own.flops is None
    assert (own.kind, own.parameters, own.shape) == ("1 layer", 15, (3,))


def test_a_side_that_varies_is_any() -> None:
    assert shown((None, 1_024, 3)) == "any x 1,024 x 3"
    assert shown(()) == "1"
