"""Mean and standard deviation of columns that come in batches, and the layer that uses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Moments", "standardized"]

# Between these Keras's Normalization computes (value - mean) / deviation exactly enough: it takes
# no deviation below 1e-7, and float32 holds no variance above 1e38.
PLAIN_DEVIATIONS = (1e-5, 1e15)


class Moments:
    """Counts columns batch by batch (Chan et al. 1983, whose update loses no digits); NaN counts
    as missing."""

    def __init__(self) -> None:
        self.count: Any = 0
        self.mean: Any = 0.0
        self.squares: Any = 0.0
        self.missing: Any = 0

    def add(self, batch: NDArray[Any]) -> None:
        """Count a batch of shape (n, columns)."""
        import numpy as np

        values = batch.astype(np.float64)
        known = ~np.isnan(values)
        count = known.sum(axis=0)
        mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
        total = self.count + count
        apart = mean - self.mean
        self.mean = self.mean + apart * count / np.maximum(total, 1)
        self.squares = self.squares + squares + apart**2 * self.count * count / np.maximum(total, 1)
        self.count = total
        self.missing = self.missing + (~known).sum(axis=0)

    @property
    def means(self) -> tuple[float, ...]:
        """The mean of each column; 0 where none is known."""
        return tuple(map(float, self.mean))

    @property
    def deviations(self) -> tuple[float, ...]:
        """The standard deviation of each column; 1 where it does not vary."""
        import numpy as np

        deviation = np.sqrt(self.squares / np.maximum(self.count, 1))
        # What rounding leaves of a constant is no variation.
        constant = deviation <= 1e-9 * np.maximum(np.abs(self.mean), 1e-30)
        return tuple(map(float, np.where(constant, 1.0, deviation)))

    @property
    def lacks(self) -> tuple[bool, ...]:
        """Whether each column has missing values."""
        return tuple(bool(count) for count in self.missing)


def standardized(values: Any, means: Sequence[float], deviations: Sequence[float]) -> Any:
    """(value - mean) / deviation along the last axis, as Keras layers; of concentrations in mol/l
    and of distances in metres alike."""
    import keras

    smallest, largest = PLAIN_DEVIATIONS
    if any(not smallest <= deviation <= largest for deviation in deviations):
        scales = [1 / deviation for deviation in deviations]
        values = keras.layers.Rescaling(scales, name="unit")(values)
        means = [mean * scale for mean, scale in zip(means, scales, strict=True)]
        deviations = [1.0] * len(scales)
    layer = keras.layers.Normalization(
        mean=list(means),
        variance=[deviation**2 for deviation in deviations],
        name="normalize",
    )
    return layer(values)
