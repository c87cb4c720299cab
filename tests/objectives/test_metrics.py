"""Metrics: the numbers of scikit-learn, in a training as in an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn import metrics as reference

import nncli
from nncli.config import load_experiment
from nncli.descriptions import ClassTarget, LabelsTarget, ValueTarget
from nncli.errors import ExperimentError
from nncli.objectives import add_answer, encoded, measure, metric_names
from nncli.objectives.measures import training_metric
from nncli.objectives.metrics import (
    ALIASES,
    METRICS,
    canonical,
    fitting_metrics,
    is_best_when_highest,
    unfit,
)
from nncli.training.monitoring import Monitor

CLASSES = ClassTarget(names=("a", "b", "c", "d", "e"))
LABELS = LabelsTarget(names=("a", "b", "c", "d", "e"))
VALUES = ValueTarget(names=("x", "y"), means=(100.0, -50.0), deviations=(10.0, 2.0))
TARGETS: dict[str, Any] = {"class": CLASSES, "labels": LABELS, "value": VALUES}
random = np.random.default_rng(0)
# Of the classes the last never occurs, and of the labels the last is rare; all are guessed well.
INDICES = random.integers(0, 4, 500)
TRUE = (random.random((500, 5)) < [0.5, 0.4, 0.3, 0.2, 0.02]).astype("float32")
REAL = random.normal(VALUES.means, VALUES.deviations, (500, 2)).astype("float32")
TRUTH: dict[str, Any] = {"class": INDICES, "labels": TRUE, "value": REAL}
OUTPUTS: dict[str, Any] = {
    "class": (np.eye(5)[INDICES] * 1.5 + random.normal(size=(500, 5))).astype("float32"),
    # Probabilities are far below a half, as those of rare labels are.
    "labels": (TRUE * 2 + random.normal(size=(500, 5)) - [1, 1, 1, 2, 7]).astype("float32"),
    "value": (encoded(VALUES, REAL) + random.normal(size=(500, 2)) / 2).astype("float32"),
}


def answers(kind: str) -> Any:
    """What the saved model would answer."""
    start = keras.Input(OUTPUTS[kind].shape[1:])
    outputs = keras.layers.Identity()(start)
    return np.asarray(keras.Model(start, add_answer(outputs, TARGETS[kind]))(OUTPUTS[kind]))


def expected(kind: str, name: str) -> float:
    """What scikit-learn says, called as its documentation does."""
    truth, said = TRUTH[kind], answers(kind)
    if kind == "value":
        functions = {
            "mae": reference.mean_absolute_error,
            "rmse": lambda *both: np.sqrt(reference.mean_squared_error(*both)),
            "mse": reference.mean_squared_error,
            "mape": reference.mean_absolute_percentage_error,
            "r2": reference.r2_score,
        }
        return float(functions[name](truth, said))
    if kind == "labels":
        decided = (said >= 0.5).astype(int)
        functions = {
            "micro_f1": lambda: reference.f1_score(truth, decided, average="micro"),
            "macro_f1": lambda: reference.f1_score(truth, decided, average="macro"),
            "precision": lambda: reference.precision_score(truth, decided, average="micro"),
            "recall": lambda: reference.recall_score(truth, decided, average="micro"),
            "auc": lambda: reference.roc_auc_score(truth, said, average="macro"),
            "binary_accuracy": lambda: reference.accuracy_score(truth.ravel(), decided.ravel()),
            "binary_crossentropy": lambda: np.mean(
                [reference.log_loss(*pair) for pair in zip(truth.T, said.T, strict=True)]
            ),
        }
        return float(functions[name]())
    decided = said.argmax(axis=1)
    occurring = range(4)  # scikit-learn refuses an area of a class that does not occur
    functions = {
        "accuracy": lambda: reference.accuracy_score(truth, decided),
        "balanced_accuracy": lambda: reference.recall_score(
            truth, decided, labels=occurring, average="macro"
        ),
        "macro_precision": lambda: reference.precision_score(truth, decided, average="macro"),
        "macro_recall": lambda: reference.recall_score(
            truth, decided, average="macro", zero_division=0
        ),
        "macro_f1": lambda: reference.f1_score(truth, decided, average="macro"),
        "crossentropy": lambda: reference.log_loss(truth, said, labels=range(5)),
        "auc": lambda: np.mean(
            [reference.roc_auc_score(truth == number, said[:, number]) for number in occurring]
        ),
        "top_4_accuracy": lambda: reference.top_k_accuracy_score(truth, said, k=4, labels=range(5)),
    }
    return float(functions[name]())


CASES = [
    (kind, name)
    for kind, target in TARGETS.items()
    for name in (*metric_names(target)[1:], *fitting_metrics(target))
]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_an_evaluation_says_what_scikit_learn_says(kind: str, name: str) -> None:
    measured = measure(TARGETS[kind], answers(kind), TRUTH[kind], metrics=[name])[name]
    assert measured == pytest.approx(expected(kind, name), rel=1e-5)
    assert 0.01 < measured < 0.999 or kind == "value"


@pytest.mark.parametrize(("kind", "name"), CASES)
@pytest.mark.parametrize("mixed", [False, True])
def test_a_training_says_what_scikit_learn_says(kind: str, name: str, mixed: bool) -> None:
    """In batches, the last of them smaller."""
    target, truth = TARGETS[kind], encoded(TARGETS[kind], TRUTH[kind])
    if kind == "class" and mixed:
        truth = np.eye(5, dtype="float32")[truth]
    metric = training_metric(name, target, mixed=mixed)
    for first in range(0, 500, 64):
        batch = slice(first, first + 64)
        metric.update_state(truth[batch], OUTPUTS[kind][batch])
    tolerance = 2e-3 if name == "auc" else 1e-4
    assert metric.name == name
    assert float(metric.result()) == pytest.approx(expected(kind, name), rel=tolerance)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_nothing_said_and_nothing_true_is_a_number_or_none(kind: str, name: str) -> None:
    target, count = TARGETS[kind], 3
    truth = np.zeros(count, int) if kind == "class" else np.zeros((count, len(target.names)))
    said = np.full((count, len(target.names)), 0.2, "float32")
    measured = measure(target, said, truth, metrics=[name])[name]
    if name in ("auc", "r2"):
        assert measured is None
    else:
        assert measured is not None and np.isfinite(measured)


def test_an_area_is_no_number_before_there_is_a_pair() -> None:
    metric = training_metric("auc", CLASSES, mixed=False)
    metric.update_state(np.zeros(4, int), np.ones((4, 5), "float32"))
    assert np.isnan(float(metric.result()))


def test_scores_that_lie_close_together_are_told_apart() -> None:
    """As at the beginning of a training."""
    metric = training_metric("auc", LABELS, mixed=False)
    close = OUTPUTS["labels"] / 30
    metric.update_state(TRUE, close)
    assert float(metric.result()) == pytest.approx(expected("labels", "auc"), abs=1e-3)


def test_certain_scores_are_counted_too() -> None:
    metric = training_metric("auc", CLASSES, mixed=False)
    metric.update_state(np.arange(5), 1e4 * np.eye(5, dtype="float32"))
    assert float(metric.result()) == 1.0


def test_the_best_epoch_is_the_highest_or_the_lowest() -> None:
    for name in (*METRICS, "top_3_accuracy"):
        low, high = {"validation_" + name: 0.25}, {"validation_" + name: 0.5}
        best = Monitor("validation_" + name).best([low, high])
        assert best is (high if is_best_when_highest(name) else low)
    lowest = {name for name in METRICS if not is_best_when_highest(name)}
    assert lowest == {
        "loss", "crossentropy", "binary_crossentropy", "mae", "rmse", "mse", "mape",
    }  # fmt: skip


def test_names() -> None:
    assert {canonical(name) for name in ALIASES} <= {*METRICS, "top_5_accuracy"}
    assert canonical("top_12_accuracy") == "top_12_accuracy"
    for wrong in ("loss", "top_1_accuracy", "top_01_accuracy", "accu", ""):
        assert canonical(wrong) is None
    assert metric_names(CLASSES, ["auc", "accuracy", "auc"]) == ("loss", "accuracy", "auc")
    assert (
        unfit(CLASSES, "top_5_accuracy") == "top_5_accuracy is always 1 where there are 5 classes"
    )
    assert unfit(CLASSES, "r2") == "r2 is for values"
    assert unfit(VALUES, "macro_f1") == "macro_f1 is for classes and labels"
    assert unfit(LABELS, "auc") is None


def settings_of(text: str) -> Any:
    Path("e.yaml").write_text(f"training: {{{text}}}\n")
    return load_experiment([Path("e.yaml")]).training


def test_other_names_are_those_of_the_columns() -> None:
    settings = settings_of("metrics: [sparse_top_k_categorical_accuracy, roc_auc]")
    assert settings.metrics == ("top_5_accuracy", "auc")
    assert settings_of("metrics: [auc], monitor: validation_auc").monitor == "validation_auc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "metrics: [auc, macr_f1]",
            "training.metrics[1]: there is no metric 'macr_f1'; did you mean macro_f1?",
        ),
        ("metrics: [zzz]", "training.metrics[0]: there is no metric 'zzz'; there are accuracy,"),
        ("metrics: auc", "training.metrics: must be a list, not 'auc'"),
        (
            "monitor: val_loss",
            "training.monitor: there is no column 'val_loss'; did you mean validation_loss?",
        ),
        (
            "monitor: validation_auc",
            "training: monitor: auc is not measured; name it in metrics",
        ),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        settings_of(text)
    assert message in str(caught.value)


def test_a_metric_of_another_target_is_refused_before_the_training(run_cli: Any) -> None:
    command = ["train", "--dataset", "digits", "--set", "training.metrics=r2,top_10_accuracy"]
    result = run_cli(command)
    assert result.exit_code == 2
    assert "training.metrics: r2 is for values; digits is one of 10 classes" in result.stderr
    assert "top_10_accuracy is always 1 where there are 10 classes" in result.stderr
    assert "There are balanced_accuracy, macro_precision, " in result.stderr
    assert not Path("runs").exists()


def test_a_watched_metric_chooses_the_epoch(shared_cache: Path) -> None:
    described = {
        "dataset": "digits",
        "model": {"hidden_units": [4]},
        "training": {
            "epochs": 3,
            "metrics": ["macro_f1", "auc"],
            "monitor": "validation_macro_f1",
        },
    }
    result = nncli.train(described)
    names = list(result.history[0])
    assert names[:5] == ["epoch", "train_loss", "train_accuracy", "train_macro_f1", "train_auc"]
    scores = [row["validation_macro_f1"] for row in result.history]
    assert result.metrics.kept_epoch == 1 + int(np.argmax(scores))
    assert result.metrics.validation is not None and result.model_path is not None
    again = nncli.evaluate(result.model_path, split="validation").metrics
    assert again["macro_f1"] == pytest.approx(result.metrics.validation["macro_f1"], abs=1e-5)
    assert again["auc"] == pytest.approx(result.metrics.validation["auc"], abs=3e-3)
    assert nncli.evaluate(result.model_path).metrics == result.metrics.test


def test_values_that_are_equal_but_for_rounding_have_no_r2() -> None:
    """The mean of many equal numbers may be another than they, by the last bit."""
    target = ValueTarget(names=("x",), means=(0.0,), deviations=(1.0,))
    truth = np.full((1000, 1), 0.1)
    assert truth.var() > 0
    said = np.random.default_rng(0).normal(0.1, 1, (1000, 1)).astype("float32")
    assert measure(target, said, truth)["r2"] is None
    year = 2000 + np.random.default_rng(1).normal(0, 0.01, (1000, 1)).astype("float32")
    assert measure(target, year, year)["r2"] == 1.0
