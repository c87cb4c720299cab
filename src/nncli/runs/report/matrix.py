"""The confusion matrix that shows the examples behind a cell, and each class by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from nncli.objectives.assessment import ClassMetrics
from nncli.runs.report import charts
from nncli.runs.report.content import Matrix
from nncli.runs.report.examples import plain

__all__ = ["classes", "matrix"]

MOST_CLASSES = 25  # of which a matrix can be looked at
MOST_ROWS = 60


def matrix(found: Matrix) -> str:
    """A button for each cell; of many classes those that are confused most.

    What a cell says aloud, and the examples behind it, are told to the script once and not in
    every cell: names may be long.
    """
    chosen = _most_confused(found)
    names = [found.names[place] for place in chosen]
    note = ""
    if len(chosen) < len(found.names):
        note = f" Of {len(found.names):,} classes, the {len(chosen)} that are confused most."
    head = "".join(
        f'<th scope="col" title="{escape(name)}"><span dir="auto">{escape(name)}</span></th>'
        for name in names
    )
    rows = []
    for place in chosen:
        name, total = escape(found.names[place]), sum(found.counts[place])
        cells = "".join(_cell(found, place, column, total) for column in chosen)
        rows.append(f'<tr><th scope="row" title="{name}"><span dir="auto">{name}</span></th>'
                    f"{cells}</tr>")  # fmt: skip
    examples = {
        f"{row}-{column}": [plain(one) for one in behind]
        for (row, column), behind in found.examples.items()
        if row in chosen and column in chosen and behind
    }
    data = {"names": {str(place): found.names[place] for place in chosen}, "examples": examples}
    hint = "Choose a cell, with the mouse or the arrow keys"
    hint += " and Enter, to see examples of it." if examples else "."
    return (
        f'<p class="soft">Rows are the truth, columns the answers; the darker, the larger the '
        f'share of the row. {hint}{note}</p><div class="beside"><div class="wide">'
        f'<table class="matrix" aria-label="Confusion matrix: rows are the truth, columns the '
        f'answers"><thead><tr><td></td>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        f'</div><div id="behind" aria-live="polite"></div></div>'
        f'<script type="application/json" id="cells">{_as_data(data)}</script>'
    )


def _as_data(value: object) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _cell(found: Matrix, row: int, column: int, total: int) -> str:
    count = found.counts[row][column]
    share = 0.62 * count / total if total else 0
    kind = ' class="right"' if row == column else ""
    shade = f' style="--share:{share:.3f}"' if count else ""
    return (
        f'<td{kind}><button type="button" data-cell="{row}-{column}"{shade}>{count or "·"}</button>'
        "</td>"
    )


def _most_confused(found: Matrix) -> list[int]:
    """The classes to show, in their order: those of the pairs that are confused most."""
    count = len(found.names)
    if count <= MOST_CLASSES:
        return list(range(count))
    pairs = [
        (-number, row, column)
        for row, cells in enumerate(found.counts)
        for column, number in enumerate(cells)
        if number and row != column
    ]
    chosen: dict[int, None] = {}
    for _, row, column in sorted(pairs):
        new = [place for place in (row, column) if place not in chosen]
        if len(chosen) + len(new) <= MOST_CLASSES:
            chosen |= dict.fromkeys(new)
    chosen |= dict.fromkeys(place for place in range(count) if len(chosen) < MOST_CLASSES)
    return sorted(list(chosen)[:MOST_CLASSES])


def classes(found: Sequence[ClassMetrics]) -> str:
    """Precision, recall and F1 of each class; of many those with the lowest F1."""
    shown = list(found)
    note = ""
    if len(shown) > MOST_ROWS:
        known = sorted((one for one in shown if one.count), key=lambda one: one.f1 or 0)
        shown = known[:MOST_ROWS]
        note = (
            f'<p class="soft">Of {len(found):,} classes, the {len(shown)} with the lowest F1.</p>'
        )
    rows = [(one.name, (one.precision, one.recall, one.f1), (f"{one.count:,}",)) for one in shown]
    return note + charts.bars("class", rows, ("precision", "recall", "F1", "examples"))
