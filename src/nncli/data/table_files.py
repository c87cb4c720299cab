"""Table files as batches of strings: CSV and its relatives, Parquet, JSON Lines."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data.skipping import Skipped
from nncli.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Layout", "layout_of", "read_rows"]

DELIMITERS = (",", "\t", ";", "|")
SAMPLE_BYTES = 1_000_000
BLOCK_BYTES = 8_000_000
BATCH_ROWS = 8192
MAXIMUM_COLUMNS = 20_000
NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?%?")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Layout:
    """How a delimited text file is to be read; for other files only `columns` counts."""

    columns: tuple[str, ...]
    delimiter: str = ","
    header: bool = True
    quoted: bool = True
    encoding: str = "utf-8"


def layout_of(
    path: Path, *, delimiter: str | None, header: bool | None, encoding: str | None
) -> Layout:
    """Find out what `None` leaves open from the first megabyte of a file.

    Raises:
        DataError: it is no table, or in another encoding.
    """
    match _format(path):
        case "parquet":
            return Layout(tuple(_parquet(path).schema_arrow.names))
        case "jsonl":
            return Layout(_json_columns(path))
    with _opened(path) as stream:
        start = stream.read(SAMPLE_BYTES)
    if not start.strip():
        raise DataError(f"{path} is empty.", hint="A table needs rows.")
    encoding = encoding or _encoding(path, start)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except (UnicodeDecodeError, LookupError) as error:
        raise _wrong_encoding(path, encoding) from error
    if "\0" in text:
        raise DataError(f"{path} is no text: it has a zero byte.", hint="Is it a table at all?")
    lines = text.removeprefix("\ufeff").splitlines()
    if len(start) == SAMPLE_BYTES and len(lines) > 1:
        lines = lines[:-1]  # the last one is cut
    lines = [line for line in lines if line.strip()]
    if delimiter is None:
        delimiter = max(DELIMITERS, key=lambda candidate: _agreement(lines[:200], candidate))
    quoted = _is_quoted(lines, delimiter)
    first = _cells(lines[:1], delimiter, quoted)[0]
    if len(first) > MAXIMUM_COLUMNS:
        raise DataError(
            f"{path} has {len(first):,} columns; nncli reads tables of up to {MAXIMUM_COLUMNS:,}.",
            hint="Is it the other way round (a row for each column)? As numbers alone it can be "
            "an .npy file.",
        )
    if header is None:
        header = _has_header(_cells(lines[:1000], delimiter, quoted))
    names = _names(first) if header else tuple(f"column_{n + 1}" for n in range(len(first)))
    return Layout(names, delimiter, header, quoted, encoding)


def read_rows(path: Path, layout: Layout, skipped: Skipped) -> Iterator[dict[str, NDArray[Any]]]:
    """The rows of a file in batches: for each column an array of stripped strings (object).

    Raises:
        DataError: a row has another number of cells, or cannot be read.
    """
    match _format(path):
        case "parquet":
            yield from _parquet_rows(path, layout)
        case "jsonl":
            yield from _json_rows(path, layout, skipped)
        case _:
            yield from _delimited_rows(path, layout, skipped)


def _format(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] in ([".parquet"], [".pq"]):
        return "parquet"
    jsons = (".jsonl", ".ndjson")
    return "jsonl" if any(suffix in jsons for suffix in suffixes[-2:]) else "delimited"


def _opened(path: Path) -> Any:
    import gzip

    try:
        if path.suffix.lower() == ".gz":
            return gzip.open(path, "rb")
        return path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _encoding(path: Path, start: bytes) -> str:
    for mark, name in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name
    return "utf-8"


def _wrong_encoding(path: Path, encoding: str) -> DataError:
    """Names the line that is not in `encoding`."""
    where = ""
    try:
        with _opened(path) as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    line.decode(encoding)
                except UnicodeDecodeError as error:
                    where = f", line {number}: byte 0x{error.object[error.start]:02x}"
                    break
    except LookupError:
        return DataError(f"There is no encoding named {encoding!r}.", hint="utf-8 is one.")
    return DataError(
        f"{path}{where} is not {encoding}.",
        hint="If it comes from an old Windows or Excel file: --set dataset.encoding=cp1252",
    )


def _cells(lines: list[str], delimiter: str, quoted: bool) -> list[list[str]]:
    quoting: Any = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    csv.field_size_limit(10_000_000)
    try:
        rows = csv.reader(
            lines, delimiter=delimiter, quoting=quoting, skipinitialspace=True, strict=False
        )
        return [[cell.strip() for cell in row] for row in rows]
    except csv.Error:
        return [line.split(delimiter) for line in lines]


def _agreement(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How alike the rows are that `delimiter` makes, and how many cells they have."""
    sizes = Counter(len(row) for row in _cells(lines, delimiter, quoted=True))
    size, count = sizes.most_common(1)[0] if sizes else (1, 0)
    return (count / max(sum(sizes.values()), 1) if size > 1 else 0.0, size)


def _is_quoted(lines: list[str], delimiter: str) -> bool:
    """Whether quotation marks enclose cells; in some files they are letters like others."""
    opening = re.compile(rf'(?:^|{re.escape(delimiter)})\s*"')
    closing = re.compile(rf'"\s*(?:{re.escape(delimiter)}|$)')
    opened = sum(len(opening.findall(line)) for line in lines)
    closed = sum(len(closing.findall(line)) for line in lines)
    odd = sum(line.count('"') % 2 for line in lines)
    return opened == closed and odd % 2 == 0


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: none of its cells is a number, and it is unlike
    what stands below it."""
    first, below = rows[0], rows[1:]
    named = [cell for cell in first if cell]
    if len(set(named)) < len(named) or any(map(NUMBER.fullmatch, named)):
        return False
    for place, cell in enumerate(first):
        values = [row[place] for row in below if place < len(row) and row[place]]
        numbers = sum(map(bool, map(NUMBER.fullmatch, values)))
        if values and numbers > len(values) / 2:
            return True
        if cell and cell in values:
            return False
    return True


def _names(first: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    for number, cell in enumerate(first, start=1):
        name = cell or f"column_{number}"
        while name in found:
            name += "_2"
        found.append(name)
    return tuple(found)


def _delimited_rows(
    path: Path, layout: Layout, skipped: Skipped
) -> Iterator[dict[str, NDArray[Any]]]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    first_row = 2 if layout.header else 1
    wrong: list[Any] = []

    def handle(row: Any) -> str:
        wrong.append(row)
        return "skip"

    read = arrow_csv.ReadOptions(
        column_names=list(layout.columns),
        skip_rows=int(layout.header),
        encoding=layout.encoding,
        block_size=BLOCK_BYTES,
        use_threads=False,
    )
    parse = arrow_csv.ParseOptions(
        delimiter=layout.delimiter,
        quote_char='"' if layout.quoted else False,
        newlines_in_values=layout.quoted,
        invalid_row_handler=handle,
    )
    convert = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(layout.columns, pa.string()), strings_can_be_null=False
    )
    if layout.encoding != "utf-8":
        read.encoding = "utf-8"
    try:
        with (
            _opened(path) as file,
            _recoded(file, layout.encoding) as stream,
            arrow_csv.open_csv(
                stream, read_options=read, parse_options=parse, convert_options=convert
            ) as reader,
        ):
            for batch in reader:
                for row in wrong:
                    skipped.note(
                        f"{path}, row {row.number or '?'}: {row.actual_columns} cells where the "
                        f"others have {row.expected_columns}"
                    )
                wrong.clear()
                yield _as_strings(batch)
        for row in wrong:
            skipped.note(f"{path}, row {row.number or '?'}: {row.actual_columns} cells")
    except UnicodeDecodeError as error:
        raise _wrong_encoding(path, layout.encoding) from error
    except pa.ArrowInvalid as error:
        text = " ".join(str(error).split())
        if "UTF8" in text or "UTF-8" in text:
            raise _wrong_encoding(path, layout.encoding) from error
        if "Empty CSV" in text:
            return
        raise DataError(f"{path} cannot be read (rows count from {first_row}): {text}") from error


def _recoded(stream: Any, encoding: str) -> Any:
    """The bytes of `stream` as UTF-8."""
    if encoding == "utf-8":
        return nullcontext(stream)
    return _Recoded(codecs.getreader(encoding)(stream))


class _Recoded(io.RawIOBase):
    """Reads text in any encoding as UTF-8, piece by piece."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.rest = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; 0 at the end."""
        while not self.rest:
            text = self.reader.read(65536)
            if not text:
                return 0
            self.rest = text.encode("utf-8")
        size = min(len(buffer), len(self.rest))
        buffer[:size] = self.rest[:size]
        self.rest = self.rest[size:]
        return size


def _as_strings(batch: Any) -> dict[str, NDArray[Any]]:
    """Every column of an Arrow batch as stripped strings, '' for null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            column = pc.strftime(
                pc.cast(column, pa.timestamp("s"), safe=False), "%Y-%m-%d %H:%M:%S"
            )
        try:
            text = pc.fill_null(pc.cast(column, pa.string()), "")
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
            raise DataError(
                f"The column {name!r} has cells of type {column.type}, which is no number, text "
                "or date.",
                hint="Leave it out of the file.",
            ) from error
        found[name] = pc.utf8_trim_whitespace(text).to_numpy(zero_copy_only=False)
    return found


def _parquet(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} cannot be read as Parquet: {reason}") from error


def _parquet_rows(path: Path, layout: Layout) -> Iterator[dict[str, NDArray[Any]]]:
    import pyarrow as pa

    try:
        for batch in _parquet(path).iter_batches(BATCH_ROWS, columns=list(layout.columns)):
            yield _as_strings(batch)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path} cannot be read: {' '.join(str(error).split())}") from error


def _json_columns(path: Path) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for _, row in zip(range(1000), _json_objects(path, Skipped("skip")), strict=False):
        names.update(dict.fromkeys(row))
    if not names:
        raise DataError(f"{path} has no rows.", hint="A line is one row: {{...}}.")
    return tuple(names)


def _json_rows(path: Path, layout: Layout, skipped: Skipped) -> Iterator[dict[str, NDArray[Any]]]:
    import numpy as np

    def batch(rows: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
        cells = {name: [_json_text(row.get(name)) for row in rows] for name in layout.columns}
        return {name: np.array(column, object) for name, column in cells.items()}

    rows: list[dict[str, Any]] = []
    for row in _json_objects(path, skipped):
        rows.append(row)
        if len(rows) == BATCH_ROWS:
            yield batch(rows)
            rows = []
    if rows:
        yield batch(rows)


def _json_objects(path: Path, skipped: Skipped) -> Iterator[dict[str, Any]]:
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                skipped.note(f"{path}, line {number}: not JSON ({error})")
                continue
            if isinstance(row, dict):
                yield row
            else:
                skipped.note(f"{path}, line {number}: not an object in braces")


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, ensure_ascii=False)
