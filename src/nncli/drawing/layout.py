"""Where the boxes of a diagram stand: rows from top to bottom, lanes for branches, and columns that
a long diagram is cut into."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Cell", "Placed", "lay_out"]

# Rows of a diagram that is not cut. A longer one becomes about as wide as high: a column has the
# width of so many rows.
UNCUT = 20
ROWS_OF_A_WIDTH = 5.2
# How many rows earlier and later a column may end where fewer arrows go on.
EARLIER, LATER = 6, 2


@dataclass(frozen=True)
class Cell:
    """The place of a box: columns from the left, rows from the top of a column, lanes within it."""

    column: int
    row: int
    lane: int


@dataclass(frozen=True)
class Placed:
    """The cells of boxes, in the order of the boxes, and what each takes from."""

    cells: Sequence[Cell]
    sources: Sequence[tuple[int, ...]]

    def lanes(self, column: int) -> int:
        """How many lanes a column has."""
        return 1 + max(cell.lane for cell in self.cells if cell.column == column)

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return 1 + max(cell.column for cell in self.cells)

    @property
    def rows(self) -> int:
        """How many rows the longest column has."""
        return 1 + max(cell.row for cell in self.cells)


def lay_out(sources: Sequence[tuple[int, ...]]) -> Placed:
    """Place boxes, each of which takes from some before it: below all of them, and in the lane of
    the first if the way from there to the end is the longest."""
    rows: list[int] = []
    for taken in sources:
        rows.append(1 + max((rows[source] for source in taken), default=-1))
    lanes = _lanes(sources, rows)
    starts = _starts(sources, rows)
    cells = []
    for row, lane in zip(rows, lanes, strict=True):
        column = sum(start <= row for start in starts) - 1
        cells.append(Cell(column, row - starts[column], lane))
    return Placed(cells, sources)


def _lanes(sources: Sequence[tuple[int, ...]], rows: Sequence[int]) -> list[int]:
    to_end = [0] * len(sources)
    for number in reversed(range(len(sources))):
        for source in sources[number]:
            to_end[source] = max(to_end[source], to_end[number] + 1)
    lanes = [0] * len(sources)
    taken: set[tuple[int, int]] = set()
    for number in sorted(range(len(sources)), key=lambda n: (rows[n], -to_end[n], n)):
        lane = min((lanes[source] for source in sources[number]), default=0)
        while (rows[number], lane) in taken:
            lane += 1
        lanes[number] = lane
        taken.add((rows[number], lane))
    return lanes


def _starts(sources: Sequence[tuple[int, ...]], rows: Sequence[int]) -> list[int]:
    """The first row of each column: where the fewest arrows go on, near the wanted length."""
    total = 1 + max(rows)
    if total <= UNCUT:
        return [0]
    columns = max(2, round(math.sqrt(total / ROWS_OF_A_WIDTH)))
    wanted = math.ceil(total / columns)
    crossing = [0] * (total + 1)  # arrows that go on from above a row to it or below
    for number, taken in enumerate(sources):
        for source in taken:
            for row in range(rows[source] + 1, rows[number] + 1):
                crossing[row] += 1
    starts = [0]
    while total - starts[-1] > wanted + EARLIER:  # the last column may be the longest
        best = starts[-1] + wanted
        near = range(best - EARLIER, best + LATER + 1)
        starts.append(min(near, key=lambda row: (crossing[row], abs(row - best))))
    return starts
