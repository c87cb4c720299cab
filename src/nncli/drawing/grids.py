"""Examples as pictures: a grid of images or spectrograms, histograms of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_grid", "draw_histograms"]

COLUMNS = 6


def draw_grid(
    pictures: Sequence[NDArray[Any]], titles: Sequence[str], path: Path, *, maximum: float | None
) -> None:
    """Draw pictures of shape (height, width, channels), each with its title, as a PNG.

    Args:
        pictures: grey or coloured; spectrograms have frequencies for height.
        titles: one for each.
        path: where to.
        maximum: the value of white; None: the largest of each picture, low frequencies below.
    """
    from matplotlib.figure import Figure

    rows = -(-len(pictures) // COLUMNS)
    figure = Figure(figsize=(1.5 * COLUMNS, 1.75 * rows), dpi=150, layout="constrained")
    for place, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
        axes = figure.add_subplot(rows, COLUMNS, place + 1)
        if maximum is None:
            axes.imshow(picture[..., 0], origin="lower", aspect="auto", cmap="magma")
        elif picture.shape[-1] == 3:
            axes.imshow(picture / maximum)
        else:
            axes.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=maximum)
        axes.set_title(title if len(title) <= 18 else f"{title[:17]}\u2026", fontsize=8)
        axes.axis("off")
    figure.savefig(path, format="png")


def draw_histograms(columns: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Draw how often each value of each column occurs, as a PNG: numbers in bins, words as bars."""
    import numpy as np
    from matplotlib.figure import Figure

    rows = -(-len(columns) // 3)
    figure = Figure(figsize=(9, 2.2 * rows), dpi=150, layout="constrained")
    for place, (name, values) in enumerate(columns.items()):
        axes = figure.add_subplot(rows, 3, place + 1)
        if values.dtype == object:
            words, counts = np.unique(values.astype(str), return_counts=True)
            most = np.argsort(-counts, kind="stable")[:8][::-1]
            axes.barh([word[:18] or "(missing)" for word in words[most]], counts[most])
        else:
            axes.hist(values[np.isfinite(values)], bins=30)
        axes.set_title(name[:30], fontsize=9)
        axes.tick_params(labelsize=7)
    figure.savefig(path, format="png")
