"""Grids of pictures: examples of a dataset, each under its answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.drawing.saving import save

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_grid", "show_picture"]

WIDTH = 10.0
LETTERS_IN_INCH = 15


def draw_grid(
    pictures: Sequence[NDArray[Any]],
    titles: Sequence[str],
    heading: str,
    path: Path,
    *,
    maximum: float | None,
    columns: int | None = None,
) -> None:
    """Draw pictures of shape (height, width, channels), each with its title, as a PNG.

    Args:
        pictures: grey or coloured; of a spectrogram the low frequencies come first.
        titles: one for each.
        heading: above all.
        path: where to.
        maximum: the value of white; None for spectrograms.
        columns: how many are side by side; default: what fits a page.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = pictures[0].shape[:2]
    # Wide pictures need fewer columns; the grid is to be about as wide as a page.
    wide = maximum is not None and width > 1.6 * height
    columns = columns or min(len(pictures), 6 if maximum is None else 5 if wide else 8)
    rows = math.ceil(len(pictures) / columns)
    cell = WIDTH / columns
    tall = cell * (0.62 if maximum is None else min(height / width, 2.0))
    figure = Figure(figsize=(WIDTH, rows * (tall + 0.24) + 0.4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False).flat
    longest = int(cell * LETTERS_IN_INCH)
    for axes, picture, title in zip(grid, pictures, titles, strict=False):
        show_picture(axes, picture, maximum)
        shown = title if len(title) <= longest else f"{title[: longest - 1]}…"
        axes.set_title(shown, fontsize=8, pad=3, parse_math=False)
    for axes in figure.axes:
        axes.set_axis_off()
    figure.suptitle(heading, fontsize=10, parse_math=False)
    save(figure, path)


def show_picture(axes: Any, picture: NDArray[Any], maximum: float | None) -> None:
    """Show a picture of shape (height, width, channels); `maximum` as for `draw_grid`."""
    if maximum is None:
        axes.imshow(picture[..., 0], origin="lower", aspect="auto", cmap="magma")
    elif picture.shape[-1] >= 3:
        axes.imshow(picture[..., :3] / maximum, interpolation="nearest")
    else:
        axes.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=maximum, interpolation="nearest")
