"""Moving averages of the weights: what is validated and kept, while training goes on without them.

This file imports Keras at its top because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from nncli.training import state

__all__ = ["ValidateAverages", "averaged", "take_averages"]


def take_averages(model: Any) -> None:
    """Overwrite the weights of `model` with their averages, if its optimizer has any.

    Each gets an array of its own: on JAX Keras lets the weight and its average share one, which
    the next step would give away for both.
    """
    model.optimizer.finalize_variable_values(model.trainable_variables)
    _assign(model, state.values(model.trainable_variables))


@contextmanager
def averaged(model: Any) -> Iterator[None]:
    """Give `model` the averages of its weights inside the block, if its optimizer has any."""
    weights = state.values(model.trainable_variables)
    take_averages(model)
    try:
        yield
    finally:
        _assign(model, weights)


class ValidateAverages(keras.callbacks.Callback):
    """Gives the model the averages of its weights for each validation.

    Keras leaves a model with them at the end of `fit`, too. A resumed training has two of those,
    and the second begins with the weights of the last step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[Any] = []

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self._remember()
        take_averages(self.model)

    def on_test_end(self, logs: Mapping[str, float] | None = None) -> None:
        self._put_back()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.model.stop_training or epoch + 1 >= self.params["epochs"]:
            self._remember()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.end_fit()

    def end_fit(self) -> None:
        """Put the weights of the last step back after a `fit` that another follows."""
        if self.weights:
            self._put_back()

    def _remember(self) -> None:
        self.weights = state.values(self.model.trainable_variables)

    def _put_back(self) -> None:
        _assign(self.model, self.weights)
        self.weights = []


def _assign(model: Any, weights: list[Any]) -> None:
    for variable, array in zip(model.trainable_variables, weights, strict=True):
        variable.assign(array)
