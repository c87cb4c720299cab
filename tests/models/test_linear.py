"""The linear model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nncli import models
from nncli.descriptions import ClassTarget, Features
from nncli.models import LinearModel, MlpModel

TARGET = ClassTarget(names=("one", "other"))
VECTOR = Features(kind="vector", shape=(4,))
TEXT = Features(kind="tokens", shape=(6,), vocabulary=9)


def test_what_comes_out_is_linear_in_what_comes_in() -> None:
    network = models.build(LinearModel(), Features(kind="image", shape=(3, 2, 1)), TARGET)
    one, other = np.random.default_rng(0).random((2, 1, 3, 2, 1)).astype(np.float32)
    zero = np.asarray(network(np.zeros_like(one)))
    both = np.asarray(network(2 * one + other)) - zero
    each = 2 * (np.asarray(network(one)) - zero) + np.asarray(network(other)) - zero
    np.testing.assert_allclose(both, each, atol=1e-5)
    assert network.count_params() == 6 * 2 + 2


def test_of_a_text_the_order_and_the_padding_do_not_matter() -> None:
    network = models.build(LinearModel(), TEXT, TARGET)
    tokens = np.array([[3, 5, 8, 0, 0, 0], [8, 3, 5, 0, 0, 0], [0] * 6], np.int32)
    said = np.asarray(network(tokens))
    np.testing.assert_allclose(said[0], said[1], atol=1e-6)
    assert np.isfinite(said).all() and not np.allclose(said[0], said[2])


def agreeing() -> tuple[Any, Any]:
    """The class is whether two numbers have the same sign: nothing for a linear model."""
    numbers = np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32)
    return numbers, (numbers[:, 0] * numbers[:, 2] > 0).astype(int)


@pytest.mark.slow
def test_it_finds_a_weighted_sum_and_no_agreement(score: Any) -> None:
    numbers, agree = agreeing()
    larger = (numbers[:, 0] - 2 * numbers[:, 1] > 0.3).astype(int)
    assert score(LinearModel(), VECTOR, numbers, larger, learning_rate=0.05) > 0.9
    assert score(LinearModel(), VECTOR, numbers, agree, learning_rate=0.05) < 0.65
    assert score(MlpModel(hidden_units=(32,)), VECTOR, numbers, agree) > 0.85


@pytest.mark.parametrize("kind", ["vector", "tokens"])
def test_penalties_are_of_weights_and_not_of_biases(kind: str) -> None:
    features = {"vector": VECTOR, "tokens": TEXT}[kind]
    network = models.build(LinearModel(l1=0.5, l2=0.25), features, TARGET)
    kernels = [np.asarray(weight) for weight in network.weights if "bias" not in weight.path]
    wanted = sum(0.5 * np.abs(array).sum() + 0.25 * (array**2).sum() for array in kernels)
    assert float(sum(network.losses)) == pytest.approx(float(wanted), rel=1e-5)
    assert not models.build(LinearModel(), features, TARGET).losses


def test_a_penalty_makes_small_weights() -> None:
    """The weights of a network trained with it have a fraction of the size."""
    import keras

    numbers, _ = agreeing()
    labels = (numbers[:, 0] > 0).astype(int)
    sizes = []
    for penalty in (0.0, 0.1):
        keras.utils.set_random_seed(0)
        network = models.build(LinearModel(l1=penalty), VECTOR, TARGET)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        network.compile(keras.optimizers.Adam(0.05), loss)
        network.fit(numbers, labels, epochs=15, verbose=0)
        sizes.append(float(np.abs(network.get_weights()[0]).sum()))
    assert sizes[1] < sizes[0] / 2
