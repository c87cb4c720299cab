"""How runs learned, whatever lies in their folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.runs.folder import RunFolder
from nncli.runs.histories import NoHistoryError, histories_of
from nncli.runs.listing import read_run

MakeRun = Callable[..., RunFolder]


def test_a_run_has_one_history(make: MakeRun) -> None:
    folder = make("1-a", kept_epoch=2, history={"train_loss": [2.0, None]})
    (history,) = histories_of(read_run(folder.path))
    assert (history.fold, history.kept_epoch) == (None, 2)
    assert history.rows == [{"epoch": 1, "train_loss": 2}, {"epoch": 2, "train_loss": None}]


def test_a_cross_validation_has_those_of_its_folds(make: MakeRun) -> None:
    whole = make("1-a", folds=[{}])
    for number, epochs in ((1, [2.0, 1.0]), (2, []), (3, [3.0])):
        make(f"1-a/fold-{number}", kept_epoch=1, history={"train_loss": epochs} if epochs else {})
    found = histories_of(read_run(whole.path))
    assert [(one.fold, len(one.rows), one.kept_epoch) for one in found] == [(1, 2, 1), (3, 1, 1)]
    (whole.path / "fold-1/history.csv").unlink()
    (whole.path / "fold-3/history.csv").unlink()
    with pytest.raises(NoHistoryError, match="has no fold with a history"):
        histories_of(read_run(whole.path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "completed no epoch"),
        ("", "completed no epoch"),
        ("epoch,train_loss\n", "completed no epoch"),
        ("epoch,train_loss\n1,low\n", "has a history.csv that is not nncli's"),
        ("epoch,train_loss\n1,2,3\n", "has a history.csv that is not nncli's"),
        ("step,train_loss\n1,2\n", "has a history.csv that is not nncli's"),
        ("epoch,train_loss\ninf,2\n", "has a history.csv that is not nncli's"),
        ("epoch\n" + "1" * 200_000, "has a history.csv that is not nncli's"),
    ],
    ids=["missing", "empty", "heading", "words", "cells", "columns", "endless", "large"],
)
def test_why_there_is_none(make: MakeRun, content: str | None, reason: str) -> None:
    folder = make("1-a", epochs=None if content is None else 3)
    if content is not None:
        folder.history.write_text(content)
    with pytest.raises(NoHistoryError, match=f"^{reason}$"):
        histories_of(read_run(folder.path))


def test_a_history_that_was_there_is_lost(make: MakeRun) -> None:
    with pytest.raises(NoHistoryError, match=r"^has lost its history\.csv$"):
        histories_of(read_run(make("1-a", epochs=3).path))
    with pytest.raises(NoHistoryError, match="has lost its folds"):
        histories_of(read_run(make("2-b", folds=[{}, {}]).path))


def test_a_pipe_is_not_waited_for(make: MakeRun) -> None:
    folder = make("1-a")
    os.mkfifo(folder.history)
    with pytest.raises(NoHistoryError, match=r"has no history: history\.csv is no file"):
        histories_of(read_run(folder.path))


def test_a_folder_that_is_nothing_has_none(tmp_path: Path) -> None:
    with pytest.raises(NoHistoryError, match="completed no epoch"):
        histories_of(read_run(tmp_path))
