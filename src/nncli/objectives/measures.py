"""Metrics of the trained network that Keras does not have in the unit that people read.

They are never saved: a .keras file of nncli refers to Keras alone. This file imports Keras at its
top because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from nncli.descriptions import ClassTarget, Target, ValueTarget
from nncli.objectives.metrics import top_k

__all__ = ["training_metric"]

# Scores of `AreaUnderCurve` are counted in so many steps between these logits.
BINS = 4096
LIMIT = 16.0
# Steps are so much finer near 0, where all logits lie when a training begins.
FINENESS = 5.0


def training_metric(name: str, target: Target, *, mixed: bool) -> Any:
    """The Keras metric `name` of what a network says: logits, or standardized values.

    `mixed`: classes come as shares of each, and the largest is the true one.
    """
    if isinstance(target, ValueTarget):
        return _of_values(name, target)
    classes = isinstance(target, ClassTarget)
    k = top_k(name)
    metrics = keras.metrics
    match name:
        case "accuracy":
            kind = metrics.CategoricalAccuracy if mixed else metrics.SparseCategoricalAccuracy
            return kind(name=name)
        case "crossentropy" if mixed:
            return metrics.CategoricalCrossentropy(name=name, from_logits=True)
        case "crossentropy":
            return metrics.SparseCategoricalCrossentropy(name=name, from_logits=True)
        case "binary_crossentropy":
            return metrics.BinaryCrossentropy(name=name, from_logits=True)
        case "auc":
            return AreaUnderCurve(len(target.names), classes=classes)
        case _ if k is not None and mixed:
            return metrics.TopKCategoricalAccuracy(k, name=name)
        case _ if k is not None:
            return metrics.SparseTopKCategoricalAccuracy(k, name=name)
        case _:
            return Decisions(name, len(target.names), classes=classes)


def _of_values(name: str, target: ValueTarget) -> Any:
    match name:
        case "mae":
            return MeanAbsoluteError(target.deviations)
        case "rmse":
            return RootMeanSquaredError(target.deviations)
        case "mse":
            return MeanSquaredError(target.deviations)
        case "mape":
            return MeanAbsolutePercentageError(target.means, target.deviations)
        case _:
            return keras.metrics.R2Score(name=name)


class MeanAbsoluteError(keras.metrics.Mean):
    """Mean absolute error of standardized values, in the unit of the values."""

    def __init__(self, deviations: Sequence[float]) -> None:
        super().__init__(name="mae")
        self.deviations = list(deviations)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of standardized values, both of shape (batch, values)."""
        errors = ops.abs(_errors(y_true, y_pred, self.deviations))
        super().update_state(ops.mean(errors, axis=-1), sample_weight)


class MeanSquaredError(keras.metrics.Mean):
    """Mean squared error of standardized values, in the square of the unit of the values."""

    def __init__(self, deviations: Sequence[float], name: str = "mse") -> None:
        super().__init__(name=name)
        self.deviations = list(deviations)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of standardized values, both of shape (batch, values)."""
        errors = ops.square(_errors(y_true, y_pred, self.deviations))
        super().update_state(ops.mean(errors, axis=-1), sample_weight)


class RootMeanSquaredError(MeanSquaredError):
    """Root of the mean squared error of standardized values, in the unit of the values."""

    def __init__(self, deviations: Sequence[float]) -> None:
        super().__init__(deviations, name="rmse")

    def result(self) -> Any:
        """The root of the mean so far."""
        return ops.sqrt(super().result())


class MeanAbsolutePercentageError(keras.metrics.Mean):
    """Mean of absolute errors as shares of the values: 0.1 is 10 %."""

    def __init__(self, means: Sequence[float], deviations: Sequence[float]) -> None:
        super().__init__(name="mape")
        self.means = list(means)
        self.deviations = list(deviations)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of standardized values, both of shape (batch, values)."""
        unit = ops.convert_to_tensor(self.deviations, "float32")
        values = ops.cast(y_true, "float32") * unit + ops.convert_to_tensor(self.means, "float32")
        errors = ops.abs(_errors(y_true, y_pred, self.deviations))
        shares = errors / ops.maximum(ops.abs(values), keras.config.epsilon())
        super().update_state(ops.mean(shares, axis=-1), sample_weight)


class Decisions(keras.metrics.Metric):
    """What follows from how often each class or label is true, is said, and both."""

    def __init__(self, name: str, count: int, *, classes: bool) -> None:
        """`classes`: the highest of `count` logits is said, else each label from a logit of 0."""
        super().__init__(name=name)
        self.count = count
        self.classes = classes
        self.right = self.add_weight(shape=(count,), name="right", initializer="zeros")
        self.said = self.add_weight(shape=(count,), name="said", initializer="zeros")
        self.true = self.add_weight(shape=(count,), name="true", initializer="zeros")
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of truths, as the network is trained on them, and of logits."""
        true = _true(y_true, self.count, classes=self.classes)
        if self.classes:
            said = ops.one_hot(ops.argmax(y_pred, axis=-1), self.count, dtype="float32")
        else:
            said = ops.cast(ops.greater_equal(y_pred, 0.0), "float32")
        self.right.assign_add(ops.sum(true * said, axis=0))
        self.said.assign_add(ops.sum(said, axis=0))
        self.true.assign_add(ops.sum(true, axis=0))
        self.total.assign_add(ops.cast(ops.shape(y_pred)[0], "float32"))

    def result(self) -> Any:
        """The metric so far; what has no denominator is 0."""
        right, said, true = map(ops.convert_to_tensor, (self.right, self.said, self.true))
        match self.name:
            case "micro_f1":
                return _ratio(2 * ops.sum(right), ops.sum(said + true))
            case "precision":
                return _ratio(ops.sum(right), ops.sum(said))
            case "recall":
                return _ratio(ops.sum(right), ops.sum(true))
            case "binary_accuracy":
                wrong = ops.sum(said + true - 2 * right)
                return 1 - _ratio(wrong, self.total * self.count)
            case "balanced_accuracy":
                return _mean_where(_ratio(right, true), true > 0)
            case "macro_precision":
                rates = _ratio(right, said)
            case "macro_recall":
                rates = _ratio(right, true)
            case _:
                rates = _ratio(2 * right, said + true)
        # As in scikit-learn: classes that do not occur are left out, labels are not.
        return _mean_where(rates, said + true > 0) if self.classes else ops.mean(rates)


class AreaUnderCurve(keras.metrics.Metric):
    """The area under the ROC curve, the mean over the classes or labels that have examples and
    others (one against the rest).

    It is the share of pairs of an example and another in which the example has the higher score;
    scores are counted in 4,096 steps between logits of -16 and 16, so that it is right to about
    three digits. Keras's own counts probabilities in 200 steps: where a label is rare, most lie in
    the first of them.
    """

    def __init__(self, count: int, *, classes: bool) -> None:
        super().__init__(name="auc")
        self.count = count
        self.classes = classes
        shape = (count, BINS)
        self.of_true = self.add_weight(shape=shape, name="of_true", initializer="zeros")
        self.of_others = self.add_weight(shape=shape, name="of_others", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of truths, as the network is trained on them, and of logits."""
        true = _true(y_true, self.count, classes=self.classes)
        scores = ops.cast(y_pred, "float32")
        if self.classes:  # the logit of one class against the rest
            logarithms = ops.log_softmax(scores, axis=-1)
            rest = 1 - ops.exp(ops.minimum(logarithms, -keras.config.epsilon()))
            scores = logarithms - ops.log(rest)
        scores = ops.clip(scores, -LIMIT, LIMIT)
        places = ops.arcsinh(FINENESS * scores) / math.asinh(FINENESS * LIMIT)  # -1 to 1
        steps = ops.cast((places + 1) / 2 * (BINS - 1), "int32")
        places = ops.reshape(steps + BINS * ops.arange(self.count, dtype="int32"), (-1,))
        for variable, counted in ((self.of_true, true), (self.of_others, 1 - true)):
            sums = ops.segment_sum(ops.reshape(counted, (-1,)), places, self.count * BINS)
            variable.assign_add(ops.reshape(sums, (self.count, BINS)))

    def result(self) -> Any:
        """The area so far; not a number before there is a pair."""
        true, others = map(ops.convert_to_tensor, (self.of_true, self.of_others))
        below = ops.cumsum(others, axis=-1) - others / 2
        pairs = ops.sum(true, axis=-1) * ops.sum(others, axis=-1)
        return _mean_where(_ratio(ops.sum(true * below, axis=-1), pairs), pairs > 0)


def _true(y_true: Any, count: int, *, classes: bool) -> Any:
    """Zeros and ones, shape (batch, count): of an index, of shares, or as they are."""
    if not classes:
        return ops.cast(y_true, "float32")
    if len(y_true.shape) > 1 and y_true.shape[-1] == count:
        y_true = ops.argmax(y_true, axis=-1)
    return ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), count, dtype="float32")


def _ratio(part: Any, whole: Any) -> Any:
    """`part` / `whole`; 0 where there is nothing."""
    return part / ops.where(whole > 0, whole, 1.0)


def _mean_where(rates: Any, counted: Any) -> Any:
    weights = ops.cast(counted, "float32")
    return ops.sum(rates * weights) / ops.sum(weights)


def _errors(y_true: Any, y_pred: Any, deviations: Sequence[float]) -> Any:
    unit = ops.convert_to_tensor(deviations, "float32")
    return (ops.cast(y_pred, "float32") - ops.cast(y_true, "float32")) * unit
