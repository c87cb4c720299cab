"""How the arrows of a diagram go: straight down, or around boxes on tracks beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from nncli.drawing.layout import Cell, Placed

__all__ = ["Route", "routes"]


@dataclass(frozen=True)
class Route:
    """The way of an arrow from box to box.

    Attributes:
        source: where it begins.
        target: where it ends.
        leaves: on which track right of the source it goes down; None: straight below the source.
        enters: on which track right of the target it comes to its side; None: from above. Within a
            column it is the track it left on.
        across: on which track it goes below a column and up to the top of another; None within one.
        beside: whether it ends at the side of the target.
    """

    source: Cell
    target: Cell
    leaves: int | None = None
    enters: int | None = None
    across: int | None = None
    beside: bool = False


def routes(placed: Placed) -> list[Route]:
    """The ways of all arrows, on tracks that nobody else uses at the same height."""
    cells = placed.cells
    edges = [(cells[s], cells[t]) for t, sources in enumerate(placed.sources) for s in sources]
    filled = set(cells)
    # The shortest take the tracks nearest to the boxes.
    edges.sort(key=lambda edge: (_columns(edge), edge[1].row - edge[0].row))
    tracks = _Tracks()
    return [_route(source, target, placed, filled, tracks) for source, target in edges]


def _columns(edge: tuple[Cell, Cell]) -> int:
    return edge[1].column - edge[0].column


class _Tracks:
    """Who goes where between boxes."""

    def __init__(self) -> None:
        self._used: dict[Hashable, list[list[tuple[int, int]]]] = defaultdict(list)

    def take(self, place: Hashable, start: int, stop: int) -> int:
        """The first track of `place` that is free from `start` to before `stop`."""
        tracks = self._used[place]
        for number, used in enumerate(tracks):
            if all(stop <= other or start >= end for other, end in used):
                used.append((start, stop))
                return number
        tracks.append([(start, stop)])
        return len(tracks) - 1


def _route(source: Cell, target: Cell, placed: Placed, filled: set[Cell], tracks: _Tracks) -> Route:
    route = Route(source, target)
    beside = ("beside", source.column, source.lane)
    if source.column == target.column:
        if target.row == source.row + 1:
            return route
        if _is_free(source, target.row, filled) and source.lane != target.lane:
            return replace(route, beside=True)
        track = tracks.take(beside, source.row, target.row)
        return replace(route, leaves=track, enters=track, beside=True)
    last = placed.rows
    if not _is_free(source, last, filled):
        route = replace(route, leaves=tracks.take(beside, source.row, last))
    if target.row > 0:
        place = ("beside", target.column, target.lane)
        route = replace(route, enters=tracks.take(place, -1, target.row), beside=True)
    # A gutter is used from its top to its bottom, the space below columns from one to the other.
    across = tracks.take("across", source.column, target.column)
    return replace(route, across=across)


def _is_free(source: Cell, row: int, filled: set[Cell]) -> bool:
    """Whether nothing stands below `source`, down to `row`."""
    between: Sequence[int] = range(source.row + 1, row + 1)
    return all(replace(source, row=number) not in filled for number in between)
