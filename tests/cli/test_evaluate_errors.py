"""`nncli evaluate --slice --errors --gallery`."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import nncli
from nncli.training import TrainingResult


@pytest.fixture
def table_run() -> TrainingResult:
    """A model that has learned next to nothing of a table."""
    lines = ["town,size,note,answer"]
    lines += [f"{'ab'[n % 2]},{n * 7 % 31 / 2},said,{'yes' if n % 3 else 'no'}" for n in range(80)]
    Path("rows.csv").write_text("\n".join(lines))
    return nncli.train(
        {
            "dataset": {"path": "rows.csv", "target": "answer", "test": 0.4},
            "model": "linear", "training": {"epochs": 1},
        }
    )  # fmt: skip


def test_slices_are_shown_written_and_printed_as_json(
    table_run: TrainingResult, run_cli: Callable[[Sequence[str]], Any]
) -> None:
    command = ["evaluate", str(table_run.model_path), "--slice", "town", "--slice", "size"]
    shown = run_cli(command)
    assert shown.exit_code == 0
    lines = [line.split() for line in shown.stdout.splitlines()]
    start = lines.index(["town", "accuracy", "count"])
    counts = {line[0]: int(line[2]) for line in lines[start + 1 : start + 3]}
    assert set(counts) == {"a", "b"}
    assert sum(counts.values()) == 32
    assert max(map(len, shown.stdout.splitlines())) <= 80
    document = json.loads(run_cli([*command, "--json"]).stdout)
    assert {row["value"]: row["count"] for row in document["slices"]["town"]} == counts
    assert len(document["slices"]["size"]) == 4


def test_errors_are_written_and_where_is_said(
    table_run: TrainingResult, run_cli: Callable[[Sequence[str]], Any]
) -> None:
    command = ["evaluate", str(table_run.model_path), "--split", "all"]
    done = run_cli([*command, "--errors", "wrong.csv", "--gallery", "wrong.png"])
    assert done.exit_code == 0
    with Path("wrong.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert f"{len(rows)} wrong answers written to wrong.csv" in done.stderr
    accuracy = json.loads(run_cli([*command, "--json"]).stdout)["all"]["accuracy"]
    assert len(rows) == round(80 * (1 - accuracy)) > 0
    file = Path("rows.csv").read_text().splitlines()
    for row in rows:
        cells = file[int(row["example"].partition(":")[2]) - 1].split(",")
        assert [row["town"], row["truth"]] == [cells[0], cells[3]]
        assert float(row["size"]) == float(cells[1])
    assert Path("wrong.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_column_and_a_wrong_ending_are_refused_without_tensorflow(
    table_run: TrainingResult,
) -> None:
    code = (
        "import sys; from nncli.cli.app import main\nprint(main({}), 'tensorflow' in sys.modules)"
    )
    model = str(table_run.model_path)
    for arguments, said in (
        (["--slice", "twon"], "Did you mean 'town'?"),
        (["--errors", "wrong.html"], "must end in .csv or .jsonl"),
        (["--gallery", "wrong.jpg"], "must end in .png"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code.format(["evaluate", model, *arguments])],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.split() == ["2", "False"]
        assert said in done.stderr
