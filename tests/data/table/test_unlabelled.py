"""The rows of a table that a model is asked about: written as its own table was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nncli.data.skipping import Skipped
from nncli.data.table import TableDataset
from nncli.data.table.unlabelled import read_table
from nncli.descriptions import Column, TableInput
from nncli.errors import DataError
from nncli.preprocessing import Preprocessing
from nncli.preprocessing.table import TablePreprocessing
from nncli.preprocessing.text import TextPreprocessing


def of_columns(**kinds: Any) -> Preprocessing:
    columns = tuple(Column(name=name, kind=kind) for name, kind in kinds.items())
    return TablePreprocessing(
        inputs=TableInput(columns=columns),
        means=(),
        deviations=(),
        missing=(),
        categories={},
        words={},
    )


TEXT = TextPreprocessing(tokens="words", length=4, vocabulary=("a",))


def stored(**settings: Any) -> TableDataset:
    """How the table was read that the model was trained on."""
    return TableDataset(path=Path("trained.csv"), target="y", **settings)


def rows_of(
    content: str | bytes,
    preprocessing: Preprocessing,
    table: TableDataset | None,
    *,
    column: str | None = None,
    encoding: str | None = None,
) -> Any:
    path = Path("asked.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [(names, inputs)] = read_table(path, preprocessing, column, table, encoding, Skipped("fail"))
    if not isinstance(inputs, dict):
        return inputs.tolist()
    columns = {name: values.tolist() for name, values in inputs.items()}
    return names, columns


def test_the_decimals_of_a_lone_row_are_those_of_the_training() -> None:
    model = of_columns(a="number", b="number")
    for decimal, expected in ((",", 1234.0), (".", 1.234)):
        _, found = rows_of("a;b\n1.234;2\n", model, stored(decimal=decimal))
        assert found["a"] == [pytest.approx(expected)]
    _, clear = rows_of("a;b\n1,5;2\n", model, stored(decimal="."))
    assert clear["a"] == [1.5]  # the row itself tells


def test_a_lone_row_without_a_header() -> None:
    model = of_columns(column_1="category", column_2="category")
    names, found = rows_of("red,round,x\n", model, stored(header=False))
    assert names == ["asked.csv:1"] and found == {"column_1": ["red"], "column_2": ["round"]}
    with pytest.raises(DataError, match="lacks 2 columns"):
        rows_of("red,round,x\n", model, stored(header=True))


def test_a_header_of_numbers_that_the_training_named_one() -> None:
    model = of_columns(**{"2001": "number", "2002": "number"})
    names, found = rows_of("2001,2002,z\n5,6,q\n7,8,q\n", model, stored(header=True))
    assert names == ["asked.csv:2", "asked.csv:3"] and found["2002"] == [6.0, 8.0]


def test_an_unusual_delimiter_is_that_of_the_training() -> None:
    model = of_columns(a="category", b="number")
    _, found = rows_of("a_b\nx,y_1\n", model, stored(delimiter="_"))
    assert found == {"a": ["x,y"], "b": [1.0]}


def test_texts_a_line_lose_none_where_the_training_had_no_header() -> None:
    table = stored(header=False, delimiter="\t", columns={"column_2": "text"})
    for lines in (["free prize call", "see you soon"], ["call 12 34", "call 56 78"]):
        assert rows_of("\n".join(lines), TEXT, table) == lines
    assert rows_of("ham\tsee you\nspam\tcall me\n", TEXT, table) == ["see you", "call me"]
    said = rows_of("id,message\n1,see you\n2,call me\n", TEXT, table, column="message")
    assert said == ["see you", "call me"]


def test_a_table_of_other_columns_is_refused_where_the_training_had_no_names() -> None:
    kinds = {"column_2": "text", "column_3": "ignore"}
    table = stored(header=False, delimiter=",", columns=kinds)
    assert rows_of("ham,see you,1\nspam,call me,2\n", TEXT, table) == ["see you", "call me"]
    assert rows_of("see you\ncall me\n", TEXT, table) == ["see you", "call me"]
    for content in ("ham,see you\nspam,call me\n", "1,a,see you,x\n2,b,call me,y\n"):
        with pytest.raises(DataError, match="had 3, without names, and the text in column_2"):
            rows_of(content, TEXT, table)
        third = rows_of(content, TEXT, table, column="column_2")
        assert len(third) == 2


@pytest.mark.parametrize(
    ("content", "delimiter", "said"),
    [
        ("id,message\n1,see you\n2,call me\n", ",", ": the text is column_2."),
        ("id,message\n1,see you\n2,call me\n", "\t", ": each line is a text."),
        ("1,see you\n2,call me\n", ",", None),
        ("see you\ncall me\n", "\t", None),
    ],
)
def test_a_first_row_that_may_be_names_is_said(
    content: str, delimiter: str, said: str | None
) -> None:
    table = stored(header=False, delimiter=delimiter, columns={"column_2": "text"})
    path, skipped = Path("asked.csv"), Skipped("fail")
    path.write_text(content)
    list(read_table(path, TEXT, None, table, None, skipped))
    assert len(skipped.warnings) == (said is not None)
    assert all(said in text and "(id, message)" in text for text in skipped.warnings if said)


@pytest.mark.parametrize("front", [0, 1_100_000])
def test_the_encoding_of_the_training(front: int) -> None:
    """Also where the first letter that is not ASCII is far from the beginning."""
    model = of_columns(town="category")
    padding = "Bern\n" * (front // 5)
    table = stored(encoding="cp1252")
    path = Path("asked.csv")
    path.write_bytes(f"town\n{padding}Zürich\n".encode("cp1252"))
    batches = list(read_table(path, model, None, table, None, Skipped("fail")))
    assert batches[-1][1]["town"][-1] == "Zürich"
    if not front:
        assert rows_of("town\nZürich\n", model, table)[1] == {"town": ["Zürich"]}


def test_an_encoding_that_is_said() -> None:
    model = of_columns(town="category")
    content = "town\nZürich\n".encode("cp1252")
    with pytest.raises(DataError, match="is not utf-8"):
        rows_of(content, model, stored(encoding="utf-8"))
    _, found = rows_of(content, model, stored(encoding="utf-8"), encoding="cp1252")
    assert found == {"town": ["Zürich"]}
