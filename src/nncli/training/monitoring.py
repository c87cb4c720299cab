"""What the history says: the best epoch, when to stop, how far the learning rate has fallen.

All of it follows from the rows alone. A resumed run, which has its rows back, needs no other state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nncli.config.training import EarlyStopping
from nncli.objectives.metrics import is_best_when_highest
from nncli.optimizers.schedules import ReduceOnPlateau
from nncli.runs import EpochRow

__all__ = ["Monitor"]


@dataclass(frozen=True)
class Monitor:
    """A column of the history that is watched.

    Losses and errors are best when lowest, all else when highest; of equal epochs the first is
    best, and one without a number never.
    """

    column: str

    def improves(self, value: float | None, best: float | None, *, min_delta: float = 0.0) -> bool:
        """Whether `value` is better than `best` by more than `min_delta`."""
        if value is None or best is None:
            return value is not None
        if is_best_when_highest(self.column.partition("_")[2]):
            return value - min_delta > best
        return value + min_delta < best

    def best(self, rows: Sequence[EpochRow]) -> EpochRow | None:
        """The best row."""
        best: EpochRow | None = None
        for row in rows:
            if self.improves(row[self.column], best[self.column] if best else None):
                best = row
        return best

    def has_stalled(self, rows: Sequence[EpochRow], settings: EarlyStopping | None) -> bool:
        """Whether the last `patience` rows are no better than what was before them."""
        if settings is None:
            return False
        best, waited = None, 0
        for row in rows:
            if self.improves(row[self.column], best, min_delta=settings.min_delta):
                best, waited = row[self.column], 0
            else:
                waited += 1
        return waited >= settings.patience

    def reductions(self, rows: Sequence[EpochRow], settings: ReduceOnPlateau) -> int:
        """How often the rate has been reduced (the counting of Keras's `ReduceLROnPlateau`)."""
        best, waited, count = None, 0, 0
        for row in rows:
            if self.improves(row[self.column], best, min_delta=settings.min_delta):
                best, waited = row[self.column], 0
            else:
                waited += 1
            if waited >= settings.patience:
                count, waited = count + 1, 0
        return count
