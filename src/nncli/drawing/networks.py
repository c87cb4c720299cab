"""Diagrams of networks: a box a layer from top to bottom, arrows where what goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.drawing.layout import lay_out
from nncli.drawing.plan import HEIGHT, WIDTH, Plan, Point
from nncli.drawing.routes import routes
from nncli.drawing.saving import save

__all__ = ["Box", "colours", "draw_network"]

LETTERS = 51  # that fit a line of a box
HEADING = 0.35  # inches above all
LARGEST = 16_000  # pixels of a side
DOTS = 120
# Fill and edge by what the kind of a layer has in its name.
COLOURS = {
    ("conv",): ("#dbe9f6", "#4a7fb5"),
    ("dense", "embedding"): ("#fde6cf", "#cc7a29"),
    ("lstm", "gru", "rnn", "attention", "bidirectional"): ("#e4dcf1", "#7a5aa8"),
    ("pooling", "flatten", "reshape"): ("#dff0dc", "#5c9a52"),
    ("add", "concat", "multiply", "divide", "average", "maximum"): ("#f9dede", "#b85450"),
    ("layers",): ("#f5e6b8", "#a8842a"),
}
PLAIN = ("#f3f3f3", "#8a8a8a")


@dataclass(frozen=True)
class Box:
    """One layer, as it is drawn.

    Attributes:
        name: above.
        kind: beside it; the colour follows from it.
        shape: below: what it says of one example.
        note: beside that: its parameters.
        sources: the places of the boxes it takes from, all before it.
        around: whether it is not of the network itself, but what is in front or behind.
    """

    name: str
    kind: str
    shape: str
    note: str
    sources: tuple[int, ...]
    around: bool = False


def draw_network(boxes: Sequence[Box], path: Path, *, title: str, kind: str) -> None:
    """Draw a network. A long one goes on at the top of the next column.

    Args:
        boxes: each behind those it takes from.
        path: where to write; overwritten.
        title: said above.
        kind: `png` or `svg`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    placed = lay_out([box.sources for box in boxes])
    found = routes(placed)
    plan = Plan(placed, found)
    figure = Figure(figsize=(plan.width, plan.height + HEADING))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, plan.height / (plan.height + HEADING)))
    axes.set_xlim(0, plan.width)
    axes.set_ylim(plan.height, 0)
    axes.set_axis_off()
    figure.text(0.2 / plan.width, 1 - 0.22 / (plan.height + HEADING), title, fontsize=11,
                weight="bold", va="center", parse_math=False)  # fmt: skip
    for route in found:
        _draw_arrow(axes, plan.points(route))
    for number, box in enumerate(boxes):
        _draw_box(axes, box, *plan.corner(placed.cells[number]))
    dots = min(DOTS, LARGEST / max(plan.width, plan.height))
    save(figure, path, kind=kind, dots=dots)


def _draw_arrow(axes: Any, points: Sequence[Point]) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Line

    arrow = FancyArrowPatch(
        path=Line(points), arrowstyle="-|>", mutation_scale=7, color="#555555", linewidth=0.9,
        joinstyle="round", shrinkA=0, shrinkB=0, zorder=1,
    )  # fmt: skip
    axes.add_patch(arrow)


def _draw_box(axes: Any, box: Box, x: float, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    fill, edge = colours(box)
    rounded = "round,pad=0,rounding_size=0.06"
    axes.add_patch(
        FancyBboxPatch((x, y), WIDTH, HEIGHT, boxstyle=rounded, facecolor=fill, edgecolor=edge,
                       linewidth=1.0, zorder=2, linestyle="dashed" if box.around else "solid")
    )  # fmt: skip
    upper, lower, left, right = y + HEIGHT * 0.3, y + HEIGHT * 0.72, x + 0.08, x + WIDTH - 0.08
    name = _cut(box.name, LETTERS - len(box.kind) - 2)
    shape = _cut(box.shape, LETTERS + 6 - len(box.note) - 2)
    style = {"va": "center", "parse_math": False, "zorder": 3}
    axes.text(left, upper, name, fontsize=7.5, weight="bold", **style)
    axes.text(right, upper, box.kind, fontsize=7, ha="right", color="#555555", **style)
    axes.text(left, lower, shape, fontsize=7, **style)
    axes.text(right, lower, box.note, fontsize=7, ha="right", **style)


def colours(box: Box) -> tuple[str, str]:
    """The fill and the edge of a box, as `#rrggbb`; they follow from its kind."""
    kind = box.kind.lower()
    if box.around:
        return "#ffffff", PLAIN[1]
    for words, pair in COLOURS.items():
        if any(word in kind for word in words):
            return pair
    return PLAIN


def _cut(text: str, longest: int) -> str:
    """`text` in so many letters, its middle left out: names of layers end in what tells them
    apart."""
    plain = " ".join(text.split())
    if len(plain) <= longest:
        return plain
    half = (longest - 1) // 2
    return f"{plain[: longest - 1 - half]}…{plain[-half:] if half else ''}"
