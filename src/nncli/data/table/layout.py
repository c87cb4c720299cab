"""How a table file is written, found out from its first megabyte."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, cast

from nncli.data.table.cells import Decimal, day_first_of, decimal_of, is_number
from nncli.errors import DataError

__all__ = [
    "DAMAGED",
    "SAMPLE_BYTES",
    "Layout",
    "delimited",
    "opened",
    "unique",
    "wrong_encoding",
]

DELIMITERS = (",", "\t", ";", "|")
# Taken only where hardly a row contradicts: they stand inside of cells too.
RARE_DELIMITERS = ("^", "~", ":", " ")
RARE_AGREEMENT = 0.95
SAMPLE_BYTES = 1_000_000
SAMPLE_LINES = 200
MOST_LINES_IN_FRONT = 50
MAXIMUM_COLUMNS = 20_000
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# How files begin that are no text, and what they are.
BEGINNINGS = (
    (b"PK\x03\x04", "an Excel file or a zip archive", "Excel saves tables as CSV too."),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "Excel saves tables as CSV too."),
    (b"PAR1", "a Parquet file", "Let its name end in .parquet."),
    (b"\x1f\x8b", "compressed", "Let its name end in .gz."),
    (b"BZh", "compressed with bzip2", "Unpack it first."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it first."),
    (b"(\xb5/\xfd", "compressed with zstd", "Unpack it first."),
    (b"\x89PNG", "a picture", "Images lie in a folder with a sub-folder for each class."),
    (b"\xff\xd8\xff", "a picture", "Images lie in a folder with a sub-folder for each class."),
    (b"%PDF", "a PDF file", "Tables are CSV, TSV, Parquet or JSON Lines."),
    (b"\x89HDF", "an HDF5 file", "Save the table as CSV or Parquet."),
    (b"SQLite format 3", "a database", "Export the table as CSV."),
    (b"ARROW1", "an Arrow or Feather file", "Save the table as Parquet."),
    (b"\x93NUMPY", "an array of NumPy", "Let its name end in .npy."),
)
CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
LINE_END = re.compile(r"\r\n|\r|\n")
DELIMITER_SAID = re.compile(r'"?sep=(.)"?')
DAMAGED = (OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class Layout:
    """How a table file is to be read.

    Attributes:
        columns: their names.
        delimiter: what parts the cells of a text file; a space is any white space.
        header: whether the first row of the table names the columns.
        quoted: whether quotation marks enclose cells.
        encoding: of a text file.
        skip_lines: lines in front that are no part of the table.
        decimal: what stands before the decimals.
        day_first: whether 03/04/2024 is in April.
        first_row: the number of the first row that is no header, as a spreadsheet counts.
    """

    columns: tuple[str, ...]
    delimiter: str = ","
    header: bool = True
    quoted: bool = True
    encoding: str = "utf-8"
    skip_lines: int = 0
    decimal: Decimal = "."
    day_first: bool = False
    first_row: int = 1


def delimited(
    path: Path,
    *,
    delimiter: str | None,
    header: bool | None,
    encoding: str | None,
    skip_lines: int | None,
    decimal: Decimal | None,
    day_first: bool | None,
    usual_decimal: Decimal | None,
) -> Layout:
    """Find out what `None` leaves open of a file of delimited text.

    Raises:
        DataError: it is no table, or in another encoding.
    """
    text, encoding, is_whole = _beginning(path, encoding)
    lines = LINE_END.split(text)
    if not is_whole and len(lines) > 1:
        lines = lines[:-1]  # the last one is cut
    said = DELIMITER_SAID.fullmatch(lines[0])
    if said:  # Excel's own line about the delimiter
        delimiter = delimiter or said[1]
    in_front = _in_front(lines) if skip_lines is None else skip_lines
    in_front = max(in_front, int(bool(said) and skip_lines is None))
    body = [line for line in lines[in_front:] if line.strip()]
    if not body:
        raise DataError(f"{path} is empty.", hint="A table needs rows.")
    delimiter = delimiter or _delimiter(body[:SAMPLE_LINES])
    quoted = _is_quoted(body[:1000], delimiter)
    rows = _cells(body[:1000], delimiter, quoted)
    if len(rows[0]) > MAXIMUM_COLUMNS:
        more = "" if is_whole or len(lines) > 1 else "more than "
        raise DataError(
            f"{path} has {more}{len(rows[0]):,} columns; nncli reads tables of up to "
            f"{MAXIMUM_COLUMNS:,}.",
            hint="Is it the other way round (a row for each column)? As numbers alone it can be "
            "an .npy file.",
        )
    size = _usual_size(rows)
    if skip_lines is None:
        titles = _titles(rows, size)
        in_front = _line_of(lines, in_front, titles)
        rows = rows[titles:]
    names = [cell.lstrip("#").strip() if place == 0 else cell for place, cell in enumerate(rows[0])]
    if header is None:
        header = _has_header(rows)
    if not header:
        names = [f"column_{number}" for number in range(1, max(size, len(names)) + 1)]
    elif len(names) == size - 1 and len(rows) > 1:
        behind = all(not row[-1] for row in rows[1:] if len(row) == size)
        names = [*names, ""] if behind else ["", *names]  # R writes no name for its row names
    elif len(names) == size + 1 and not names[-1]:
        names = names[:-1]
    sample = [cell for row in rows[1:] for cell in row]
    return Layout(
        unique(names),
        delimiter,
        header,
        quoted,
        encoding,
        in_front,
        decimal or decimal_of(sample, delimiter=delimiter, usual=usual_decimal),
        day_first_of(sample) if day_first is None else day_first,
        first_row=in_front + header + 1,
    )


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked.

    Raises:
        DataError: it cannot be opened.
    """
    try:
        if path.suffix.lower() == ".gz":
            return cast(IO[bytes], gzip.open(path, "rb"))
        return path.open("rb")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _beginning(path: Path, encoding: str | None) -> tuple[str, str, bool]:
    """The first megabyte as text, the encoding, and whether that is all."""
    try:
        with opened(path) as stream:
            start = stream.read(SAMPLE_BYTES)
    except DAMAGED as error:
        raise DataError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    if not start.strip():
        raise DataError(f"{path} is empty.", hint="A table needs rows.")
    for beginning, what, hint in BEGINNINGS:
        if start.startswith(beginning):
            raise DataError(f"{path} is no text; it looks like {what}.", hint=hint)
    encoding = encoding or _encoding(start)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except (UnicodeError, LookupError) as error:
        if isinstance(error, UnicodeError) and _is_binary(start):
            raise DataError(f"{path} is no text.", hint="Is it a table at all?") from error
        raise wrong_encoding(path, encoding) from error
    if "\0" in text or len(CONTROL.findall(text)) > 0.01 * len(text):
        what = "it has a zero byte" if "\0" in text else "it is full of control characters"
        raise DataError(f"{path} is no text: {what}.", hint="Is it a table at all?")
    return text.removeprefix("\ufeff"), encoding, len(start) < SAMPLE_BYTES


def _encoding(start: bytes) -> str:
    for mark, name in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name
    # Without a mark: every other byte of western text in UTF-16 is zero.
    pairs = max(len(start) // 2, 1)
    even, odd = (start[place::2].count(0) / pairs for place in (0, 1))
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 and odd < 0.05 else "utf-8"


def _is_binary(start: bytes) -> bool:
    """Whether these are bytes that no text in any encoding of one byte a letter has."""
    few = start[:10_000]
    return sum(byte < 9 or 13 < byte < 27 for byte in few) > 0.01 * len(few)


def wrong_encoding(path: Path, encoding: str) -> DataError:
    """The error about a file that is not in `encoding`, which names the line."""
    where = ""
    try:
        with opened(path) as stream:
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


def _in_front(lines: Sequence[str]) -> int:
    """Blank lines and comments in front of the table; a last # may stand before the header."""
    place = last = 0
    while place < len(lines) and (not lines[place].strip() or lines[place].startswith("#")):
        last = place if lines[place].strip() else last
        place += 1
    if place == 0 or not lines[last].startswith("#"):
        return place
    body = [line for line in lines[place : place + SAMPLE_LINES] if line.strip()]
    if not body:
        return 0
    delimiter = _delimiter(body)
    size = _usual_size(_cells(body, delimiter, quoted=True))
    named = _cells([lines[last].lstrip("# ")], delimiter, quoted=True)[0]
    is_header = len(named) == size > 1 and not any(map(is_number, named))
    return last if is_header and any(map(is_number, _cells(body, delimiter, True)[0])) else place


def _titles(rows: Sequence[Sequence[str]], size: int) -> int:
    """How many rows in front have fewer cells than the table: a title, a date, a unit."""
    place = 0
    while place < min(len(rows) - 2, MOST_LINES_IN_FRONT) and len(rows[place]) < size:
        place += 1
    below = rows[place:]
    agree = sum(len(row) == size for row in below) >= 0.9 * len(below)
    if not agree or size < 2 or len(below[0]) != size:
        return 0
    if place == 1 and len(rows[0]) == size - 1 and not _has_header(below):
        return 0  # a header that lacks one name
    return place


def _line_of(lines: Sequence[str], start: int, rows: int) -> int:
    """The line that is `rows` lines with something in them behind `start`."""
    filled = [place for place in range(start, len(lines)) if lines[place].strip()]
    return filled[rows]


def _cells(lines: Sequence[str], delimiter: str, quoted: bool) -> list[list[str]]:
    quoting: Any = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    csv.field_size_limit(10_000_000)
    if delimiter == " ":
        lines = [" ".join(line.split()) for line in lines]
    try:
        rows = csv.reader(
            lines, delimiter=delimiter, quoting=quoting, skipinitialspace=True, strict=False
        )
        return [[cell.strip() for cell in row] for row in rows]
    except csv.Error:
        return [line.split(delimiter) for line in lines]


def _usual_size(rows: Sequence[Sequence[str]]) -> int:
    return Counter(len(row) for row in rows[:SAMPLE_LINES]).most_common(1)[0][0]


def _delimiter(lines: Sequence[str]) -> str:
    """What parts the cells best: rows alike, cells that no other delimiter would part, many."""
    found = {candidate: _agreement(lines, candidate) for candidate in DELIMITERS}
    best = max(found, key=lambda candidate: found[candidate])
    if found[best][0] >= RARE_AGREEMENT:
        return best
    rare = {candidate: _agreement(lines, candidate) for candidate in RARE_DELIMITERS}
    other = max(rare, key=lambda candidate: rare[candidate])
    return other if rare[other][0] >= max(RARE_AGREEMENT, found[best][0]) else best


def _agreement(lines: Sequence[str], delimiter: str) -> tuple[float, float, int]:
    """How alike the rows are that `delimiter` makes, how many cells are free of other delimiters
    (but for decimal commas), and how many cells a row has."""
    best = (0.0, 0.0, 1)
    for quoted in (True, False):
        rows = _cells(lines, delimiter, quoted)
        size = _usual_size(rows)
        if size == 1:
            continue
        share = sum(len(row) == size for row in rows) / len(rows)
        cells = [cell for row in rows for cell in row]
        others = [other for other in DELIMITERS if other != delimiter]
        parted = sum(any(o in c for o in others) and not is_number(c) for c in cells)
        best = max(best, (share, 1 - parted / len(cells), size))
    return best


def _is_quoted(lines: Sequence[str], delimiter: str) -> bool:
    """Whether quotation marks enclose cells; in some files they are letters like others.

    They do where as many open a cell as close one. Otherwise they may join lines, which is right
    only if the rows are then more alike.
    """
    text = "\n".join(lines).replace('""', "")  # doubled ones stand for themselves
    part = re.escape(delimiter)
    opening = re.findall(rf'(?:^|{part})[ ]*"', text, re.MULTILINE)
    closing = re.findall(rf'"[ ]*(?:{part}|$)', text, re.MULTILINE)
    if len(opening) == len(closing):
        return True
    rows, plain = (_cells(lines, delimiter, quoted) for quoted in (True, False))
    shares = [
        sum(len(row) == size for row in found[:-1]) / max(len(found) - 1, 1)
        for found in (rows, plain)
        for size in [_usual_size(found)]
    ]
    return (shares[0], len(rows)) >= (shares[1], len(plain))


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: it is unlike what stands below it."""
    first, below = rows[0], rows[1:]
    named = [cell for cell in first if cell]
    if any(map(is_number, named)):
        return _is_header_of_years(first, below)
    for place, cell in enumerate(first):
        values = [row[place] for row in below if place < len(row) and row[place]]
        if values and sum(map(is_number, values)) > len(values) / 2:
            return True
        if cell and cell in values:
            return False
    return len(set(named)) == len(named)


def _is_header_of_years(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the numbers among the names count up evenly (2001, 2002, ...), while a word stands
    above words that come back and are other ones."""
    counting = [float(cell) for cell in first if cell.isdecimal() and cell.isascii()]
    steps = {after - before for before, after in pairwise(counting)}
    if len(counting) != sum(map(is_number, first)) or len(steps) > 1 or any(s <= 0 for s in steps):
        return False
    for place, cell in enumerate(first):
        values = [row[place] for row in below if place < len(row) and row[place]]
        if cell and not is_number(cell) and values and not any(map(is_number, values)):
            return cell not in values and len(set(values)) <= len(values) / 2
    return False


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names of columns that are all different; one without a name gets its number."""
    found: dict[str, None] = {}
    for number, cell in enumerate(names, start=1):
        name = cell = cell or f"column_{number}"
        copy = 1
        while name in found:
            copy += 1
            name = f"{cell}_{copy}"
        found[name] = None
    return tuple(found)
