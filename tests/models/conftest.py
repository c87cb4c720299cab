"""Small trainings of networks, and what they are worth on examples that they have not seen.

Fixtures, because tests cannot import each other; each is a function.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from nncli import models
from nncli.descriptions import ClassTarget, Features

TARGET = ClassTarget(names=("one", "other"))


def _score(
    settings: Any,
    features: Features,
    inputs: Any,
    labels: Any,
    *,
    epochs: int = 20,
    learning_rate: float = 0.005,
) -> float:
    """The accuracy on the second half of the examples after training on the first."""
    keras.utils.set_random_seed(0)
    network = models.build(settings, features, TARGET)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(learning_rate), loss)
    half = len(inputs) // 2
    network.fit(inputs[:half], labels[:half], epochs=epochs, batch_size=32, verbose=0)
    said = network.predict(inputs[half:], verbose=0).argmax(axis=1)
    return float((said == labels[half:]).mean())


def _saved_and_loaded(network: Any, folder: Any) -> Any:
    """The network as plain Keras reads it from a file."""
    network.save(folder / "network.keras")
    return keras.saving.load_model(folder / "network.keras")


def _sentences(
    *, count: int = 600, length: int = 12, gap: int = 6
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Texts of the tokens 2 to 9 in which both 10 and 11 are, at most `gap` from each other; the
    class says which of them comes first. Padding fills texts of all lengths."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    tokens = np.zeros((count, length), np.int32)
    for row, label in zip(tokens, labels, strict=True):
        size = random.integers(gap + 2, length + 1)
        row[:size] = random.integers(2, 10, size)
        first = random.integers(0, size - gap)
        row[first], row[first + random.integers(1, gap + 1)] = (10, 11) if label else (11, 10)
    return tokens, labels


@pytest.fixture
def score() -> Any:
    """See `_score`."""
    return _score


@pytest.fixture
def saved_and_loaded() -> Any:
    """See `_saved_and_loaded`."""
    return _saved_and_loaded


@pytest.fixture
def sentences() -> Any:
    """See `_sentences`."""
    return _sentences
