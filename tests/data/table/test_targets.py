"""What a target is taken for, and what is said where that is not clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nncli import data
from nncli.data import TableDataset
from nncli.data.checking import check
from nncli.descriptions import ClassTarget, ValueTarget
from nncli.errors import DataError
from nncli.reporting import SilentReporter

ROWS = 60


def table(path: Path, cells: list[str], name: str = "y") -> Path:
    rows = "".join(f"{number % 7},{cell}\n" for number, cell in enumerate(cells))
    path.write_text(f"x,{name}\n{rows}")
    return path


def read(path: Path, reporter: Any, **settings: Any) -> data.Dataset:
    return data.load(TableDataset(path=path, **settings), seed=0, reporter=reporter)


@pytest.mark.parametrize("word", ["?", "unknown", "NA"])
def test_a_rare_word_among_0_and_1_is_missing_or_a_class(
    tmp_path: Path, reporter: Any, word: str
) -> None:
    cells = [word if number in (5, 25, 45) else str(number % 2) for number in range(ROWS)]
    path = table(tmp_path / "t.csv", cells)
    with pytest.raises(DataError, match="3 rows without y") as caught:
        read(path, reporter, target="y")
    lines = (caught.value.hint or "").splitlines()
    assert lines[1] == "--set dataset.on_error=skip"
    assert lines[2:] == [f"If {word} is a class of y:", "--set 'dataset.columns={y: category}'"]
    (finding,) = [
        finding
        for finding in check(TableDataset(path=path, target="y"), seed=0, reporter=SilentReporter())
        if finding.about == "target" and "without" in finding.message
    ]
    assert finding.hint == caught.value.hint
    left_out = read(path, reporter, target="y", on_error="skip")
    assert left_out.target == ClassTarget(names=("0", "1"))
    kept = read(path, reporter, target="y", columns={"y": "category"})
    assert kept.target == ClassTarget(names=tuple(sorted(["0", "1", word])))
    assert sum(len(split) for split in kept.splits.values()) == ROWS
    assert kept.found["columns"] == {"x": "number", "y": "category"}  # so that it can be repeated


def test_empty_cells_are_no_class(tmp_path: Path, reporter: Any) -> None:
    cells = ["" if number == 5 else "ab"[number % 2] for number in range(ROWS)]
    with pytest.raises(DataError, match="1 row without y") as caught:
        read(table(tmp_path / "t.csv", cells), reporter, target="y", columns={"y": "category"})
    assert "category" not in (caught.value.hint or "")


def test_the_name_of_a_column_in_advice_can_be_typed(tmp_path: Path, reporter: Any) -> None:
    cells = ["?" if number == 5 else str(number % 2) for number in range(ROWS)]
    path = table(tmp_path / "t.csv", cells, "it's: so")
    with pytest.raises(DataError) as caught:
        read(path, reporter, target="it's: so")
    import shlex

    from nncli.cli._options import _set_layer

    option = shlex.split((caught.value.hint or "").splitlines()[-1])[1]
    assert _set_layer([option]).values == {"dataset": {"columns": {"it's: so": "category"}}}


@pytest.mark.parametrize(
    "cells",
    [
        [f"2024-0{number % 9 + 1}-11" for number in range(ROWS)],
        [("3/4/2021", "5/6/2022")[number % 2] for number in range(ROWS)],
        [f"202401{number % 28 + 1:02}" for number in range(ROWS)],
    ],
)
def test_dates_are_no_target(tmp_path: Path, reporter: Any, cells: list[str]) -> None:
    path = table(tmp_path / "t.csv", cells)
    with pytest.raises(DataError) as caught:
        read(path, reporter, target="y")
    assert caught.value.message == (
        "y is a column of dates; nncli predicts classes, numbers, and columns of 0 and 1."
    )
    assert "--set dataset.task=classes" in (caught.value.hint or "")
    assert isinstance(read(path, reporter, target="y", task="classes").target, ClassTarget)


def test_what_a_target_is_can_be_said_as_of_other_columns(tmp_path: Path, reporter: Any) -> None:
    path = table(tmp_path / "t.csv", [str(number % 3) for number in range(ROWS)])
    assert isinstance(read(path, reporter, target="y").target, ClassTarget)
    values = read(path, reporter, target="y", columns={"y": "number"})
    assert isinstance(values.target, ValueTarget)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"columns": {"y": "date"}}, "y is what is predicted, a number or a category, and no date"),
        ({"columns": {"y": "ignore"}}, "y is what is predicted, and cannot be ignored"),
        ({"columns": {"y": "number"}, "task": "classes"}, "differ in what y is: classes or values"),
    ],
)
def test_settings_of_a_target_that_mean_nothing(
    tmp_path: Path, reporter: Any, settings: dict[str, Any], said: str
) -> None:
    path = table(tmp_path / "t.csv", [str(number % 3) for number in range(ROWS)])
    with pytest.raises(DataError, match=said):
        read(path, reporter, target="y", **settings)
