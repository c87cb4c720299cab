"""`nncli runs reproduce`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nncli.errors import NotFoundError, UsageError
from nncli.training import TrainingResult
from nncli.training.reproduction import Difference, reproduce

pytestmark = pytest.mark.usefixtures("shared_cache")


def test_a_run_is_repeated_and_compared(run_cli: Any) -> None:
    run_cli(["train", "--dataset", "digits", "--epochs", "2", "--quiet"])
    result = run_cli(["runs", "reproduce", "1"])
    assert (result.exit_code, result.stdout) == (
        0,
        "Identical: every metric of runs/2-digits-mlp is that of runs/1-digits-mlp (2 epochs).\n",
    )
    path = Path("runs/1-digits-mlp/metrics.json")
    document = json.loads(path.read_text())
    document["test"]["accuracy"] = 0.125
    document["outcome"] = "completed"
    path.write_text(json.dumps(document))
    result = run_cli(["runs", "reproduce", "runs/1-digits-mlp"])
    assert result.exit_code == 1
    assert "Not identical to runs/1-digits-mlp: 1 number of runs/3-digits-mlp\n" in result.stdout
    assert "test.accuracy  0.125" in result.stdout
    document["outcome"] = "interrupted"
    path.write_text(json.dumps(document))
    result = run_cli(["runs", "reproduce", "1"])
    assert result.exit_code == 2
    assert "Finish it with: nncli train --resume runs/1-digits-mlp" in result.stderr


@pytest.fixture
def old(digits_run: TrainingResult, tmp_path: Path) -> Path:
    """A finished run of two epochs that may be changed."""
    return Path(shutil.copytree(digits_run.folder, tmp_path / "old"))


def change(path: Path, changed: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    changed(document)
    path.write_text(json.dumps(document))


def change_cell(folder: Path, epoch: int, column: str, value: str) -> str:
    """Put `value` into the history; what was there."""
    path = folder / "history.csv"
    names, *rows = [line.split(",") for line in path.read_text().splitlines()]
    before = rows[epoch - 1][names.index(column)]
    rows[epoch - 1][names.index(column)] = value
    path.write_text("".join(f"{','.join(row)}\n" for row in (names, *rows)))
    return before


def test_a_run_is_reproduced_from_its_folder_alone(old: Path) -> None:
    found = reproduce(old, runs_dir="again")
    assert found.differences == []
    assert found.result.folder == Path("again/1-digits-mlp")
    assert found.result.metrics.outcome == "completed" and len(found.result.history) == 2


def test_every_kind_of_difference_is_named(old: Path) -> None:
    def changed(document: dict[str, Any]) -> None:
        document["train"]["loss"] += 1.0
        document["validation"]["accuracy"] = None
        document["kept_epoch"] = 1
        document["timing"]["total_seconds"] = 1e6  # no number of the run, but of the machine

    change(old / "metrics.json", changed)
    rate = change_cell(old, 1, "learning_rate", "0.5")
    change_cell(old, 2, "validation_loss", "")
    change_cell(old, 2, "seconds", "1000")
    found = reproduce(old)
    now = found.result
    assert now.metrics.train is not None and now.metrics.validation is not None
    assert now.metrics.train["loss"] is not None
    assert found.differences == [
        Difference("train.loss", now.metrics.train["loss"] + 1.0, now.metrics.train["loss"]),
        Difference("validation.accuracy", None, now.metrics.validation["accuracy"]),
        Difference("kept_epoch", 1, 2),
        Difference("epoch 1 learning_rate", 0.5, float(rate)),
        Difference("epoch 2 validation_loss", None, now.history[1]["validation_loss"]),
    ]


def test_an_epoch_more_or_less_is_a_difference(old: Path) -> None:
    text = (old / "history.csv").read_text()
    lines = text.splitlines(keepends=True)
    (old / "history.csv").write_text("".join(lines[:2]))
    names = [difference.name for difference in reproduce(old).differences]
    columns = [name for name in lines[0].strip().split(",") if name not in ("epoch", "seconds")]
    assert names == [f"epoch 2 {column}" for column in columns]


def test_a_history_that_was_edited_is_shown_and_is_exit_code_1(run_cli: Any, old: Path) -> None:
    change_cell(old, 2, "train_loss", "0.125")
    result = run_cli(["runs", "reproduce", old, "--run-dir", "again"])
    assert result.exit_code == 1
    [row] = [line for line in result.stdout.splitlines() if line.startswith("epoch ")]
    assert row.split()[:4] == ["epoch", "2", "train_loss", "0.125"]
    assert all(len(line) <= 80 for line in result.stdout.splitlines()[1:])


def test_many_differences_are_counted_and_not_all_shown(run_cli: Any, old: Path) -> None:
    lines = (old / "history.csv").read_text().splitlines(keepends=True)
    more = [line.replace(line.split(",")[0], str(n), 1) for n, line in enumerate(lines[1:] * 3, 1)]
    (old / "history.csv").write_text("".join([lines[0], *more]))
    result = run_cli(["runs", "reproduce", old, "--run-dir", "again"])
    assert result.exit_code == 1
    shown = [line for line in result.stdout.splitlines() if line.startswith("epoch ")]
    assert ": 20 numbers of again\n" in result.stdout  # 4 epochs of 5 columns
    assert len(shown) == 20 and "more" not in result.stdout


def test_json_is_the_metrics_of_the_new_run(run_cli: Any, old: Path) -> None:
    result = run_cli(["runs", "reproduce", old, "--run-dir", "again", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(Path("again/metrics.json").read_text())


def test_another_machine_is_warned_of(old: Path, reporter: Any) -> None:
    def changed(document: dict[str, Any]) -> None:
        document["cores"] = 1000
        document["versions"]["keras"] = "2.0"

    change(old / "environment.json", changed)
    reproduce(old, reporter=reporter)
    [warning] = reporter.warnings
    assert warning.startswith("The machine is another: keras 2.0 then, ")
    assert "; 1000 cores then, " in warning


@pytest.mark.parametrize("outcome", ["running", "interrupted", "failed"])
def test_a_run_that_is_not_finished_is_refused(old: Path, outcome: str) -> None:
    change(old / "metrics.json", lambda document: document.update(outcome=outcome))
    with pytest.raises(UsageError, match=rf"is not finished \({outcome}\)") as error:
        reproduce(old)
    assert error.value.hint == f"Finish it with: nncli train --resume {old}"
    assert not Path("runs").exists()


@pytest.mark.parametrize("name", ["metrics.json", "config.yaml"])
def test_what_is_no_run_is_refused(run_cli: Any, old: Path, name: str) -> None:
    (old / name).unlink()
    with pytest.raises(NotFoundError, match=r"lacks metrics\.json or config\.yaml"):
        reproduce(old)
    assert run_cli(["runs", "reproduce", old]).exit_code == 2
    assert not Path("runs").exists()


def test_one_epoch_is_counted_as_one(run_cli: Any) -> None:
    command = ["train", "--dataset", "digits", "--hidden-units", "4", "--epochs", "1", "--quiet"]
    assert run_cli(command).exit_code == 0
    result = run_cli(["runs", "reproduce", "latest"])
    assert result.exit_code == 0 and "(1 epoch)" in result.stdout
