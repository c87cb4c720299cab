"""The measures of a diagram, in inches from its top left corner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from nncli.drawing.layout import Cell, Placed
from nncli.drawing.routes import Route

__all__ = ["HEIGHT", "WIDTH", "Plan", "Point"]

Point = tuple[float, float]

WIDTH, HEIGHT = 3.4, 0.46  # of a box
BETWEEN_ROWS, BETWEEN_LANES, BETWEEN_COLUMNS = 0.28, 0.35, 0.5
BETWEEN_LINES = 0.14  # of arrows beside each other
MARGIN = 0.2
# An arrow leaves the side of a box below its middle and comes to it above.
ASIDE = 0.11


class Plan:
    """Where everything of a diagram is.

    Attributes:
        width: of the diagram.
        height: of it.
    """

    def __init__(self, placed: Placed, routes: Sequence[Route]) -> None:
        beside: Counter[tuple[int, int]] = Counter()  # tracks right of a lane of a column
        across = 0
        for route in routes:
            for cell, track in ((route.source, route.leaves), (route.target, route.enters)):
                if track is not None:
                    place = (cell.column, cell.lane)
                    # Within a column a track is right of the source alone.
                    if cell is route.target and route.across is None:
                        continue
                    beside[place] = max(beside[place], track + 1)
            across = max(across, 0 if route.across is None else route.across + 1)
        band = across * BETWEEN_LINES
        self._top = MARGIN + band
        self._bottom = self._top + placed.rows * (HEIGHT + BETWEEN_ROWS)
        self._gutters: list[float] = []
        self._lefts: dict[tuple[int, int], float] = {}
        x = MARGIN
        for column in range(placed.columns):
            if column:
                x += BETWEEN_COLUMNS + band
            self._gutters.append(x - BETWEEN_COLUMNS / 2)
            for lane in range(placed.lanes(column)):
                self._lefts[column, lane] = x
                tracks = beside[column, lane]
                x += WIDTH + (BETWEEN_LINES * (tracks + 1) if tracks else 0)
                x += BETWEEN_LANES if lane + 1 < placed.lanes(column) else 0
        self.width = x + MARGIN
        self.height = self._bottom - BETWEEN_ROWS + band + MARGIN

    def corner(self, cell: Cell) -> Point:
        """The top left corner of a box."""
        return self._lefts[cell.column, cell.lane], self._top + cell.row * (HEIGHT + BETWEEN_ROWS)

    def points(self, route: Route) -> list[Point]:
        """The corners of an arrow's way, from its beginning to its end."""
        points = self._begun(route)
        x, y = self.corner(route.target)
        middle, above = x + WIDTH / 2, y - BETWEEN_ROWS / 2
        if route.across is not None:
            offset = route.across * BETWEEN_LINES
            below = self._bottom - BETWEEN_ROWS / 2 + offset
            gutter = self._gutters[route.target.column] - offset
            over = self._top - BETWEEN_ROWS / 2 - offset
            points += [(points[-1][0], below), (gutter, below), (gutter, over)]
            down = middle if route.enters is None else self._track(route.target, route.enters)
            points.append((down, over))
        elif not route.beside:
            points += [(points[-1][0], above), (middle, above)]
        if route.beside:
            down, height = points[-1][0], y + HEIGHT / 2 - ASIDE
            points += [(down, height), (x + WIDTH if down > middle else x, height)]
        else:
            points.append((middle, y))
        return _without_repetition(points)

    def _begun(self, route: Route) -> list[Point]:
        x, y = self.corner(route.source)
        if route.leaves is None:
            return [(x + WIDTH / 2, y + HEIGHT)]
        height = y + HEIGHT / 2 + ASIDE
        return [(x + WIDTH, height), (self._track(route.source, route.leaves), height)]

    def _track(self, cell: Cell, track: int) -> float:
        """Where a track right of a box is."""
        return self._lefts[cell.column, cell.lane] + WIDTH + BETWEEN_LINES * (track + 1)


def _without_repetition(points: Sequence[Point]) -> list[Point]:
    return [points[0], *(point for before, point in pairwise(points) if point != before)]
