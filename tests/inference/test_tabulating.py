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
from nncli.inference.answer_files import FileFormat, writer_for
from nncli.inference.prediction import Answered
from nncli.inference.tabulating import Tabulated


def written(form: FileFormat, target: Target, answers: Any, *, top: int = 1) -> bytes:
    """What is written of answers that come in two batches."""
    stream = io.BytesIO()
    tabulated = Tabulated(target, top=top)
    writer = writer_for(form, stream, tabulated)
    values = np.array(answers, np.float32)
    for place in range(0, len(values), 2):
        part = values[place : place + 2]
        names = [f"file {place + number}" for number in range(len(part))]
        writer.write(Answered(names, part))
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


def test_numbers_have_the_digits_of_a_float32_and_a_point() -> None:
    """As many as tell it apart; without a point, readers that look at the first rows alone would
    take the column for whole numbers."""
    answers = [[0.3], [47253], [47253.5], [1e-10], [-0.0], [1e30]]
    lines = written("csv", ValueTarget(names=("y",)), answers).decode().splitlines()[1:]
    said = [line.split(",")[1] for line in lines]
    assert said == ["0.3", "47253.0", "47253.5", "1e-10", "-0.0", "1e+30"]
    assert np.array_equal(np.float32(said), np.float32(answers)[:, 0])


def test_names_with_commas_quotation_marks_and_line_ends() -> None:
    """Readers get back the names as they are; where a name is in no encoding, its bytes."""
    names = ["a, b.png", 'say "x".png', "two\nlines", "back\\slash", "", "caf\udce9.png", "Größe"]
    expected = [*names[:5], "caf\\xe9.png", names[6]]
    target = ClassTarget(names=("yes, quite", 'no "way"'))
    answered = Answered(names, np.float32([[0.9, 0.1]] * 7))
    content: dict[str, bytes] = {}
    forms: tuple[FileFormat, ...] = ("csv", "jsonl", "parquet")
    for form in forms:
        stream = io.BytesIO()
        writer = writer_for(form, stream, Tabulated(target, top=2))
        writer.write(answered)
        writer.close()
        content[form] = stream.getvalue()
    rows = {
        "csv": list(csv.DictReader(io.StringIO(content["csv"].decode(), newline=""))),
        "jsonl": [json.loads(line) for line in content["jsonl"].decode().splitlines()],
        "parquet": from_parquet(content["parquet"]),
    }
    for form, found in rows.items():
        assert [row["input"] for row in found] == expected, form
        assert {(row["prediction"], row["prediction_2"]) for row in found} == {target.names}, form


def test_values_have_no_order_to_take_the_first_of() -> None:
    with pytest.raises(UsageError, match="no order"):
        Tabulated(ValueTarget(names=("y",)), top=2)
