"""Runs as a flat table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.runs.about import set_note, tag
from nncli.runs.folder import RunFolder
from nncli.runs.listing import listed_runs
from nncli.runs.tables import FACTS, Table, epochs_table, runs_table

RUNS = Path("runs")
MakeRun = Callable[..., RunFolder]


def read(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.to_csv())))


def test_there_is_a_column_for_everything_and_a_cell_for_what_a_run_has(make: MakeRun) -> None:
    folder = make("1-a", accuracy=0.5, loss=1.5, seconds=2.5)
    tag(folder, ["good", "paper"])
    set_note(folder, "two\nlines, and a comma")
    make("2-b", outcome="failed", rmse=3.0, error="went wrong", epochs=7)
    (RUNS / "2-b/config.yaml").write_text("seed: null\noptimizer:\n  amsgrad: false\n")
    (RUNS / "3-c").mkdir()
    one, other, broken = read(runs_table(listed_runs(RUNS)))
    assert (one["run"], one["number"], one["outcome"]) == ("1-a", "1", "completed")
    assert (one["total_seconds"], one["data_seconds"]) == ("2.5", "")
    assert (one["tags"], one["note"]) == ("good paper", "two\nlines, and a comma")
    assert (one["test.accuracy"], one["test.loss"], one["test.rmse"]) == ("0.5", "1.5", "")
    assert (one["model.hidden_units"], one["training.epochs"]) == ("[64]", "3")
    assert (one["optimizer.amsgrad"], other["optimizer.amsgrad"]) == ("", "false")
    assert (other["error"], other["seed"], other["training.epochs"]) == ("went wrong", "", "")
    assert (broken["outcome"], broken["broken"]) == ("broken", "no metrics.json")


def test_the_order_of_the_columns_does_not_follow_from_that_of_the_runs(make: MakeRun) -> None:
    make("1-a", accuracy=0.5, loss=1.0)
    make("2-b", rmse=3.0, validation={"rmse": 1.0, "loss": 2.0})
    (RUNS / "2-b/config.yaml").write_text("seed: 1\ndataset:\n  name: x\n")
    rows = listed_runs(RUNS)
    columns = runs_table(rows).columns
    assert columns == runs_table(rows[::-1]).columns
    assert columns[: len(FACTS)] == list(FACTS)
    assert columns[len(FACTS) :] == [
        "test.loss", "test.accuracy", "test.rmse", "validation.loss", "validation.rmse",
        "dataset.name", "model.hidden_units", "model.type", "seed", "training.epochs",
    ]  # fmt: skip


def test_a_cross_validation_has_its_deviations_beside_its_means(make: MakeRun) -> None:
    make("1-a", accuracy=0.5, folds=[{}, {}], deviation={"test": {"accuracy": 0.25}})
    table = runs_table(listed_runs(RUNS))
    assert table.columns[-5:-3] == ["test.accuracy", "test.accuracy.deviation"]
    (row,) = read(table)
    assert (row["folds"], row["test.accuracy.deviation"]) == ("2", "0.25")


def test_json_lines_keep_types_and_have_every_column(make: MakeRun) -> None:
    tag(make("1-a", accuracy=0.5), ["good"])
    make("2-b", rmse=3.0)
    table = runs_table(listed_runs(RUNS))
    one, other = (json.loads(line) for line in table.to_json_lines().splitlines())
    assert list(one) == list(other) == list(table.columns)
    assert (one["number"], one["tags"], one["model.hidden_units"]) == (1, ["good"], [64])
    assert (one["test.rmse"], other["test.accuracy"], other["test.rmse"]) == (None, None, 3.0)


def test_a_key_of_a_foreign_experiment_does_not_hide_what_is_known(make: MakeRun) -> None:
    make("1-a", dataset="digits")
    (RUNS / "1-a/config.yaml").write_text("dataset: mnist\nrun: 5\n")
    table = runs_table(listed_runs(RUNS))
    assert table.columns == list(FACTS)
    assert (read(table)[0]["dataset"], read(table)[0]["run"]) == ("digits", "1-a")


def test_no_runs_are_a_heading(make: MakeRun) -> None:
    assert runs_table([]).to_csv() == ",".join(FACTS) + "\n"
    assert runs_table([]).to_json_lines() == ""
    assert epochs_table([])[0].to_csv() == "run,fold,epoch\n"


def test_epochs_are_rows_and_runs_without_any_are_said(make: MakeRun) -> None:
    make("1-a", history={"validation_loss": [1.5, None], "seconds": [1, 2], "train_loss": [2, 3]})
    make("2-b", folds=[{}])
    make("2-b/fold-1", history={"train_accuracy": [0.5]})
    make("3-c", epochs=0)
    table, lacking = epochs_table(listed_runs(RUNS))
    assert table.to_csv() == (
        "run,fold,epoch,train_loss,train_accuracy,validation_loss,seconds\n"
        "1-a,,1,2.0,,1.5,1.0\n"
        "1-a,,2,3.0,,,2.0\n"
        "2-b,1,1,,0.5,,\n"
    )
    assert lacking == ["3-c completed no epoch."]


def test_a_number_that_is_none_is_nothing(make: MakeRun) -> None:
    make("1-a", history={"train_loss": ["nan"]})
    table, _ = epochs_table(listed_runs(RUNS))
    assert table.to_csv().splitlines()[1] == "1-a,,1,"
    assert json.loads(table.to_json_lines())["train_loss"] is None


def test_numbers_that_json_lacks_are_null_in_lists_too(make: MakeRun) -> None:
    make("1-a").config.write_text("a:\n- .inf\n- 1\nb: .nan\n")
    table = runs_table(listed_runs(RUNS))
    [line] = table.to_json_lines().splitlines()
    read = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert read["a"] == [None, 1] and read["b"] is None
    [row] = csv.DictReader(io.StringIO(table.to_csv()))
    assert (row["a"], row["b"]) == ("[null, 1]", "")
