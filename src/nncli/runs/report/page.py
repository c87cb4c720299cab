"""The page: HTML that asks nobody for anything."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files

from nncli.runs.metrics import EpochRow, Metrics
from nncli.runs.report import charts
from nncli.runs.report.content import Example, Matrix, ReportContent

__all__ = ["render"]

# Nothing may be fetched; pictures and the script are in the page itself.
POLICY = (
    "default-src 'none'; img-src data:; media-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
SPLITS = ("train", "validation", "test", "all")
MOST_CLASSES = 25
FIRST_METRICS = ("accuracy", "micro_f1", "mae")
GOOD = ("completed", "stopped_early")


def render(content: ReportContent) -> str:
    """The whole page as text.

    Every name that users gave is escaped; there is no empty section.
    """
    place = files("nncli.runs.report")
    style = place.joinpath("style.css").read_text(encoding="utf-8")
    script = place.joinpath("script.js").read_text(encoding="utf-8")
    title = escape(content.title)
    sections = "".join(_section(*one) for one in _sections(content) if one[1])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<link rel="icon" href="data:,"><title>{title}</title><style>{style}</style></head><body>'
        f"<header><h1>{title}</h1>{_outcome(content.metrics)}"
        f'<button class="theme" type="button">Light or dark</button></header><main>'
        f"{_numbers(content.metrics)}{sections}</main><script>{script}</script></body></html>\n"
    )


def _section(heading: str, body: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{body}</section>"


def _sections(content: ReportContent) -> Iterator[tuple[str, str]]:
    yield "What was trained", _pairs(content.facts)
    yield "How it learned", _curves(content.history, content.metrics.kept_epoch)
    yield "Metrics", _metrics(content.metrics, content.split, content.intervals)
    where = f" ({content.split})" if content.split else ""
    if content.matrix is not None:
        yield f"What is taken for what{where}", _matrix(content.matrix)
        yield f"Each class{where}", _classes(content.matrix)
    if content.reliability is not None:
        figure = charts.reliability(content.reliability)
        yield f"Can its confidence be trusted?{where}", f'<div class="figures">{figure}</div>'
    if content.scatters:
        figures = "".join(charts.scatter(one) for one in content.scatters)
        yield f"Answers beside the truth{where}", f'<div class="figures">{figures}</div>'
    if content.importance:
        yield f"Which columns it needs{where}", _importance(content)
    if content.worst:
        about = "The largest loss first."
        if any(one.hidden for one in content.worst):
            about += " Below a picture: bright is what the answer hangs on."
        words = f'<p class="soft">{about}</p>'
        yield f"The worst answers{where}", words + _examples(content.worst)
    yield "Repeat it", _command(content)


def _outcome(metrics: Metrics) -> str:
    kind = "good" if metrics.outcome in GOOD else "bad"
    return f'<span class="outcome {kind}">{metrics.outcome.replace("_", " ")}</span>'


def _numbers(metrics: Metrics) -> str:
    """The few numbers that everybody looks for first."""
    shown: list[tuple[str, str]] = []
    for split in ("test", "validation"):
        values = getattr(metrics, split) or {}
        name = next((name for name in FIRST_METRICS if values.get(name) is not None), None)
        if name is not None:
            shown.append((f"{split} {name}", _number(values[name])))
    if metrics.epochs:
        kept = f", kept {metrics.kept_epoch}" if metrics.kept_epoch else ""
        shown.append((f"epochs{kept}", f"{metrics.epochs:,}"))
    if metrics.parameters:
        shown.append(("weights", f"{metrics.parameters:,}"))
    shown.append(("seconds", f"{metrics.timing.total_seconds:,.1f}"))
    items = "".join(f"<li><b>{v}</b><span>{escape(k)}</span></li>" for k, v in shown)
    return f'<ul class="numbers">{items}</ul>'


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return charts.written(value) if abs(value) >= 100 else f"{value:.4f}"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    items = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs)
    return f"<dl>{items}</dl>" if pairs else ""


def _curves(rows: Sequence[EpochRow], kept: int | None) -> str:
    """A figure for each metric that was recorded."""
    if not rows:
        return ""
    names = [column.removeprefix("train_") for column in rows[0] if column.startswith("train_")]
    figures = []
    for name in names:
        lines = []
        for split in ("train", "validation"):
            points = [
                (float(epoch), float(value))
                for row in rows
                if (value := row.get(f"{split}_{name}")) is not None
                and (epoch := row.get("epoch")) is not None
            ]
            if points:
                lines.append((split, points))
        if lines:
            figures.append(charts.curves(name, lines, kept))
    return f'<div class="figures">{"".join(figures)}</div>' if figures else ""


def _metrics(
    metrics: Metrics, split: str | None, intervals: Mapping[str, tuple[float, float]]
) -> str:
    splits = [(name, getattr(metrics, name)) for name in SPLITS if getattr(metrics, name)]
    names = list(dict.fromkeys(name for _, values in splits for name in values))
    if not names:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name, _ in splits)
    if intervals:
        head += f'<th scope="col" title="of {split}">95 % interval</th>'
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{_number(values.get(name))}</td>" for _, values in splits)
        + (f"<td>{_between(intervals.get(name))}</td>" if intervals else "")
        + "</tr>"
        for name in names
    )
    return (
        f'<div class="wide"><table><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _between(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else " to ".join(map(_number, interval))


def _importance(content: ReportContent) -> str:
    """A bar for each column: what is lost when its cells are shuffled."""
    most = max(drop for _, drop, _ in content.importance)
    rows = []
    for name, drop, deviation in content.importance:
        share = 100 * max(drop, 0.0) / most if most > 0 else 0.0
        rows.append(
            f'<tr><th scope="row">{escape(name)}</th><td style="--share:{share:.1f}%">'
            f"{_number(drop)}</td><td>± {_number(deviation)}</td></tr>"
        )
    return (
        f'<p class="soft">How much worse {escape(content.importance_metric)} is with the cells of '
        "a column shuffled. Columns that say the same stand in for each other.</p>"
        f'<div class="wide"><table class="bars"><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _matrix(matrix: Matrix) -> str:
    """A button for each cell; of many classes those that are confused most."""
    chosen = _most_confused(matrix)
    names = [matrix.names[place] for place in chosen]
    note = ""
    if len(chosen) < len(matrix.names):
        note = f" The {len(chosen)} of {len(matrix.names):,} classes that are confused most."
    head = "".join(f'<th scope="col" title="{escape(n)}">{escape(n)}</th>' for n in names)
    rows = []
    for row in chosen:
        total = sum(matrix.counts[row]) or 1
        cells = "".join(_cell(matrix, row, column, total) for column in chosen)
        rows.append(f'<tr><th scope="row">{escape(matrix.names[row])}</th>{cells}</tr>')
    shown = {
        f"{row}-{column}": [
            [base64.b64encode(one.picture).decode(), _words(one)]
            for one in examples
            if one.picture is not None
        ]
        for (row, column), examples in matrix.examples.items()
    }
    data = json.dumps({key: value for key, value in shown.items() if value}).replace("<", "\\u003c")
    hint = "Choose a cell to see examples." if data != "{}" else "Choose a cell to read it out."
    return (
        f'<p class="soft">Rows: what it is. Columns: what was said. {hint}{note}</p>'
        f'<div class="wide"><table class="matrix"><thead><tr><td></td>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div><div id="behind" aria-live="polite"></div>'
        f'<script type="application/json" id="cells">{data}</script>'
    )


def _cell(matrix: Matrix, row: int, column: int, total: int) -> str:
    count = matrix.counts[row][column]
    label = (
        f"{count:,} of {total:,} examples of {matrix.names[row]} were said to be "
        f"{matrix.names[column]}"
    )
    return (
        f'<td><button type="button" aria-pressed="false" data-cell="{row}-{column}" '
        f'style="--share:{0.6 * count / total:.3f}" aria-label="{escape(label)}">'
        f"{count or '·'}</button></td>"
    )


def _most_confused(matrix: Matrix) -> list[int]:
    """The classes to show, in their order."""
    count = len(matrix.names)
    if count <= MOST_CLASSES:
        return list(range(count))
    wrong = [0] * count
    for row, cells in enumerate(matrix.counts):
        for column, number in enumerate(cells):
            if row != column:
                wrong[row] += number
                wrong[column] += number
    return sorted(sorted(range(count), key=lambda place: -wrong[place])[:MOST_CLASSES])


def _classes(matrix: Matrix) -> str:
    rows: list[tuple[str, list[float | None]]] = []
    said = [sum(column) for column in zip(*matrix.counts, strict=True)]
    for place, name in enumerate(matrix.names):
        right, count = matrix.counts[place][place], sum(matrix.counts[place])
        both = count + said[place]
        values = (
            right / said[place] if said[place] else None,
            right / count if count else None,
            2 * right / both if both else None,
        )
        rows.append((f"{name} ({count:,})", list(values)))
    return charts.bars("In brackets: examples.", rows, ("precision", "recall", "f1"))


def _words(one: Example) -> str:
    sure = "" if one.confidence is None else f" ({one.confidence:.0%})"
    return f"is {one.truth}, said {one.answer}{sure}"


def _examples(examples: Sequence[Example]) -> str:
    items = []
    for one in examples:
        words = escape(_words(one))
        parts = []
        for picture, said in ((one.picture, words), (one.hidden, "what the answer hangs on")):
            if picture is not None:
                data = base64.b64encode(picture).decode()
                parts.append(f'<img alt="{said}" src="data:image/png;base64,{data}">')
        if one.sound is not None:
            data = base64.b64encode(one.sound).decode()
            parts.append(f'<audio controls aria-label="{words}" src="data:audio/wav;base64,{data}">'
                         "</audio>")  # fmt: skip
        parts.append(words)
        if one.is_suspected:
            parts.append(' <b class="bad">its label may be wrong</b>')
        if one.words:
            parts.append(f"<p>{escape(one.words)}</p>")
        if one.name:
            parts.append(f'<p class="soft">{escape(one.name)}</p>')
        wide = ' class="large"' if one.words or one.sound is not None else ""
        items.append(f"<li{wide}>{''.join(parts)}</li>")
    return f'<ul class="examples">{"".join(items)}</ul>'


def _command(content: ReportContent) -> str:
    return (
        f'<button class="copy" type="button">Copy</button><pre>{escape(content.command)}</pre>'
        f'<details><summary>The whole experiment</summary><button class="copy" type="button">Copy'
        f"</button><pre>{escape(content.config)}</pre></details>"
        f"<details><summary>The machine</summary>{_pairs(content.environment)}</details>"
    )
