"""Bootstrap intervals: what is resampled, and whether they hold the truth."""

from __future__ import annotations

from math import erf
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.objectives import intervals as intervals_module
from nncli.objectives.assessment import assess
from nncli.objectives.calibration import bin_errors, calibration
from nncli.objectives.intervals import ranked_resamples, statistics
from nncli.objectives.measuring import example_values
from nncli.objectives.ranking import rankings
from nncli.objectives.rates import decided
from nncli.objectives.resampling import drawn, resampled

CLASSES = ClassTarget(names=("a", "b", "c", "d", "e", "f", "rare"))
LABELS = LabelsTarget(names=("red", "round", "rare"))
VALUES = ValueTarget(names=("price", "area"), means=(50.0, 0.0), deviations=(10.0, 1.0))
TWO = ClassTarget(names=("no", "yes"))


def classes(count: int, seed: int = 0) -> tuple[Any, Any]:
    """Probabilities, many of them alike; the last class is so rare that resamples lack it."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, 6, count)
    targets[:2] = 6
    powers = np.exp(random.normal(size=(count, 7)).round(1) + 1.5 * np.eye(7)[targets])
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), targets


def labels(count: int) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    targets = (random.random((count, 3)) < (0.5, 0.3, 0.02)).astype(np.float32)
    answers = np.clip(targets * 0.3 + random.random((count, 3)) * 0.6, 0, 1).round(2)
    return answers.astype(np.float32), targets


def values(count: int) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    targets = random.normal((50, 0), (10, 1), (count, 2)).astype(np.float32)
    return (targets + random.normal(0, (3, 1), (count, 2))).astype(np.float32), targets


def by_scikit_learn(target: Target, answers: Any, truth: Any) -> dict[str, float]:
    """Its numbers about rows, some of which stand there several times."""
    if isinstance(target, ValueTarget):
        return {
            "mae": metrics.mean_absolute_error(truth, answers),
            "rmse": np.sqrt(metrics.mean_squared_error(truth, answers)),
            "mape": metrics.mean_absolute_percentage_error(truth, answers),
            "r2": metrics.r2_score(truth, answers),
        }
    said = decided(target, answers)
    true = np.eye(len(target.names))[truth] if isinstance(target, ClassTarget) else truth
    known = [n for n, column in enumerate(true.T) if 0 < column.sum() < len(column)]
    found = {
        "auc": metrics.roc_auc_score(true[:, known], answers[:, known]),
        "average_precision": metrics.average_precision_score(true[:, known], answers[:, known]),
        "macro_f1": metrics.f1_score(truth, said, average="macro", zero_division=0.0),
    }
    if isinstance(target, LabelsTarget):
        return found | {
            name: function(truth, said, average="micro", zero_division=0.0)
            for name, function in (
                ("micro_f1", metrics.f1_score),
                ("precision", metrics.precision_score),
                ("recall", metrics.recall_score),
            )
        } | {"binary_accuracy": (said == truth).mean()}  # fmt: skip
    indices = range(len(target.names))
    exact = answers.astype(np.float64)
    recalls = metrics.recall_score(truth, said, average=None, labels=np.unique(truth))
    return found | {
        "accuracy": metrics.accuracy_score(truth, said),
        "balanced_accuracy": recalls.mean(),
        "top_5_accuracy": metrics.top_k_accuracy_score(truth, answers, k=5, labels=indices),
        "crossentropy": metrics.log_loss(
            truth, exact / exact.sum(axis=1, keepdims=True), labels=indices
        ),
        "bin errors": calibration(target, answers, truth).ece,
    }


@pytest.mark.parametrize(
    ("target", "made"), [(CLASSES, classes(90)), (LABELS, labels(200)), (VALUES, values(50))]
)
def test_a_resample_is_what_scikit_learn_says_of_the_drawn_rows(target: Target, made: Any) -> None:
    answers, truth = made
    names = assess(target, answers, truth).metrics
    ranks = None if isinstance(target, ValueTarget) else rankings(target, answers, truth)
    each = example_values(target, answers, truth, list(names))
    errors = None if ranks is None else bin_errors(target, answers, truth)
    found = resampled(
        statistics(target, decided(target, answers), truth, each, errors=errors, of_classes=ranks),
        len(truth),
    )
    if "bin errors" in found:
        found["bin errors"] = np.abs(found["bin errors"]).sum(axis=0)
    weights = next(drawn(len(truth), 1000))
    lacking = 0
    for place in range(0, 60, 3):
        rows = np.repeat(np.arange(len(truth)), weights[:, place].astype(int))
        lacking += isinstance(target, ClassTarget) and 6 not in truth[rows]
        for name, value in by_scikit_learn(target, answers[rows], truth[rows]).items():
            assert found[name][place] == pytest.approx(value, abs=1e-6), name
            assert len(found[name]) == 1000, name
    assert lacking or not isinstance(target, ClassTarget)  # a class that is not drawn was met


@pytest.mark.parametrize(
    ("target", "made"), [(CLASSES, classes(90)), (LABELS, labels(200)), (VALUES, values(50))]
)
def test_every_number_has_an_interval_around_it(target: Target, made: Any) -> None:
    found = assess(target, *made)
    assert set(found.intervals) == set(found.metrics)
    for name, (low, high) in found.intervals.items():
        value = found.metrics[name]
        assert value is not None and low < value < high, name


def sure_of_two(random: np.random.Generator, count: int, *, factor: float) -> tuple[Any, Any]:
    """Two classes whose logits are normal; with a factor of 1 the probabilities are right."""
    targets = random.integers(0, 2, count)
    logits = random.normal(targets - 0.5, 1.0) * factor
    chances = 1 / (1 + np.exp(-logits))
    return np.stack([1 - chances, chances], axis=1).astype(np.float32), targets


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_intervals_of_ranks_and_confidence_hold_the_truth(factor: float) -> None:
    """95 % of 100 do; of the calibration error, whose truth may be 0, at least that."""
    many = assess(TWO, *sure_of_two(np.random.default_rng(99), 100_000, factor=factor)).metrics
    truth = {name: many[name] for name in ("auc", "average_precision", "ece", "crossentropy")}
    assert truth["auc"] == pytest.approx((1 + erf(0.5)) / 2, abs=0.005)
    hits = dict.fromkeys(truth, 0)
    for seed in range(100):
        answers, targets = sure_of_two(np.random.default_rng(seed), 200, factor=factor)
        found = assess(TWO, answers, targets).intervals
        for name, value in truth.items():
            assert value is not None
            hits[name] += found[name][0] <= value <= found[name][1]
    assert all(90 <= count <= 99 for name, count in hits.items() if name != "ece"), hits
    assert hits["ece"] >= 93


def test_of_a_calibrated_model_the_error_may_be_nothing() -> None:
    found = assess(TWO, *sure_of_two(np.random.default_rng(0), 2000, factor=1.0))
    assert found.intervals["ece"][0] == 0.0
    sure = assess(TWO, *sure_of_two(np.random.default_rng(0), 2000, factor=3.0))
    assert sure.intervals["ece"][0] > 0.1


def test_classes_of_few_examples_do_not_move_the_interval_away() -> None:
    """Of ten examples a class, those drawn twice favour every resample."""
    random = np.random.default_rng(0)
    targets = np.repeat(np.arange(60), 10)
    powers = np.exp(random.normal(size=(600, 60)) + 2 * np.eye(60)[targets])
    answers = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    found = assess(ClassTarget(names=tuple(map(str, range(60)))), answers, targets)
    for name in ("average_precision", "macro_f1", "macro_precision"):
        (low, high), value = found.intervals[name], found.metrics[name]
        assert value is not None
        assert (value - low) == pytest.approx(high - value, rel=0.35), name


def test_what_cannot_be_better_has_an_end() -> None:
    random = np.random.default_rng(0)
    targets = random.integers(0, 2, 100)
    perfect = np.eye(2, dtype=np.float32)[targets] * 0.98 + 0.01
    found = assess(TWO, perfect.astype(np.float32), targets)
    for name in ("accuracy", "auc", "average_precision", "macro_f1"):
        assert found.intervals[name] == (1.0, 1.0)
    assert found.intervals["loss"][0] > 0


def test_ranks_of_very_many_answers_have_fewer_resamples_or_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ranked_resamples(10_000, 10) == ranked_resamples(20_000, 100) == 1000
    assert ranked_resamples(10_000, 400) == 500
    assert ranked_resamples(10_000, 1000) == 200
    assert ranked_resamples(10_001, 1000) == ranked_resamples(50_000, 1000) == 0
    assert ranked_resamples(1_000_000, 2) == 50 * 4
    monkeypatch.setattr(intervals_module, "MOST_RANKED", 10_000)
    found = assess(CLASSES, *classes(90))
    assert found.metrics["auc"] is not None
    missing = set(found.metrics) - set(found.intervals)
    assert missing == {"auc", "average_precision"}


def test_resamples_are_always_the_same_and_of_as_many_examples() -> None:
    one, other = (np.concatenate(list(drawn(50, 130)), axis=1) for _ in range(2))
    assert one.shape == (50, 130)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one.sum(axis=0), 50)
    assert len(np.unique(one, axis=1).T) == 130
