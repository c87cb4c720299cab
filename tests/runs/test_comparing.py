"""What differs between runs, and what to call them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.runs.comparing import differing, distinct, labels_of, names_of
from nncli.runs.folder import RunFolder
from nncli.runs.listing import listed_runs, read_run

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
