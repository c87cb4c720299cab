"""Cells of a table as numbers and dates, however people and programs write those."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BATCH_ROWS",
    "LARGEST",
    "SMALLEST",
    "Batch",
    "Cells",
    "Decimal",
    "day_first_of",
    "day_of",
    "days",
    "decimal_of",
    "is_number",
    "magnitude",
    "numbers",
    "numbers_among",
    "order_of",
]

Decimal = Literal[".", ","]

BATCH_ROWS = 8192  # of what is read row by row
LARGEST = 3.4e38  # of float32; what is beyond is no number that a network can take
SMALLEST = 1.2e-38  # of float32 in full precision; what is nearer to 0 is 0 to TensorFlow
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
COMMA_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?")
POINT_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(\.[0-9]{3})+")
DECIMAL_COMMA = re.compile(r"[-+]?([0-9]+|[1-9][0-9]{0,2}(\.[0-9]{3})+),[0-9]+([eE][-+]?[0-9]+)?")
# Spaces of several widths, and the apostrophe of Switzerland.
SPACED_THOUSANDS = re.compile(
    r"[-+]?[1-9][0-9]{0,2}([ \u00a0\u2009\u202f'’][0-9]{3})+([.,][0-9]+)?"
)
SEPARATORS = re.compile(r"[ \u00a0\u2009\u202f'’]")
CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]+)?))?")
DIGIT = re.compile(r"[0-9]")
AROUND = " \u00a0\u202f%$€£¥₹"

TIME = r"(?:[ T,]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?\s*([AaPp][Mm])?(?:Z|UTC)?)?"
DAY_AND_MONTH = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})" + TIME)
YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})(?:\2([0-9]{1,2}))?" + TIME)
NAMED_MONTH = re.compile(
    r"(?:([0-9]{1,2})[ .-]+)?([A-Za-z]{3,9})\.?(?:[ -]+([0-9]{1,2}),?)?[ ,-]+([0-9]{4}|[0-9]{2})"
    + TIME
)
TOGETHER = re.compile(r"((?:19|20)[0-9]{2})([01][0-9])([0-3][0-9])")
YEAR = re.compile(r"[12][0-9]{3}")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
EPOCH = datetime(1970, 1, 1).toordinal()
LONGEST_DATE = LONGEST_NUMBER = 40
YOUNGEST_SHORT_YEAR = 69  # as POSIX reads two digits: 69 is 1969, 68 is 2068


class Cells:
    """The cells of one column in a batch of rows.

    Attributes:
        array: of Arrow; strings are stripped, and '' is missing.
        unreadable: what they are, if that is neither numbers, texts nor dates; else empty.
    """

    def __init__(self, array: Any, unreadable: str = "") -> None:
        self.array = array
        self.unreadable = unreadable

    def __len__(self) -> int:
        return len(self.array)

    @property
    def strings(self) -> NDArray[Any]:
        """As stripped strings, '' for missing, shape (rows,), object."""
        result: NDArray[Any] = self._text.to_numpy(zero_copy_only=False)
        return result

    @property
    def _text(self) -> Any:
        """The same as an array of Arrow."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.unreadable:
            return pa.repeat("", len(self))
        return pc.fill_null(pc.cast(self.array, pa.string()), "")

    def lacking(self, words: Collection[str]) -> NDArray[np.bool_]:
        """Which are one of the `words` for missing, which are in lower case."""
        import pyarrow as pa

        encoded = self._text.dictionary_encode()  # most columns say little, and say it often
        known = [word.lower() in words for word in encoded.dictionary.to_pylist()]
        found: NDArray[np.bool_] = (
            pa.array(known, pa.bool_()).take(encoded.indices).to_numpy(zero_copy_only=False)
        )
        return found

    @property
    def floats(self) -> NDArray[np.float64] | None:
        """As numbers, NaN for missing; None where that would lose something: words, infinities,
        or the zeros in front of a code."""
        import pyarrow as pa
        import pyarrow.compute as pc

        is_text = pa.types.is_string(self.array.type)
        if is_text and pc.any(pc.match_substring_regex(self.array, r"^[-+]?0[0-9]")).as_py():
            return None
        return self.plain_numbers

    @property
    def plain_numbers(self) -> NDArray[np.float64] | None:
        """The same of what is known to be no code."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        array = self.array
        if self.unreadable or pa.types.is_boolean(array.type):
            return None
        try:
            if pa.types.is_string(array.type):
                array = pc.if_else(pc.equal(array, ""), None, array)
            values = pc.fill_null(pc.cast(array, pa.float64()), float("nan"))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # a word among them
            return None
        found: NDArray[np.float64] = values.to_numpy(zero_copy_only=False)
        return None if bool((np.abs(found) > LARGEST).any()) else found

    def part(self, start: int, size: int) -> Cells:
        """`size` rows from `start` on, or those that there are."""
        return Cells(self.array.slice(start, size), self.unreadable)

    def kept(self, chosen: NDArray[np.bool_]) -> Cells:
        """Some of the rows."""
        import pyarrow as pa

        return Cells(self.array.filter(pa.array(chosen)), self.unreadable)


Batch = Mapping[str, Cells]  # some rows: the cells of each column


def numbers_among(words: Collection[str]) -> tuple[float, ...]:
    """The words that are numbers, such as -999."""
    return tuple(sorted(float(word) for word in words if NUMBER.fullmatch(word)))


def numbers(cells: NDArray[Any], decimal: Decimal = ".") -> NDArray[np.float64]:
    """Cells as float64; NaN for what is no number, and for what float32 cannot hold.

    Percent signs, currencies and thousands separators are left out; a time of day is in hours.
    """
    import numpy as np

    try:
        # Python takes 1_000 for a number, and 1.234 is 1234 where a comma stands before decimals.
        if decimal == "." and not any("_" in cell for cell in cells):
            return _held(cells.astype(np.float64))  # the plain case, at the speed of C
    except ValueError:
        pass
    return _held(np.array([_number(cell, decimal) for cell in cells.tolist()], np.float64))


def _held(values: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    values[~(np.abs(values) <= LARGEST)] = np.nan
    return values


def is_number(cell: str) -> bool:
    """Whether a cell is a number that float32 can hold, in one way of writing or another."""
    return magnitude(cell) <= LARGEST


def magnitude(cell: str) -> float:
    """How far a cell is from 0, however far that is; NaN if it is no number."""
    return abs(_number(cell, "."))


def _number(cell: str, decimal: Decimal) -> float:
    if NUMBER.fullmatch(cell) and decimal == ".":
        return float(cell)
    if len(cell) > LONGEST_NUMBER or not DIGIT.search(cell):
        return float("nan")
    bare = _bare(cell)
    if SPACED_THOUSANDS.fullmatch(bare):
        bare = SEPARATORS.sub("", bare)
    if decimal == "," and POINT_THOUSANDS.fullmatch(bare):
        return float(bare.replace(".", ""))
    if decimal == "," and DECIMAL_COMMA.fullmatch(bare):
        return float(bare.replace(".", "").replace(",", "."))
    if NUMBER.fullmatch(bare):
        return float(bare)
    if COMMA_THOUSANDS.fullmatch(bare):
        return float(bare.replace(",", ""))
    if POINT_THOUSANDS.fullmatch(bare):  # more than one point
        return float(bare.replace(".", ""))
    if DECIMAL_COMMA.fullmatch(bare):
        return float(bare.replace(".", "").replace(",", "."))
    clock = CLOCK.fullmatch(bare)
    if clock:
        return int(clock[1]) + int(clock[2]) / 60 + float(clock[3] or 0) / 3600
    return float("nan")


def _bare(cell: str) -> str:
    """A cell without percent sign and currency."""
    bare = cell.replace("\u2212", "-").strip(AROUND)
    return bare[0] + bare[1:].lstrip(AROUND) if bare[:1] in ("-", "+") else bare


def decimal_of(cells: Sequence[str], *, delimiter: str, usual: Decimal | None = None) -> Decimal:
    """Whether a point or a comma stands before the decimals.

    12,345 can be either; where nothing else tells, it is what is `usual`, or without that a
    semicolon between the cells says that the comma was needed for numbers.
    """
    commas = points = either = 0
    for cell in map(_bare, cells):
        thousands = bool(COMMA_THOUSANDS.fullmatch(cell))
        if "," in cell and DECIMAL_COMMA.fullmatch(cell):
            either += thousands
            commas += not thousands
        elif "." in cell and NUMBER.fullmatch(cell):
            points += not POINT_THOUSANDS.fullmatch(cell)
        else:
            points += thousands
    if commas or points:
        return "," if commas > points else "."
    return usual or ("," if either and delimiter == ";" else ".")


def day_first_of(cells: Sequence[str]) -> bool:
    """Whether 03/04/2024 is in April: some first number can be no month, and no second one."""
    return {order_of(cell) for cell in cells} - {None} == {True}


def order_of(cell: str) -> bool | None:
    """Whether a date has the day first, or the month, where that is free and the cell tells: True
    for 13/02/2024, False for 02/13/2024; None for 03/04/2024 and whatever else."""
    date = DAY_AND_MONTH.fullmatch(cell) if len(cell) <= LONGEST_DATE else None
    if date is None or date[2] == ".":
        return None
    first, second = int(date[1]) > 12, int(date[3]) > 12
    return first if first != second else None


def days(cells: NDArray[Any], *, day_first: bool = False) -> NDArray[np.float64]:
    """Cells as days since 1970, float64; NaN for what is no date."""
    import numpy as np

    known = {cell: day_of(cell, day_first) for cell in set(cells.tolist())}
    return np.array([known[cell] for cell in cells.tolist()], np.float64)


def day_of(cell: str, day_first: bool = False) -> float:
    """A cell as days since 1970; NaN if it is no date."""
    nothing = float("nan")
    if len(cell) > LONGEST_DATE or not any(letter.isdecimal() for letter in cell):
        return nothing
    try:
        moment = _moment(cell, day_first)
    except ValueError:
        return nothing
    if moment is None:
        return nothing
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return moment.toordinal() - EPOCH + seconds / 86400


def _moment(cell: str, day_first: bool) -> datetime | None:
    if cell.isdecimal():
        together = TOGETHER.fullmatch(cell)
        if together:
            return datetime(int(together[1]), int(together[2]), int(together[3]))
        return datetime(int(cell), 1, 1) if YEAR.fullmatch(cell) else None
    if YEAR.match(cell):
        try:
            return datetime.fromisoformat(cell)
        except ValueError:
            found = YEAR_FIRST.fullmatch(cell)
            return (
                _at(int(found[1]), int(found[3]), int(found[4] or 1), found, 5) if found else None
            )
    found = DAY_AND_MONTH.fullmatch(cell)
    if found:
        first, second = int(found[1]), int(found[3])
        swapped = day_first or found[2] == "." or first > 12
        day, month = (first, second) if swapped and second <= 12 else (second, first)
        return _at(_year(found[4]), month, day, found, 5)
    found = NAMED_MONTH.fullmatch(cell)
    if not found or bool(found[1]) == bool(found[3]):
        return None
    name = found[2].lower()
    month = next((n for n, whole in enumerate(MONTHS, start=1) if whole.startswith(name)), 0)
    return _at(_year(found[4]), month, int(found[1] or found[3]), found, 5)


def _year(text: str) -> int:
    short = len(text) == 2
    return int(text) + (1900 if int(text) >= YOUNGEST_SHORT_YEAR else 2000) * short


def _at(year: int, month: int, day: int, found: re.Match[str], time: int) -> datetime:
    """The date at the time of day that the groups of `found` from `time` on say."""
    hour, minute, second = (int(found[time + place] or 0) for place in range(3))
    half = (found[time + 3] or "").lower()
    if half:
        hour = hour % 12 + 12 * (half == "pm")
    return datetime(year, month, day, hour, minute, second)
