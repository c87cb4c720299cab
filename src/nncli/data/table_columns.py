"""What the columns of a table are, found out from their cells, and their cells as numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MISSING", "Kind", "Seen", "days", "numbers"]

Kind = Literal["number", "category", "text", "date", "ignore"]

# What pandas takes for missing, and the question mark of the UCI repository.
MISSING = frozenset(
    (
        "", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>",
        "n/a", "na", "null", "nan", "none", "?",
    )
)  # fmt: skip
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
DECIMAL_COMMA = re.compile(r"[-+]?(\d+|\d{1,3}(\.\d{3})+),\d+")
INFINITE = frozenset(("inf", "-inf", "+inf", "infinity", "-infinity"))
DATE_FORMATS = ("%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y-%m", "%d-%b-%Y", "%b %d, %Y")
# A column with this share of numbers is one of numbers, if the rest are a few words.
NUMBERS_SHARE = 0.9
MISSING_WORDS = 3
DISTINCT = 20_000  # how many different cells are counted at most
EPOCH = date(1970, 1, 1).toordinal()


class Seen:
    """Counts the cells of one column."""

    def __init__(self, missing: Collection[str]) -> None:
        self.missing_words = missing
        self.counts: Counter[str] = Counter()
        self.rows = self.missing = self.numbers = self.commas = self.dates = 0
        self.words = self.letters = 0
        self.others: Counter[str] = Counter()
        self.increasing = True
        self.last = -float("inf")

    def add(self, cells: NDArray[Any]) -> None:
        """Count a batch of stripped strings."""
        self.rows += len(cells)
        for cell, count in Counter(cells.tolist()).items():
            if cell.lower() in self.missing_words:
                self.missing += count
                continue
            if len(self.counts) < DISTINCT or cell in self.counts:
                self.counts[cell] += count
            self.words += count * len(cell.split())
            self.letters += count * len(cell)
            if NUMBER.fullmatch(cell) or THOUSANDS.fullmatch(cell):
                self.numbers += count
                self.commas += count * bool(THOUSANDS.fullmatch(cell))
            elif DECIMAL_COMMA.fullmatch(cell):
                self.numbers += count
                self.commas += count
            else:
                if len(self.others) < DISTINCT:
                    self.others[cell] += count
                if _days_of(cell) is not None:
                    self.dates += count
        for cell in cells.tolist():
            value = float(cell) if cell.isdigit() else None
            self.increasing = self.increasing and value is not None and value > self.last
            self.last = value if value is not None else self.last

    @property
    def known(self) -> int:
        """Cells that are not missing."""
        return self.rows - self.missing

    @property
    def words_for_missing(self) -> tuple[str, ...]:
        """Words that stand here and there in a column of numbers, and can only mean missing."""
        few = len(self.others) <= MISSING_WORDS and not self.dates
        if self.others and few and self.numbers >= NUMBERS_SHARE * self.known:
            return tuple(sorted(self.others))
        return ()

    def kind(self) -> tuple[Kind, str]:
        """What the column is, and why, if it is to be ignored."""
        known, distinct = self.known, len(self.counts)
        if not known:
            return "ignore", "it is empty"
        if distinct == 1 and not self.missing:
            return "ignore", "it is the same in every row"
        if self.numbers == known or self.words_for_missing:
            if self.increasing and known == self.rows and known >= 20:
                return "ignore", "it numbers the rows"
            padded = sum(c for cell, c in self.counts.items() if re.fullmatch(r"0\d+", cell))
            return ("category" if padded and padded >= 0.01 * known else "number"), ""
        if self.dates == known:
            return "date", ""
        words = self.words / known
        if words >= 3 and distinct > 0.5 * known:
            return "text", ""
        if self.letters / known > 60:
            return "text", ""
        if distinct == known and known >= 20:
            return "ignore", "it is different in every row, as an identifier is"
        return "category", ""


def numbers(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Cells as float64; NaN for what is no number, infinity included."""
    import numpy as np

    try:
        if not any("_" in cell for cell in cells):  # Python takes 1_000 for a number
            return _finite(cells.astype(np.float64))  # the plain case, at the speed of C
    except ValueError:
        pass
    return _finite(np.array([_number(cell) for cell in cells.tolist()], np.float64))


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    values[~np.isfinite(values)] = np.nan
    return values


def _number(cell: str) -> float:
    if NUMBER.fullmatch(cell):
        return float(cell)
    if THOUSANDS.fullmatch(cell):
        return float(cell.replace(",", ""))
    if DECIMAL_COMMA.fullmatch(cell):
        return float(cell.replace(".", "").replace(",", "."))
    return float("nan")


def days(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Cells as days since 1970, float64; NaN for what is no date."""
    import numpy as np

    known = {cell: _days_of(cell) for cell in set(cells.tolist())}
    return np.array([_or_nan(known[cell]) for cell in cells.tolist()], np.float64)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _days_of(cell: str) -> float | None:
    if not any(map(str.isdigit, cell)) or len(cell) > 40:
        return None
    for moment in _readings(cell):
        ordinal = moment.toordinal() - EPOCH
        seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
        return ordinal + seconds / 86400
    return None


def _readings(cell: str) -> Iterator[datetime]:
    try:
        if not cell.isdigit():
            yield datetime.fromisoformat(cell)
    except ValueError:
        pass
    for form in DATE_FORMATS:
        try:
            yield datetime.strptime(cell, form)
        except ValueError:
            continue


def matched(names: Mapping[str, int], found: Collection[str]) -> dict[str, str]:
    """Other spellings of known classes: the same but for a full stop behind, or for case."""
    plain = {name.rstrip(".").strip().casefold(): name for name in names}
    if len(plain) != len(names):
        return {}
    spelled = {name: plain.get(name.rstrip(".").strip().casefold()) for name in found}
    return {name: known for name, known in spelled.items() if known is not None}
