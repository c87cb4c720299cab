"""How much the examples of each class count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

import nncli
from nncli import data
from nncli.data import Dataset, DigitsDataset, Split
from nncli.descriptions import ClassTarget, ImageInput
from nncli.errors import ExperimentError
from nncli.preprocessing import ImagePreprocessing
from nncli.reporting import SilentReporter
from nncli.training.weighting import class_weights

pytestmark = pytest.mark.usefixtures("shared_cache")


def made(target: ClassTarget, splits: dict[str, Split]) -> Dataset:
    """A dataset of one pixel."""
    inputs = ImageInput(shape=(1, 1, 1))
    return Dataset("made", inputs, target, ImagePreprocessing(inputs=inputs), splits)


def test_balanced_is_scikit_learns() -> None:
    dataset = data.load(DigitsDataset(), seed=0, reporter=SilentReporter())
    labels = dataset.splits["train"].labels
    expected = compute_class_weight("balanced", classes=np.arange(10), y=labels)
    weights = class_weights(dataset, "balanced")
    assert weights is not None and weights.dtype == np.float32
    assert np.allclose(weights, expected)
    assert class_weights(dataset, None) is None
    named = class_weights(dataset, {"3": 0.5})
    assert named is not None and named.tolist() == [1, 1, 1, 0.5, 1, 1, 1, 1, 1, 1]


def test_a_class_without_examples_does_not_change_what_is_balanced() -> None:
    labels = np.array([0, 0, 0, 2, 2, 4], np.int64)
    target = ClassTarget(names=("a", "b", "c", "d", "e"))
    split = Split(np.zeros((6, 1, 1, 1), np.uint8), labels)
    dataset = made(target, {"train": split})
    weights = class_weights(dataset, "balanced")
    assert weights is not None and np.all(np.isfinite(weights))
    present = np.array([0, 2, 4])
    expected = compute_class_weight("balanced", classes=present, y=labels)
    assert np.allclose(weights[present], expected)
    totals = weights[present] * np.bincount(labels)[present]
    assert np.allclose(totals, 2) and weights[labels].sum() == pytest.approx(6)


def test_only_the_training_split_is_counted() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 1], np.int64)
    inputs = np.zeros((8, 1, 1, 1), np.uint8)
    splits = {
        "train": Split(inputs, labels, np.array([0, 1, 2, 3])),
        "validation": Split(inputs, labels, np.array([4, 5, 6, 7])),
    }
    target = ClassTarget(names=("a", "b"))
    weights = class_weights(made(target, splits), "balanced")
    assert weights is not None and np.allclose(weights, [4 / 6, 2])


def test_an_unknown_class_is_named_with_the_known_ones(tmp_path: Path) -> None:
    described = {"dataset": "digits", "training": {"class_weight": {"seven": 2.0}}}
    with pytest.raises(ExperimentError, match="digits has no class 'seven'") as error:
        nncli.train(described, run_dir=tmp_path / "run")
    assert error.value.hint == "Its classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9."
    assert not (tmp_path / "run").exists()


def test_a_class_without_weight_is_never_learned(tmp_path: Path) -> None:
    recalls = []
    for weight in (1.0, 0.0):
        training = {"epochs": 8, "batch_size": 32, "class_weight": {"3": weight}}
        result = nncli.train(
            {"dataset": "digits", "training": training}, run_dir=tmp_path / str(weight)
        )
        recalls.append(nncli.evaluate(result.model_path).per_class[3].recall or 0.0)
    assert recalls[0] > 0.5 and recalls[1] == 0.0


def test_the_weights_count_in_the_training_loss_and_nowhere_else(tmp_path: Path) -> None:
    hundredfold = {str(digit): 100.0 for digit in range(10)}
    training = {"epochs": 2, "class_weight": hundredfold}
    result = nncli.train({"dataset": "digits", "training": training}, run_dir=tmp_path / "run")
    last = result.history[-1]
    assert result.metrics.kept_epoch == 2 and last["train_loss"] and last["validation_loss"]
    assert 50 < last["train_loss"] / last["validation_loss"] < 200
    measured = nncli.evaluate(result.model_path, split="validation").metrics
    assert measured["loss"] == pytest.approx(last["validation_loss"], abs=1e-5)
    assert measured["accuracy"] == pytest.approx(last["validation_accuracy"], abs=1e-6)
