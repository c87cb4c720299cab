"""Galleries: pictures and texts, each above what it is and what a model said."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.drawing.grids import LETTERS_IN_INCH, WIDTH, show_picture
from nncli.drawing.saving import save

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Card", "draw_cards"]

MARK = "#b3261e"
LINES_OF_TEXT = 12
LINE_HEIGHT = 0.145  # inches, of 8-point letters


@dataclass(frozen=True)
class Card:
    """One example: a picture of shape (height, width, channels), or a text; two lines below; and
    whether it is marked as one whose label may be wrong."""

    shown: NDArray[Any] | str
    truth: str
    answer: str
    is_marked: bool = False


def draw_cards(
    cards: Sequence[Card], heading: str, path: Path, *, maximum: float | None = None
) -> None:
    """Draw cards side by side as a PNG, the first at the top left.

    Args:
        cards: all of them pictures, or all of them texts.
        heading: above all.
        path: where to.
        maximum: of pictures the value of white; None for spectrograms.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    are_texts = isinstance(cards[0].shown, str)
    columns = min(len(cards), 2 if are_texts else 6 if maximum is None else 8)
    rows = math.ceil(len(cards) / columns)
    cell = WIDTH / columns
    texts = [_wrapped(card.shown, cell) for card in cards if isinstance(card.shown, str)]
    longest = max((text.count("\n") + 1 for text in texts), default=0)
    tall = longest * LINE_HEIGHT + 0.2 if are_texts else cell * (0.62 if maximum is None else 1)
    size = (WIDTH, rows * (tall + 0.55) + 0.4)
    figure = Figure(figsize=size, dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    letters = int(cell * LETTERS_IN_INCH)
    for number, (axes, card) in enumerate(zip(grid, cards, strict=False)):
        if isinstance(card.shown, str):
            style = {"ha": "left", "va": "top", "fontsize": 8, "parse_math": False}
            axes.text(0.02, 0.97, texts[number], transform=axes.transAxes, **style)
        else:
            show_picture(axes, card.shown, maximum)
        lines = [_cut(card.truth, letters), _cut(card.answer, letters)]
        lines += ["wrong label?"] if card.is_marked else []
        colour = MARK if card.is_marked else "black"
        axes.set_xlabel("\n".join(lines), fontsize=8, color=colour, parse_math=False)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(visible=card.is_marked or are_texts, color=MARK if card.is_marked else "0.8")
    for axes in grid[len(cards) :]:
        axes.set_axis_off()
    figure.suptitle(heading, fontsize=10, parse_math=False)
    save(figure, path)


def _wrapped(text: str, inches: float) -> str:
    """A text in lines that fit, the first of them."""
    width = int(inches * LETTERS_IN_INCH * 0.85)  # beside a frame, and without a cut at the end
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, width) or [""]]
    if len(lines) > LINES_OF_TEXT:
        lines = [*lines[: LINES_OF_TEXT - 1], "…"]
    return "\n".join(lines)


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
