"""Table files as batches of cells: CSV and its relatives, Parquet, JSON Lines."""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data.files import COPIED
from nncli.data.skipping import Skipped
from nncli.data.table.cells import BATCH_ROWS, Batch, Cells, Decimal, day_first_of, decimal_of
from nncli.data.table.json_lines import json_layout, json_rows
from nncli.data.table.layout import (
    DAMAGED,
    Layout,
    delimited,
    opened,
    unique,
    wrong_encoding,
)
from nncli.errors import DataError
from nncli.reporting import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["blank_rows", "layout_of", "read_rows", "row_numbers"]

BLOCK_BYTES = 4_000_000
SAMPLE_ROWS = 1000
QUOTED_OR_SPACE = re.compile(r'"[^"]*"|[ \t]+')


def layout_of(
    path: Path,
    *,
    delimiter: str | None,
    header: bool | None,
    encoding: str | None,
    skip_lines: int | None = None,
    decimal: Decimal | None = None,
    day_first: bool | None = None,
    usual_decimal: Decimal | None = None,
) -> Layout:
    """Find out what `None` leaves open; `usual_decimal` is taken where `decimal` cannot be told.

    Raises:
        DataError: it is no table, or in another encoding.
    """
    match _format(path):
        case "parquet":
            layout = Layout(unique(_parquet(path).schema_arrow.names))
        case "jsonl":
            layout = json_layout(path, encoding)
        case _:
            return delimited(
                path,
                delimiter=delimiter,
                header=header,
                encoding=encoding,
                skip_lines=skip_lines,
                decimal=decimal,
                day_first=day_first,
                usual_decimal=usual_decimal,
            )
    sample = [
        cell
        for batch in islice(read_rows(path, layout, Skipped("skip")), 1)
        for cells in batch.values()
        if _is_text(cells)
        for cell in cells.strings[:SAMPLE_ROWS].tolist()
    ]
    return replace(
        layout,
        decimal=decimal or decimal_of(sample, delimiter=",", usual=usual_decimal),
        day_first=day_first_of(sample) if day_first is None else day_first,
    )


def _is_text(cells: Cells) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(cells.array.type)) and not cells.unreadable


def read_rows(
    path: Path, layout: Layout, skipped: Skipped, columns: Sequence[str] | None = None
) -> Iterator[Batch]:
    """The rows of a file in batches: for each column its cells.

    Args:
        path: the file.
        layout: how it is written.
        skipped: told which rows cannot be read.
        columns: those that are wanted, of which there are some; None: all. There may be others.

    Raises:
        DataError: a row has another number of cells, or cannot be read.
    """
    match _format(path):
        case "parquet":
            yield from _parquet_rows(path, layout, columns)
        case "jsonl":
            yield from json_rows(path, layout, skipped)
        case _:
            yield from _delimited_rows(path, layout, skipped, columns)


def _format(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] in ([".parquet"], [".pq"]):
        return "parquet"
    jsons = (".jsonl", ".ndjson", ".json")
    return "jsonl" if any(suffix in jsons for suffix in suffixes[-2:]) else "delimited"


def _delimited_rows(
    path: Path, layout: Layout, skipped: Skipped, columns: Sequence[str] | None
) -> Iterator[Batch]:
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    wrong: list[tuple[int, str, int]] = []

    def handle(row: Any) -> str:
        cells = counted(row.actual_columns, "cell")
        wrong.append((row.number or 0, cells, row.expected_columns))
        return "skip"

    def tell() -> None:
        if not wrong:
            return
        if path not in skipped.blank:
            skipped.blank[path] = blank_rows(path, layout)
        told = np.array([number for number, _, _ in wrong])
        for number, (_, cells, expected) in zip(
            row_numbers(told, skipped.blank[path]).tolist(), wrong, strict=True
        ):
            problem = f"{path}, row {number:,}: {cells} where the others have {expected}"
            skipped.row(path, number, problem)
        wrong.clear()

    read = arrow_csv.ReadOptions(
        column_names=list(layout.columns),
        skip_rows=layout.skip_lines,
        skip_rows_after_names=int(layout.header),
        encoding="utf-8",
        block_size=BLOCK_BYTES,
        use_threads=False,
    )
    parse = arrow_csv.ParseOptions(
        delimiter="\t" if layout.delimiter == " " else layout.delimiter,
        quote_char='"' if layout.quoted else False,
        newlines_in_values=layout.quoted,
        invalid_row_handler=handle,
    )
    convert = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(layout.columns, pa.string()),
        strings_can_be_null=False,
        include_columns=columns,
    )
    try:
        with (
            _as_utf8(path, layout) as stream,
            arrow_csv.open_csv(
                stream, read_options=read, parse_options=parse, convert_options=convert
            ) as reader,
        ):
            for batch in reader:
                tell()
                yield _cells_of(batch)
        tell()
    except UnicodeDecodeError as error:
        raise wrong_encoding(path, layout.encoding) from error
    except pa.ArrowInvalid as error:
        tell()  # what was found before may be the reason
        raise _unread(path, layout, " ".join(str(error).split())) from error
    except DAMAGED as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} cannot be read to its end: {reason}.", hint=COPIED) from error


def row_numbers(numbers: NDArray[np.int64], left_out: Iterable[int]) -> NDArray[np.int64]:
    """What a spreadsheet calls rows whose `numbers`, ascending or not, count none of `left_out`."""
    import numpy as np

    others = np.sort(np.array([*left_out], np.int64))
    # So many of them lie before a row as are, counted without those before them, not behind it.
    found: NDArray[np.int64] = numbers + np.searchsorted(
        others - np.arange(len(others)), numbers, side="right"
    )
    return found


def blank_rows(path: Path, layout: Layout) -> list[int]:
    """The numbers of the rows without anything in them, which Arrow does not count and a
    spreadsheet does; of delimited files alone, whose lines are read for it.

    Raises:
        OSError: the file cannot be read any more.
    """
    found: list[int] = []
    if _format(path) != "delimited" or _surely_filled(path, layout):
        return found
    number, is_open = 0, False
    with opened(path) as stream, io.TextIOWrapper(stream, layout.encoding, "replace") as lines:
        for line in lines:
            number += not is_open
            blank = not (line.strip() if layout.delimiter == " " else line.strip("\n"))
            if blank and not is_open and number > layout.skip_lines:
                found.append(number)
            if layout.quoted and line.count('"') % 2:  # a cell goes on in the next line, or ends
                is_open = not is_open
    return found


def _surely_filled(path: Path, layout: Layout) -> bool:
    """Whether a look at the bytes tells that no row is blank, which is hundreds of times as fast as
    a look at every line."""
    if layout.delimiter == " " or not "\r\n".encode(layout.encoding).endswith(b"\r\n"):
        return False
    last = b"\n"
    with opened(path) as stream:
        while block := stream.read(BLOCK_BYTES):
            block = last + block
            if any(twice in block for twice in (b"\n\n", b"\n\r", b"\r\r")):
                return False
            last = block[-1:]
    return True


def _unread(path: Path, layout: Layout, reason: str) -> DataError:
    if "UTF8" in reason or "UTF-8" in reason:
        return wrong_encoding(path, layout.encoding)
    if "straddl" in reason:
        return DataError(
            f"{path} has a row of more than {BLOCK_BYTES // 1_000_000} MB.",
            hint="Does a quotation mark open a cell that none closes?",
        )
    return DataError(f"{path} cannot be read: {reason}")


@contextmanager
def _as_utf8(path: Path, layout: Layout) -> Iterator[Any]:
    """The bytes of a file as UTF-8, white space between cells as one tab.

    Arrow reads ahead in a thread of its own, which may still be at it when the process ends: if it
    then needs Python, the process is aborted. So it gets a file of Python only where it must.
    """
    import pyarrow as pa

    plain = layout.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    if plain and layout.delimiter != " ":
        with pa.OSFile(os.fsencode(path)) as file:
            packed = path.suffix.lower() == ".gz"
            yield pa.CompressedInputStream(file, "gzip") if packed else file
        return
    encoding = "utf-8-sig" if plain else layout.encoding
    change = _with_tabs if layout.delimiter == " " else None
    with opened(path) as stream:
        yield _Recoded(codecs.getreader(encoding)(stream), change)


def _with_tabs(line: str) -> str:
    """A line whose cells are parted by white space, some perhaps in quotation marks."""
    end = line[len(line.rstrip("\r\n")) :]
    return QUOTED_OR_SPACE.sub(lambda m: m[0] if m[0][0] == '"' else "\t", line.strip()) + end


class _Recoded(io.RawIOBase):
    """Reads text in any encoding as UTF-8, piece by piece; `change` is done to each line."""

    def __init__(self, reader: Any, change: Callable[[str], str] | None) -> None:
        self.reader = reader
        self.change = change
        self.rest = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; 0 at the end."""
        while not self.rest:
            if self.change is None:
                text = self.reader.read(65536)
            else:
                text = "".join(map(self.change, self.reader.readlines(65536)))
            if not text:
                return 0
            self.rest = text.encode("utf-8")
        size = min(len(buffer), len(self.rest))
        buffer[:size] = self.rest[:size]
        self.rest = self.rest[size:]
        return size


def _cells_of(batch: Any) -> Batch:
    """Every column of an Arrow batch."""
    columns = zip(unique(batch.schema.names), batch.columns, strict=True)
    return {name: _plain(column) for name, column in columns}


def _plain(column: Any) -> Cells:
    """A column of whatever type as numbers or stripped strings."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    types = pa.types
    if types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if types.is_timestamp(kind) or types.is_date(kind):
        seconds = pc.cast(column, pa.timestamp("s"), safe=False)
        column = pc.strftime(seconds, "%Y-%m-%d %H:%M:%S")
    elif types.is_duration(kind):
        seconds = pc.cast(column, pa.duration("us"), safe=False)
        return Cells(pc.divide(pc.cast(pc.cast(seconds, pa.int64()), pa.float64()), 1e6))
    elif types.is_decimal(kind) or types.is_float16(kind):
        return Cells(pc.cast(column, pa.float64(), safe=False))
    elif types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return Cells(column)
    try:
        text = pc.fill_null(pc.cast(column, pa.string()), "")
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return Cells(column, unreadable=str(kind).partition("<")[0])
    return Cells(pc.utf8_trim_whitespace(text))


def _parquet(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        # Read ahead, pyarrow would keep all of the file that it has read.
        return parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
    except (OSError, pa.ArrowInvalid) as error:
        raise _no_parquet(path, error) from error


def _parquet_rows(path: Path, layout: Layout, columns: Sequence[str] | None) -> Iterator[Batch]:
    import pyarrow as pa

    try:
        file = _parquet(path)
        if layout.columns != tuple(file.schema_arrow.names):
            columns = None  # some have a name of ours, which the file does not know
        for batch in file.iter_batches(BATCH_ROWS, columns=columns):
            yield _cells_of(batch)
    except (OSError, pa.ArrowInvalid) as error:
        raise _no_parquet(path, error) from error


def _no_parquet(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).split())
    return DataError(f"{path} cannot be read as Parquet: {reason}", hint=COPIED)
