"""Listing, choosing and ordering runs, and what people say about them."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli import runs
from nncli.errors import NotFoundError, UsageError
from nncli.runs.about import About, read_about, set_note, tag
from nncli.runs.folder import RunFolder
from nncli.runs.listing import RunRow, listed_runs, newest_runs, read_run
from nncli.runs.selecting import chosen, in_order, is_best_when_highest

RUNS = Path("runs")
MakeRun = Callable[..., RunFolder]


def names(rows: list[RunRow]) -> list[str]:
    return [row.name for row in rows]


def test_what_a_row_says(make: MakeRun) -> None:
    folder = make("2-a", accuracy=0.75, loss=0.5, model="cnn", seconds=4.5)
    tag(folder, ["good"])
    (row,) = listed_runs(RUNS)
    assert (row.number, row.outcome, row.dataset, row.model) == (2, "completed", "digits", "cnn")
    assert row.metrics == {"test.accuracy": 0.75, "test.loss": 0.5}
    assert (row.seconds(), row.count("epochs"), row.about.tags) == (4.5, 3, ("good",))
    assert row.settings["model.hidden_units"] == [64]


def test_running_is_told_from_killed(make: MakeRun) -> None:
    folder = make("1-a", outcome="running")
    with folder.locked():
        assert read_run(folder.path).outcome == "running"
    assert read_run(folder.path).outcome == "killed"


def test_a_run_that_has_written_no_metrics_yet_is_running() -> None:
    folder = RunFolder(RUNS / "1-a")
    folder.path.mkdir(parents=True)
    with folder.locked():
        assert [row.outcome for row in listed_runs(RUNS)] == ["running"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "metrics.json is no JSON"),
        ("[" * 100_000, "metrics.json is no JSON"),
        ("5", "metrics.json is not nncli's"),
        ('{"score": 1}', "metrics.json is not nncli's"),
        ('{"schema": 1, "outcome": ["x"]}', "metrics.json is not nncli's"),
        ('{"schema": 2}', "metrics.json has schema 2: a newer nncli's"),
    ],
)
def test_foreign_metrics_are_a_broken_run(make: MakeRun, content: str, reason: str) -> None:
    make("1-a").metrics.write_text(content)
    make("2-b")
    broken, whole = listed_runs(RUNS)
    assert (broken.outcome, broken.broken) == ("broken", reason)
    assert (broken.metrics, broken.dataset, broken.seconds()) == ({}, None, None)
    assert whole.broken is None


def test_metrics_that_are_no_file_are_a_broken_run(make: MakeRun) -> None:
    for name in ("1-a", "2-b", "3-c", "4-d", "5-e"):
        make(name).metrics.unlink()
    (RUNS / "1-a/metrics.json").mkdir()
    os.mkfifo(RUNS / "2-b/metrics.json")  # nobody writes to it: it must not be waited for
    (RUNS / "3-c/metrics.json").write_bytes(b"\xff\xfe")
    with (RUNS / "4-d/metrics.json").open("wb") as huge:
        huge.truncate(11_000_000)
    assert [row.broken for row in listed_runs(RUNS)] == [
        "metrics.json is a folder", "metrics.json is no file", "metrics.json is no text",
        "metrics.json has 11 MB", "no metrics.json",
    ]  # fmt: skip


def test_values_of_the_wrong_type_are_left_out(make: MakeRun) -> None:
    path = make("1-a", test={"accuracy": "high", "loss": True, "auc": 10**400}).path
    make("2-b", test=[1], timing=3, dataset="x", deviation={"test": 5}, epochs=3)
    for row in listed_runs(RUNS):
        assert (row.metrics, row.deviation("test.accuracy")) == ({}, None)
    (path / "config.yaml").write_text("model: 5\n")
    assert read_run(path).model is None


def test_other_folders_are_no_runs(make: MakeRun) -> None:
    make("by-hand")
    (RUNS / "notes").mkdir()
    (RUNS / ".hidden").mkdir()
    assert names(listed_runs(RUNS)) == ["by-hand"]
    with pytest.raises(NotFoundError, match="no runs in nowhere"):
        listed_runs(Path("nowhere"))


def test_runs_are_ordered_by_what_is_better(make: MakeRun) -> None:
    make("1-a", accuracy=0.5, loss=0.1, seconds=3.0)
    make("2-b", accuracy=0.9, loss=0.2, seconds=2.0)
    make("3-c")
    rows = listed_runs(RUNS)
    assert names(in_order(rows, "test.accuracy")) == ["2-b", "1-a", "3-c"]
    assert names(in_order(rows, "test.loss")) == ["1-a", "2-b", "3-c"]
    assert names(in_order(rows, "number")) == ["3-c", "2-b", "1-a"]
    assert names(in_order(rows, "duration")) == ["3-c", "2-b", "1-a"]
    assert names(in_order(rows, "name")) == ["1-a", "2-b", "3-c"]


@pytest.mark.parametrize(
    ("metric", "highest"),
    [("accuracy", True), ("r2", True), ("top_3_accuracy", True), ("loss", False),
     ("rmse", False), ("log_loss", False), ("cohen_kappa", True)],
)  # fmt: skip
def test_which_way_a_metric_is_better(metric: str, highest: bool) -> None:
    assert is_best_when_highest(f"test.{metric}") == highest


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("dataset=mnist", ["2-b"]),
        ("model!=cnn", ["1-a", "3-c"]),
        ("test.accuracy>0.5", ["2-b"]),
        ("test.accuracy <= 0.5", ["1-a"]),
        ("training.epochs>=10", ["2-b"]),
        ("model.hidden_units=[64]", ["1-a", "2-b", "3-c"]),
        ("tag=good", ["1-a"]),
        ("tag!=good", ["2-b", "3-c"]),
        ("outcome==failed", ["3-c"]),
        ("name=b", ["2-b"]),
        ("date>=2001-01-01", ["1-a", "2-b", "3-c"]),
    ],
)
def test_runs_are_chosen(make: MakeRun, condition: str, found: list[str]) -> None:
    tag(make("1-a", accuracy=0.5), ["good"])
    make("2-b", accuracy=0.75, dataset="mnist", model="cnn", epochs=12)
    make("3-c", outcome="failed")
    assert names(chosen(listed_runs(RUNS), [condition])) == found


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("accuracy>0.5", "Did you mean test.accuracy?"),
        ("test.acuracy>0.5", "Did you mean test.accuracy?"),
        ("training.epoch=3", "Did you mean training.epochs?"),
        ("modle=cnn", "Did you mean model?"),
        ("cnn", "no condition"),
        ("test.accuracy>high", "no number"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(
    make: MakeRun, condition: str, said: str
) -> None:
    make("1-a", accuracy=0.5)
    with pytest.raises(UsageError) as caught:
        chosen(listed_runs(RUNS), [condition])
    assert said in str(caught.value)


def test_the_best_is_found_among_finished_runs(make: MakeRun) -> None:
    make("1-a", accuracy=0.75, loss=0.5)
    make("2-b", accuracy=0.5, loss=0.25, outcome="stopped_early")
    make("3-c", accuracy=0.99, loss=0.01, outcome="interrupted")
    assert runs.find(RUNS, "best:test.accuracy").path.name == "1-a"
    assert runs.find(RUNS, "best:test.loss").path.name == "2-b"
    with pytest.raises(NotFoundError, match=r"Did you mean test\.accuracy"):
        runs.find(RUNS, "best:accuracy")
    with pytest.raises(NotFoundError, match=r"No finished run in runs has test\.rmse"):
        runs.find(RUNS, "best:test.rmse")


def test_tags_and_notes_are_kept_beside_each_other(make: MakeRun) -> None:
    folder = make("1-a")
    tag(folder, ["good", "paper"])
    set_note(folder, " Two\nlines. ")
    assert tag(folder, ["good", "new"]).tags == ("good", "paper", "new")
    tag(folder, ["paper"], remove=True)
    assert read_about(folder) == About(("good", "new"), "Two\nlines.")
    with pytest.raises(UsageError, match="has no tag paper"):
        tag(folder, ["paper"], remove=True)
    for wrong in ("two words", "a=b", ""):
        with pytest.raises(UsageError, match="is no tag"):
            tag(folder, [wrong])


@pytest.mark.parametrize("content", ["5", "{", '{"tags": 3, "note": []}', '{"tags": [1]}'])
def test_what_others_wrote_says_nothing_about_a_run(make: MakeRun, content: str) -> None:
    folder = make("1-a")
    folder.about.write_text(content)
    assert read_about(folder) == About()


def test_the_newest_are_those_of_all(tmp_path: Path) -> None:
    for name in ("2-b", "10-a", "1-c", "named", "03-d"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text("[]")
    (tmp_path / "nothing").mkdir()
    everything = in_order(listed_runs(tmp_path), "number")
    for count in range(1, 7):
        rows, total = newest_runs(tmp_path, count)
        assert [row.name for row in rows] == [row.name for row in everything[:count]]
        assert total == 5


def test_reading_many_leaves_the_garbage_collector_as_it_was(make: MakeRun) -> None:
    make("1-a")
    assert gc.isenabled()
    listed_runs(RUNS)
    assert gc.isenabled()
    gc.disable()
    try:
        listed_runs(RUNS)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_current_folder_may_be_the_folder_of_runs(
    make: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("1-a", accuracy=0.5)
    monkeypatch.chdir(RUNS)
    (row,) = listed_runs(Path())
    assert (row.name, row.path, row.model) == ("1-a", Path("1-a"), "mlp")
