"""Writing a figure to a file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["kind_of", "save"]


def save(figure: Figure, path: Path, *, kind: str = "png", dots: float | str = "figure") -> None:
    """Write `figure` as `png` or `svg`, `dots` an inch; what was drawn alike is the same file."""
    from matplotlib import rc_context

    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {}
    with warnings.catch_warnings(), rc_context({"svg.hashsalt": "nncli"}):
        warnings.simplefilter("ignore")  # letters that the font lacks are boxes
        figure.savefig(path, format=kind, dpi=dots, metadata=metadata)


def kind_of(path: Path) -> str:
    """`png` or `svg`, by how the name ends."""
    return path.suffix.lower().removeprefix(".")
