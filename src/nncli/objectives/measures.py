"""Metrics of the trained network that Keras does not have in the unit that people read.

They are never saved: a .keras file of nncli refers to Keras alone. This file imports Keras at its
top because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["LabelsF1", "MeanAbsoluteError", "RootMeanSquaredError"]


class MeanAbsoluteError(keras.metrics.Mean):
    """Mean absolute error of standardized values, in the unit of the values."""

    def __init__(self, deviations: Sequence[float]) -> None:
        super().__init__(name="mae")
        self.deviations = list(deviations)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of standardized values, both of shape (batch, values)."""
        errors = ops.abs(_errors(y_true, y_pred, self.deviations))
        super().update_state(ops.mean(errors, axis=-1), sample_weight)


class RootMeanSquaredError(keras.metrics.Mean):
    """Root of the mean squared error of standardized values, in the unit of the values."""

    def __init__(self, deviations: Sequence[float]) -> None:
        super().__init__(name="rmse")
        self.deviations = list(deviations)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of standardized values, both of shape (batch, values)."""
        errors = ops.square(_errors(y_true, y_pred, self.deviations))
        super().update_state(ops.mean(errors, axis=-1), sample_weight)

    def result(self) -> Any:
        """The root of the mean so far."""
        return ops.sqrt(super().result())


class LabelsF1(keras.metrics.Metric):
    """F1 over all decisions for all labels together (micro): 2 right / (said + true)."""

    def __init__(self, threshold: float) -> None:
        """`threshold`: the output from which on a label is said; 0 for logits."""
        super().__init__(name="micro_f1")
        self.threshold = threshold
        self.right = self.add_weight(name="right", initializer="zeros")
        self.whole = self.add_weight(name="whole", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of zeros and ones and of outputs, both of shape (batch, labels)."""
        true = ops.cast(y_true, "float32")
        said = ops.cast(ops.greater_equal(y_pred, self.threshold), "float32")
        self.right.assign_add(ops.sum(true * said))
        self.whole.assign_add(ops.sum(true) + ops.sum(said))

    def result(self) -> Any:
        """F1 so far; 0 where nothing was said and nothing true."""
        return 2 * self.right / ops.maximum(self.whole, 1.0)


def _errors(y_true: Any, y_pred: Any, deviations: Sequence[float]) -> Any:
    unit = ops.convert_to_tensor(deviations, "float32")
    return (ops.cast(y_pred, "float32") - ops.cast(y_true, "float32")) * unit
