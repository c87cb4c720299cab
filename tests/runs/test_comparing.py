"""What differs between runs, and what to call them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nncli.config import Layer, load_experiment
from nncli.runs.comparing import differing, distinct, labels_of, names_of
from nncli.runs.folder import RunFolder
from nncli.runs.listing import RunRow, listed_runs, read_run

RUNS = Path("runs")
MakeRun = Callable[..., RunFolder]


def test_a_run_is_compared_once_whatever_it_was_called(make: MakeRun) -> None:
    one, two = make("1-a").path, make("2-b").path
    rows = [read_run(path) for path in (two, one, two.absolute(), RUNS / "." / "1-a")]
    assert [row.name for row in distinct(rows)] == ["2-b", "1-a"]


def test_a_run_whose_experiment_cannot_be_read_differs_in_nothing(make: MakeRun) -> None:
    make("1-a", epochs=3)
    make("2-b", epochs=4)
    make("3-c").config.unlink()
    assert differing(listed_runs(RUNS)) == ["training.epochs"]
    assert differing(listed_runs(RUNS)[1:]) == []


def write(folder: RunFolder, values: dict[str, Any]) -> RunRow:
    """A run with the whole experiment of `values`."""
    folder.write_config(load_experiment([], Layer(values)), "1")
    return read_run(folder.path)


def test_what_another_dataset_cannot_have_differs_only_where_it_was_chosen(make: MakeRun) -> None:
    Path("t.csv").touch()
    table = {"type": "table", "path": "t.csv", "target": "y", "decimal": ","}
    rows = [
        write(make("1-a"), {"dataset": table}),
        write(make("2-b"), {"dataset": {"type": "digits", "validation": 0.3}}),
    ]
    found = [key for key in differing(rows) if key.startswith("dataset")]
    assert sorted(found) == [
        "dataset.decimal", "dataset.path", "dataset.target", "dataset.type", "dataset.validation",
    ]  # fmt: skip


def test_a_rate_differs_from_a_schedule(make: MakeRun) -> None:
    rates = {"1-a": 0.001, "2-b": {"type": "cosine"}}
    rows = [
        write(make(name), {"dataset": "digits", "optimizer": {"learning_rate": rate}})
        for name, rate in rates.items()
    ]
    assert {"optimizer.learning_rate", "optimizer.learning_rate.type"} <= set(differing(rows))


def test_of_an_experiment_of_another_version_everything_may_be_chosen(make: MakeRun) -> None:
    folder = make("1-a")
    folder.config.write_text("model:\n  type: mlp\n  unheard_of: 3\n")
    rows = [read_run(folder.path), write(make("2-b"), {"dataset": "digits"})]
    assert "model.unheard_of" in differing(rows)


def test_runs_of_the_same_name_are_called_by_their_paths(make: MakeRun) -> None:
    rows = [read_run(make(name).path) for name in ("a/1-x", "b/1-x", "a/2-y")]
    assert names_of(rows) == ["runs/a/1-x", "runs/b/1-x", "2-y"]


@pytest.mark.parametrize(
    ("config", "labels"),
    [
        ("optimizer:\n  learning_rate: {}\n", ["1-a: learning_rate=3", "2-b: learning_rate=4"]),
        (
            "a:\n  type: {}\nb:\n  type: {}\n",
            ["1-a: a.type=3, b.type=3", "2-b: a.type=4, b.type=4"],
        ),
        ("a: {}\nb: {}\nc: {}\n", ["1-a", "2-b"]),
        ("a: {}" + "x" * 40 + "\n", ["1-a", "2-b"]),
        ("name: {}\n", ["1-a", "2-b"]),
    ],
    ids=["one", "two", "three", "long", "name"],
)
def test_labels_say_what_differs_where_that_is_short(
    make: MakeRun, config: str, labels: list[str]
) -> None:
    for name, value in (("1-a", 3), ("2-b", 4)):
        make(name).config.write_text(config.format(value, value, value))
    assert labels_of(listed_runs(RUNS)) == labels
