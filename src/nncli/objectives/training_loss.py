"""A loss of nncli as Keras trains with it.

It is never saved: a .keras file of nncli refers to Keras alone. This file imports Keras at its top
because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.objectives.losses import LossSettings

__all__ = ["TrainingLoss"]


class TrainingLoss(keras.losses.Loss):
    """The loss of what a network says: logits, or standardized values.

    Probabilities are never computed but as logarithms, which are exact where they would be
    rounded to 0.
    """

    def __init__(self, settings: LossSettings, target: Target, *, mixed: bool) -> None:
        """`mixed`: classes come as shares of each, shape (batch, classes), not as an index."""
        super().__init__(name=settings.type)
        self.settings = settings
        self.target = target
        self.mixed = mixed

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example, shape (batch,)."""
        match self.target:
            case ClassTarget():
                truth = y_true if self.mixed else self._shares(y_true)
                said = ops.log_softmax(y_pred, axis=-1)
            case LabelsTarget():
                truth, said = y_true, (ops.log_sigmoid(y_pred), ops.log_sigmoid(-y_pred))
            case _:
                truth, said = y_true, y_pred
        return self.settings.errors(ops, truth, said)

    def _shares(self, indices: Any) -> Any:
        flat = ops.cast(ops.reshape(indices, (-1,)), "int32")
        return ops.one_hot(flat, len(self.target.names), dtype=self.dtype)
