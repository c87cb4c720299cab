"""A cross-validation as one evaluation."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import nncli
from nncli.errors import NotFoundError, UsageError
from nncli.inference.asking import Answered
from nncli.inference.comparing import compare
from nncli.inference.error_files import write_errors
from nncli.inference.errors import worst_examples
from nncli.inference.evaluated import Evaluation
from nncli.inference.evaluation_report import report_evaluation
from nncli.inference.importance import permutation_importance
from nncli.inference.slices import slice_by
from nncli.reporting import SilentReporter
from nncli.runs import RunFolder
from nncli.training import TrainingResult

pytestmark = pytest.mark.slow

SILENT = SilentReporter()
FOLDS = 4
WRONG = 90  # of 1,797 labels: 5 %


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """The digits with some labels that are wrong, and the names of those examples."""
    x, y = load_digits(return_X_y=True)
    # The last digits are by other writers than the first.
    order = np.random.default_rng(0).permutation(len(y))
    x, y = x[order].reshape(-1, 8, 8).astype(np.uint8), y[order].astype(np.int64)
    wrong = np.random.default_rng(1).choice(len(y), WRONG, replace=False)
    y[wrong] = (y[wrong] + 1 + np.arange(WRONG) % 9) % 10
    path = tmp_path_factory.mktemp("planted") / "planted.npz"
    np.savez(path, x=x, y=y)
    return path, {f"train:{place}" for place in wrong}


def trained(path: Path, epochs: int, folder: Path) -> TrainingResult:
    """A cross-validation of a small network."""
    described: dict[str, Any] = {
        "dataset": {"type": "arrays", "path": str(path), "folds": FOLDS},
        "model": {"type": "mlp", "hidden_units": [64]},
        "training": {"epochs": epochs, "batch_size": 64},
        "optimizer": {"learning_rate": 0.005},
    }
    return nncli.train(described, run_dir=folder)


@pytest.fixture(scope="module")
def strong(
    planted: tuple[Path, set[str]], session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> TrainingResult:
    """Networks that have learned what digits look like."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(session_cache))
        return trained(planted[0], 25, tmp_path_factory.mktemp("strong") / "run")


@pytest.fixture(scope="module")
def evaluation(strong: TrainingResult, session_cache: Path) -> Evaluation:
    """All their answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(session_cache))
        return nncli.evaluate(strong.folder)


def test_the_page_is_about_the_whole_and_not_its_first_fold(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    report_evaluation(evaluation, tmp_path / "page.html", command=["nncli"])
    page = (tmp_path / "page.html").read_text()
    assert "<title>planted-mlp on planted out of fold</title>" in page
    assert "fold: null" in page


def test_every_example_is_answered_by_the_model_that_did_not_learn_from_it(
    planted: tuple[Path, set[str]],
    strong: TrainingResult,
    evaluation: Evaluation,
    shared_cache: Path,
) -> None:
    with np.load(planted[0]) as archive:
        np.testing.assert_array_equal(evaluation.targets, archive["y"])
    assert (evaluation.folds, evaluation.where) == (FOLDS, "planted out of fold")
    seen = np.zeros(1797, int)
    for fold in strong.folds:
        assert fold.model_path is not None
        of_fold = nncli.evaluate(fold.model_path)
        assert of_fold.metrics == fold.metrics.test
        places = of_fold.data.split.indices
        assert places is not None
        seen[places] += 1
        np.testing.assert_array_equal(evaluation.answers[places], of_fold.answers)
    assert (seen == 1).all()
    right = evaluation.answers.argmax(axis=1) == evaluation.targets
    assert evaluation.document.test == evaluation.metrics
    assert evaluation.metrics["accuracy"] == pytest.approx(right.mean())
    assert evaluation.document.dataset.examples == {"test": 1797}


def test_planted_label_errors_come_first_and_are_suspected(
    planted: tuple[Path, set[str]], evaluation: Evaluation
) -> None:
    found = worst_examples(evaluation, None, SILENT)
    first = {example.name for example in found[:WRONG]}
    assert len(planted[1] & first) >= 0.85 * WRONG  # 81 of 90
    marked = {example.name for example in found if example.is_suspected}
    both = len(planted[1] & marked)
    assert both >= 0.65 * WRONG  # recall: 68 of 90
    assert both >= 0.8 * len(marked)  # precision: 68 of 75


def test_of_weak_models_few_labels_are_suspected(
    planted: tuple[Path, set[str]],
    evaluation: Evaluation,
    answered: Callable[[Evaluation], Answered],
    tmp_path: Path,
    shared_cache: Path,
) -> None:
    weak = nncli.evaluate(trained(planted[0], 1, tmp_path / "weak").folder)
    found = worst_examples(weak, None, SILENT, recorded=False)
    assert len(found) > 300
    assert sum(example.is_suspected for example in found) < len(found) / 8  # 53 of 661
    # Both are asked about the same examples, in the same order.
    difference = compare(evaluation, answered(weak))
    assert difference.interval[0] > 0
    assert difference.p_value is not None and difference.p_value < 0.001


def test_rows_of_a_table_keep_their_names_and_columns(tmp_path: Path, shared_cache: Path) -> None:
    random = np.random.default_rng(0)
    rows = [f"{n},{random.normal() + 2 * (n % 2):.3f},p{n % 30},{'ab'[n % 2]}" for n in range(240)]
    table = tmp_path / "visits.csv"
    table.write_text("\n".join(["id,dose,patient,kind", *rows]) + "\n")
    dataset = {"path": str(table), "target": "kind", "group": "patient", "folds": 3}
    dataset["columns"] = {"id": "ignore"}
    result = nncli.train({"dataset": dataset, "training": {"epochs": 2}}, run_dir=tmp_path / "run")
    evaluation = nncli.evaluate(result.folder)
    assert evaluation.targets.tolist() == [n % 2 for n in range(240)]
    count = write_errors(evaluation, tmp_path / "errors.csv", SILENT)
    assert count > 0
    lines = table.read_text().splitlines()
    with (tmp_path / "errors.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            line = lines[int(row["example"].partition(":")[2]) - 1].split(",")
            assert float(line[1]) == pytest.approx(float(row["dose"]))
            assert line[3] == row["truth"]
    assert sum(part.count for part in slice_by(evaluation, "patient", SILENT)) == 240
    columns = {row.column for row in permutation_importance(evaluation, SILENT)}
    assert columns and "patient" not in columns  # by which it is divided


@pytest.mark.parametrize("asked", [{"split": "train"}, {"split": "all"}, {"dataset": "digits"}])
def test_models_are_asked_about_nothing_else(strong: TrainingResult, asked: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="did not learn from") as error:
        nncli.evaluate(strong.folder, **asked)
    assert "fold-1" in str(error.value)


def test_a_cross_validation_without_all_of_its_models_is_refused(
    strong: TrainingResult, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(strong.folder, copy, ignore=shutil.ignore_patterns("checkpoints"))
    (copy / "fold-2" / "model.keras").unlink()
    with pytest.raises(NotFoundError, match=r"lost fold-2/model\.keras"):
        nncli.evaluate(copy)
    metrics = RunFolder(copy).read_metrics()
    assert metrics is not None
    RunFolder(copy).write_metrics(metrics.model_copy(update={"outcome": "interrupted"}))
    with pytest.raises(NotFoundError, match="not finished") as error:
        nncli.evaluate(copy)
    assert "--resume" in str(error.value)
