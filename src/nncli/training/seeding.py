"""Making a run repeatable."""

from __future__ import annotations

import random

__all__ = ["seed_everything"]


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and Keras (initial weights, dropout) for this process.

    On JAX Keras draws its seeds from Python's generator alone; its own function would import
    TensorFlow there.
    """
    import keras
    import numpy as np

    if keras.config.backend() == "tensorflow":
        keras.utils.set_random_seed(seed)
    else:
        random.seed(seed)
        np.random.seed(seed)
