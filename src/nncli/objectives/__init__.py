"""What follows from a target: the head of the network, its loss, its metrics, its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.objectives.losses import LossSettings, default_loss
from nncli.objectives.measuring import example_losses, measure
from nncli.objectives.metrics import metric_names
from nncli.objectives.rates import LABEL_THRESHOLD
from nncli.reporting import listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ANSWER",
    "HEADS",
    "LABEL_THRESHOLD",
    "TEMPERATURE",
    "add_answer",
    "add_head",
    "classes_of",
    "compile_for_answers",
    "compile_for_training",
    "describe_answer",
    "encoded",
    "example_losses",
    "fitted",
    "measure",
    "metric_names",
    "nothing_said",
]

TEMPERATURE = "temperature"  # the name of what divides the logits of a calibrated model
ANSWER = "answer"  # the name of the layer between the network and what the saved model says
HEADS = ("logits", "values")  # the names that the last layer of the trained network has


def add_head(features: Any, target: Target, *, penalty: Any = None) -> Any:
    """Add the last layer of the trained network, shape (batch, classes, labels or values):
    one logit for each class or label, or each value standardized. `penalty` is a Keras regularizer
    of its weights."""
    import keras

    name = HEADS[isinstance(target, ValueTarget)]
    layer = keras.layers.Dense(len(target.names), kernel_regularizer=penalty, name=name)
    return layer(features)


def add_answer(outputs: Any, target: Target) -> Any:
    """Turn what the network says into the answer of the saved model: probabilities that sum to 1,
    a probability for each label, or values in their unit."""
    import keras

    match target:
        case ClassTarget():
            return keras.layers.Softmax(name=ANSWER)(outputs)
        case LabelsTarget():
            return keras.layers.Activation("sigmoid", name=ANSWER)(outputs)
        case ValueTarget():
            variances = [deviation**2 for deviation in target.deviations]
            layer = keras.layers.Normalization(
                mean=list(target.means), variance=variances, invert=True, name=ANSWER
            )
            return layer(outputs)


def describe_answer(target: Target) -> str:
    """What `add_answer` does, in words."""
    match target:
        case ClassTarget():
            return f"softmax: a probability for each of {len(target.names):,} classes"
        case LabelsTarget():
            return f"sigmoid: a probability for each of {len(target.names):,} labels"
        case ValueTarget():
            unit = "its unit" if len(target.names) == 1 else "their units"
            return f"brought back to {unit}: {listed(target.names)}"


def compile_for_training(
    network: Any,
    optimizer: Any,
    target: Target,
    *,
    loss: LossSettings | None = None,
    metrics: Sequence[str] = (),
    mixed: bool = False,
    **settings: Any,
) -> None:
    """Compile a network for targets as `encoded` gives them; of classes `mixed` means shares of
    each, shape (batch, classes), instead of an index.

    The softmax and the sigmoid are part of the loss, which is exact where probabilities would be
    rounded to 0. `metrics` are measured beside those that always are. Errors of values are those
    of standardized values; their metrics are in the unit of the values.
    """
    network.compile(
        optimizer=optimizer,
        loss=_training_loss(loss or default_loss(target), target, mixed=mixed),
        metrics=_training_metrics(target, metric_names(target, metrics), mixed=mixed),
        **settings,
    )


def _training_loss(loss: LossSettings, target: Target, *, mixed: bool) -> Any:
    """Keras's own loss where nothing but the default is wanted."""
    import keras

    if loss != default_loss(target):
        from nncli.objectives.training_loss import TrainingLoss

        return TrainingLoss(loss, target, mixed=mixed)
    match target:
        case ClassTarget() if mixed:
            return keras.losses.CategoricalCrossentropy(from_logits=True)
        case ClassTarget():
            return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        case LabelsTarget():
            return keras.losses.BinaryCrossentropy(from_logits=True)
        case ValueTarget():
            return keras.losses.MeanSquaredError()


def _training_metrics(target: Target, names: Sequence[str], *, mixed: bool) -> list[Any]:
    from nncli.objectives.measures import training_metric

    return [training_metric(name, target, mixed=mixed) for name in names if name != "loss"]


def compile_for_answers(model: Any, target: Target) -> None:
    """Compile a model that answers, so that plain Keras can `evaluate` it.

    The optimizer is Keras's plain SGD, which has no state: the file stays as small as its weights.
    """
    match target:
        case ClassTarget():
            loss, metrics = "sparse_categorical_crossentropy", ["accuracy"]
        case LabelsTarget():
            loss, metrics = "binary_crossentropy", ["binary_accuracy"]
        case ValueTarget():
            loss, metrics = "mean_squared_error", ["mae"]
    model.compile(optimizer="sgd", loss=loss, metrics=metrics)


def classes_of(target: Target) -> int | None:
    """The number of classes or labels; None for values."""
    return None if isinstance(target, ValueTarget) else len(target.names)


def nothing_said(target: Target, *, mixed: bool) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """A target and an output of one example, as the trained network has them, all zero."""
    import numpy as np

    outputs = np.zeros((1, len(target.names)), np.float32)
    indexed = isinstance(target, ClassTarget) and not mixed
    return (np.zeros(1, np.int64) if indexed else outputs), outputs


def fitted(target: Target, training: NDArray[Any]) -> Target:
    """`target` with what is found out from the targets of the training split, shape (n, ...).

    A value that never varies gets a deviation of 1.
    """
    if not isinstance(target, ValueTarget):
        return target
    import numpy as np

    values = training.astype(np.float64)
    deviations = values.std(axis=0)
    return target.model_copy(
        update={
            "means": tuple(map(float, values.mean(axis=0))),
            "deviations": tuple(map(float, np.where(deviations > 0, deviations, 1.0))),
        }
    )


def encoded(target: Target, targets: NDArray[Any]) -> NDArray[Any]:
    """Targets as the network is trained on them: values standardized, all else as it is."""
    if not isinstance(target, ValueTarget):
        return targets
    import numpy as np

    standardized: NDArray[Any] = (targets - np.array(target.means)) / np.array(target.deviations)
    return standardized.astype(np.float32)
