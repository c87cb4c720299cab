"""The curve of a learning-rate range test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nncli.drawing.saving import save

__all__ = ["draw_range_test"]

LOSS, SUGGESTED, CAREFUL = "#1f77b4", "#d95f02", "#777777"


def draw_range_test(
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    path: Path,
    *,
    title: str,
    suggestion: float | None,
    careful: float | None,
) -> None:
    """Draw the loss over the learning rate (logarithmic) as a PNG.

    The axis of the loss ends a little above where the training began: beyond, the curve of a
    training that explodes would press the rest flat.

    Args:
        rates: the learning rate of each step.
        losses: the loss of its batch.
        smoothed: the running average.
        path: where to write; overwritten.
        title: said above.
        suggestion: the rate at which the loss falls fastest, marked if there is one.
        careful: a smaller one, likewise.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot(rates, losses, ".", color=LOSS, alpha=0.3, markersize=4, label="loss of a batch")
    axes.plot(rates, smoothed, color=LOSS, label="running average")
    marks = ((suggestion, "falls fastest", SUGGESTED), (careful, "a tenth of the lowest", CAREFUL))
    for rate, label, color in marks:
        if rate is not None:
            text = f"{label}: {rate:g}"
            axes.axvline(rate, color=color, linestyle="--", linewidth=1.2, label=text)
    lowest, first = min(smoothed), max(smoothed[: len(smoothed) // 2 + 1])
    margin = 0.15 * (first - lowest) or 0.1 * abs(first) or 1.0
    axes.set_ylim(lowest - margin, first + 2 * margin)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss")
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="lower left")
    axes.set_title(title, fontsize=12, parse_math=False)
    save(figure, path)
