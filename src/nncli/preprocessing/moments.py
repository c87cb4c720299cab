"""Mean and standard deviation of columns that come in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Moments"]


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
