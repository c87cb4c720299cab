"""How metrics are written on the screen."""

from __future__ import annotations

__all__ = ["shown"]


def shown(value: float | None) -> str:
    """Four decimals, fewer for large numbers; `-` for one that does not exist."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 1e9:
        return f"{value:.3e}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.2f}" if size >= 100 else f"{value:.4f}"
