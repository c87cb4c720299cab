"""Learning curves: a metric a panel, training and validation over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nncli.descriptions import in_unit
from nncli.drawing.saving import save

__all__ = ["draw_learning_curves", "over_epochs"]

COLORS = {"train": "#1f77b4", "validation": "#d95f02"}


def draw_learning_curves(
    rows: Sequence[Mapping[str, float | None]],
    path: Path,
    *,
    title: str,
    best_epoch: int | None,
    units: Mapping[str, str] | None = None,
) -> None:
    """Draw the history `rows` (columns `epoch`, `train_<metric>`, `validation_<metric>`) as a PNG.

    Args:
        rows: one mapping an epoch.
        path: where to write; overwritten.
        title: said above the panels.
        best_epoch: the epoch that was kept, marked by a dotted line.
        units: of metrics that have one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metrics = [name.removeprefix("train_") for name in rows[0] if name.startswith("train_")]
    figure = Figure(figsize=(4.6 * len(metrics), 3.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    epochs = [row["epoch"] for row in rows]
    for metric, axes in zip(
        metrics, figure.subplots(1, len(metrics), squeeze=False)[0], strict=True
    ):
        for split, color in COLORS.items():
            values = [row.get(f"{split}_{metric}") for row in rows]
            known = [value for value in values if value is not None]
            if not known:
                continue
            points = [float("nan") if value is None else value for value in values]
            last = f"{split} {known[-1]:.4f}"
            axes.plot(epochs, points, color=color, marker="o", markersize=3.5, label=last)
        if best_epoch is not None:
            label = f"kept: epoch {best_epoch}"
            axes.axvline(best_epoch, color="#777777", linestyle=":", linewidth=1.2, label=label)
        over_epochs(axes, in_unit(metric, units or {}))
        axes.legend(frameon=False, fontsize=9)
    figure.suptitle(title, fontsize=12, parse_math=False)
    save(figure, path)


def over_epochs(axes: Any, title: str) -> None:
    """Give a panel the dress of a learning curve: epochs below, a light grid."""
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, fontsize=11, parse_math=False)  # a unit may have dollars
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
