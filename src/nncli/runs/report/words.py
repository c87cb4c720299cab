"""Numbers, and words that users gave, as a page says them."""

from __future__ import annotations

import math
from html import escape

__all__ = ["between", "isolated", "number", "one_line", "written"]


def written(value: float) -> str:
    """A number as people write it: four digits, and thousands with commas."""
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def number(value: float | None) -> str:
    """A metric: four decimals, or four digits of what is large."""
    if value is None or not math.isfinite(value):
        return "-"
    return written(value) if abs(value) >= 100 else f"{value:.4f}"


def between(interval: tuple[float, float] | None) -> str:
    """The two ends of an interval."""
    return "" if interval is None else " to ".join(map(number, interval))


def isolated(text: str) -> str:
    """Words of users in a sentence of ours: escaped, and whatever direction they are written in,
    they do not turn around what is beside them."""
    return f"<bdi>{escape(text)}</bdi>"


def one_line(text: str, longest: int = 60) -> str:
    """The beginning of a text, without the breaks of lines."""
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
