"""What a network costs: against what can be counted by hand."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from nncli import models
from nncli.descriptions import ClassTarget, Features
from nncli.models import MlpModel, RnnModel, TabularModel, TransformerModel
from nncli.models.anatomy import layers_of
from nncli.models.cost import activation_bytes, flops

TARGET = ClassTarget(names=("one", "other"))
TEXT = Features(kind="tokens", shape=(10,), vocabulary=1000)


def built(settings: Any, features: Features = TEXT) -> Any:
    return models.build(settings, features, TARGET)


def test_looking_a_word_up_is_no_product() -> None:
    network = built(MlpModel(hidden_units=(5,), embedding_units=4))
    assert flops(network) == 2 * (4 * 5 + 5 * 2)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_recurrent_layer_uses_its_weights_at_every_step(bidirectional: bool) -> None:
    settings = RnnModel(hidden_units=(3,), embedding_units=4, bidirectional=bidirectional)
    directions = 1 + bidirectional
    network = built(settings)
    gates = 3 * 3 * directions
    assert flops(network) == 2 * (10 * (4 + 3) * gates + 3 * directions * 2)
    assert activation_bytes(network) == 4 * (10 * 4 + 10 * gates + 2)


def test_attention_compares_every_piece_with_every_other() -> None:
    settings = TransformerModel(
        units=8, heads=2, blocks=1, feedforward_units=16, embedding_units=4, dropout=0.0
    )
    pieces, attention, between = 10 * 4 * 8, 4 * 10 * 8 * 8, 2 * 10 * 10 * 8
    dense = 2 * 10 * 8 * 16
    assert flops(built(settings)) == 2 * (pieces + attention + between + dense + 8 * 2)
    double = built(settings, Features(kind="tokens", shape=(20,), vocabulary=1000))
    more = 2 * (
        20 * 20 - 2 * 10 * 10
    )  # all grows with the length, and the relations with its square
    assert activation_bytes(double) == 2 * activation_bytes(built(settings)) + 4 * (more - 2)


def test_each_number_of_a_table_has_weights_of_its_own() -> None:
    settings = TabularModel(units=8, blocks=0, frequencies=4, number_units=5)
    network = built(settings, Features(kind="vector", shape=(3,)))
    waves, vectors, dense = 3 * 4, 3 * 8 * 5, (3 + 3 * 5) * 8
    assert flops(network) == 2 * (waves + vectors + dense + 8 * 2)


def test_a_model_inside_that_takes_any_length_costs_as_much_as_it_is_given() -> None:
    inside = keras.Input((None, 4))
    base = keras.Model(inside, keras.layers.Dense(5)(keras.layers.Dense(3)(inside)))
    start = keras.Input((10, 4))
    network = keras.Model(start, keras.layers.Dense(2)(base(start)))
    assert flops(network) == 2 * 10 * (4 * 3 + 3 * 5 + 5 * 2)
    assert activation_bytes(network) == 4 * 10 * (3 + 5 + 2)
    (shown,) = [layer for layer in layers_of(network) if layer.name == base.name]
    assert shown.flops == 2 * 10 * (4 * 3 + 3 * 5)


def test_a_layer_that_is_used_twice_leaves_two_outputs() -> None:
    start = keras.Input((4,))
    layer = keras.layers.Dense(4)
    assert activation_bytes(keras.Model(start, layer(layer(start)))) == 2 * 4 * 4


def test_what_is_frozen_needs_memory_while_it_computes() -> None:
    start = keras.Input((4,))
    frozen = keras.layers.Dense(1000, trainable=False)
    network = keras.Model(start, keras.layers.Dense(2)(frozen(start)))
    assert activation_bytes(network) == 4 * 1000
    frozen.trainable = True
    assert activation_bytes(network) == 4 * 1002
