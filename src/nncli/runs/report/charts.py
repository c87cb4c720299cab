"""Charts as SVG, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from nncli.runs.report.content import Reliability, Scatter

__all__ = ["bars", "curves", "reliability", "scatter", "written"]

WIDTH, HEIGHT = 460, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 34
Points = Sequence[tuple[float, float]]


def written(value: float) -> str:
    """A number as people write it: four digits, and thousands with commas."""
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def curves(title: str, lines: Sequence[tuple[str, Points]], mark: float | None) -> str:
    """Lines over epochs, one a split; `mark` is the epoch that was kept."""
    points = [point for _, line in lines for point in line]
    frame = _Frame(points)
    parts = [frame.axes("epoch", whole=True)]
    if mark is not None:
        x = frame.x(mark)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" '
                     f'y2="{HEIGHT - BOTTOM}"/>')  # fmt: skip
    for number, (_, line) in enumerate(lines):
        if len(line) == 1:
            [(epoch, value)] = line
            parts.append(_dot(frame.x(epoch), frame.y(value), f"line{number}"))
            continue
        places = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in line)
        parts.append(f'<polyline class="line{number}" points="{places}"/>')
    last = ", ".join(f"{name} {written(line[-1][1])}" for name, line in lines)
    legend = " ".join(
        f'<span class="key{number}">{escape(name)}</span>' for number, (name, _) in enumerate(lines)
    )
    return _figure(title, f"{title} by epoch; at the end {last}", parts, legend)


def reliability(found: Reliability) -> str:
    """The share of right answers over the confidence, beside what would be honest."""
    frame = _Frame([(0, 0), (1, 1)], tight=True)
    parts = [frame.axes("confidence"), _honest(frame, 0, 1)]
    most = max(count for _, _, count in found.bins)
    for confidence, right, count in found.bins:
        size = 3 + 7 * math.sqrt(count / most)
        label = f"confidence {confidence:.2f}: {right:.2f} right, {count:,} examples"
        parts.append(_dot(frame.x(confidence), frame.y(right), "dot", size, label))
    words = f"Expected calibration error {found.ece:.4f}. On the dashed line confidence is honest."
    return _figure("Right answers by confidence", words, parts, words)


def scatter(found: Scatter) -> str:
    """Answers over truth."""
    both = [value for point in found.points for value in point]
    low, high = min(both), max(both)
    frame = _Frame([(low, low), (high, high)])
    parts = [frame.axes("truth"), _honest(frame, low, high)]
    parts += [_dot(frame.x(x), frame.y(y), "dot", 2.5) for x, y in found.points]
    words = f"{len(found.points):,} examples; on the dashed line the answer is the truth."
    return _figure(f"{found.name}: answer by truth", words, parts, words)


def bars(
    title: str, rows: Sequence[tuple[str, Sequence[float | None]]], keys: Sequence[str]
) -> str:
    """A table of numbers from 0 to 1, each with a bar behind it."""
    head = "".join(f'<th scope="col">{escape(key)}</th>' for key in keys)
    lines = []
    for name, values in rows:
        cells = "".join(_bar(value) for value in values)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        f'<p class="soft">{escape(title)}</p><div class="wide"><table class="bars"><thead><tr>'
        f"<td></td>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _bar(value: float | None) -> str:
    if value is None:
        return "<td>-</td>"
    return f'<td style="--share:{100 * value:.1f}%">{value:.3f}</td>'


class _Frame:
    """From numbers to places in the picture."""

    def __init__(self, points: Points, *, tight: bool = False) -> None:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        self.left, self.right = _widened(min(xs), max(xs), 0)
        self.low, self.high = _widened(min(ys), max(ys), 0 if tight else 0.05)

    def x(self, value: float) -> float:
        share = (value - self.left) / (self.right - self.left)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def axes(self, label: str, *, whole: bool = False) -> str:
        parts = []
        for value in _ticks(self.low, self.high):
            y = self.y(value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" '
                         f'y2="{y:.1f}"/><text x="{LEFT - 6}" y="{y + 4:.1f}" '
                         f'text-anchor="end">{written(value)}</text>')  # fmt: skip
        parts += [
            f'<text x="{self.x(value):.1f}" y="{HEIGHT - BOTTOM + 16}" '
            f'text-anchor="middle">{written(value)}</text>'
            for value in _ticks(self.left, self.right, whole=whole)
        ]
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 3}" text-anchor="middle">{label}</text>')
        return "".join(parts)


def _widened(low: float, high: float, share: float) -> tuple[float, float]:
    if high <= low:
        half = abs(low) * 0.1 or 0.5
        return low - half, high + half
    return low - share * (high - low), high + share * (high - low)


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """About five round numbers between two."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    if whole:
        step = max(1.0, float(round(step)))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _dot(x: float, y: float, name: str, size: float = 3.5, label: str = "") -> str:
    title = f"<title>{escape(label)}</title>" if label else ""
    return f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}">{title}</circle>'


def _honest(frame: _Frame, low: float, high: float) -> str:
    return (
        f'<line class="mark" x1="{frame.x(low):.1f}" y1="{frame.y(low):.1f}" '
        f'x2="{frame.x(high):.1f}" y2="{frame.y(high):.1f}"/>'
    )


def _figure(title: str, words: str, parts: Sequence[str], caption: str) -> str:
    legend = caption if caption.startswith("<span") else escape(caption)
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">'
        f"{''.join(parts)}</svg><figcaption><b>{escape(title)}</b> {legend}</figcaption></figure>"
    )
