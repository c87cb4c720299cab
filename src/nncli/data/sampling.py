"""Some rows of a table that is read batch by batch, any of them as likely as the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Sample"]

MOST_ROWS = 40_000
MOST_CELLS = 4_000_000


class Sample:
    """Keeps each row with the same chance; the chance is halved whenever there are too many."""

    def __init__(self) -> None:
        import numpy as np

        self.random = np.random.Generator(np.random.PCG64(0))
        self.chance = 1.0
        self.columns: dict[str, list[NDArray[Any]]] = {}
        self.targets: list[NDArray[Any]] = []

    def add(self, columns: Mapping[str, NDArray[Any]], targets: NDArray[Any]) -> None:
        """Draw from a batch."""
        drawn = self.random.random(len(targets)) < self.chance
        for name, values in columns.items():
            self.columns.setdefault(name, []).append(values[drawn])
        self.targets.append(targets[drawn])
        limit = max(1000, min(MOST_ROWS, MOST_CELLS // max(len(columns), 1)))
        while sum(map(len, self.targets)) > limit:
            self._halve()

    def _halve(self) -> None:
        columns, targets = self.taken()
        drawn = self.random.random(len(targets)) < 0.5
        self.columns = {name: [values[drawn]] for name, values in columns.items()}
        self.targets = [targets[drawn]]
        self.chance /= 2

    def taken(self) -> tuple[dict[str, NDArray[Any]], NDArray[Any]]:
        """What was drawn: columns by name, and the targets."""
        import numpy as np

        columns = {name: np.concatenate(parts) for name, parts in self.columns.items()}
        return columns, np.concatenate(self.targets) if self.targets else np.empty(0)
