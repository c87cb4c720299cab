"""Temperatures, and comparing two models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import nncli
from nncli.descriptions import ClassTarget, LabelsTarget
from nncli.errors import ModelFileError
from nncli.inference import Evaluation
from nncli.inference.asking import Answered
from nncli.inference.calibrating import cross_entropy, scaled, temperature_of
from nncli.inference.comparing import compare
from nncli.training import TrainingResult

CLASSES = ClassTarget(names=("a", "b", "c"))
LABELS = LabelsTarget(names=("a", "b"))


@pytest.mark.parametrize("planted", [0.2, 1.0, 5.0, 30.0])
def test_a_planted_temperature_is_found_for_classes(planted: float) -> None:
    random = np.random.default_rng(0)
    honest = random.normal(0, 1.5, (20_000, 3))
    chances = scaled(CLASSES, honest, 1.0).astype(np.float64)
    sums = chances.cumsum(axis=1)
    targets = (random.random((len(sums), 1)) * sums[:, -1:] > sums).sum(axis=1)
    found = temperature_of(CLASSES, (honest * planted).astype(np.float32), targets)
    assert found == pytest.approx(planted, rel=0.06)


@pytest.mark.parametrize("planted", [0.2, 1.0, 12.0])
def test_a_planted_temperature_is_found_for_labels(planted: float) -> None:
    """Also where probabilities of float32 would have been rounded to 1."""
    random = np.random.default_rng(0)
    honest = random.normal(0, 2, (20_000, 2))
    targets = (random.random(honest.shape) < 1 / (1 + np.exp(-honest))).astype(np.float32)
    found = temperature_of(LABELS, (honest * planted).astype(np.float32), targets)
    assert found == pytest.approx(planted, rel=0.06)


def test_large_logits_have_a_finite_loss() -> None:
    logits = np.array([[800.0, -800.0]], np.float32)
    assert cross_entropy(LABELS, logits, np.array([[0.0, 0.0]])) == pytest.approx(400)
    three = np.array([[800.0, 0.0, 0.0]], np.float32)
    assert cross_entropy(CLASSES, three, np.array([1])) == pytest.approx(800)


def test_other_examples_are_not_compared(
    digits_run: TrainingResult, answered: Callable[[Evaluation], Answered]
) -> None:
    assert digits_run.model_path is not None
    one = nncli.evaluate(digits_run.model_path)
    other = nncli.evaluate(digits_run.model_path, split="validation")
    with pytest.raises(ModelFileError, match="not on the same examples"):
        compare(one, answered(other))


def test_classes_in_another_order_are_matched_by_name(
    digits_run: TrainingResult, answered: Callable[[Evaluation], Answered]
) -> None:
    assert digits_run.model_path is not None
    one = nncli.evaluate(digits_run.model_path)
    turned = replace(
        one,
        target=ClassTarget(names=tuple(reversed(one.target.names))),
        answers=one.answers[:, ::-1],
        targets=9 - one.targets,
    )
    found = compare(one, answered(turned))
    assert found.difference == 0 and (found.only_this, found.only_other) == (0, 0)
    assert found.p_value == 1.0
    worse = replace(one, answers=np.roll(one.answers, 1, axis=1))
    assert compare(one, answered(worse)).interval[0] > 0.3


def test_a_model_without_numbers_is_a_sentence(
    digits_run: TrainingResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nncli.inference import asking

    assert digits_run.model_path is not None
    nothing = np.full((359, 10), np.nan, np.float32)
    monkeypatch.setattr(asking, "answers", lambda *_: nothing)
    with pytest.raises(ModelFileError, match="about 359 examples are no numbers"):
        nncli.evaluate(digits_run.model_path)
