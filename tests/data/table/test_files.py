"""Reading table files: what Arrow is given, and where a mistake stands."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv

from nncli import data
from nncli.data import TableDataset
from nncli.errors import DataError

TEXT = "a,b\n" + "".join(f"{number % 7},{'x' if number % 2 else 'y'}\n" for number in range(20))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t\udce9.csv"])
def test_the_thread_that_reads_ahead_needs_no_python(
    tmp_path: Path, reporter: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Else it aborts a process that ends meanwhile, as one does with a table of a header alone."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT.encode()) if name.endswith(".gz") else TEXT.encode())
    sources = []
    original = csv.open_csv

    def watched(source: Any, **options: Any) -> Any:
        sources.append(source)
        return original(source, **options)

    monkeypatch.setattr(csv, "open_csv", watched)
    dataset = data.load(TableDataset(path=path, target="b"), seed=0, reporter=reporter)
    assert sum(len(split) for split in dataset.splits.values()) == 20
    assert sources
    assert {type(source) for source in sources} <= {pa.OSFile, pa.CompressedInputStream}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": 1 "b": 2}', "line 3, column 9: not JSON (Expecting ',' delimiter)."),
        ("[1]", "line 3: not an object in braces."),
        ('{"a": ' + "[" * 100_000 + "}", "line 3: not JSON (maximum recursion depth exceeded"),
    ],
)
def test_a_line_that_is_no_json_is_counted_in_the_file(
    tmp_path: Path, reporter: Any, line: str, said: str
) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(f'{{"a": 1, "b": "x"}}\n{{"a": 2, "b": "y"}}\n{line}\n')
    with pytest.raises(DataError) as caught:
        data.load(TableDataset(path=path, target="b"), seed=0, reporter=reporter)
    assert said in caught.value.message
    assert "line 1" not in caught.value.message


def test_a_row_of_json_lines_is_named_by_its_line(tmp_path: Path, reporter: Any) -> None:
    lines = [f'{{"a": {number % 7}, "b": "{"xy"[number % 2]}"}}' for number in range(30)]
    lines[3] = lines[10] = ""
    lines[12] = "{no json"
    lines[20] = '{"a": 1, "b": ""}'
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(lines) + "\n")
    settings = TableDataset(path=path, target="b", on_error="skip")
    data.load(settings, seed=0, reporter=reporter)
    (said,) = reporter.warnings
    assert "line 13, column 2: not JSON" in said
    assert "1 row without b, the first at" in said and "row 21" in said
