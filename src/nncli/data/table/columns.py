"""What the columns of a table are, found out from their cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from nncli.data.table.cells import (
    LARGEST,
    SMALLEST,
    Cells,
    day_of,
    days,
    is_number,
    magnitude,
    numbers,
    numbers_among,
    order_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ALL_DIFFERENT", "MISSING", "NAMES_FILES", "NUMBERS_ROWS", "Kind", "Seen", "days", "matched",
    "named_as_identifier",
]  # fmt: skip
__all__ += ["numbers"]

Kind = Literal["number", "category", "text", "date", "ignore"]

# What pandas takes for missing, and the question mark of the UCI repository.
MISSING = frozenset(
    (
        "", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>",
        "n/a", "na", "null", "nan", "none", "?",
    )
)  # fmt: skip
# Among numbers or dates these can mean nothing else, however many there are.
MISSING_AMONG_NUMBERS = frozenset(
    (
        "-", "--", "---", ".", "..", "...", "*", "??", "n.a.", "n.a", "n/d", "n.d.", "nd", "nil",
        "missing", "unknown", "unk", "not available", "not applicable", "not measured", "tbd",
        "inf", "+inf", "-inf", "infinity", "-infinity",
    )
)  # fmt: skip
# A column with this share of numbers is one of numbers, if the rest are a few words.
NUMBERS_SHARE = 0.9
MISSING_WORDS = 3
FEWEST_TOLD_APART = 20  # rows: fewer differ, or rise, by chance
DISTINCT = 20_000  # how many cells are compared with each other at most
FIRST_ROWS = 50  # words of which the first row is remembered
DISTINCT_NUMBERS = 2_000  # the same of what a file says are numbers: hundreds of columns at times
PADDED = re.compile(r"0[0-9]+")
IDENTIFIER = re.compile(
    r"(^|[^a-z]|(?-i:(?<=[a-z])(?=[A-Z])))(id|ids|key|uuid|guid|index|idx)$", re.IGNORECASE
)
# What else a column is called that numbers its rows; `column_1` had no name at all.
COUNTER = re.compile(
    r"((row|line|record|case|sample|serial|item)?[ _.-]?(no|nr|num|number)\.?|"
    r"rows?|#|column_1|unnamed: 0)",
    re.IGNORECASE,
)
NUMBERS_ROWS = "it numbers the rows"
NAMES_FILES = "it names files"
ALL_DIFFERENT = "it is different in every row, as an identifier is"
FILE = re.compile(r"\S.*\.(jpe?g|png|gif|bmp|webp|tiff?|wav|flac|ogg|mp3|txt)", re.IGNORECASE)


class Seen:
    """Counts the cells of one column."""

    def __init__(self, missing: Collection[str]) -> None:
        self.missing_words = missing
        self.missing_numbers = numbers_among(missing)
        self.counts: Counter[str] = Counter()
        self.counted = 0  # cells that `counts` is about: the first ones
        self.rows = self.missing = self.numbers = self.dates = self.compact = 0
        self.words = self.letters = self.files = self.beyond = 0
        self.largest = 0.0  # how far the numbers are from 0 at most
        self.others: Counter[str] = Counter()
        self.first_rows: dict[str, int] = {}  # of some of them
        self.orders: dict[bool, str] = {}  # a date with the day first, one with the month
        self.unreadable = ""
        self.increasing = True  # whole numbers, each larger than the one before
        self.by_one = True
        self.first: float | None = None
        self.last = -float("inf")

    def add(self, cells: NDArray[Any] | Cells) -> None:
        """Count a batch: cells, or stripped strings."""
        if not isinstance(cells, Cells):
            self._add_strings(cells)
            return
        self.unreadable = self.unreadable or cells.unreadable
        floats = cells.floats
        if floats is not None:
            self._add_numbers(floats)
        else:
            self._add_strings(cells.strings)

    def _add_numbers(self, values: NDArray[np.float64]) -> None:
        """Count numbers, NaN for missing; the common case, and fast."""
        import numpy as np

        lacks = np.isnan(values) | np.isin(values, self.missing_numbers)
        known = values[~lacks]
        self.rows += len(values)
        self.missing += int(lacks.sum())
        self.numbers += len(known)
        self.words += len(known)
        whole = known == np.floor(known)
        if len(known):
            self.largest = max(self.largest, float(np.abs(known).max()))
            compared = known[: max(0, DISTINCT_NUMBERS - self.counted)]
            self._compare(Counter(f"{value:.15g}" for value in compared.tolist()))
            if len(self.counts) == 1:
                self._compare(Counter(f"{value:.15g}" for value in (known.min(), known.max())))
            self.compact += int(_compact_dates(known).sum())
            steps = np.diff(known, prepend=self.last)
            self.increasing &= bool(whole.all() and (steps > 0).all() and not lacks.any())
            self.by_one &= bool((steps[int(self.first is None) :] == 1).all())
            self.first = float(known[0]) if self.first is None else self.first
            self.last = float(known[-1])

    @property
    def _open(self) -> int:
        """How many more cells are compared with each other."""
        return max(0, DISTINCT - self.counted)

    def _compare(self, counts: Counter[str]) -> None:
        self.counts.update(counts)
        self.counted += counts.total()

    def _add_strings(self, cells: NDArray[Any]) -> None:
        self.rows += len(cells)
        found = Counter(cells.tolist())
        for cell, count in found.items():
            if cell.lower() in self.missing_words:
                self.missing += count
                continue
            if self._open or len(self.counts) == 1:
                self.counts[cell] += count
                self.counted += count
            self.words += count * len(cell.split())
            self.letters += count * len(cell)
            size = magnitude(cell)
            if size <= LARGEST:
                self.numbers += count
                self.largest = max(self.largest, size)
                self.compact += count * (len(cell) == 8 and not _is_nan(day_of(cell)))
            elif not _is_nan(day_of(cell)):
                self.dates += count
                order = order_of(cell)
                if order is not None:
                    self.orders.setdefault(order, cell)
            else:
                self.beyond += count * (size > LARGEST)
                self.files += count * bool(len(cell) < 300 and FILE.fullmatch(cell))
                if len(self.others) < FIRST_ROWS and cell not in self.others:
                    place = int((cells == cell).argmax())
                    self.first_rows[cell] = self.rows - len(cells) + place
                if len(self.others) < DISTINCT or cell in self.others:
                    self.others[cell] += count
        if self.increasing:
            self._follow(cells)

    def _follow(self, cells: NDArray[Any]) -> None:
        """Whether whole numbers still become larger from row to row."""
        for cell in cells.tolist():
            value = float(cell) if cell.isascii() and cell.isdecimal() else None
            if value is None or value <= self.last:
                self.increasing = False
                return
            self.by_one &= self.first is None or value == self.last + 1
            self.first = value if self.first is None else self.first
            self.last = value

    @property
    def known(self) -> int:
        """Cells that are not missing."""
        return self.rows - self.missing

    @property
    def unusual_words(self) -> list[str]:
        """Cells that are neither numbers nor dates, nor mean missing wherever numbers stand."""
        return [word for word in self.others if word.lower() not in MISSING_AMONG_NUMBERS]

    @property
    def words_for_missing(self) -> tuple[str, ...]:
        """Words that stand here and there among numbers or dates, and can only mean missing."""
        measured = max(self.numbers, self.dates)
        if not self.others or min(self.numbers, self.dates):
            return ()
        unusual = self.unusual_words
        share = NUMBERS_SHARE if unusual else 0.5
        if len(unusual) <= MISSING_WORDS and measured >= share * self.known:
            return tuple(sorted(self.others))
        return ()

    def numbers_rows(self, name: str) -> bool:
        """Whether these are the numbers of the rows: 0 or 1, 2, 3, ... without a gap, or rising
        whole numbers under a name that says so. Others that rise are years, seconds, doses."""
        if not self.increasing or self.known < self.rows or self.known < FEWEST_TOLD_APART:
            return False
        counts = self.by_one and self.first in (0, 1)
        return counts or named_as_identifier(name) or bool(COUNTER.fullmatch(name))

    def kind(self, name: str) -> tuple[Kind, str]:
        """What the column of that name is, and why, if it is to be ignored."""
        known, distinct = self.known, len(self.counts)
        if self.unreadable:
            return "ignore", f"its cells are of type {self.unreadable}"
        if not known:
            return "ignore", "it is empty"
        if distinct == 1 and not self.missing:
            return "ignore", "it is the same in every row"
        measured = max(self.numbers, self.dates)
        too_large = self.beyond and self.numbers + self.beyond >= NUMBERS_SHARE * known
        if too_large and not self.words_for_missing:
            return "ignore", f"its numbers are too large, beyond {LARGEST:g}; take logarithms"
        if measured == known or self.words_for_missing:
            if not self.dates and 0 < self.largest < SMALLEST:
                return "ignore", f"its numbers are too small, below {SMALLEST:g}: 0 to a network"
            if self.dates:
                return "date", ""
            if self.compact == known and known >= 10:
                return "date", ""
            if self.numbers_rows(name):
                return "ignore", NUMBERS_ROWS
            padded = sum(c for cell, c in self.counts.items() if PADDED.fullmatch(cell))
            return ("category" if padded and padded >= 0.01 * self.counted else "number"), ""
        if self.files == known:
            return "ignore", NAMES_FILES
        words = self.words / known
        if words >= 3 and distinct > 0.5 * self.counted:
            return "text", ""
        if self.letters / known > 60:
            return "text", ""
        if distinct == self.counted and known >= FEWEST_TOLD_APART:
            return "ignore", ALL_DIFFERENT
        return "category", ""

    def unfit(self, kind: Kind) -> list[str]:
        """Some cells that are not of `kind`, a number or a date, and do not mean missing."""
        if kind not in ("number", "date"):
            return []
        usual = self.words_for_missing or MISSING_AMONG_NUMBERS
        known = [cell for cell in self.counts if cell not in usual and cell.lower() not in usual]
        if kind == "date":
            return [cell for cell in known if _is_nan(day_of(cell))]
        dates = [cell for cell in known if not is_number(cell)] if self.dates else []
        return dates or ([] if self.words_for_missing else self.unusual_words)


def named_as_identifier(name: str) -> bool:
    """Whether a column's name says that it tells rows apart: id, PassengerId, sample_key."""
    return bool(IDENTIFIER.search(name))


def _array(cell: str) -> NDArray[Any]:
    import numpy as np

    return np.array([cell], object)


def _is_nan(value: float) -> bool:
    return value != value


def _compact_dates(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which numbers are dates without anything between year, month and day: 20240131."""
    import numpy as np

    month, day = values // 100 % 100, values % 100
    plausible = (values >= 19000101) & (values <= 20991231) & (values == np.floor(values))
    dates: NDArray[np.bool_] = plausible & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return dates


def matched(names: Mapping[str, int], found: Collection[str]) -> dict[str, str]:
    """Other spellings of known classes: the same number, or the same but for a full stop behind or
    for case."""
    import numpy as np

    values = numbers(np.array(list(names), object))
    by_value = {} if np.isnan(values).any() else dict(zip(values.tolist(), names, strict=True))
    plain = {name.rstrip(".").strip().casefold(): name for name in names}
    if len(plain) != len(names):
        plain = {}
    spelled = {}
    for name in found:
        value = numbers(_array(name))[0]
        known = by_value.get(value) or plain.get(name.rstrip(".").strip().casefold())
        if known is not None:
            spelled[name] = known
    return spelled
