"""Summing up columns, numbers, pixels and texts for an `Overview`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from nncli.data.overview import ColumnSummary, DateSummary, NumberSummary, Sketch
from nncli.descriptions import TableInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["number_summary", "sketch", "summed_up"]

BINS = 24
WORDS_KEPT = 12
SKETCH_COLUMNS, SKETCH_ROWS = 20, 10


def number_summary(values: NDArray[Any]) -> NumberSummary | None:
    """Of all finite ones; None if there is none."""
    import numpy as np

    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    bins, _ = np.histogram(known, BINS)
    return NumberSummary(
        smallest=float(known.min()),
        mean=float(known.mean()),
        largest=float(known.max()),
        bins=tuple(bins.tolist()),
    )


def summed_up(
    described: TableInput, columns: Mapping[str, NDArray[Any]]
) -> tuple[ColumnSummary, ...]:
    """Each column of some rows."""
    return tuple(
        _column(column.name, column.kind, columns[column.name]) for column in described.columns
    )


def _column(name: str, kind: str, values: NDArray[Any]) -> ColumnSummary:
    import numpy as np

    if values.dtype == object:
        counts = Counter(map(str, values.tolist()))
        missing = counts.pop("", 0)
        return ColumnSummary(
            name=name, kind=kind, rows=len(values), missing=missing, distinct=len(counts),
            words=tuple(counts.most_common(WORDS_KEPT)),
        )  # fmt: skip
    known = values[np.isfinite(values)]
    numbers = number_summary(known)
    dates = None
    if kind == "date" and numbers is not None:
        first, last = _day(numbers.smallest), _day(numbers.largest)
        dates, numbers = DateSummary(first=first, last=last, bins=numbers.bins), None
    return ColumnSummary(
        name=name, kind=kind, rows=len(values), missing=len(values) - len(known),
        distinct=len(np.unique(known)), numbers=numbers, dates=dates,
    )  # fmt: skip


def _day(days: float) -> str:
    """Days since 1970 as people and programs write them: 2024-01-31."""
    return (date(1970, 1, 1) + timedelta(days=math.floor(days))).isoformat()


def sketch(picture: NDArray[Any], answer: str, *, upside_down: bool) -> Sketch:
    """A picture of shape (height, width, channels) in characters, whatever its values are.

    Args:
        picture: pixels, or a spectrogram whose low frequencies come first.
        answer: its class.
        upside_down: whether the first row is the lowest.
    """
    import numpy as np
    from PIL import Image

    grey = np.asarray(picture, np.float32).mean(axis=-1)
    lowest, highest = np.percentile(grey, (1, 99))
    scaled = np.clip((grey - lowest) / max(float(highest - lowest), 1e-6), 0, 1)
    if upside_down:
        scaled = scaled[::-1]
    small = Image.fromarray((scaled * 255).astype(np.uint8)).resize(
        (SKETCH_COLUMNS, SKETCH_ROWS), Image.Resampling.BOX
    )
    levels = np.minimum(np.asarray(small) // 51, 4)
    return Sketch(answer=answer, rows=tuple("".join(map(str, row)) for row in levels.tolist()))
