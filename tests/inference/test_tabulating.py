"""Answers as rows, and as files that others read."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest

from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.errors import UsageError
from nncli.inference.prediction import Answered
from nncli.inference.tabulating import FileFormat, Tabulated, writer_for


def written(form: FileFormat, target: Target, answers: Any, *, top: int = 1) -> bytes:
    """What is written of answers that come in two batches."""
    stream = io.BytesIO()
    tabulated = Tabulated(target, top=top)
    writer = writer_for(form, stream, tabulated)
    values = np.array(answers, np.float32)
    for place in range(0, len(values), 2):
        part = values[place : place + 2]
        names = [f"file {place + number}" for number in range(len(part))]
        writer.write(tabulated.rows(Answered(names, part)))
    writer.close()
    return stream.getvalue()


def from_parquet(content: bytes) -> list[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    rows: list[dict[str, Any]] = parquet.read_table(pa.BufferReader(content)).to_pylist()
    return rows


def test_the_likeliest_classes_first_and_of_equal_ones_the_first() -> None:
    target = ClassTarget(names=("a", "b", "c"))
    answers = [[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.1, 0.1, 0.8]]
    rows = list(csv.reader(io.StringIO(written("csv", target, answers, top=2).decode())))
    assert rows == [
        ["input", "prediction", "probability", "prediction_2", "probability_2"],
        ["file 0", "b", "0.5", "c", "0.3"],
        ["file 1", "a", "0.4", "b", "0.4"],
        ["file 2", "c", "0.8", "a", "0.1"],
    ]
    [_, one, _] = from_parquet(written("parquet", target, answers, top=2))
    assert (one["prediction"], one["prediction_2"]) == ("a", "b")
    assert one["probability_2"] == pytest.approx(0.4)


def test_labels_with_names_of_our_own_columns() -> None:
    """Every column has a name of its own, whatever labels are called."""
    target = LabelsTarget(names=("prediction", "prediction_", "input"))
    answers = [[0.6, 0.1, 0.7], [0.1, 0.2, 0.3]]
    lines = [json.loads(line) for line in written("jsonl", target, answers).splitlines()]
    assert lines[0] == {
        "input": "file 0", "prediction": ["prediction", "input"],
        "prediction__": 0.6, "prediction_": 0.1, "input_": 0.7,
    }  # fmt: skip
    assert lines[1]["prediction"] == []
    [one, other] = from_parquet(written("parquet", target, answers))
    assert one["prediction"] == ["prediction", "input"] and other["prediction"] == []
    first = next(csv.DictReader(io.StringIO(written("csv", target, answers).decode())))
    assert first["prediction"] == "prediction;input"


def test_a_value_may_be_called_prediction() -> None:
    target = ValueTarget(names=("prediction",))
    lines = written("jsonl", target, [[1.5], [2.25]]).splitlines()
    from_lines = [json.loads(line) for line in lines]
    for rows in (from_parquet(written("parquet", target, [[1.5], [2.25]])), from_lines):
        assert [row["prediction"] for row in rows] == [1.5, 2.25]


def test_what_is_no_number_is_missing() -> None:
    """JSON has no NaN, and strict readers refuse a file with one."""
    target = ValueTarget(names=("y",))
    answers = [[math.nan], [math.inf], [3.0]]

    def refuse(word: str) -> None:
        raise AssertionError(word)

    content = written("jsonl", target, answers)
    lines = [json.loads(line, parse_constant=refuse) for line in content.splitlines()]
    assert [line["y"] for line in lines] == [None, None, 3.0]
    assert [row["y"] for row in from_parquet(written("parquet", target, answers))] == [
        None, None, 3.0,
    ]  # fmt: skip
    lines_of_csv = written("csv", target, answers).decode().splitlines()
    assert lines_of_csv == ["input,y", "file 0,", "file 1,", "file 2,3.0"]


def test_values_have_no_order_to_take_the_first_of() -> None:
    with pytest.raises(UsageError, match="no order"):
        Tabulated(ValueTarget(names=("y",)), top=2)
