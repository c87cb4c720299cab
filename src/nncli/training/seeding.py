"""Making a run repeatable."""

from __future__ import annotations

__all__ = ["seed_everything"]


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and Keras (initial weights, dropout) for this process."""
    import keras

    keras.utils.set_random_seed(seed)
