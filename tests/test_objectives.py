"""Heads, losses and metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from nncli.descriptions import ClassTarget
from nncli.objectives import add_answer, add_head, compile_for_answers, compile_for_training

TARGET = ClassTarget(names=("a", "b", "c"))
LOGITS = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 3.0], [-200.0, 200.0, 0.0]], "float32")
LABELS = np.array([0, 1, 0])


def softmax(logits: Any) -> Any:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def identity(*, answers: bool) -> Any:
    """A network whose logits are its inputs."""
    start = keras.Input((3,))
    logits = keras.layers.Identity()(start)
    return keras.Model(start, add_answer(logits, TARGET) if answers else logits)


def test_the_head_is_a_logit_a_class() -> None:
    start = keras.Input((5,))
    head = keras.Model(start, add_head(start, TARGET))
    assert head.output_shape == (None, 3)
    layer = head.layers[-1]
    assert layer.activation is keras.activations.linear
    assert layer.use_bias


def test_the_answer_is_a_probability_a_class() -> None:
    answers = np.asarray(identity(answers=True)(LOGITS))
    np.testing.assert_allclose(answers, softmax(LOGITS), atol=1e-6)


def test_the_training_loss_is_exact_where_probabilities_would_be_0() -> None:
    network = identity(answers=False)
    compile_for_training(network, keras.optimizers.SGD(), TARGET)
    measured = network.evaluate(LOGITS, LABELS, verbose=0, return_dict=True)
    shifted = LOGITS.astype(float) - LOGITS.max(axis=1, keepdims=True)
    normalizer = np.log(np.exp(shifted).sum(axis=1))
    expected = (normalizer - shifted[np.arange(3), LABELS]).mean()
    assert expected > 100  # the third example alone has a loss of 400
    np.testing.assert_allclose(measured["loss"], expected, rtol=1e-5)
    np.testing.assert_allclose(measured["accuracy"], 1 / 3, rtol=1e-6)


def test_compile_settings_are_passed_on() -> None:
    network = identity(answers=False)
    compile_for_training(network, keras.optimizers.SGD(), TARGET, steps_per_execution=3)
    assert network.steps_per_execution == 3


def test_a_model_of_answers_is_evaluated_by_plain_keras(tmp_path: Path) -> None:
    model = identity(answers=True)
    compile_for_answers(model, TARGET)
    model.save(tmp_path / "model.keras")
    opened = keras.saving.load_model(tmp_path / "model.keras")
    measured = opened.evaluate(LOGITS[:2], LABELS[:2], verbose=0, return_dict=True)
    probabilities = softmax(LOGITS[:2])
    expected = -np.log(probabilities[np.arange(2), LABELS[:2]]).mean()
    np.testing.assert_allclose(measured["loss"], expected, rtol=1e-5)
    assert measured["accuracy"] == 0.5


def test_a_saved_model_carries_no_state_of_an_optimizer() -> None:
    start = keras.Input((3,))
    model = keras.Model(start, add_answer(add_head(start, TARGET), TARGET))
    compile_for_answers(model, TARGET)
    model.optimizer.build(model.trainable_variables)
    shapes = [tuple(variable.shape) for variable in model.optimizer.variables]
    assert shapes == [(), ()]  # the number of steps and the learning rate
