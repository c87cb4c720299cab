"""Charts as SVG, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from nncli.objectives.assessment import Decile
from nncli.runs.report.content import Reliability, Residuals, Scatter
from nncli.runs.report.words import isolated, written

__all__ = ["bars", "curves", "reliability", "residuals", "scatter"]

WIDTH, HEIGHT = 420, 256
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 24, 40
MOST_DOTS = 60  # epochs with a dot each
Points = Sequence[tuple[float, float]]
Lines = Sequence[tuple[str, Points]]


def curves(title: str, splits: Sequence[tuple[str, Lines]], mark: float | None) -> str:
    """Lines over epochs, of each split one, or one a fold, by its name; `mark` is the epoch that
    was kept."""
    frame = _Frame([point for _, lines in splits for _, line in lines for point in line])
    parts = [frame.axes("epoch", whole=True)]
    if mark is not None:
        x = frame.x(mark)
        anchor = "end" if x > WIDTH / 2 else "start"
        beside = x - 5 if anchor == "end" else x + 5
        parts.append(
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{beside:.1f}" y="{TOP - 8}" text-anchor="{anchor}">kept: epoch {mark:.0f}'
            "</text>"
        )
    for place, (name, lines) in enumerate(splits):
        for fold, line in lines:
            said = f"{fold}, {name}" if fold else name
            parts.append(_curve(frame, line, f"line{place}", said, is_one=len(lines) == 1))
    last = ", ".join(f"{name} {_ends([line for _, line in lines])}" for name, lines in splits)
    legend = "".join(
        f'<span class="key key{place}">{escape(name)}</span>'
        for place, (name, _) in enumerate(splits)
    )
    return _figure(title, f"{title} by epoch; at the end {last}", parts, legend=legend)


def _curve(frame: _Frame, line: Points, kind: str, name: str, *, is_one: bool) -> str:
    """One line with a dot each epoch; of several there are dots only where a line is one dot."""
    dots = [(frame.x(x), frame.y(y)) for x, y in line]
    drawn = ""
    if len(line) > 1:
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        classes = kind if is_one else f"{kind} several"
        title = "" if is_one else f"<title>{escape(name)}</title>"
        drawn = f'<polyline class="{classes}" points="{places}">{title}</polyline>'
    if len(line) == 1 or (is_one and len(line) <= MOST_DOTS):
        drawn += "".join(
            _dot(x, y, kind, 3.2, f"epoch {epoch:.0f}: {name} {written(value)}")
            for (x, y), (epoch, value) in zip(dots, line, strict=True)
        )
    return drawn


def _ends(several: Sequence[Points]) -> str:
    ends = [line[-1][1] for line in several]
    if len(ends) == 1:
        return written(ends[0])
    return f"{written(min(ends))} to {written(max(ends))}"


def reliability(found: Reliability) -> str:
    """The share of right answers over the confidence, beside what would be honest."""
    frame = _Frame([(0, 0), (1, 1)], tight=True)
    parts = [frame.axes("confidence", "share of right answers"), _diagonal(frame, 0, 1)]
    most = max((count for _, _, count in found.bins), default=1)
    low = frame.y(0)
    for confidence, right, count in found.bins:
        x, y = frame.x(confidence), frame.y(right)
        label = f"confidence {confidence:.2f}: {right:.2f} right, {count:,} examples"
        honest = frame.y(confidence)
        parts.append(f'<line class="gap" x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" '
                     f'y2="{min(honest, low):.1f}"/>')  # fmt: skip
        parts.append(_dot(x, y, "dot", 3 + 7 * math.sqrt(count / most), label))
    words = (
        f"Expected calibration error {found.ece:.4f}. On the dashed line answers are right as "
        "often as they are sure; a larger dot is more examples."
    )
    return _figure("Reliability", words, parts)


def scatter(found: Scatter) -> str:
    """Answers over truth."""
    points = [point for point in found.points if all(map(math.isfinite, point))]
    both = [value for point in points for value in point]
    if not both:
        return ""
    low, high = min(both), max(both)
    frame = _Frame([(low, low), (high, high)])
    parts = [frame.axes(f"true {found.name}", "answer"), _diagonal(frame, low, high)]
    parts += [_dot(frame.x(x), frame.y(y), "dot small", 2.4) for x, y in points]
    words = f"{len(points):,} examples; on the dashed line the answer is the truth."
    return _figure(f"{found.name}: answer by truth", words, parts)


def residuals(found: Residuals) -> str:
    """The mean error of each tenth of the truth, and how far off answers are there."""
    tenths = [one for one in found.deciles if math.isfinite(one.mean_error + one.mae)]
    if not tenths:
        return ""
    ends = [end for one in tenths for end in (one.mean_error, one.mae, -one.mae, 0.0)]
    frame = _Frame([(0.5, min(ends)), (len(tenths) + 0.5, max(ends))])
    label = "tenth of the examples, by their true value"
    parts = [frame.axes(label, "answer minus truth", whole=True)]
    zero = frame.y(0)
    parts.append(f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{zero:.1f}" '
                 f'y2="{zero:.1f}"/>')  # fmt: skip
    wide = 0.72 * (frame.x(2) - frame.x(1))
    for place, one in enumerate(tenths, start=1):
        x, label = frame.x(place), _of_decile(one)
        top, bottom, mean = frame.y(one.mae), frame.y(-one.mae), frame.y(one.mean_error)
        parts.append(
            f'<rect class="band" x="{x - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" '
            f'height="{max(bottom - top, 0.5):.1f}"><title>{escape(label)}</title></rect>'
            f'<line class="mean" x1="{x - wide / 2:.1f}" x2="{x + wide / 2:.1f}" y1="{mean:.1f}" '
            f'y2="{mean:.1f}"/>'
        )
    most = max(tenths, key=lambda one: one.mae)
    words = (
        "Lines: the mean error (above 0 the answers are too large). Bands: the mean absolute "
        f"error, largest from {written(most.low)} to {written(most.high)}: {written(most.mae)}."
    )
    return _figure(f"{found.name}: errors by tenths of the truth", words, parts)


def _of_decile(one: Decile) -> str:
    return (
        f"{written(one.low)} to {written(one.high)}: mean error {written(one.mean_error)}, mean "
        f"absolute error {written(one.mae)}, {one.count:,} examples"
    )


def bars(
    head: str,
    rows: Sequence[tuple[str, Sequence[float | None], Sequence[str]]],
    keys: Sequence[str],
) -> str:
    """A table of numbers from 0 to 1, each with a bar behind it.

    Args:
        head: what the rows are.
        rows: name, numbers, and what stands behind them as it is.
        keys: the names of all columns.
    """
    names = "".join(f'<th scope="col">{escape(key)}</th>' for key in keys)
    lines = []
    for name, values, others in rows:
        cells = "".join(_bar(value) for value in values)
        cells += "".join(f"<td>{escape(other)}</td>" for other in others)
        lines.append(f'<tr><th scope="row">{isolated(name)}</th>{cells}</tr>')
    return (
        '<div class="wide"><table class="bars"><thead><tr>'
        f'<th scope="col">{escape(head)}</th>{names}</tr></thead><tbody>{"".join(lines)}'
        "</tbody></table></div>"
    )


def _bar(value: float | None) -> str:
    if value is None:
        return "<td>-</td>"
    share = 100 * min(max(value, 0), 1)
    return f'<td class="bar" style="--share:{share:.1f}%">{value:.3f}</td>'


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

    def axes(self, label: str, upward: str = "", *, whole: bool = False) -> str:
        """Grid, numbers, and what goes to the right and upward; `whole` for whole numbers."""
        parts = [f'<text class="axis" x="2" y="{TOP - 12}">{upward}</text>'] if upward else []
        for value in _ticks(self.low, self.high):
            y = self.y(value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" '
                         f'y2="{y:.1f}"/><text x="{LEFT - 6}" y="{y + 4:.1f}" '
                         f'text-anchor="end">{written(value)}</text>')  # fmt: skip
        parts += [
            f'<text x="{self.x(value):.1f}" y="{HEIGHT - BOTTOM + 17}" '
            f'text-anchor="middle">{written(value)}</text>'
            for value in _ticks(self.left, self.right, whole=whole)
        ]
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text class="axis" x="{middle}" y="{HEIGHT - 5}" text-anchor="middle">'
                     f"{escape(label[:60])}</text>")  # fmt: skip
        return "".join(parts)


def _widened(low: float, high: float, share: float) -> tuple[float, float]:
    if high - low <= 1e-9 * abs(high):
        half = abs(low) * 0.1 or 0.5
        return low - half, high + half
    return low - share * (high - low), high + share * (high - low)


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """About five round numbers between two."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * n for n in (1, 2, 5) if power * n >= rough), 10 * power)
    if whole:
        step = max(1.0, float(round(step)))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]


def _dot(x: float, y: float, name: str, size: float = 3.5, label: str = "") -> str:
    title = f"<title>{escape(label)}</title>" if label else ""
    return f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}">{title}</circle>'


def _diagonal(frame: _Frame, low: float, high: float) -> str:
    return (
        f'<line class="mark" x1="{frame.x(low):.1f}" y1="{frame.y(low):.1f}" '
        f'x2="{frame.x(high):.1f}" y2="{frame.y(high):.1f}"/>'
    )


def _figure(title: str, words: str, parts: Sequence[str], *, legend: str = "") -> str:
    """A chart with its heading and legend above, and its words below where it has no legend."""
    below = "" if legend else f'<p class="soft">{escape(words)}</p>'
    return (
        f'<figure><figcaption><b dir="auto">{escape(title)}</b>{legend}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">'
        f"{''.join(parts)}</svg>{below}</figure>"
    )
