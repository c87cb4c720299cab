"""Tables of one's own: what is found out about them, and what is said when something is wrong."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.data import TableDataset
from nncli.data.table.columns import days, numbers
from nncli.descriptions import ClassTarget, LabelsTarget, TableInput, TextInput, ValueTarget
from nncli.errors import DataError, NotFoundError
from nncli.preprocessing import TablePreprocessing

FLOWERS = "length,colour,kind\n" + "".join(
    f"{number / 10},{'red' if number % 3 else 'blue'},{'rose' if number % 2 else 'tulip'}\n"
    for number in range(40)
)


def read(path: Path, reporter: Any, **settings: Any) -> data.Dataset:
    return data.load(TableDataset(path=path, **settings), seed=0, reporter=reporter)


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def kinds(dataset: data.Dataset) -> dict[str, str]:
    assert isinstance(dataset.inputs, TableInput)
    return {column.name: column.kind for column in dataset.inputs.columns}


def test_kinds_are_found_out_and_reported(tmp_path: Path, reporter: Any) -> None:
    dataset = read(written(tmp_path / "flowers.csv", FLOWERS), reporter, target="kind")
    assert kinds(dataset) == {"length": "number", "colour": "category"}
    assert dataset.target == ClassTarget(names=("rose", "tulip"))
    assert dataset.found["columns"] == {"length": "number", "colour": "category"}
    assert {n: len(split) for n, split in dataset.splits.items()} == {
        "train": 32, "validation": 4, "test": 4
    }  # fmt: skip
    assert any("length number, colour category -> kind" in said for said in reporter.notices)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_same_table_written_differently(
    tmp_path: Path, reporter: Any, delimiter: str, encoding: str
) -> None:
    text = FLOWERS.replace(",", delimiter).replace("red", "r\u00f6t")
    path = written(tmp_path / "a table \u00fc.csv", text, encoding)
    dataset = read(path, reporter, target="kind")
    assert kinds(dataset) == {"length": "number", "colour": "category"}
    prepared = dataset.preprocessing
    assert isinstance(prepared, TablePreprocessing)
    assert set(prepared.categories["colour"].vocabulary) == {"r\u00f6t", "blue"}


def test_another_encoding_is_named_with_its_line(tmp_path: Path, reporter: Any) -> None:
    path = written(tmp_path / "old.csv", FLOWERS.replace("1.0,red", "1.0,r\u00f6t"), "cp1252")
    with pytest.raises(DataError, match=r"old\.csv, line 12: byte 0xf6 is not utf-8") as caught:
        read(path, reporter, target="kind")
    assert "dataset.encoding=cp1252" in (caught.value.hint or "")
    dataset = read(path, reporter, target="kind", encoding="cp1252")
    assert "r\u00f6t" in dataset.preprocessing.categories["colour"].vocabulary


def test_parquet_json_lines_and_gzip_are_the_same_table(tmp_path: Path, reporter: Any) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    plain = written(tmp_path / "a.csv", FLOWERS)
    table = pyarrow.csv.read_csv(plain)
    pyarrow.parquet.write_table(table, tmp_path / "b.parquet")
    lines = "".join(f"{line}\n" for line in map(_json, table.to_pylist()))
    written(tmp_path / "c.jsonl", lines)
    with gzip.open(tmp_path / "d.csv.gz", "wt") as stream:
        stream.write(FLOWERS)
    wanted = read(plain, reporter, target="kind").splits["train"].examples
    for name in ("b.parquet", "c.jsonl", "d.csv.gz"):
        found = read(tmp_path / name, reporter, target="kind").splits["train"].examples
        np.testing.assert_array_equal(found, wanted, err_msg=name)


def _json(row: Any) -> str:
    import json

    return json.dumps(row)


def test_without_header_the_columns_are_numbered(tmp_path: Path, reporter: Any) -> None:
    path = written(tmp_path / "bare.csv", FLOWERS.partition("\n")[2])
    dataset = read(path, reporter, target="column_3")
    assert kinds(dataset) == {"column_1": "number", "column_2": "category"}
    assert sum(len(split) for split in dataset.splits.values()) == 40


def test_words_for_missing(tmp_path: Path, reporter: Any) -> None:
    rows = [f"{n}.5,{'?' if n % 5 == 0 else 'x' if n % 2 else 'y'},{n % 2}" for n in range(60)]
    rows[3], rows[7] = rows[3].replace("3.5", "n.d."), rows[7].replace("7.5", "NA")
    path = written(tmp_path / "gaps.csv", "size,sort,answer\n" + "\n".join(rows))
    dataset = read(path, reporter, target="answer", validation=0, test=0)
    prepared = dataset.preprocessing
    assert isinstance(prepared, TablePreprocessing)
    assert kinds(dataset) == {"size": "number", "sort": "category"}
    assert prepared.missing == (True,)
    assert prepared.categories["sort"].missing
    vectors = dataset.splits["train"].examples
    assert vectors.shape == (60, 1 + 1 + 3)  # size, its flag; missing, x and y
    np.testing.assert_array_equal(np.flatnonzero(vectors[:, 1]), [3, 7])
    assert vectors[3, 0] == vectors[7, 0] == 0
    assert any("n.d." in said for said in reporter.notices)


def test_identifiers_constants_and_empty_columns_are_ignored(tmp_path: Path, reporter: Any) -> None:
    header = "row,name,same,none,size,answer\n"
    rows = "".join(f"{n},id-{n},1,,{n * 7 % 13},{'ab'[n % 2]}\n" for n in range(40))
    dataset = read(written(tmp_path / "t.csv", header + rows), reporter, target="answer")
    assert kinds(dataset) == {"size": "number"}
    said = "\n".join(reporter.notices)
    for name, reason in {
        "row": "numbers the rows",
        "name": "different in every row",
        "same": "same in every row",
        "none": "empty",
    }.items():
        assert f"{name}: it" in said and reason in said
    taken = read(tmp_path / "t.csv", reporter, target="answer", columns={"name": "category"})
    assert kinds(taken) == {"name": "category", "size": "number"}


def test_what_numbers_the_rows_is_kept_where_it_is_all_there_is(
    tmp_path: Path, reporter: Any
) -> None:
    rows = "".join(f"{n},{n / 3:.3f}\n" for n in range(40))
    path = written(tmp_path / "dose.csv", "seconds,voltage\n" + rows)
    assert kinds(read(path, reporter, target="voltage")) == {"seconds": "number"}
    assert any("seconds numbers the rows, and is all there is" in s for s in reporter.notices)


def test_the_way_out_of_nothing_to_learn_from_names_a_column_that_varies(
    tmp_path: Path, reporter: Any
) -> None:
    rows = "".join(f"1,id-{n},{n % 2}\n" for n in range(40))
    path = written(tmp_path / "t.csv", "same,name,answer\n" + rows)
    with pytest.raises(DataError, match="no column to learn answer from") as refused:
        read(path, reporter, target="answer")
    assert "{name: category}" in (refused.value.hint or "")


def test_values_labels_and_text(tmp_path: Path, reporter: Any) -> None:
    header = "words,size,x,y\n"
    rows = "".join(
        f"the {'good' if n % 2 else 'bad'} number {n} is here,{n / 3:.3f},{n % 2},{n % 3 == 0:d}\n"
        for n in range(60)
    )
    path = written(tmp_path / "t.csv", header + rows)
    values = read(path, reporter, target="size", columns={"x": "ignore", "y": "ignore"})
    assert isinstance(values.target, ValueTarget)
    train = values.splits["train"].labels
    assert values.target.means == pytest.approx((train.mean(),))
    assert values.target.deviations == pytest.approx((train.std(),))
    assert values.inputs == TextInput()
    labels = read(path, reporter, target=("x", "y"), columns={"size": "ignore"})
    assert labels.target == LabelsTarget(names=("x", "y"))
    assert labels.splits["train"].targets.dtype == np.float32


def test_files_of_their_own_for_each_split(tmp_path: Path, reporter: Any) -> None:
    rows = FLOWERS.splitlines()
    written(tmp_path / "a-1.csv", "\n".join(rows[:20]))
    written(tmp_path / "a-2.csv", "\n".join([rows[0], *rows[20:31]]))
    other = "\n".join([rows[0], *rows[31:]]).replace("rose", "rose.").replace("tulip", "tulip.")
    written(tmp_path / "b.csv", other)
    dataset = read(
        tmp_path / "a-*.csv", reporter, target="kind", test_path=tmp_path / "b.csv", validation=0
    )
    assert {n: len(split) for n, split in dataset.splits.items()} == {"train": 30, "test": 10}
    labels = dataset.splits["test"].labels
    assert set(labels.tolist()) == {0, 1}


def test_preprocessing_is_fitted_on_train_alone(tmp_path: Path, reporter: Any) -> None:
    path = written(tmp_path / "t.csv", FLOWERS)
    dataset = read(path, reporter, target="kind", validation=0.2, test=0.3)
    train = dataset.splits["train"].examples
    np.testing.assert_allclose(train[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(train[:, 0].std(), 1, atol=1e-5)
    everything = np.asarray(dataset.splits["train"].inputs)[:, 0]
    assert abs(everything.mean()) > 1e-4


def test_a_changed_file_is_read_again(tmp_path: Path, reporter: Any) -> None:
    path = written(tmp_path / "t.csv", FLOWERS)
    assert len(read(path, reporter, target="kind").splits["train"]) == 32
    written(path, FLOWERS + FLOWERS.partition("\n")[2])
    assert len(read(path, reporter, target="kind").splits["train"]) == 65


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "is empty"),
        ("a,b\n", {"target": "b"}, "has no rows"),
        (FLOWERS, {}, "Which column of t.csv is to be predicted? It has length, colour, kind"),
        (FLOWERS, {"target": "kinds"}, "has no column 'kinds'"),
        (FLOWERS, {"target": "kind", "columns": {"x": "number"}}, "has no column 'x'"),
        ("a,b\n1,2\n3,2\n4,2\n", {"target": "b"}, "b is '2' in every row"),
        ("a,b\n1,x\n2,\n3,y\n", {"target": "b"}, "1 row without b, the first at "),
        ("a,b\n1,x\n2,y,z\n3,y\n", {"target": "b"}, "3 cells where the others have 2"),
        ("a,b\n" + "1,x\n" * 30, {"target": "b"}, "in every row"),
        ("a\tb\n1\t\x00\n", {"target": "b"}, "zero byte"),
        (
            "a,b\n" + "".join(f"{n % 7},word{n}\n" for n in range(30)),
            {"target": "b"},
            "too many to be classes",
        ),
        (FLOWERS, {"target": "kind", "image_size": (8, 8)}, "dataset.image_size is about image"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, reporter: Any, text: str, settings: dict[str, Any], message: str
) -> None:
    path = written(tmp_path / "t.csv", text)
    with pytest.raises(DataError) as caught:
        read(path, reporter, **settings)
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_rows_that_cannot_be_read_are_skipped_and_listed(tmp_path: Path, reporter: Any) -> None:
    text = FLOWERS + "1,2,3,4\n5.5,red,\n"
    path = written(tmp_path / "t.csv", text)
    dataset = read(path, reporter, target="kind", on_error="skip")
    assert sum(len(split) for split in dataset.splits.values()) == 40
    [said] = reporter.warnings
    assert "2 rows or files were left out" in said
    assert "row 42: 4 cells where the others have 3" in said
    assert "1 row without kind, the first at" in said and "row 43" in said


def test_too_many_columns_are_refused(tmp_path: Path, reporter: Any) -> None:
    path = written(tmp_path / "wide.csv", ",".join(f"c{n}" for n in range(30_000)) + "\n")
    with pytest.raises(DataError, match="30,000 columns"):
        read(path, reporter, target="c1")


def test_files_that_are_not_there(tmp_path: Path, reporter: Any) -> None:
    with pytest.raises(NotFoundError, match="There is no file"):
        read(tmp_path / "nothing.csv", reporter, target="a")
    with pytest.raises(NotFoundError, match="No file is like"):
        read(tmp_path / "x-*.csv", reporter, target="a")


def test_quotation_marks_that_enclose_nothing(tmp_path: Path, reporter: Any) -> None:
    rows = "".join(f'{"ham" if n % 2 else "spam"}\t"hello {n} what is this\n' for n in range(30))
    dataset = read(written(tmp_path / "t.tsv", rows), reporter, target="column_1")
    assert sum(len(split) for split in dataset.splits.values()) == 30


def test_quoted_cells_may_have_delimiters_and_line_ends(tmp_path: Path, reporter: Any) -> None:
    rows = "".join(f'"a, b\nline {n} of these words",{n % 2}\n' for n in range(30))
    dataset = read(written(tmp_path / "t.csv", "text,y\n" + rows), reporter, target="y")
    assert sum(len(split) for split in dataset.splits.values()) == 30
    assert dataset.inputs == TextInput()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1.5", 1.5), ("-2", -2), ("1e3", 1000), (".5", 0.5), ("1,234.5", 1234.5), ("1,5", 1.5),
        ("1.234,5", 1234.5), ("x", np.nan), ("", np.nan), ("inf", np.nan), ("1_000", np.nan),
    ],
)  # fmt: skip
def test_numbers(cell: str, value: float) -> None:
    np.testing.assert_equal(numbers(np.array([cell, "0"], object))[0], value)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("1970-01-02", 1), ("1970-01-02 12:00", 1.5), ("02.01.1970", 1), ("1970/01/02", 1),
        ("01/13/1970", 12), ("1969-12-31T00:00:00Z", -1), ("12", np.nan), ("soon", np.nan),
    ],
)  # fmt: skip
def test_days(cell: str, day: float) -> None:
    np.testing.assert_equal(days(np.array([cell], object))[0], day)


def test_dates_become_parts(tmp_path: Path, reporter: Any) -> None:
    rows = "".join(f"2024-01-{n + 1:02d},{'x' if n % 7 < 2 else 'y'}\n" for n in range(28))
    path = written(tmp_path / "t.csv", "day,kind\n" + rows)
    dataset = read(path, reporter, target="kind", test=0)
    assert kinds(dataset) == {"day": "date"}
    vectors = np.asarray(dataset.splits["train"].inputs)
    assert vectors.shape == (28, 5)
    np.testing.assert_allclose(vectors[7, 3:], vectors[0, 3:], atol=1e-2)  # the same weekday


def test_numbers_that_a_network_cannot_hold_are_named_as_such(
    tmp_path: Path, reporter: Any
) -> None:
    lines = "".join(
        f"{n}.5,{n + 1}.25e300,{n + 1}.25e-300,{n % 7 if n else '2e300'},{'ab'[n % 2]}\n"
        for n in range(60)
    )
    path = written(tmp_path / "sizes.csv", f"plain,huge,tiny,once,kind\n{lines}")
    dataset = read(path, reporter, target="kind")
    assert kinds(dataset) == {"plain": "number", "once": "number"}
    said = "\n".join(reporter.notices)
    assert "huge: its numbers are too large, beyond 3.4e+38; take logarithms" in said
    assert "tiny: its numbers are too small, below 1.2e-38: 0 to a network" in said
    assert "once number (2e300 for missing)" in said


def test_what_was_found_out_and_left_out_is_said_each_time(tmp_path: Path, reporter: Any) -> None:
    path = written(tmp_path / "f.csv", FLOWERS.replace("0.7,red,rose", "0.7,red,rose,extra"))
    first = read(path, reporter, target="kind", on_error="skip")
    notices, warnings = list(reporter.notices), list(reporter.warnings)
    assert notices[-1] == "f: length number, colour category -> kind"
    assert len(warnings) == 1
    assert "1 row or file was left out" in warnings[0]
    again = read(path, reporter, target="kind", on_error="skip")
    assert "Reading f: train" in reporter.tasks
    assert reporter.tasks.count("Reading f: train") == 1, "the second time is from the cache"
    assert (reporter.notices, reporter.warnings) == (notices * 2, warnings * 2)
    assert first.left_out == again.left_out == 1


@pytest.mark.parametrize(("late", "day_first"), [("13/02/2024", True), ("02/13/2024", False)])
def test_dates_have_the_order_that_all_of_them_have(
    tmp_path: Path, reporter: Any, late: str, day_first: bool
) -> None:
    """What tells the order stands behind the megabyte that is looked at first."""
    rows = ["01/12/2024,a,1", "03/11/2024,b,2"] * 50_000 + [f"{late},a,3"] * 2
    path = written(tmp_path / "late.csv", "when,answer,x\n" + "\n".join(rows) + "\n")
    dataset = read(path, reporter, target="answer")
    assert dataset.found["day_first"] is day_first
    with pytest.raises(DataError, match=f"begin with the .*: {late} in when"):
        read(path, reporter, target="answer", day_first=not day_first)


def test_dates_of_both_orders_are_refused(tmp_path: Path, reporter: Any) -> None:
    rows = ["01/12/2024,a", "13/11/2024,b", "11/13/2024,a"] * 20
    path = written(tmp_path / "both.csv", "when,answer\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match=r"the day \(13/11/2024 in when\) and dates that begin"):
        read(path, reporter, target="answer")
