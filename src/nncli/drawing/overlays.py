"""Learning curves of several runs over each other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from nncli.drawing.curves import over_epochs
from nncli.drawing.saving import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MetricDrawn", "RunDrawn", "draw_overlay"]

EpochRow = Mapping[str, float | None]
Points = tuple[list[float], list[float]]

# Okabe and Ito's colours, which all eyes tell apart, without the yellow that white swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#444444")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")  # one more: no two runs of twelve look alike
OTHERS, GREY = "#c4c4c4", "#555555"
MOST_NAMED = 12
MOST_TOGETHER = 4  # runs whose train curves share a panel with those of validation
SPLITS = {"validation": "-", "train": (0, (4, 2))}
ACROSS = 3
MOST_MARKS = 10
LONGEST_LABEL = 48
# How many times the least the greatest loss is, and how many times the middle one the longest run,
# where an axis is logarithmic: what is small would be pressed flat.
STEEP, LONG = 50, 8
PANEL = (4.4, 3.5)  # inches
LETTER, LINE = 0.073, 0.21  # inches of the legend


@dataclass(frozen=True)
class RunDrawn:
    """A run: what it is called, and the rows of its epochs (`epoch`, `train_<metric>`,
    `validation_<metric>`); of a cross-validation those of each fold. `kept_epoch` is marked."""

    label: str
    histories: Sequence[Sequence[EpochRow]]
    kept_epoch: int | None = None

    def points(self, column: str) -> list[Points]:
        """Epochs and values of a column, for each history that has one."""
        found = (_points(rows, column) for rows in self.histories)
        return [one for one in found if one[0]]


@dataclass(frozen=True)
class MetricDrawn:
    """A metric, and whether less of it is better."""

    name: str
    falling: bool


def draw_overlay(
    runs: Sequence[RunDrawn],
    metrics: Sequence[MetricDrawn],
    path: Path,
    *,
    title: str,
    kind: str,
) -> None:
    """Draw a panel for each metric with the curves of all runs.

    Runs are told apart by colour and mark, splits by solid and dashed lines; of more than a few
    runs each split has panels of its own. Of more than twelve those that reach the best value of
    the first metric are named, and the others are grey. A cross-validation is the mean of its
    folds, as far as all of them go, over a thin line for each.

    Args:
        runs: one or more, each with a value of each metric.
        metrics: one or more.
        path: where to write; overwritten.
        title: said above.
        kind: `png` or `svg`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    named = sorted(range(len(runs)), key=lambda number: _rank(runs[number], metrics[0]))
    named = sorted(named[:MOST_NAMED])
    others = [run for number, run in enumerate(runs) if number not in named]
    drawn = [(runs[number], *_looks(place)) for place, number in enumerate(named)]
    splits = [s for s in SPLITS if any(run.points(f"{s}_{metrics[0].name}") for run in runs)]
    together = len(runs) <= MOST_TOGETHER
    grid = _grid(metrics, splits, together=together)
    labels = [_cut(run.label) for run, _, _ in drawn]
    if others:
        which = "higher" if metrics[0].falling else "lower"
        labels.append(f"{len(others)} more, whose {metrics[0].name} stays {which}")
    beside = LETTER * max(map(len, labels)) + 0.6
    across = max(map(len, grid))
    height = max(PANEL[1] * len(grid), LINE * len(labels)) + 0.5
    figure = Figure(figsize=(PANEL[0] * across + beside, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(grid), across, squeeze=False)
    steep = [one for one in metrics if one.falling and _is_steep(runs, one, splits)]
    is_long = _is_long(runs)
    for axes, panel in zip(panels.flat, itertools.chain.from_iterable(_padded(grid)), strict=True):
        if panel is None:
            axes.set_axis_off()
            continue
        metric, shown = panel
        for split in shown:
            for run in others:
                _draw_grey(axes, run, f"{split}_{metric.name}")
            for place, (run, colour, marker) in enumerate(drawn):
                _draw_run(
                    axes, run, f"{split}_{metric.name}", colour, marker, place,
                    style=SPLITS[split] if together else "-",
                )  # fmt: skip
        over_epochs(axes, metric.name if len(shown) > 1 else f"{shown[0]} {metric.name}")
        if metric in steep:
            _logarithmic(axes.yaxis, axes.set_yscale)
            axes.set_ylabel("logarithmic", color=GREY, fontsize=9)
        if is_long:
            _logarithmic(axes.xaxis, axes.set_xscale)
            axes.set_xlabel("epoch, logarithmic")
    _explain(figure, drawn, labels, splits if together else (), title)
    save(figure, path, kind=kind)


def _draw_grey(axes: Any, run: RunDrawn, column: str) -> None:
    for epochs, values in run.points(column):
        axes.plot(epochs, values, color=OTHERS, linewidth=0.8, zorder=1)


def _draw_run(
    axes: Any, run: RunDrawn, column: str, colour: str, marker: str, place: int, *, style: Any
) -> None:
    points = run.points(column)
    if len(points) > 1:
        for epochs, values in points:
            axes.plot(epochs, values, color=colour, linewidth=0.7, alpha=0.4, zorder=2)
    if not points:
        return
    epochs, values = _mean(points)
    step = max(1, math.ceil(len(epochs) / MOST_MARKS))
    axes.plot(
        epochs, values, color=colour, linestyle=style, marker=marker, zorder=3,
        linewidth=1.5 if style == "-" else 1.1, markersize=4.5 if style == "-" else 3,
        # Marks of runs that lie over each other stand beside each other.
        markevery=(place % step, step),
    )  # fmt: skip
    if run.kept_epoch in epochs and column.startswith("validation_"):
        kept = values[epochs.index(run.kept_epoch)]
        axes.plot(
            [run.kept_epoch], [kept], color=colour, marker=marker, markersize=9,
            markerfacecolor="white", markeredgewidth=1.6, linestyle="none", zorder=4,
        )  # fmt: skip


def _explain(
    figure: Figure,
    drawn: Sequence[tuple[RunDrawn, str, str]],
    labels: Sequence[str],
    splits: Sequence[str],
    title: str,
) -> None:
    """The title, the runs beside the panels, and below what lines and marks mean."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour, marker=marker, markersize=5)
               for _, colour, marker in drawn]  # fmt: skip
    handles += [Line2D([], [], color=OTHERS)] * (len(labels) - len(handles))
    legend = figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_parse_math(False)
    said = ["solid: validation, dashed: train"] if len(splits) > 1 else []
    if any(run.kept_epoch is not None for run, _, _ in drawn):
        said.append("large mark: the epoch that was kept")
    if any(len(run.histories) > 1 for run, _, _ in drawn):
        said.append("thin lines: folds, thick: their mean")
    figure.supxlabel("; ".join(said), fontsize=9, color=GREY)
    figure.suptitle(title, fontsize=12, parse_math=False)


def _grid(
    metrics: Sequence[MetricDrawn], splits: Sequence[str], *, together: bool
) -> list[list[tuple[MetricDrawn, Sequence[str]]]]:
    """Rows of panels: a metric and the splits that it shows."""
    shown = [list(splits)] if together else [[split] for split in splits]
    across = 2 if len(metrics) == 4 else ACROSS
    return [
        [(metric, some) for metric in metrics[start : start + across]]
        for start in range(0, len(metrics), across)
        for some in shown
    ]


def _padded(grid: Sequence[Sequence[Any]]) -> list[list[Any]]:
    across = max(map(len, grid))
    return [[*row, *[None] * (across - len(row))] for row in grid]


def _looks(place: int) -> tuple[str, str]:
    return COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]


def _rank(run: RunDrawn, metric: MetricDrawn) -> float:
    """What the runs are ordered by: the best value, of validation where there is any."""
    for split in SPLITS:
        values = [v for _, values in run.points(f"{split}_{metric.name}") for v in values]
        if values:
            return min(values) if metric.falling else -max(values)
    return math.inf


def _points(rows: Sequence[EpochRow], column: str) -> Points:
    """Where the column has a number."""
    epochs, values = [], []
    for row in rows:
        epoch, value = row.get("epoch"), row.get(column)
        if epoch is not None and value is not None and math.isfinite(value):
            epochs.append(epoch)
            values.append(value)
    return epochs, values


def _mean(points: Sequence[Points]) -> Points:
    """The mean over the epochs that are in all of them."""
    columns = [dict(zip(*one, strict=True)) for one in points]
    shared = [epoch for epoch in columns[0] if all(epoch in column for column in columns)]
    return shared, [sum(column[epoch] for column in columns) / len(columns) for epoch in shared]


def _is_steep(runs: Sequence[RunDrawn], metric: MetricDrawn, splits: Sequence[str]) -> bool:
    values = [
        value
        for run in runs
        for split in splits
        for _, some in run.points(f"{split}_{metric.name}")
        for value in some
    ]
    return bool(values) and min(values) > 0 and max(values) > STEEP * min(values)


def _is_long(runs: Sequence[RunDrawn]) -> bool:
    lengths = [max(len(rows) for rows in run.histories) for run in runs]
    return max(lengths) > LONG * median(lengths)


def _logarithmic(axis: Any, set_scale: Callable[[str], None]) -> None:
    """Make an axis logarithmic, with plain numbers: 0.5 rather than powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    set_scale("log")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _cut(label: str) -> str:
    printable = (c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in label)
    plain = " ".join("".join(printable).split())
    half = LONGEST_LABEL // 2 - 1
    return plain if len(plain) <= LONGEST_LABEL else f"{plain[:half]}…{plain[-half:]}"
