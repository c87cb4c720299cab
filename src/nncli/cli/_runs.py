"""Runs on the screen: as a leaderboard, and one by itself."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nncli.cli._console import plain_table, visible
from nncli.cli._numbers import shown
from nncli.descriptions import in_unit
from nncli.files import encodable, shown_path
from nncli.objectives.metrics import MAIN_METRICS
from nncli.reporting import listed
from nncli.runs.comparing import setting_text
from nncli.runs.selecting import date_of, is_metric, value_of

if TYPE_CHECKING:
    from rich.table import Table

    from nncli.cli._console import Screen
    from nncli.runs.listing import RunRow

__all__ = [
    "as_json",
    "as_markdown",
    "as_short_json",
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
DROPPED = ("when", "epochs", "dataset", "tags")  # in this order, where there is no room
NARROWEST_TAGS = 8
# The columns that say what runs are sorted by, of keys that are called otherwise.
SORTED = {"number": "run", "name": "run", "date": "when", "tag": "tags"}
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


def _lines(rows: Sequence[RunRow], sort: str | None) -> tuple[list[dict[str, str]], str, str]:
    """The lines of the leaderboard by heading, and the headings of the metric and of what they are
    sorted by; that has a column of its own where no other says it."""
    metric = sort if sort and is_metric(sort) else main_metric(rows)
    own = SORTED.get(sort or "number", sort or "")
    lines = []
    for row in rows:
        epochs = row.count("epochs")
        line = {
            "run": row.name,
            "outcome": row.outcome,
            "dataset": row.dataset or NOTHING,
            metric: value(row, metric),
            "epochs": f"{epochs:,}" if epochs is not None else NOTHING,
            "when": date_of(row)[5:16].replace("T", " "),
            "tags": " ".join(row.about.tags),
        }
        if own not in line:
            line[own] = _sorted_by(row, own)
        lines.append({head: visible(cell) for head, cell in line.items()})
    return lines, metric, own


def _sorted_by(row: RunRow, key: str) -> str:
    found = value_of(row, key)
    if key == "duration" and found is not None:
        return f"{found:,.1f} s"
    if key in ("kept_epoch", "parameters") and found is not None:
        return f"{found:,}"
    return setting_text(found)


def table_of(rows: Sequence[RunRow], sort: str | None, width: int) -> Table:
    """The leaderboard, in `width` letters: people copy the names of runs, so that columns are left
    out before a name goes on in another line; what runs are sorted by never is."""
    from rich.text import Text

    lines, metric, own = _lines(rows, sort)
    for line in lines:
        if len(line["dataset"]) > LONGEST_DATASET:
            line["dataset"] = f"{line['dataset'][: LONGEST_DATASET - 1]}…"
    heads = list(lines[0])
    if not any(line["tags"] for line in lines):
        heads.remove("tags")
    widths = {head: _width(head, lines) for head in heads}
    for head in (*DROPPED, metric):
        if _wide(widths) > width and head != own and not (head == metric and own == "run"):
            widths.pop(head, None)
    table = plain_table(*widths)
    for column, head in zip(table.columns, widths, strict=True):
        if head in ("outcome", "dataset", "tags"):
            column.justify = "left"
        column.no_wrap = head != "tags" and (head != "run" or _wide(widths) <= width)
        column.overflow = "fold"
    for line in lines:
        table.add_row(*(Text(line[head]) for head in widths))
    return table


def _width(head: str, lines: Sequence[Mapping[str, str]]) -> int:
    """What a column needs; tags may be below each other."""
    from rich.cells import cell_len

    widest = max(map(cell_len, (head, *(line[head] for line in lines))))
    return min(widest, NARROWEST_TAGS) if head == "tags" else widest


def _wide(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + 2 * (len(widths) - 1)


def show_list(screen: Screen, rows: Sequence[RunRow], sort: str | None) -> None:
    """The leaderboard, why runs are broken, and what others have lost."""
    screen.out.print(table_of(rows, sort, screen.out.width))
    for row in rows:
        if row.broken is not None:
            said = f"{visible(row.name)} is broken: {row.broken}"
        elif row.missing:
            said = f"{visible(row.name)} has lost its {listed(row.missing)}"
        else:
            continue
        screen.out.print(said, markup=False, soft_wrap=True)


def _document(row: RunRow) -> dict[str, Any]:
    """Everything about a run, for programs."""
    experiment = row.values  # which says the model, too
    return {
        "run": row.name,
        "path": row.place,
        "number": row.number,
        "outcome": row.outcome,
        "broken": row.broken,
        "missing": list(row.missing),
        "dataset": row.dataset,
        "model": row.model,
        "date": date_of(row),
        "seconds": row.seconds(),
        "epochs": row.count("epochs"),
        "parameters": row.count("parameters"),
        "tags": list(row.about.tags),
        "note": row.about.note,
        "metrics": row.metrics,
        "experiment": experiment,
    }


def as_json(rows: Sequence[RunRow]) -> str:
    """A list of documents, to be read by people too."""
    text = json.dumps([_document(row) for row in rows], indent=2, ensure_ascii=False)
    return f"{encodable(text)}\n"


def as_short_json(rows: Sequence[RunRow]) -> str:
    """The same with a run a line: Python indents ten times as slowly as it writes."""
    lines = (json.dumps(_document(row), ensure_ascii=False) for row in rows)
    text = ",\n".join(lines)
    return f"[{encodable(text)}]\n"


def as_markdown(rows: Sequence[RunRow], sort: str | None) -> str:
    """The leaderboard as a table of Markdown."""
    cells, metric, own = _lines(rows, sort)
    heads = ["run", "outcome", "dataset", metric, "epochs", "when", "tags"]
    heads += [] if own in heads else [own]
    sides = "".join("---:|" if head in (metric, "epochs") else "---|" for head in heads)
    lines = [f"| {' | '.join(heads)} |", f"|{sides}"]
    for line in cells:
        escaped = (line[head].replace("|", "\\|") for head in heads)
        lines.append(f"| {' | '.join(escaped)} |")
    return "\n".join(lines) + "\n"


def show_run(screen: Screen, row: RunRow) -> None:
    """One run: what it was, what it reached, how it learned, where its files are."""
    from rich.text import Text

    facts = [
        ("outcome", (row.broken and f"broken: {row.broken}") or row.outcome),
        ("missing", listed(row.missing)),
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
    from rich.text import Text

    known = {key.partition(".")[0] for key in row.metrics}
    splits = [split for split in ("train", "validation", "test") if split in known]
    names = list(dict.fromkeys(key.partition(".")[2] for key in row.metrics))
    if not splits:
        return
    screen.out.print()
    table = plain_table("", *splits)
    for name in names:
        cells = [value(row, f"{split}.{name}") for split in splits]
        table.add_row(Text(visible(in_unit(name, row.units))), *cells)
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
