"""`nncli evaluate` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nncli.training import TrainingResult


def test_shows_metrics_and_classes(run_cli: Any, digits_run: TrainingResult) -> None:
    result = run_cli(["evaluate", str(digits_run.model_path)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "digits test, 359 examples"
    assert digits_run.metrics.test is not None
    assert f"accuracy {digits_run.metrics.test['accuracy']:.4f}" in lines[1]
    assert lines[3].split() == ["class", "precision", "recall", "f1", "count"]
    assert [line.split()[0] for line in lines[4:14]] == [str(digit) for digit in range(10)]
    assert lines[15].split() == ["metric", "95", "%", "interval"]
    matrix = next(n for n, line in enumerate(lines) if line.startswith("is \\ said"))
    diagonal = [lines[matrix + 1 + n].split()[1 + n] for n in range(10)]
    right = sum(int(cell) for cell in diagonal if cell != ".")
    assert right / 359 == pytest.approx(digits_run.metrics.test["accuracy"])
    assert all(len(line) <= 80 for line in lines)


def test_writes_the_same_schema_as_train(run_cli: Any, digits_run: TrainingResult) -> None:
    arguments = ["evaluate", str(digits_run.model_path), "--json", "-o", "out.json"]
    result = run_cli(arguments)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document == json.loads(Path("out.json").read_text())
    assert document["schema"] == 1 and document["outcome"] == "completed"
    trained = json.loads((digits_run.folder / "metrics.json").read_text())
    assert set(document) == set(trained)
    assert document["test"] == trained["test"]


@pytest.mark.parametrize("output", ["-", "/dev/stdout", "/dev/fd/1"])
def test_output_may_be_the_screen(run_cli: Any, digits_run: TrainingResult, output: str) -> None:
    result = run_cli(["evaluate", str(digits_run.model_path), "--output", output])
    assert json.loads(result.stdout)["outcome"] == "completed"
    assert Path("/dev/stdout").is_symlink() and not Path("-").exists()


def test_quiet_says_nothing(run_cli: Any, digits_run: TrainingResult) -> None:
    result = run_cli(["evaluate", str(digits_run.model_path), "--quiet", "--split", "train"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["nothing.keras"], 2, "There is no file nothing.keras."),
        (["junk.keras"], 1, "junk.keras cannot be read as a .keras file"),
        (["MODEL", "--dataset", "mnits"], 2, "There is no dataset named 'mnits'."),
        (["MODEL", "--split", "holdout"], 2, "'holdout' is not one of"),
        (["MODEL", "-o", "no/such/out.json"], 2, "There is no folder no/such"),
        (["MODEL", "-o", "."], 2, "--output: . is a folder."),
        (["MODEL", "-o", "MODEL"], 2, "is itself one of the files"),
        (["MODEL", "--pixel-range", "0"], 2, "must be LOW,HIGH such as 0,1, not '0'"),
        (["MODEL", "--pixel-range", "0,1"], 2, "scales its pixels itself"),
        (["MODEL", "--data-dir", "."], 2, "digits is not in a data folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes(
    run_cli: Any,
    digits_run: TrainingResult,
    arguments: list[str],
    exit_code: int,
    message: str,
) -> None:
    Path("junk.keras").write_text("junk")
    typed = [str(digits_run.model_path) if a == "MODEL" else a for a in arguments]
    result = run_cli(["evaluate", *typed])
    assert message in result.stderr
    assert result.exit_code == exit_code
    assert result.stdout == ""
