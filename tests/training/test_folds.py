"""Cross-validation: a run in which every example is tested once."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

import nncli
from nncli.errors import InterruptedRunError
from nncli.files import typed_path
from nncli.reporting import SilentReporter
from nncli.runs import RunFolder
from nncli.training import TrainingResult
from nncli.training.reproduction import reproduce

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("shared_cache")]

DESCRIBED: dict[str, Any] = {
    "dataset": {"type": "digits", "folds": 3},
    "model": {"hidden_units": [8], "dropout": 0.2},
    "training": {"epochs": 2},
}


def numbers(result: TrainingResult) -> dict[str, Any]:
    """Every number of a run but the times."""
    document = json.loads((result.folder / "metrics.json").read_text())
    own = {key: value for key, value in document.items() if key != "timing"}
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in result.history]
    return {"metrics": own, "history": rows, "folds": [numbers(fold) for fold in result.folds]}


@pytest.fixture(scope="module")
def whole(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """An undisturbed cross-validation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(session_cache))
        return nncli.train(DESCRIBED, run_dir=tmp_path_factory.mktemp("folds") / "run")


def test_each_fold_is_a_run_and_the_whole_has_their_mean_and_deviation(
    whole: TrainingResult,
) -> None:
    assert len(whole.folds) == 3 and whole.metrics.outcome == "completed"
    assert whole.model_path is None and not (whole.folder / "model.keras").exists()
    found = []
    for number, fold in enumerate(whole.folds, start=1):
        assert fold.folder == whole.folder / f"fold-{number}"
        assert fold.model_path is not None and fold.model_path.is_file()
        assert fold.metrics.test is not None
        found.append(fold.metrics.test["accuracy"])
    assert whole.metrics.test is not None and whole.metrics.deviation is not None
    assert whole.metrics.test["accuracy"] == pytest.approx(statistics.mean(found))
    assert whole.metrics.deviation["test"]["accuracy"] == pytest.approx(statistics.stdev(found))
    assert whole.metrics.folds == [fold.metrics.test for fold in whole.folds]
    tested = [fold.metrics.dataset.examples["test"] for fold in whole.folds]
    assert sum(tested) == 1438  # the training split of digits; its test split stays untouched


def answered(page: Path) -> list[list[int]]:
    """The confusion matrix of a page."""
    cells = re.findall(r'data-cell="(\d)-\d"[^>]*>(\d+|·)<', page.read_text())
    rows: list[list[int]] = [[] for _ in range(10)]
    for row, count in cells:
        rows[int(row)].append(int(count.replace("·", "0")))
    return rows


def test_the_page_of_the_whole_has_every_answer_out_of_fold(whole: TrainingResult) -> None:
    page = whole.folder / "report.html"
    evaluation = nncli.evaluate(whole.folder)
    assert evaluation.confusion_matrix is not None
    assert answered(page) == evaluation.confusion_matrix.tolist()
    text = page.read_text()
    for number in (1, 2, 3):
        assert f'href="fold-{number}/report.html"' in text
        assert (whole.folder / f"fold-{number}" / "report.html").is_file()
    assert whole.metrics.deviation is not None
    assert f"± {whole.metrics.deviation['test']['accuracy']:.4f} between folds" in text


def test_a_fold_alone_gives_what_it_gave_among_the_others(
    whole: TrainingResult, tmp_path: Path
) -> None:
    alone = nncli.train(whole.folder / "fold-2" / "config.yaml", run_dir=tmp_path / "alone")
    assert numbers(alone) == numbers(whole.folds[1])
    model = alone.model_path
    assert model is not None
    assert nncli.evaluate(model).metrics == alone.metrics.test


class StopsInFold(SilentReporter):
    """Raises Ctrl-C when an epoch of a fold ends."""

    def __init__(self, fold: int) -> None:
        self.fold = fold

    def notice(self, message: str) -> None:
        self.running = message

    def epoch_ended(self, epoch: int, values: Any) -> None:
        if self.running == f"Fold {self.fold} of 3":
            raise KeyboardInterrupt


@pytest.mark.parametrize("fold", [1, 2])
def test_an_interrupted_cross_validation_ends_with_the_numbers_of_an_undisturbed_one(
    whole: TrainingResult, tmp_path: Path, fold: int
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError) as caught:
        nncli.train(DESCRIBED, run_dir=folder, reporter=StopsInFold(fold))
    assert f"fold {fold} of 3" in caught.value.message and caught.value.exit_code == 130
    assert f"--resume {typed_path(folder)}" in (caught.value.hint or "")
    metrics = RunFolder(folder).read_metrics()
    assert metrics is not None and metrics.outcome == "interrupted"
    assert len(metrics.folds or ()) == fold - 1
    assert not (folder / "report.html").exists()
    assert numbers(nncli.resume(folder)) == numbers(whole)
    assert answered(folder / "report.html") == answered(whole.folder / "report.html")


def test_a_cross_validation_is_reproduced(whole: TrainingResult, tmp_path: Path) -> None:
    assert reproduce(whole.folder, run_dir=tmp_path / "again").differences == []


def test_groups_stay_together_in_folds_of_a_table(tmp_path: Path) -> None:
    rows = [f"p{n % 15},{n % 7},{'ab'[n % 2]}" for n in range(120)]
    table = tmp_path / "visits.csv"
    table.write_text("\n".join(["patient,dose,kind", *rows]) + "\n")
    dataset = {"path": str(table), "target": "kind", "group": "patient", "folds": 3}
    described = {"dataset": dataset, "training": {"epochs": 1}}
    result = nncli.train(described, run_dir=tmp_path / "run")
    sizes = [fold.metrics.dataset.examples for fold in result.folds]
    assert all(size % 8 == 0 for split in sizes for size in split.values())
    assert sum(size["test"] for size in sizes) == 120
