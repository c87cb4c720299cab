"""Drawing examples anew: how much a number would differ on others (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LEVEL", "Interval", "Statistic", "drawn", "percentiles", "resampled", "resamples"]

LEVEL = 0.95
RESAMPLES = 1000
FEWEST_RESAMPLES = 200
MOST_DRAWS = 50_000_000  # examples drawn in all: of a million examples 200 resamples take seconds
SEED = 0
# Resamples at a time: so many that they fit a processor's cache, or little memory.
BLOCK, CELLS = 64, 8_000_000

Interval = tuple[float, float]
Statistic = Callable[["NDArray[np.float32]"], Mapping[str, "NDArray[Any]"]]
"""From weights, shape (examples, resamples), to numbers by name, each of shape (..., resamples)."""


def resamples(count: int) -> int:
    """How often `count` examples are drawn anew."""
    return max(FEWEST_RESAMPLES, min(RESAMPLES, MOST_DRAWS // count))


def drawn(count: int, times: int) -> Iterator[NDArray[np.float32]]:
    """How often each of `count` examples is drawn in each of `times` resamples of as many, always
    the same: blocks of shape (count, some), whole numbers as float32."""
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(SEED))
    block = max(1, min(BLOCK, CELLS // count))
    for first in range(0, times, block):
        # A byte holds more than one example is ever drawn, and is turned around four times as fast.
        weights = np.empty((min(block, times - first), count), np.uint8)
        for one in weights:
            chosen = generator.integers(0, count, count, dtype=np.int32)
            one[:] = np.bincount(chosen, minlength=count)
        yield weights.T.astype(np.float32, order="C")


def resampled(
    statistics: Sequence[tuple[Statistic, int]], count: int
) -> dict[str, NDArray[np.float64]]:
    """What each statistic is on as many resamples of `count` examples as stand beside it: by name,
    shape (..., resamples)."""
    import numpy as np

    found: dict[str, list[NDArray[Any]]] = {}
    first = 0
    for weights in drawn(count, max(times for _, times in statistics)):
        for statistic, times in statistics:
            if first < times:
                for name, values in statistic(weights[:, : times - first]).items():
                    found.setdefault(name, []).append(values)
        first += weights.shape[1]
    return {name: np.concatenate(parts, axis=-1) for name, parts in found.items()}


def percentiles(values: NDArray[Any]) -> Interval:
    """The middle 95 % of what was found in resamples, shape (resamples,)."""
    import numpy as np

    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(values, (tail, 1 - tail)).tolist()
    return low, high
