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
    """A fixed number of batches an epoch; `order()` is asked anew at the beginning of each, which
    epoch it is and where its examples are stored, in their order.

    Batches are gathered ahead by one thread of our own: Keras's workers may drop batches on JAX.
    """

    def __init__(
        self,
        order: Callable[[], tuple[np.int64, NDArray[Any]]],
        gather: Callable[[NDArray[Any], int, int], Any],
        *,
        batch_size: int,
        first_step: int,
        batches: int,
    ) -> None:
        super().__init__()
        self.order = order
        self.gather = gather
        self.batch_size = batch_size
        self.first_step = first_step
        self.batches = batches
        self.pool = ThreadPoolExecutor(max_workers=1)
        self.ahead: dict[int, Future[Any]] = {}
        self.epoch = 0
        self.places: NDArray[Any] | None = None

    @property
    def num_batches(self) -> int:
        """Batches of one epoch."""
        return self.batches

    def __getitem__(self, number: int) -> Any:
        if number == 0 or self.places is None:
            epoch, self.places = self.order()
            self.epoch = int(epoch)
            self.ahead.clear()
        for coming in range(number, min(number + READ_AHEAD, self.batches)):
            if coming not in self.ahead:
                self.ahead[coming] = self.pool.submit(self._gather, self.places, self.epoch, coming)
        return self.ahead.pop(number).result()

    def _gather(self, places: NDArray[Any], epoch: int, number: int) -> Any:
        part = places[number * self.batch_size : (number + 1) * self.batch_size]
        return self.gather(part, epoch, self.first_step + number)
