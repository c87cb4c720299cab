"""Histograms of the columns of a table: numbers in bins, words as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.drawing.saving import save

__all__ = ["Drawn", "draw_histograms"]

COLUMNS = 4
BARS = 8
COLOUR = "#4477aa"


@dataclass(frozen=True)
class Drawn:
    """A column: the ends and counts of bins of numbers, or words with their counts.

    `note` is said beside the name, and `labels` below the ends where those are no numbers;
    `distinct` is how many different words there are, those beside `words` too.
    """

    name: str
    note: str
    ends: tuple[float, float] | None
    bins: Sequence[int]
    words: Sequence[tuple[str, int]]
    labels: tuple[str, str] | None = None
    distinct: int = 0


def draw_histograms(columns: Sequence[Drawn], heading: str, path: Path) -> None:
    """Draw how often each value of each column occurs, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(COLUMNS, len(columns))
    rows = math.ceil(len(columns) / across)
    figure = Figure(figsize=(3.1 * across, 2.1 * rows + 0.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    grid = list(figure.subplots(rows, across, squeeze=False).flat)
    for axes, column in zip(grid, columns, strict=False):
        _draw(axes, column)
    for axes in grid[len(columns) :]:
        axes.set_axis_off()
    figure.suptitle(heading, fontsize=10, parse_math=False)
    save(figure, path)


def _draw(axes: Any, column: Drawn) -> None:
    name = f"{_short(column.name, 26)}" + (f"  ({column.note})" if column.note else "")
    axes.set_title(name, fontsize=9, loc="left", parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7, length=2)
    if column.ends is not None:
        low, high = column.ends
        width = (high - low) / max(len(column.bins), 1) or 1.0
        left = [low + width * number for number in range(len(column.bins))]
        axes.bar(left, column.bins, width=width, align="edge", color=COLOUR, edgecolor="white",
                 linewidth=0.3)  # fmt: skip
        _few_ticks(axes.xaxis, 4)
        _few_ticks(axes.yaxis, 3)
        if column.labels is not None:
            axes.set_xticks([low, high], column.labels)
        return
    if not column.words:
        axes.text(0.5, 0.5, "empty", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    words = list(column.words[:BARS])[::-1]
    axes.barh(range(len(words)), [count for _, count in words], color=COLOUR, height=0.75)
    axes.set_yticks(range(len(words)), [_short(word, 16) for word, _ in words], parse_math=False)
    _few_ticks(axes.xaxis, 3)
    if column.distinct > len(words):
        more = f"and {column.distinct - len(words):,} more"
        axes.set_xlabel(more, fontsize=7, loc="left", labelpad=1)


def _few_ticks(axis: Any, count: int) -> None:
    """At most so many ticks; 1,500,000 is 1.5 M."""
    from matplotlib.ticker import EngFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(count))
    low, high = axis.get_view_interval()
    if max(abs(low), abs(high)) >= 10_000:
        axis.set_major_formatter(EngFormatter())


def _short(text: str, longest: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
