"""Runs on the screen: as a leaderboard, and one by itself."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nncli.cli._console import plain_table, visible
from nncli.cli._numbers import shown
from nncli.files import encodable, shown_path
from nncli.objectives.metrics import MAIN_METRICS
from nncli.runs.selecting import date_of

if TYPE_CHECKING:
    from rich.table import Table

    from nncli.cli._console import Screen
    from nncli.runs.listing import RunRow

__all__ = [
    "as_json",
    "as_markdown",
    "curve",
    "main_metric",
    "show_list",
    "show_run",
    "table_of",
    "value",
]

LEVELS = "▁▂▃▄▅▆▇█"
CURVE_WIDTH = 40
LONGEST_DATASET = 14
NOTHING = "-"


def main_metric(rows: Sequence[RunRow]) -> str:
    """The metric that most of the runs are judged by: on test where it exists."""
    names = [*itertools.chain.from_iterable(MAIN_METRICS.values()), "loss"]
    counts: dict[str, int] = {}
    for row in rows:
        for key in (f"{split}.{name}" for split in ("test", "validation") for name in names):
            if row.metric(key) is not None:
                counts[key] = counts.get(key, 0) + 1
                break
    return max(counts, key=lambda key: counts[key], default="test.accuracy")


def value(row: RunRow, metric: str) -> str:
    """A metric, of a cross-validation with its standard deviation between folds."""
    deviation = row.deviation(metric)
    text = shown(row.metric(metric))
    return text if deviation is None else f"{text} ± {shown(deviation)}"


def _cells(row: RunRow, metric: str) -> list[str]:
    """A line of the leaderboard."""
    epochs = row.count("epochs")
    return [
        row.name,
        row.outcome,
        row.dataset or NOTHING,
        value(row, metric),
        f"{epochs:,}" if epochs is not None else NOTHING,
        date_of(row)[5:16].replace("T", " "),
        " ".join(row.about.tags),
    ]


def table_of(rows: Sequence[RunRow], metric: str) -> Table:
    """The leaderboard."""
    from rich.text import Text

    tagged = any(row.about.tags for row in rows)
    heads = ("outcome", "dataset", metric, "epochs", "when", *(["tags"] if tagged else []))
    table = plain_table("run", *heads)
    for column, head in zip(table.columns, ("run", *heads), strict=True):
        if head in ("outcome", "dataset", "tags"):
            column.justify = "left"
        column.no_wrap = head not in ("run", "tags")  # these two give way where there is no room
        column.overflow = "ellipsis"
    for row in rows:
        cells = _cells(row, metric)[: len(heads) + 1]
        if len(cells[2]) > LONGEST_DATASET:
            cells[2] = f"{cells[2][: LONGEST_DATASET - 1]}…"
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def show_list(screen: Screen, rows: Sequence[RunRow], metric: str) -> None:
    """The leaderboard, and why runs are broken."""
    screen.out.print(table_of(rows, metric))
    for row in rows:
        if row.broken is not None:
            said = f"{visible(row.name)} is broken: {row.broken}"
            screen.out.print(said, markup=False, soft_wrap=True)


def _document(row: RunRow) -> dict[str, Any]:
    """Everything about a run, for programs."""
    return {
        "run": row.name,
        "path": str(row.path),
        "number": row.number,
        "outcome": row.outcome,
        "broken": row.broken,
        "dataset": row.dataset,
        "model": row.model,
        "date": date_of(row),
        "seconds": row.seconds(),
        "epochs": row.count("epochs"),
        "parameters": row.count("parameters"),
        "tags": list(row.about.tags),
        "note": row.about.note,
        "metrics": row.metrics,
        "experiment": row.values,
    }


def as_json(rows: Sequence[RunRow]) -> str:
    """A list of documents."""
    text = json.dumps([_document(row) for row in rows], indent=2, ensure_ascii=False)
    return f"{encodable(text)}\n"


def as_markdown(rows: Sequence[RunRow], metric: str) -> str:
    """The leaderboard as a table of Markdown."""
    heads = ("run", "outcome", "dataset", metric, "epochs", "when", "tags")
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---:|---:|---|---|"]
    for row in rows:
        cells = [visible(cell).replace("|", "\\|") for cell in _cells(row, metric)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def show_run(screen: Screen, row: RunRow) -> None:
    """One run: what it was, what it reached, how it learned, where its files are."""
    from rich.text import Text

    facts = [
        ("outcome", (row.broken and f"broken: {row.broken}") or row.outcome),
        ("dataset", row.dataset),
        ("model", row.model),
        ("tags", " ".join(row.about.tags)),
        ("note", row.about.note),
        ("when", date_of(row).replace("T", " ")),
        ("took", None if row.seconds() is None else f"{row.seconds():,.1f} s"),
        ("error", row.document.get("error")),
    ]
    screen.out.print(Text(visible(row.name), style="bold"))
    for name, value in facts:
        if value:
            screen.out.print(Text(f"{name:<9}{visible(str(value))}"), soft_wrap=True)
    _show_metrics(screen, row)
    _show_curves(screen, row)
    screen.out.print(Text(f"\n{visible(shown_path(row.path))}"), soft_wrap=True)
    for path in sorted(row.path.glob("*")) if row.path.is_dir() else []:
        screen.out.print(Text(f"  {visible(path.name)}{'/' if path.is_dir() else ''}"))


def _show_metrics(screen: Screen, row: RunRow) -> None:
    known = {key.partition(".")[0] for key in row.metrics}
    splits = [split for split in ("train", "validation", "test") if split in known]
    names = list(dict.fromkeys(key.partition(".")[2] for key in row.metrics))
    if not splits:
        return
    screen.out.print()
    table = plain_table("", *splits)
    for name in names:
        table.add_row(name, *(value(row, f"{split}.{name}") for split in splits))
    screen.out.print(table)


def _show_curves(screen: Screen, row: RunRow) -> None:
    """A line of blocks for each column of the history."""
    try:
        history = row.folder.read_history()
    except ValueError:  # of another tool
        return
    if len(history) < 2:
        return
    screen.out.print()
    table = plain_table("", "first", "", "last")
    table.columns[2].justify = "left"
    for name in history[0]:
        if name in ("epoch", "seconds"):
            continue
        values = [one[name] for one in history if one.get(name) is not None]
        numbers = [value for value in values if value is not None]
        if len(numbers) > 1:
            table.add_row(name, shown(numbers[0]), curve(numbers), shown(numbers[-1]))
    screen.out.print(table)


def curve(values: Sequence[float], width: int = CURVE_WIDTH) -> str:
    """Numbers as blocks of eight heights, at most `width` of them."""
    count = min(width, len(values))
    edges = [round(place * len(values) / count) for place in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in itertools.pairwise(edges) if b > a]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(LEVELS[min(7, int((value - low) / span * 8))] for value in means)
