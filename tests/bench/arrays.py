"""MNIST as arrays, from the cache of decoded datasets that nncli has filled."""

from typing import Any

import numpy as np

from nncli.data.cache import cached


def mnist_arrays() -> tuple[np.ndarray[Any, Any], ...]:
    """Training images (60000, 28, 28, 1) uint8 and labels (60000,) int64, then those of test."""
    folder = next(entry.folder for entry in cached() if entry.name == "mnist")
    files = [f"{split}.{what}.npy" for split in ("train", "test") for what in ("inputs", "targets")]
    return tuple(np.load(folder / file) for file in files)
