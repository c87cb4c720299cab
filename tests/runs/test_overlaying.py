"""The learning curves of several runs in one picture: what is drawn of which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.errors import DataError
from nncli.runs.folder import RunFolder
from nncli.runs.listing import listed_runs
from nncli.runs.overlaying import overlay

RUNS, PICTURE = Path("runs"), Path("a.svg")
MakeRun = Callable[..., RunFolder]
LOSSES = {"train_loss": [2.0, 1.0], "validation_loss": [2.0, 1.5]}


def drawn() -> str:
    """Draw all runs; a line for each remark, and the texts of the picture."""
    remarks = overlay(listed_runs(RUNS), PICTURE)
    return "\n".join([*remarks, PICTURE.read_text()])


def test_the_metrics_that_all_share_are_drawn(make: MakeRun) -> None:
    make("1-a", epochs=3, history={"train_accuracy": [0.5, 0.6], **LOSSES})
    make("2-b", epochs=4, history=LOSSES | {"train_auc": [0.5, 0.75]})
    text = drawn()
    assert "accuracy is not drawn: 2-b did not measure it." in text
    assert "auc is not drawn: 1-a did not measure it." in text
    _, _, picture = text.partition("<svg")
    assert "<!-- loss -->" in picture and "accuracy" not in picture and "auc" not in picture
    assert "1-a: epochs=3" in picture and "2 runs on digits" in picture


def test_the_loss_comes_first(make: MakeRun) -> None:
    for name in ("1-a", "2-b"):
        make(name, history={"train_accuracy": [0.5, 0.6], **LOSSES})
    picture = drawn()
    assert 0 < picture.index("<!-- loss -->") < picture.index("<!-- accuracy -->")


def test_a_run_without_epochs_is_said_and_left_out(make: MakeRun) -> None:
    make("1-a", history=LOSSES)
    make("2-b", outcome="failed", epochs=0)
    make("3-c").metrics.write_text("{")
    text = drawn()
    assert "2-b is not drawn: it completed no epoch." in text
    assert "3-c is not drawn: it completed no epoch." in text
    assert "1 run on digits" in text


def test_folds_are_counted(make: MakeRun) -> None:
    make("1-a", folds=[{}, {}])
    for number in (1, 2):
        make(f"1-a/fold-{number}", history=LOSSES)
    make("2-b", history=LOSSES)
    assert "1-a (2 folds)" in drawn()


def test_nothing_to_draw_is_an_error_that_says_why(make: MakeRun) -> None:
    make("1-a", epochs=0)
    with pytest.raises(DataError, match="None of the runs has a history") as caught:
        overlay(listed_runs(RUNS), PICTURE)
    assert "1-a is not drawn: it completed no epoch." in (caught.value.hint or "")
    make("2-b", history={"train_mae": [1.0]})
    make("3-c", history={"train_auc": [1.0]})
    with pytest.raises(DataError, match="no metric in common") as caught:
        overlay(listed_runs(RUNS), PICTURE)
    assert caught.value.hint == "2-b: mae\n3-c: auc"
    assert not PICTURE.exists()
