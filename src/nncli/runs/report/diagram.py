"""The network as a diagram, in the colours of the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nncli.drawing.layout import lay_out
from nncli.drawing.networks import Box, colours
from nncli.drawing.plan import HEIGHT, WIDTH, Plan, Point
from nncli.drawing.routes import routes
from nncli.runs.report.words import one_line

__all__ = ["diagram"]

DOTS = 80  # an inch
LETTERS = 44  # in a line of a box
ARROW = 6


def diagram(boxes: Sequence[Box]) -> str:
    """An SVG of `boxes`, each behind those it takes from, in its natural size."""
    placed = lay_out([box.sources for box in boxes])
    found = routes(placed)
    plan = Plan(placed, found)
    parts = [_arrow(plan.points(route)) for route in found]
    for place, box in enumerate(boxes):
        parts.append(_box(box, *plan.corner(placed.cells[place])))
    wide, high = plan.width * DOTS, plan.height * DOTS
    words = ", ".join(f"{box.name} ({box.kind})" for box in boxes)
    return (
        f'<svg class="network" viewBox="0 0 {wide:.0f} {high:.0f}" style="width:{wide:.0f}px" '
        f'role="img" aria-label="{escape(one_line(f"The layers: {words}", 600))}">'
        f"{''.join(parts)}</svg>"
    )


def _arrow(points: Sequence[Point]) -> str:
    """A line around boxes; its head is at its last point."""
    scaled = [(x * DOTS, y * DOTS) for x, y in points]
    (before_x, before_y), (x, y) = scaled[-2:]
    if before_x == x:
        back = -ARROW if y > before_y else ARROW
        head = [(x, y), (x - ARROW / 2, y + back), (x + ARROW / 2, y + back)]
    else:
        back = -ARROW if x > before_x else ARROW
        head = [(x, y), (x + back, y - ARROW / 2), (x + back, y + ARROW / 2)]
    return f'<polyline points="{_places(scaled)}"/><polygon points="{_places(head)}"/>'


def _places(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _box(box: Box, x: float, y: float) -> str:
    fill, edge = colours(box)
    left, right = (x + 0.1) * DOTS, (x + WIDTH - 0.1) * DOTS
    upper, lower = (y + 0.37 * HEIGHT) * DOTS, (y + 0.8 * HEIGHT) * DOTS
    name = one_line(box.name, LETTERS - len(box.kind))
    shape = one_line(box.shape, LETTERS - len(box.note))
    full = f"{box.name}, {box.kind}: {box.shape} {box.note}"
    dashes = ' stroke-dasharray="4 3"' if box.around else ""
    return (
        f"<g><title>{escape(full)}</title>"
        f'<rect x="{x * DOTS:.1f}" y="{y * DOTS:.1f}" width="{WIDTH * DOTS:.1f}" '
        f'height="{HEIGHT * DOTS:.1f}" rx="5" fill="{fill}" stroke="{edge}"{dashes}/>'
        f'<text class="name" x="{left:.1f}" y="{upper:.1f}">{escape(name)}</text>'
        f'<text x="{right:.1f}" y="{upper:.1f}" text-anchor="end">{escape(box.kind)}</text>'
        f'<text x="{left:.1f}" y="{lower:.1f}">{escape(shape)}</text>'
        f'<text x="{right:.1f}" y="{lower:.1f}" text-anchor="end">{escape(box.note)}</text></g>'
    )
