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
    width = 2 if several else len(tabulated.columns)
    table = plain_table(*tabulated.headings[:width])
    for number, column in enumerate(table.columns):
        if number and (labels or tabulated.columns[number].startswith("prediction")):
            column.justify = "left"
    for row in rows:
        if several:  # the probabilities stand beside the labels that are said
            chances = dict(zip(tabulated.target.names, row[2:], strict=True))
            said = ", ".join(f"{name} {shown(chances[name])}" for name in row[1])
            cells = [str(row[0]), said or "-"]
        else:
            cells = [_cell(value) for value in row]
        table.add_row(*(Text(visible(cell)) for cell in cells))
    screen.out.print(table)
    if total > len(rows):
        more = f"... and {counted(total - len(rows), 'example')} more: --output FILE.csv"
        screen.out.print(more, markup=False)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(value) or "-" if isinstance(value, list) else shown(float(value))
