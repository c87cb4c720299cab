"""All numbers about a split, beside scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from nncli.descriptions import ClassTarget, LabelsTarget, ValueTarget
from nncli.objectives.assessment import assess, label_thresholds, per_class
from nncli.objectives.calibration import calibration

CLASSES = ClassTarget(names=("a", "b", "c", "d", "e", "f", "never"))
LABELS = LabelsTarget(names=("red", "round", "rare"))


def answers_of(count: int, classes: int, seed: int = 0) -> tuple[Any, Any]:
    """Probabilities, many of them alike, and targets that they often guess; without the last."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, classes - 1, count)
    logits = random.normal(size=(count, classes)).round(1)
    logits[np.arange(count), targets] += 1.5
    powers = np.exp(logits)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32), targets


def test_classes_are_as_scikit_learn_has_them() -> None:
    answers, targets = answers_of(500, 7)
    said = answers.argmax(axis=1)
    found = assess(CLASSES, answers, targets)
    values = found.metrics
    assert values["accuracy"] == pytest.approx(metrics.accuracy_score(targets, said), abs=1e-12)
    recalls = metrics.recall_score(targets, said, average=None, labels=np.unique(targets))
    assert values["balanced_accuracy"] == pytest.approx(recalls.mean(), abs=1e-12)
    top = metrics.top_k_accuracy_score(targets, answers, k=5, labels=range(7))
    assert values["top_5_accuracy"] == pytest.approx(top, abs=1e-12)
    exact = answers.astype(np.float64)
    log_loss = metrics.log_loss(targets, exact / exact.sum(axis=1, keepdims=True), labels=range(7))
    assert values["crossentropy"] == pytest.approx(log_loss, abs=1e-6)
    true = np.eye(7)[targets][:, :6]
    areas = metrics.roc_auc_score(true, answers[:, :6], average="macro")
    assert values["auc"] == pytest.approx(areas, abs=1e-12)
    precision = metrics.average_precision_score(true, answers[:, :6], average="macro")
    assert values["average_precision"] == pytest.approx(precision, abs=1e-12)
    matrix = metrics.confusion_matrix(targets, said, labels=range(7))
    np.testing.assert_array_equal(found.confusion_matrix, matrix)


def test_labels_are_as_scikit_learn_has_them() -> None:
    random = np.random.default_rng(0)
    targets = (random.random((300, 3)) < (0.5, 0.3, 0.02)).astype(np.float32)
    answers = np.clip(targets * 0.3 + random.random((300, 3)) * 0.6, 0, 1).astype(np.float32)
    values = assess(LABELS, answers, targets).metrics
    said = answers >= 0.5
    for average in ("micro", "macro"):
        score = metrics.f1_score(targets, said, average=average, zero_division=0.0)
        assert values[f"{average}_f1"] == pytest.approx(score, abs=1e-12)
    classes = per_class(LABELS, answers, targets)
    assert classes is not None
    assert [one.count for one in classes] == targets.sum(axis=0).astype(int).tolist()


def test_values_are_in_their_unit() -> None:
    random = np.random.default_rng(0)
    targets = random.normal(50, 10, (400, 1)).astype(np.float32)
    answers = (targets * 0.8 + 10).astype(np.float32)
    target = ValueTarget(names=("price",), means=(50.0,), deviations=(10.0,))
    found = assess(target, answers, targets)
    assert found.metrics["r2"] == pytest.approx(metrics.r2_score(targets, answers), abs=1e-6)
    assert found.deciles is not None
    deciles = found.deciles["price"]
    assert sum(one.count for one in deciles) == 400 and len(deciles) == 10
    # It says too much of what is small, and too little of what is large.
    errors = [one.mean_error for one in deciles]
    assert errors[0] > 0 > errors[-1] and errors == sorted(errors, reverse=True)
    assert found.confusion_matrix is None and found.calibration is None


@pytest.mark.parametrize("count", [1, 2])
def test_few_examples_have_numbers_too(count: int) -> None:
    answers, targets = answers_of(count, 7)
    found = assess(CLASSES, answers, targets)
    assert found.metrics["accuracy"] in (0.0, 0.5, 1.0)
    assert found.metrics["auc"] is None or count == 2
    assert bool(found.intervals) == (count == 2)
    assert "NaN" not in found.model_dump_json()


def test_one_class_alone() -> None:
    answers, _ = answers_of(50, 7)
    found = assess(CLASSES, answers, np.zeros(50, np.int64))
    assert found.metrics["auc"] is None and found.metrics["average_precision"] is None


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """The accuracy of a model that is right in 80 of 100 cases: 95 % of 200 intervals have it."""
    hits = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        targets = random.integers(0, 2, 150)
        said = np.where(random.random(150) < 0.8, targets, 1 - targets)
        answers = np.eye(2, dtype=np.float32)[said] * 0.8 + 0.1
        low, high = assess(ClassTarget(names=("a", "b")), answers, targets).intervals["accuracy"]
        hits += low <= 0.8 <= high
    assert 180 <= hits <= 199


def test_an_interval_is_narrower_with_more_examples() -> None:
    widths = []
    for count in (100, 10_000):
        found = assess(CLASSES, *answers_of(count, 7))
        for name in ("loss", "accuracy", "balanced_accuracy", "macro_f1"):
            low, high = found.intervals[name]
            value = found.metrics[name]
            assert value is not None and low < value < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 5


def test_overconfidence_is_seen() -> None:
    random = np.random.default_rng(0)
    right = random.random(5000) < 0.6
    targets = np.where(right, 1, 0)
    sure = np.tile(np.array([[0.1, 0.9]], np.float32), (5000, 1))
    target = ClassTarget(names=("a", "b"))
    assert calibration(target, sure, targets).ece == pytest.approx(0.3, abs=0.02)
    honest = np.tile(np.array([[0.4, 0.6]], np.float32), (5000, 1))
    found = calibration(target, honest, targets)
    assert found.ece < 0.02 and [one.count for one in found.bins] == [5000]


def test_a_threshold_decides_and_leaves_probabilities() -> None:
    answers, targets = answers_of(400, 3)
    answers, targets = answers[:, :2] / answers[:, :2].sum(axis=1, keepdims=True), targets
    target = ClassTarget(names=("no", "yes"))
    plain, strict = (
        assess(target, answers, targets, threshold=threshold) for threshold in (None, 0.9)
    )
    said = answers[:, 1] >= 0.9
    assert strict.metrics["accuracy"] == pytest.approx((said == targets).mean(), abs=1e-12)
    assert strict.metrics["accuracy"] != plain.metrics["accuracy"]
    for name in ("loss", "auc", "crossentropy"):
        assert strict.metrics[name] == plain.metrics[name]
    classes = per_class(target, answers, targets, threshold=0.9)
    assert classes is not None
    assert classes[1].recall == pytest.approx(metrics.recall_score(targets, said), abs=1e-12)


def test_the_best_threshold_of_a_label_is_found() -> None:
    """The model never says more than 0.4 of what is rare."""
    random = np.random.default_rng(0)
    targets = (random.random((2000, 1)) < 0.1).astype(np.float32)
    answers = (targets * 0.2 + random.random((2000, 1)) * 0.2).astype(np.float32)
    [found] = label_thresholds(
        LabelsTarget(names=("rare",)), (answers, targets), (answers, targets)
    )
    assert 0.15 < found.threshold <= 0.21
    assert found.f1 > 0.99 and found.f1_at_half == 0.0


def assert_is_scikit_learns(target: Any, answers: Any, labels: Any, said: Any) -> None:
    found = per_class(target, answers, labels)
    assert found is not None
    columns = metrics.precision_recall_fscore_support(
        labels, said, labels=range(len(target.names)), zero_division=0.0
    )
    for place, one in enumerate(found):
        assert one.name == target.names[place]
        numbers = (one.precision, one.recall, one.f1, one.count)
        assert numbers == tuple(column[place] for column in columns)


def test_each_class_fares_as_scikit_learn_says() -> None:
    random = np.random.default_rng(0)
    answers = random.random((200, 4), np.float32)
    answers[:, 3] = 0  # is never said
    labels = random.integers(0, 3, 200)
    target = ClassTarget(names=("a", "b", "c", "d"))
    assert_is_scikit_learns(target, answers, labels, answers.argmax(axis=1))


def test_each_label_fares_as_scikit_learn_says() -> None:
    random = np.random.default_rng(0)
    answers = random.random((200, 3), np.float32)
    labels = (random.random((200, 3)) < 0.3).astype(np.float32)
    labels[:, 2] = 0
    target = LabelsTarget(names=("a", "b", "c"))
    assert_is_scikit_learns(target, answers, labels, answers >= 0.5)


def test_many_classes_are_as_scikit_learn_has_them() -> None:
    """Some without examples, with scores that are alike."""
    answers, targets = answers_of(700, 300)
    targets = np.minimum(targets, 250)
    target = ClassTarget(names=tuple(map(str, range(300))))
    found = assess(target, answers, targets).metrics
    known = np.unique(targets)
    true = np.eye(300)[targets][:, known]
    areas = metrics.roc_auc_score(true, answers[:, known], average="macro")
    assert found["auc"] == pytest.approx(areas, abs=1e-12)
    precision = metrics.average_precision_score(true, answers[:, known], average="macro")
    assert found["average_precision"] == pytest.approx(precision, abs=1e-12)


@pytest.mark.parametrize("k", [2, 5, 6])
def test_the_first_answers_are_chosen_as_by_scikit_learn_where_they_are_alike(k: int) -> None:
    answers = np.round(answers_of(400, 7)[0], 1)
    targets = np.random.default_rng(0).integers(0, 7, 400)
    name = f"top_{k}_accuracy"
    found = assess(CLASSES, answers, targets, metrics=[name]).metrics[name]
    score = metrics.top_k_accuracy_score(targets, answers, k=k, labels=range(7))
    assert found == pytest.approx(score, abs=1e-12)
