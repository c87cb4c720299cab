"""Metrics by the values of a column, and by folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.data import DigitsDataset, TableDataset
from nncli.errors import UsageError
from nncli.inference.evaluated import Evaluation
from nncli.inference.slices import check_slices, slice_by, with_slices
from nncli.reporting import SilentReporter
from nncli.runs import Metrics

EvaluationOf = Callable[..., Evaluation]
ROWS = 400


def described() -> dict[str, Any]:
    """City c is one of ten, rarely x, y or missing; half of the rows are `yes`."""
    lines = ["city,size,opened,code,answer"]
    for number in range(ROWS):
        city = {7: "", 11: "x", 13: "y"}.get(number, f"c{number % 3}")
        day = f"2020-01-{number % 28 + 1:02d}"
        lines.append(f"{city},{number / 10},{day},0{number % 2},{'yes' if number % 2 else 'no'}")
    Path("rows.csv").write_text("\n".join(lines) + "\n")
    return {
        "type": "table", "path": "rows.csv", "target": "answer", "validation": 0, "test": 0,
        "columns": {"city": "category", "size": "ignore", "opened": "date"},
    }  # fmt: skip


def answered(evaluation_of: EvaluationOf, wrong: Any) -> Any:
    """An evaluation in which the rows are wrong that `wrong` says, shape (rows,), bool."""
    evaluation = evaluation_of(described(), "train")
    answers = evaluation.answers.copy()
    answers[wrong] = answers[wrong][:, ::-1]
    return replace(evaluation, answers=answers)


def test_the_worst_value_of_a_column_comes_first_and_rare_ones_are_together(
    evaluation_of: EvaluationOf,
) -> None:
    number = np.arange(ROWS)
    wrong = (number % 3 == 1) & (number % 2 == 0)
    rows = slice_by(answered(evaluation_of, wrong), "city", SilentReporter())
    assert rows[0].value == "c1"
    assert rows[0].metrics["accuracy"] == pytest.approx(0.5, abs=0.02)
    assert {row.value: row.count for row in rows} == {
        "c0": 134, "c1": 131, "c2": 132, "(other)": 2, "(missing)": 1
    }  # fmt: skip
    assert all(row.metrics["accuracy"] == 1 for row in rows[1:])


def test_numbers_are_told_in_quartiles_even_if_they_are_no_input(
    evaluation_of: EvaluationOf,
) -> None:
    rows = slice_by(answered(evaluation_of, np.arange(ROWS) >= 350), "size", SilentReporter())
    assert rows[0].value == "30 to 39.9"
    assert rows[0].metrics == {"accuracy": 0.5}
    assert [row.count for row in rows] == [100] * 4
    assert {row.value for row in rows} >= {"0 to 9.9", "10 to 19.9"}


def test_dates_are_told_in_quartiles_and_codes_as_words(evaluation_of: EvaluationOf) -> None:
    evaluation = answered(evaluation_of, np.arange(ROWS) % 2 == 0)
    days = slice_by(evaluation, "opened", SilentReporter())
    assert "2020-01-01 to 2020-01-07" in {row.value for row in days}
    assert sum(row.count for row in days) == ROWS
    codes = slice_by(evaluation, "code", SilentReporter())
    assert [(row.value, row.metrics["accuracy"]) for row in codes] == [("00", 0), ("01", 1)]


def test_few_different_numbers_are_values_and_missing_is_one(evaluation_of: EvaluationOf) -> None:
    lines = ["rooms,other,answer"]
    lines += [f"{'' if n % 5 == 4 else n % 5},{n % 17},{n % 2}" for n in range(100)]
    Path("rooms.csv").write_text("\n".join(lines))
    table = {"type": "table", "path": "rooms.csv", "target": "answer", "test": 0.5}
    evaluation = evaluation_of(table, "test")
    rows = slice_by(evaluation, "rooms", SilentReporter())
    assert {row.value for row in rows} == {"0", "1", "2", "3", "(missing)"}
    assert sum(row.count for row in rows) == len(evaluation.targets)


def test_the_largest_error_of_values_comes_first(evaluation_of: EvaluationOf) -> None:
    lines = ["town,size,price"]
    lines += [f"{'near' if n % 2 else 'far'},{n % 17},{n}.5" for n in range(100)]
    Path("prices.csv").write_text("\n".join(lines))
    table = {"type": "table", "path": "prices.csv", "target": "price", "test": 0, "validation": 0}
    said = np.arange(100) + 0.5 + np.where(np.arange(100) % 2, 1, 3)
    evaluation = evaluation_of(table, "train", said[:, None])
    rows = slice_by(evaluation, "town", SilentReporter())
    assert [(row.value, row.metrics) for row in rows] == [
        ("far", {"mae": pytest.approx(3), "rmse": pytest.approx(3)}),
        ("near", {"mae": pytest.approx(1), "rmse": pytest.approx(1)}),
    ]


def test_files_are_told_apart_by_their_folder(evaluation_of: EvaluationOf) -> None:
    for number in range(40):
        place = Path("texts", "ab"[number % 2], f"hospital {number // 20}")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.txt").write_text(f"text {number}")
    folder = {"type": "folder", "path": "texts", "test": 0, "validation": 0}
    rows = slice_by(evaluation_of(folder, "train"), "folder", SilentReporter())
    assert {row.value: row.count for row in rows} == {
        f"{name}/hospital {number}": 10 for name in "ab" for number in (0, 1)
    }


def test_slices_stand_in_the_document_and_can_be_read_again(
    evaluation_of: EvaluationOf, tmp_path: Path
) -> None:
    evaluation = with_slices(
        answered(evaluation_of, np.arange(ROWS) < 4), ["city", "code"], SilentReporter()
    )
    evaluation.document.write(tmp_path / "metrics.json")
    read = Metrics.read(tmp_path / "metrics.json")
    assert read is not None
    assert read.slices is not None
    assert list(read.slices) == ["city", "code"]
    assert read.slices["code"][0].count == 200


def test_what_is_no_column_is_refused_with_the_nearest_name() -> None:
    settings = TableDataset(**{k: v for k, v in described().items() if k != "columns"})
    check_slices(settings, None, ["city", "answer", "size"])
    with pytest.raises(UsageError, match="no column 'citi'\\.\nDid you mean 'city'"):
        check_slices(settings, None, ["city", "citi"])
    with pytest.raises(UsageError, match="has no columns"):
        check_slices(DigitsDataset(), None, ["folder"])
