"""Several runs beside each other on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nncli.cli._console import plain_table, visible
from nncli.cli._runs import value
from nncli.descriptions import in_unit
from nncli.runs.comparing import differing, names_of, setting_text

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.runs.listing import RunRow

__all__ = ["show_comparison"]

WIDEST = 30  # letters of a column; longer values are folded
BETWEEN = 2


def show_comparison(screen: Screen, rows: Sequence[RunRow]) -> None:
    """What differs in the experiments, and the metrics beside it."""
    from rich.text import Text

    names = names_of(rows)
    short = [n if r.number is None else str(r.number) for n, r in zip(names, rows, strict=True)]
    heads = short if len(set(short)) == len(rows) else names
    for head, name, row in zip(heads, names, rows, strict=True):
        said = f"{name}, {row.outcome}" if head == name else f"{head}  {name}, {row.outcome}"
        said += f": {row.broken}" if row.broken is not None else ""
        screen.out.print(Text(visible(said)), soft_wrap=True)
    keys = differing(rows)
    if keys:
        columns = [[visible(setting_text(row.settings.get(key))) for key in keys] for row in rows]
        _show_table(screen, ["experiment", *keys], heads, columns)
    elif all(row.settings for row in rows):
        screen.out.print("\nThe experiments are the same.")
    for name, row in zip(names, rows, strict=True):
        if not row.settings:
            said = f"\nThe experiment of {name} cannot be read."
            screen.out.print(Text(visible(said)), soft_wrap=True)
    metrics = list(dict.fromkeys(key for row in rows for key in row.metrics))
    if metrics:
        units = {key: _units(rows, key) for key in metrics}
        common = {key: some[0] for key, some in units.items() if len(some) == 1 and some[0]}
        columns = [[_in_its_unit(row, key, units[key]) for key in metrics] for row in rows]
        lines = [visible(in_unit(key, common)) for key in metrics]
        _show_table(screen, ["metric", *lines], heads, columns)
    else:
        screen.out.print("\nNone of them has metrics.")


def _units(rows: Sequence[RunRow], key: str) -> list[str]:
    """What the runs measure a metric in, each unit once; '' of one that has none."""
    having = (row for row in rows if row.metric(key) is not None)
    return list(dict.fromkeys(row.units.get(key.partition(".")[2], "") for row in having))


def _in_its_unit(row: RunRow, key: str, units: Sequence[str]) -> str:
    """A metric; where the runs measure it in different units, with its own."""
    text = value(row, key)
    if len(units) < 2 or row.metric(key) is None:
        return text
    return visible(f"{text} {row.units.get(key.partition('.')[2], '')}".rstrip())


def _show_table(
    screen: Screen, lines: Sequence[str], heads: Sequence[str], columns: Sequence[Sequence[str]]
) -> None:
    """A column for each run; those that do not fit beside each other go on below."""
    from rich.text import Text

    first = max(map(len, lines))
    widths = [
        BETWEEN + min(WIDEST, max(map(len, (head, *column))))
        for head, column in zip(heads, columns, strict=True)
    ]
    start = 0
    while start < len(heads):
        end, room = start + 1, screen.out.width - first - widths[start]
        while end < len(heads) and widths[end] <= room:
            room -= widths[end]
            end += 1
        screen.out.print()
        table = plain_table(lines[0], *(visible(head) for head in heads[start:end]))
        for column in table.columns[1:]:
            column.overflow, column.max_width = "fold", WIDEST
        for place, line in enumerate(lines[1:]):
            table.add_row(Text(line), *(Text(column[place]) for column in columns[start:end]))
        screen.out.print(table)
        start = end
