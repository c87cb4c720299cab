"""Predictions on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from nncli.cli._console import plain_table, visible
from nncli.cli._numbers import shown
from nncli.descriptions import LabelsTarget
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.inference.prediction import Answered
    from nncli.inference.tabulating import Tabulated

__all__ = ["show"]

SHOWN = 1000
MOST_LABELS = 3  # columns of probabilities that fit beside each other


def show(screen: Screen, tabulated: Tabulated, answered: Iterator[Answered]) -> None:
    """Draw a table of the first examples, and say how many more there are."""
    from rich.text import Text

    rows: list[tuple[Any, ...]] = []
    total = 0
    for batch in answered:
        total += len(batch)
        if len(rows) < SHOWN:
            rows += islice(zip(*tabulated.cells(batch), strict=True), SHOWN - len(rows))
    labels = isinstance(tabulated.target, LabelsTarget)
    several = labels and len(tabulated.target.names) > MOST_LABELS
    beside = several or tabulated.top > 1  # probabilities stand beside what they are about
    headings = tabulated.headings
    if beside:
        said = [name for name in headings if name.startswith("prediction")]
        headings = (headings[0], *said[: tabulated.top])
    table = plain_table(*headings)
    for column in table.columns[1:]:
        if labels or str(column.header).startswith("prediction"):
            column.justify = "left"
    for row in rows:
        cells = [_cell(value) for value in row]
        if several:
            chances = dict(zip(tabulated.target.names, cells[2:], strict=True))
            cells = [cells[0], ", ".join(f"{name} {chances[name]}" for name in row[1]) or "-"]
        elif beside:
            pairs = zip(cells[1::2], cells[2::2], strict=True)
            cells = [cells[0], *(f"{name} {chance}" for name, chance in pairs)]
        table.add_row(*(Text(visible(cell)) for cell in cells))
    screen.out.print(table)
    if total > len(rows):
        more = f"... and {counted(total - len(rows), 'example')} more: --output FILE.csv"
        screen.out.print(more, markup=False)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(value) or "-" if isinstance(value, list) else shown(float(value))
