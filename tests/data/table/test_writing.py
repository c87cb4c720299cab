"""The same table as other people and programs would have written it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest

from nncli import data
from nncli.data import TableDataset
from nncli.data.table import files
from nncli.data.table.cells import Cells, day_first_of, decimal_of, is_number
from nncli.data.table.columns import Seen, days, numbers
from nncli.data.table.layout import Layout
from nncli.descriptions import ClassTarget, LabelsTarget, TableInput, ValueTarget
from nncli.errors import DataError
from nncli.preprocessing import TablePreprocessing

SIZES = [f"{1 + number * 7 % 41}.{number:02d}" for number in range(40)]


def text(
    delimiter: str = ",",
    *,
    decimal: str = ".",
    header: str | None = "size,colour,kind",
    end: str = "\n",
    index: bool = False,
) -> str:
    lines = [] if header is None else [header.replace(",", delimiter)]
    for number, size in enumerate(SIZES):
        cells = [size.replace(".", decimal), "red" if number % 3 else "blue"]
        cells.append("rose" if number % 2 else "tulip")
        lines.append(delimiter.join([str(number + 1)] * index + cells))
    return end.join(lines) + end


def read(path: Path, reporter: Any, **settings: Any) -> data.Dataset:
    return data.load(
        TableDataset(path=path, validation=0, test=0, **settings), seed=0, reporter=reporter
    )


def kinds(dataset: data.Dataset) -> dict[str, str]:
    assert isinstance(dataset.inputs, TableInput)
    return {column.name: column.kind for column in dataset.inputs.columns}


@pytest.mark.parametrize(
    "content",
    [
        text(";", decimal=","),
        text(" "),
        text("^"),
        text("~"),
        text("\t", decimal=","),
        text().replace(",", " ,  "),
        text(" ").replace(" ", "    "),
        text(end="\r\n"),
        text(end="\r"),
        "\n\n" + text(),
        "# measured on a Monday, at noon\n# by hand\n" + text(),
        "#" + text(),
        "Report of the garden\nDate;2024\n\n" + text(";"),
        "sep=;\n" + text(";"),
        text().replace("\n", ",\n"),
        text().replace("\n", ",\n").replace("kind,\n", "kind\n"),
        text(index=True, header=",size,colour,kind"),
        text(index=True),
        text().replace("red", '"red, or\nnearly ""red"""'),
        "\ufeff" + text(),
    ],
    ids=[
        "semicolon and decimal comma", "space", "caret", "tilde", "tab and decimal comma",
        "spaces around", "many spaces", "Windows", "old Mac", "blank lines in front", "comments",
        "header behind a sign", "title", "Excel's line", "trailing delimiter",
        "trailing delimiter but in the header", "index", "index without a name",
        "quotation marks", "byte order mark",
    ],
)  # fmt: skip
def test_the_table_is_the_same(tmp_path: Path, reporter: Any, content: str) -> None:
    (tmp_path / "plain.csv").write_text(text())
    (tmp_path / "other.csv").write_bytes(content.encode())
    wanted = read(tmp_path / "plain.csv", reporter, target="kind")
    found = read(tmp_path / "other.csv", reporter, target="kind")
    assert found.target == ClassTarget(names=("rose", "tulip"))
    assert kinds(found) == {"size": "number", "colour": "category"}
    np.testing.assert_array_equal(found.splits["train"].examples, wanted.splits["train"].examples)
    said = {key: value for key, value in found.found.items() if key != "columns"}
    again = read(tmp_path / "other.csv", reporter, target="kind", columns=found.found["columns"],
                 **said)  # fmt: skip
    assert again.found == found.found


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"]
)
def test_unicode_is_known_by_its_mark_or_its_zeros(
    tmp_path: Path, reporter: Any, encoding: str
) -> None:
    (tmp_path / "t.csv").write_text(text(), encoding=encoding)
    assert kinds(read(tmp_path / "t.csv", reporter, target="kind"))["size"] == "number"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "shift_jis", "koi8-r"])
def test_other_encodings_are_said(tmp_path: Path, reporter: Any, encoding: str) -> None:
    word = {"shift_jis": "\u8d64\u3044", "koi8-r": "\u0441\u0438\u043d"}.get(encoding, "r\u00f6t")
    (tmp_path / "t.csv").write_text(text().replace("red", word), encoding=encoding)
    dataset = read(tmp_path / "t.csv", reporter, target="kind", encoding=encoding)
    assert isinstance(dataset.preprocessing, TablePreprocessing)
    assert word in dataset.preprocessing.categories["colour"].vocabulary


@pytest.mark.parametrize(
    ("header", "target"),
    [("place,2001,2002,2003", "place"), ("x,x,x,place", "place"), (",,b,place", "place")],
    ids=["years", "twice the same", "without names"],
)
def test_unusual_headers(tmp_path: Path, reporter: Any, header: str, target: str) -> None:
    names = header.split(",")
    rows = [
        ",".join(f"{number % 2:d}x" if name == target else f"{(number + 1) * (place + 3) % 17}"
                 for place, name in enumerate(names))
        for number in range(40)
    ]  # fmt: skip
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]))
    dataset = read(tmp_path / "t.csv", reporter, target=target)
    assert len(dataset.splits["train"]) == 40 and len(kinds(dataset)) == 3


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1.234", ",", 1234), ("1.234,5", ",", 1234.5), ("1,234", ",", 1.234),
        ("1,234", ".", 1234), ("0,234", ".", 0.234), ("1,234,567", ",", 1234567),
        ("1 234,5", ",", 1234.5), ("1\u00a0234", ".", 1234), ("1'234.5", ".", 1234.5),
        ("5 %", ".", 5), ("$1,234.50", ".", 1234.5), ("3,50 \u20ac", ",", 3.5), ("-$5", ".", -5),
        ("\u22125", ".", -5), ("12:30", ".", 12.5), ("1:30:36", ".", 1.51), ("1e3", ",", 1000),
        ("1,5E-3", ",", 0.0015), ("1e300", ".", np.nan), ("\u00b2", ".", np.nan),
        ("\u0663", ".", np.nan), ("12-30", ".", np.nan), ("a5", ".", np.nan),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(cell: str, decimal: Any, value: float) -> None:
    found = numbers(np.array([cell, "word"], object), decimal)[0]
    np.testing.assert_allclose(found, value)
    assert is_number(cell) == (value == value)


@pytest.mark.parametrize(
    ("cells", "delimiter", "decimal"),
    [
        (["7,576", "5,123"], ",", "."), (["7,576", "5,123"], ";", ","), (["7,5", "2"], "\t", ","),
        (["7.5", "1,234"], ";", "."), (["0,123"], "\t", ","), (["a,b", "3"], ";", "."),
    ],
)  # fmt: skip
def test_which_comma_is_meant(cells: list[str], delimiter: str, decimal: str) -> None:
    assert decimal_of(cells, delimiter=delimiter) == decimal


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("02/01/1970", 1), ("2-1-70", 1), ("2.1.1970 06:00", 1.25), ("1970.01.02", 1),
        ("1970-1-2", 1), ("Jan 2, 1970", 1), ("2 January 1970", 1), ("02-Jan-70", 1),
        ("19700102", 1), ("1971", 365), ("1970-01", 0), ("2/1/1970 6:00 PM", 1.75),
        ("31/31/1970", np.nan), ("May", np.nan), ("1970-13-01", np.nan), ("version 2", np.nan),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(cell: str, day: float) -> None:
    np.testing.assert_equal(days(np.array([cell], object), day_first=True)[0], day)


def test_days_stand_first_where_a_month_cannot() -> None:
    assert day_first_of(["03/04/2024", "13/04/2024"])
    assert not day_first_of(["03/04/2024", "04/13/2024"])
    assert not day_first_of(["03/04/2024", "x"])


@pytest.mark.parametrize(
    ("cells", "kind", "missing"),
    [
        (["1", "2.5", "-", "--", ".", "n.d.", "unknown", *"345678"], "number", 5),
        (["1", "2"] * 20 + ["late", "soon"], "number", 2),
        (["1", "inf", "3", "1e300"] + ["2"] * 30, "number", 2),
        (["2024-01-01", "unknown", "2024-01-03"], "date", 1),
        ([f"202401{n:02d}" for n in range(1, 29)], "date", 0),
        (["01234", "04321"] * 10, "category", 0),
        (["a", "b", "-"] * 9, "category", 0),
        ([f"pictures/{n}.JPG" for n in range(30)], "ignore", 0),
        ([f"{n % 24}:{n % 60:02d}" for n in range(30)], "number", 0),
        ([f"{n % 7}%" for n in range(30)], "number", 0),
        ([f"{n}\u00b2" for n in range(5)] * 6, "category", 0),
    ],
)
def test_what_a_column_is(cells: list[str], kind: str, missing: int) -> None:
    seen = Seen(TableDataset(path=Path("x")).missing_words)
    seen.add(np.array(cells, object))
    assert seen.kind("cells")[0] == kind
    assert sum(seen.others[word] for word in seen.words_for_missing) == missing


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("seconds", range(0, 300, 10), "number"),
        ("year", range(1990, 2020), "number"),
        ("wave", range(30), "ignore"),
        ("wave", range(1, 31), "ignore"),
        ("wave", range(2, 32), "number"),
        ("wave", [0, *range(2, 31)], "number"),
        ("SampleId", range(500, 800, 7), "ignore"),
        ("PAID", range(500, 800, 7), "number"),
        ("row number", range(500, 800, 7), "ignore"),
        ("column_1", range(500, 800, 7), "ignore"),
    ],
)
@pytest.mark.parametrize("typed", [False, True], ids=["text", "numbers"])
def test_what_rises_numbers_the_rows_if_it_counts_them_or_is_named_so(
    name: str, cells: Sequence[int], kind: str, typed: bool
) -> None:
    seen = Seen(("",))
    for part in (cells[:13], cells[13:]):
        strings = np.array([str(cell) for cell in part], object)
        seen.add(Cells(pyarrow.array(part, pyarrow.int64())) if typed else strings)
    assert seen.kind(name)[0] == kind


def test_identifiers_are_found_in_long_columns() -> None:
    seen = Seen(("",))
    for start in range(0, 60_000, 10_000):
        seen.add(np.array([f"id-{start + number}" for number in range(10_000)], object))
    assert seen.kind("name") == ("ignore", "it is different in every row, as an identifier is")
    assert len(seen.counts) <= 30_000


def test_numbers_for_missing(tmp_path: Path, reporter: Any) -> None:
    rows = "".join(f"{-999.0 if n % 4 == 0 else n},{n % 7},{'ab'[n % 2]}\n" for n in range(40))
    (tmp_path / "t.csv").write_text("x,y,kind\n" + rows)
    settings = TableDataset.model_validate({"path": "t.csv", "missing": [-999]})
    assert settings.missing == ("-999",)
    dataset = read(tmp_path / "t.csv", reporter, target="kind", missing=settings.missing)
    assert isinstance(dataset.preprocessing, TablePreprocessing)
    assert dataset.preprocessing.missing == (True, False)


ANSWERS: dict[str, tuple[Callable[[int], str], Any]] = {
    "numbers for classes": (lambda n: f"{n % 2 + 1}", ClassTarget(names=("1", "2"))),
    "1 and 1.0 are one class": (
        lambda n: ["1", "1.0", "0", "0.0"][n % 4], ClassTarget(names=("0", "1"))),
    "codes": (lambda n: ["01", "02"][n % 2], ClassTarget(names=("01", "02"))),
    "true and false": (lambda n: str(n % 3 == 0), ClassTarget(names=("False", "True"))),
    "none is a class": (
        lambda n: ["none", "mild"][n % 2], ClassTarget(names=("mild", "none"))),
    "few numbers with decimals": (lambda n: str(n % 3 / 2), ValueTarget),
    "percent": (lambda n: f"{n * 31 % 97}%", ValueTarget),
    "decimal commas": (lambda n: f'"{n * 31 % 97},5"', ValueTarget),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_targets(tmp_path: Path, reporter: Any, name: str) -> None:
    answer, wanted = ANSWERS[name]
    rows = "".join(f"{n * 7 % 13},{answer(n)}\n" for n in range(60))
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    found = read(tmp_path / "t.csv", reporter, target="y").target
    assert found == wanted if isinstance(wanted, ClassTarget) else isinstance(found, wanted)


@pytest.mark.parametrize("words", [("yes", "no"), ("True", "False"), ("1.0", "0.0"), ("y", "N")])
def test_labels_in_words(tmp_path: Path, reporter: Any, words: tuple[str, str]) -> None:
    rows = "".join(f"{n},{words[n % 2]},{words[n % 3 == 0]}\n" for n in range(30))
    (tmp_path / "t.csv").write_text("x,a,b\n" + rows)
    dataset = read(tmp_path / "t.csv", reporter, target=("a", "b"), columns={"x": "number"})
    assert dataset.target == LabelsTarget(names=("a", "b"))
    np.testing.assert_array_equal(dataset.splits["train"].labels[:4], [
        [1, 0], [0, 1], [1, 1], [0, 0]])  # fmt: skip


def test_classes_that_differ_in_case_alone_are_warned_of(tmp_path: Path, reporter: Any) -> None:
    rows = "".join(f"{n},{['Co', 'CO'][n % 2]}\n" for n in range(30))
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    dataset = read(tmp_path / "t.csv", reporter, target="y", columns={"x": "number"})
    assert dataset.target == ClassTarget(names=("CO", "Co"))
    assert "differ in upper and lower case alone" in reporter.warnings[0]


def test_a_column_that_is_not_what_was_said(tmp_path: Path, reporter: Any) -> None:
    (tmp_path / "t.csv").write_text(text())
    for kind in ("number", "date"):
        with pytest.raises(DataError, match=f"colour is to be a {kind}, and has cells") as caught:
            read(tmp_path / "t.csv", reporter, target="kind", columns={"colour": kind})
        assert "dataset.missing=[" in (caught.value.hint or "")
    read(tmp_path / "t.csv", reporter, target="kind", columns={"colour": "number"},
         on_error="skip")  # fmt: skip
    assert "taken for missing" in reporter.warnings[0]
    years = "".join(f"{1990 + n % 30},{n},{'ab'[n % 2]}\n" for n in range(40))
    (tmp_path / "y.csv").write_text("year,x,kind\n" + years)
    dataset = read(tmp_path / "y.csv", reporter, target="kind", columns={"year": "date"})
    assert kinds(dataset)["year"] == "date"


def test_other_files_may_be_written_differently(tmp_path: Path, reporter: Any) -> None:
    """What differs from file to file is not written to config.yaml, where it would be of all."""
    (tmp_path / "a.csv").write_text(text())
    (tmp_path / "b.csv").write_text(
        text(";", decimal=",", header="more,size,colour,kind", index=True), encoding="utf-16"
    )
    dataset = read(tmp_path / "a.csv", reporter, target="kind", test_path=tmp_path / "b.csv")
    np.testing.assert_array_equal(dataset.splits["train"].examples, dataset.splits["test"].examples)
    assert not {"delimiter", "encoding", "decimal"} & set(dataset.found)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"PK\x03\x04rest", "looks like an Excel file or a zip archive"),
        ("a.xlsx", b"PK\x03\x04rest", "looks like an Excel file"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "looks like a picture"),
        ("a.csv", bytes(range(256)) * 20, "is no text"),
        ("a.csv", gzip.compress(text().encode()), "looks like compressed|it looks like compressed"),
        ("a.csv.gz", text().encode(), "Not a gzipped file"),
        ("a.csv.gz", gzip.compress(text().encode() * 2000)[:-2000], "file ended before"),
        ("a.csv", b"size,kind\n" + b"x" * 9_000_000 + b",y\n1,2\n", "has a row of more than"),
        ("a.csv", b"\n\n", "is empty"),
        ("a.json", b'[{"size": 1, "kind": "a"}]', "is one JSON list"),
        ("a.jsonl", b"[" * 50_000, "line 1: not JSON|is one JSON list"),
        ("a.jsonl", b"{bad}\n", "line 1, column 2: not JSON"),
        ("a.jsonl", b"", "has no rows"),
        ("a.parquet", b"nothing", "cannot be read as Parquet"),
        ("a.txt", text().encode(), "has no column 'what'"),
    ],
)
def test_what_is_no_table_is_a_sentence(
    tmp_path: Path, reporter: Any, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    settings = data.expand(str(tmp_path / name))
    assert settings["type"] == "table"
    target = "what" if "what" in message else "kind"
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path / name, reporter, target=target)
    assert "\n" not in caught.value.message


def test_a_row_is_named_as_a_spreadsheet_counts(tmp_path: Path, reporter: Any) -> None:
    lines = ["# a comment", *text().splitlines()]
    lines[5] = "1.5,red,"
    (tmp_path / "t.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"1 row without kind, the first at .*t\.csv, row 6\."):
        read(tmp_path / "t.csv", reporter, target="kind")
    lines[5] = "1.5,red,?"
    lines[3] = "1.5"
    (tmp_path / "t.csv").write_text("\n".join(lines))
    read(tmp_path / "t.csv", reporter, target="kind", on_error="skip")
    assert "row 4: 1 cell where the others have 3" in reporter.warnings[0]
    assert "1 row without kind (?), the first at" in reporter.warnings[0]
    assert "row 6" in reporter.warnings[0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_no_blank_row_is_overlooked_where_the_bytes_are_looked_at(
    tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a block of bytes ends between the two line ends."""
    path = tmp_path / "t.csv"
    rows = ["a,b", "1,2", "3,4", "5,6"]
    layout = Layout(("a", "b"))
    for size in (1, 2, 3, 1000):
        monkeypatch.setattr(files, "BLOCK_BYTES", size)
        for place in range(5):
            lines = [*rows[:place], "", *rows[place:], ""]
            path.write_bytes(end.join(lines).encode())
            assert files.blank_rows(path, layout) == [place + 1]
        path.write_bytes(end.join([*rows, ""]).encode())
        assert files.blank_rows(path, layout) == []


def test_blank_lines_count_as_rows(tmp_path: Path, reporter: Any) -> None:
    lines = text().splitlines()
    lines[1] = '1.5,"red\n\nor so",rose'
    lines[3:3] = ["", ""]  # which are rows 4 and 5
    lines[6] = "1.5"
    lines[8] = "1.5,red,?"
    lines[10:10] = [""]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    read(tmp_path / "t.csv", reporter, target="kind", on_error="skip")
    assert "row 7: 1 cell where the others have 3" in reporter.warnings[0]
    assert "row 9" in reporter.warnings[0]


def test_nested_json_and_keys_that_come_late(tmp_path: Path, reporter: Any) -> None:
    rows = [
        {"a": {"b": n, "c": {"d": "uv"[n % 2]}}, "list": [n], "kind": n % 2 == 0,
         **({"late": n % 5} if n > 1500 else {})}
        for n in range(1700)
    ]  # fmt: skip
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "t.jsonl").write_text(lines, encoding="utf-16")
    dataset = read(tmp_path / "t.jsonl", reporter, target="kind", columns={"a.b": "number"})
    assert kinds(dataset) == {"a.b": "number", "a.c.d": "category", "late": "number"}
    assert "list: its cells are of type list" in "\n".join(reporter.notices)


def test_parquet_columns_of_every_type(tmp_path: Path, reporter: Any) -> None:
    import datetime
    import decimal

    import pyarrow as pa
    from pyarrow import parquet

    number = np.arange(60)
    columns = {
        "half": pa.array((number % 7).astype(np.float16)),
        "truth": pa.array([n % 3 == 0 for n in number]),
        "exact": pa.array([decimal.Decimal(f"{n % 7}.25") for n in number]),
        "moment": pa.array([datetime.datetime(2024, 1, 1 + n % 28, n % 24) for n in number]),
        "zone": pa.array(
            [datetime.datetime(2024, 1, 1 + n % 28, tzinfo=datetime.UTC) for n in number]
        ),
        "time": pa.array([datetime.time(n % 24, n % 60) for n in number]),
        "span": pa.array([datetime.timedelta(seconds=float(n % 7)) for n in number]),
        "named": pa.array(["uv"[n % 2] for n in number]).dictionary_encode(),
        "list": pa.array([[1, 2]] * 60),
        "inner": pa.array([{"a": 1}] * 60),
        "bytes": pa.array([b"\xff"] * 60),
        "nothing": pa.nulls(60),
        "gaps": pa.array([None if n % 5 == 0 else n % 7 / 2 for n in number]),
        "kind": pa.array([None if n == 7 else "ab"[n % 2] for n in number]),
    }
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"without kind, the first at .*t\.parquet, row 8\."):
        read(tmp_path / "t.parquet", reporter, target="kind")
    with pytest.raises(DataError, match="the target list has cells of type list"):
        read(tmp_path / "t.parquet", reporter, target="list")
    dataset = read(tmp_path / "t.parquet", reporter, target="kind", on_error="skip")
    assert kinds(dataset) == {
        "half": "number", "truth": "category", "exact": "number", "moment": "date", "zone": "date",
        "time": "number", "span": "number", "named": "category", "gaps": "number",
    }  # fmt: skip
    assert np.isfinite(dataset.splits["train"].examples).all()


def test_columns_of_one_name_in_parquet(tmp_path: Path, reporter: Any) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    arrays = [pa.array(np.arange(40) * 7 % 13), pa.array(np.arange(40) * 3 % 11)]
    named = pa.Table.from_arrays([*arrays, pa.array(["a", "b"] * 20)], names=["x", "x", "kind"])
    parquet.write_table(named, tmp_path / "t.parquet")
    assert kinds(read(tmp_path / "t.parquet", reporter, target="kind")) == {
        "x": "number", "x_2": "number"
    }  # fmt: skip


@pytest.mark.parametrize("scale", [1e-12, 1e20])
def test_numbers_of_every_scale_are_standardized(
    tmp_path: Path, reporter: Any, scale: float
) -> None:
    rows = "".join(f"{(n * 7 % 13) * scale},{'ab'[n % 2]}\n" for n in range(60))
    (tmp_path / "t.csv").write_text("x,kind\n" + rows)
    train = read(tmp_path / "t.csv", reporter, target="kind").splits["train"].examples
    np.testing.assert_allclose([train.mean(), train.std()], [0, 1], atol=1e-3)


def test_one_long_text_takes_no_more_memory_than_itself(tmp_path: Path, reporter: Any) -> None:
    """As one array of strings of a fixed width these would be 40 GB."""
    rows = [f"this is the review number {n} of many,{'ab'[n % 2]}" for n in range(5000)]
    rows[7] = "word " * 400_000 + ",a"
    (tmp_path / "t.csv").write_text("review,kind\n" + "\n".join(rows))
    dataset = read(tmp_path / "t.csv", reporter, target="kind")
    assert len(dataset.splits["train"]) == 5000


def test_the_kind_of_path_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.dat").write_text("1 2\n")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text("x\n")
    (tmp_path / "tables" / "b.tsv").write_text("x\n")
    (tmp_path / "texts.one").write_text("x\n")
    wanted = {
        "a.dat": "table", "./tables": "table", "tables/*.*sv": "table", "tables/*": "table",
        "nothing.xlsx": "table", "./nothing": "folder", "texts.*": "folder",
    }  # fmt: skip
    assert {path: data.expand(path)["type"] for path in wanted} == wanted
