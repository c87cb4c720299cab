"""Batches for Keras on JAX: gathered by NumPy, in this process.

This file imports Keras at its top because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["GatheredBatches"]

READ_AHEAD = 4


class GatheredBatches(keras.utils.PyDataset):
    """A fixed number of batches an epoch; `order()` is asked anew at the beginning of each.

    Batches are gathered ahead by one thread of our own: Keras's workers may drop batches on JAX.
    """

    def __init__(
        self,
        order: Callable[[], NDArray[np.int64]],
        gather: Callable[[NDArray[np.int64]], Any],
        *,
        batch_size: int,
        batches: int,
    ) -> None:
        super().__init__()
        self.order = order
        self.gather = gather
        self.batch_size = batch_size
        self.batches = batches
        self.pool = ThreadPoolExecutor(max_workers=1)
        self.ahead: dict[int, Future[Any]] = {}
        self.indices: NDArray[np.int64] | None = None

    @property
    def num_batches(self) -> int:
        """Batches of one epoch."""
        return self.batches

    def __getitem__(self, number: int) -> Any:
        if number == 0 or self.indices is None:
            self.indices = self.order()
            self.ahead.clear()
        for coming in range(number, min(number + READ_AHEAD, self.batches)):
            if coming not in self.ahead:
                self.ahead[coming] = self.pool.submit(self._gather, self.indices, coming)
        return self.ahead.pop(number).result()

    def _gather(self, indices: NDArray[np.int64], number: int) -> Any:
        return self.gather(indices[number * self.batch_size : (number + 1) * self.batch_size])
