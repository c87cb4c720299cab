"""The page: HTML that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files

from nncli.descriptions import in_unit
from nncli.objectives.metrics import MAIN_METRICS
from nncli.runs.metrics import EpochRow, Metrics, SliceMetrics
from nncli.runs.report import charts
from nncli.runs.report.content import ReportContent
from nncli.runs.report.diagram import diagram
from nncli.runs.report.examples import gallery
from nncli.runs.report.folds import fold_table, with_deviation
from nncli.runs.report.matrix import classes, matrix
from nncli.runs.report.sizes import fitted
from nncli.runs.report.words import between, isolated, number

__all__ = ["LIMIT", "render"]

LIMIT = 3_000_000  # bytes of a page
ROOMS = (2_400_000, 1_200_000, 0)  # characters for pictures and sound, until the rest fits beside
SPLITS = ("train", "validation", "test", "all")
FIRST_METRICS = tuple(names[0] for names in MAIN_METRICS.values())
GOOD = ("completed", "stopped_early")
HEADINGS = {
    "trained": "What was trained",
    "evaluated": "What was evaluated",
    "metrics": "Metrics",
    "folds": "Folds",
    "curves": "Learning curves",
    "confusion": "Confusion matrix",
    "residuals": "Residuals",
    "errors": "Worst errors",
    "classes": "Per class",
    "calibration": "Calibration",
    "slices": "Slices",
    "importance": "Permutation importance",
    "model": "The model",
    "repeat": "How to repeat it",
}
# About the answers on one split.
OF_SPLIT = (
    "confusion", "residuals", "errors", "classes", "calibration", "slices", "importance",
)  # fmt: skip
# Beside each other on a wide screen.
HALF = ("trained", "evaluated", "metrics", "classes", "calibration")
HALF_OF_FOLDS = ("classes", "calibration")  # with them, metrics have deviations and need room
HALF_IF_SMALL = ("model", "repeat")
MOST_VALUES = 6  # with charts of their own
FIRST_ERRORS = 12  # which are not folded
MOST_BOXES = 20  # of a diagram that is shown unasked
MOST_FOLDS = 30  # whose curves are drawn
MOST_POINTS = 200  # of a curve among others


def render(content: ReportContent) -> str:
    """The whole page as text, of at most three million bytes wherever pictures and sound are what
    makes it large.

    Every name that users gave is escaped; there is no empty section.
    """
    page = ""
    for room in ROOMS:
        shown, left_out = fitted(content, room)
        page = _page(shown, left_out)
        if len(page.encode()) <= LIMIT:
            break
    return page


def _page(content: ReportContent, left_out: int) -> str:
    place = files("nncli.runs.report")
    style = place.joinpath("style.css").read_text(encoding="utf-8")
    script = place.joinpath("script.js").read_text(encoding="utf-8")
    sections = [one for one in _sections(content) if one[1]]
    links = "".join(f'<a href="#{name}">{HEADINGS[name]}</a>' for name, _ in sections)
    note = ""
    if left_out:
        note = (
            f'<p class="soft">{left_out:,} examples, or their sound, are left out: a page has at '
            "most 3 MB.</p>"
        )
    if content.more:
        note += (
            f'<p class="soft"><code>{escape(content.more)}</code> writes this page anew with what '
            "takes longer: intervals, what the answers hang on, and the examples as they were "
            "recorded.</p>"
        )
    title = escape(content.title)
    kind = "Cross-validation" if content.folds else content.of.capitalize()
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'
        f'<link rel="icon" href="data:,"><title>{title}</title><style>{style}</style></head><body>'
        f'<a class="skip" href="#content">To the content</a><header><div class="heading">'
        f'<p class="kind">{kind} report</p><h1 dir="auto">{title}</h1></div>'
        f"{_outcome(content.metrics)}"
        '<button class="theme" type="button">Light or dark</button></header>'
        f'<main id="content">{_error(content.metrics)}{_numbers(content)}'
        f'<nav aria-label="Sections">{links}</nav>'
        f"{''.join(_section(name, body, content) for name, body in sections)}</main>"
        f"<footer>{note}</footer><script>{script}</script></body></html>\n"
    )
    # A file's name may hold bytes that are no text.
    return page.encode("utf-8", "replace").decode()


def _policy(script: str) -> str:
    """Nothing may be fetched, and no script runs but ours; pictures are in the page itself."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _section(name: str, body: str, content: ReportContent) -> str:
    where = f" {_where(content)}" if content.split and name in OF_SPLIT else ""
    is_small = 0 < len(content.layers) <= MOST_BOXES
    half = HALF_OF_FOLDS if content.folds else HALF
    is_half = name in half or (is_small and name in HALF_IF_SMALL)
    kind = ' class="half"' if is_half else ""
    return (
        f'<section id="{name}"{kind} aria-labelledby="{name}-heading">'
        f'<h2 id="{name}-heading">{HEADINGS[name]}{where}</h2>{body}</section>'
    )


def _where(content: ReportContent) -> str:
    return "out of fold" if content.folds else f"on {content.split}"


def _sections(content: ReportContent) -> Iterator[tuple[str, str]]:
    """The name and the body of each; what is not known has an empty body."""
    yield ("trained" if content.of == "training" else "evaluated"), _pairs(content.facts)
    yield "metrics", _metrics(content)
    yield "folds", _folds(content) if content.folds else ""
    yield "curves", _curves(content)
    yield "confusion", matrix(content.matrix) if content.matrix else ""
    yield "residuals", _residuals(content)
    yield "errors", _worst(content) if content.worst else ""
    yield "classes", classes(content.classes) if content.classes else ""
    figure = charts.reliability(content.reliability) if content.reliability else ""
    yield "calibration", figure
    yield "slices", _slices(content.slices) if content.slices else ""
    yield "importance", _importance(content) if content.importance else ""
    yield "model", _model(content) if content.layers else ""
    yield "repeat", _command(content)


def _outcome(metrics: Metrics) -> str:
    kind = "good" if metrics.outcome in GOOD else "bad"
    return f'<span class="outcome {kind}">{metrics.outcome.replace("_", " ")}</span>'


def _error(metrics: Metrics) -> str:
    return f'<p class="bad">{escape(metrics.error)}</p>' if metrics.error else ""


def _numbers(content: ReportContent) -> str:
    """The few numbers that everybody looks for first."""
    metrics = content.metrics
    shown: list[tuple[str, str, str]] = []
    for split in dict.fromkeys(("test", "validation", content.split or "test")):
        values = getattr(metrics, split) or {}
        name = next((name for name in FIRST_METRICS if values.get(name) is not None), None)
        if name is not None:
            interval = content.intervals.get(name) if split == content.split else None
            note = f"95 %: {between(interval)}" if interval else ""
            deviation = metrics.deviation_of(split, name)
            if deviation is not None:
                note = f"± {number(deviation)} between folds"
            heading = in_unit(name, content.units) if content.units else name.replace("_", " ")
            shown.append((f"{split} {heading}", number(values[name]), note))
    if content.folds:
        shown.append(("folds", f"{len(metrics.folds or ()):,}", ""))
    if metrics.epochs:
        kept = f"kept: epoch {metrics.kept_epoch}" if metrics.kept_epoch else ""
        shown.append(("epochs", f"{metrics.epochs:,}", kept))
    if metrics.parameters:
        shown.append(("parameters", f"{metrics.parameters:,}", ""))
    shown.append(("seconds", f"{metrics.timing.total_seconds:,.1f}", ""))
    items = "".join(
        f"<li><span>{escape(name)}</span><b>{value}</b><small>{note}</small></li>"
        for name, value, note in shown
    )
    return f'<ul class="numbers">{items}</ul>'


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f'<dt>{escape(name)}</dt><dd dir="auto">{escape(text)}</dd>' for name, text in pairs
    )
    return f"<dl>{items}</dl>" if pairs else ""


def _figures(figures: Sequence[str]) -> str:
    drawn = "".join(figures)
    return f'<div class="figures">{drawn}</div>' if drawn else ""


def _folds(content: ReportContent) -> str:
    note = (
        '<p class="soft">Each fold was tested once, by a model that had not seen it; the deviation '
        "is the standard deviation between folds.</p>"
    )
    return note + _table(*fold_table(content.folds, content.metrics, content.units))


def _curves(content: ReportContent) -> str:
    """A figure for each metric that was recorded; of folds their curves over each other."""
    histories = [(fold.name, fold.history) for fold in content.folds] or [("", content.history)]
    histories = [(fold, rows) for fold, rows in histories if rows]
    if not histories:
        return ""
    columns = histories[0][1][0]
    names = [column.removeprefix("train_") for column in columns if column.startswith("train_")]
    figures = []
    for name in names:
        splits = []
        for split in ("train", "validation"):
            lines = [
                (fold, points[:: 1 + len(points) // MOST_POINTS] if fold else points)
                for fold, rows in histories[:MOST_FOLDS]
                if (points := _points(rows, f"{split}_{name}"))
            ]
            if lines:
                splits.append((split, lines))
        if splits:
            figures.append(
                charts.curves(in_unit(name, content.units), splits, content.metrics.kept_epoch)
            )
    note = ""
    if len(histories) > MOST_FOLDS:
        note = f'<p class="soft">The first {MOST_FOLDS} of {len(histories):,} folds.</p>'
    return note + _figures(figures) if figures else ""


def _points(rows: Sequence[EpochRow], column: str) -> list[tuple[float, float]]:
    return [
        (float(epoch), float(value))
        for row in rows
        if (value := row.get(column)) is not None
        and math.isfinite(value)
        and (epoch := row.get("epoch")) is not None
    ]


def _metrics(content: ReportContent) -> str:
    metrics, intervals = content.metrics, content.intervals
    splits = [(name, getattr(metrics, name)) for name in SPLITS if getattr(metrics, name)]
    names = list(dict.fromkeys(name for _, values in splits for name in values))
    if not names:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name, _ in splits)
    if intervals:
        head += f'<th scope="col">95 % {_where(content)}</th>'
    rows = "".join(
        f'<tr><th scope="row">{escape(in_unit(name, content.units))}</th>'
        + "".join(f"<td>{with_deviation(metrics, split, name)}</td>" for split, _ in splits)
        + (f"<td>{between(intervals.get(name))}</td>" if intervals else "")
        + "</tr>"
        for name in names
    )
    return _table(f"<td></td>{head}", rows)


def _table(head: str, rows: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    top = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<div class="wide"><table{named}>{top}<tbody>{rows}</tbody></table></div>'


def _worst(content: ReportContent) -> str:
    about = "The largest loss first."
    if any(one.hidden for one in content.worst):
        about += " The second picture: bright is what the answer hangs on."
    if any(one.is_suspected for one in content.worst):
        about += " Where the label is marked, it rather than the answer may be wrong."
    first, others = content.worst[:FIRST_ERRORS], content.worst[FIRST_ERRORS:]
    more = ""
    if others:
        more = f"<details><summary>{len(others):,} more</summary>{gallery(others)}</details>"
    return f'<p class="soft">{about}</p>{gallery(first)}{more}'


def _residuals(content: ReportContent) -> str:
    """Answers beside the truth, and the errors by tenths of it, of each value."""
    by_name = {one.name: one for one in content.residuals}
    figures = []
    for one in content.scatters[:MOST_VALUES]:
        figures.append(charts.scatter(one))
        if one.name in by_name:
            figures.append(charts.residuals(by_name[one.name]))
    note = ""
    if len(content.scatters) > MOST_VALUES:
        note = f'<p class="soft">The first {MOST_VALUES} of {len(content.scatters):,} values.</p>'
    return note + _figures(figures) if figures else ""


def _slices(slices: Mapping[str, Sequence[SliceMetrics]]) -> str:
    parts = []
    for column, rows in slices.items():
        names = list(dict.fromkeys(name for row in rows for name in row.metrics))
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in (*names, "examples"))
        body = "".join(
            f'<tr><th scope="row">{isolated(row.value)}</th>'
            + "".join(f"<td>{number(row.metrics.get(name))}</td>" for name in names)
            + f"<td>{row.count:,}</td></tr>"
            for row in rows
        )
        parts.append(_table(f'<th scope="col">{isolated(column)}</th>{head}', body))
    return f'<p class="soft">The worst first.</p>{"".join(parts)}'


def _importance(content: ReportContent) -> str:
    """A bar for each column: what is lost when its cells are shuffled."""
    most = max(drop for _, drop, _ in content.importance)
    rows = []
    for name, drop, deviation in content.importance:
        share = 100 * max(drop, 0.0) / most if most > 0 else 0.0
        rows.append(
            f'<tr><th scope="row">{isolated(name)}</th>'
            f'<td class="bar" style="--share:{share:.1f}%">{number(drop)}</td>'
            f"<td>± {number(deviation)}</td></tr>"
        )
    metric = escape(in_unit(content.importance_metric, content.units))
    of_folds = ""
    if content.importance_folds is not None:
        of_folds = (
            f" The mean over {content.importance_folds} models, each asked about the part that it "
            "did not learn from, ± the deviation between them."
        )
    return (
        f'<p class="soft">How much worse {metric} is with the cells of a column shuffled. Columns '
        f"that say the same stand in for each other.{of_folds}</p>"
        f"{_table('', ''.join(rows), 'bars')}"
    )


def _model(content: ReportContent) -> str:
    """The layers as a diagram, folded if it is long."""
    drawn = '<div class="wide" tabindex="0" role="group" aria-label="Diagram of the model">'
    drawn += f"{diagram(content.layers)}</div>"
    if len(content.layers) <= MOST_BOXES:
        return drawn
    count = sum(not box.around for box in content.layers)
    return f"<details><summary>Its {count:,} layers</summary>{drawn}</details>"


def _command(content: ReportContent) -> str:
    config = ""
    if content.config:
        experiment = "The whole experiment" if content.of == "training" else "How it was trained"
        config = f"<details><summary>{experiment}</summary>{_copied(content.config)}</details>"
    return (
        f"{_copied(content.command)}{config}"
        f"<details><summary>Versions and the machine</summary>{_pairs(content.environment)}"
        "</details>"
    )


def _copied(text: str) -> str:
    return (
        f'<div class="code"><button class="copy" type="button">Copy</button>'
        f'<pre tabindex="0" dir="ltr">{escape(text)}</pre></div>'
    )
