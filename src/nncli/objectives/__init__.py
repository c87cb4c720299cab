"""What follows from a target: the head of the network, its loss, its metrics, its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ANSWER",
    "HEADS",
    "LABEL_THRESHOLD",
    "add_answer",
    "add_head",
    "classes_of",
    "compile_for_answers",
    "compile_for_training",
    "encoded",
    "fitted",
    "measure",
    "metric_names",
    "nothing_said",
]

ANSWER = "answer"  # the name of the layer between the network and what the saved model says
HEADS = ("logits", "values")  # the names that the last layer of the trained network has
LABEL_THRESHOLD = 0.5


def add_head(features: Any, target: Target) -> Any:
    """Add the last layer of the trained network, shape (batch, classes, labels or values):
    one logit for each class or label, or each value standardized."""
    import keras

    name = HEADS[isinstance(target, ValueTarget)]
    return keras.layers.Dense(len(target.names), name=name)(features)


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


def compile_for_training(
    network: Any, optimizer: Any, target: Target, *, mixed: bool = False, **settings: Any
) -> None:
    """Compile a network for targets as `encoded` gives them; of classes `mixed` means shares of
    each, shape (batch, classes), instead of an index.

    The softmax and the sigmoid are part of the loss, which is exact where probabilities would be
    rounded to 0. Errors of values are squared; their metrics are in the unit of the values.
    """
    import keras

    match target:
        case ClassTarget() if mixed:
            loss = keras.losses.CategoricalCrossentropy(from_logits=True)
            metrics = [keras.metrics.CategoricalAccuracy(name="accuracy")]
        case ClassTarget():
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            metrics = [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
        case LabelsTarget():
            from nncli.objectives.measures import LabelsF1

            loss = keras.losses.BinaryCrossentropy(from_logits=True)
            metrics = [LabelsF1(0.0)]
        case ValueTarget():
            from nncli.objectives.measures import MeanAbsoluteError, RootMeanSquaredError

            loss = keras.losses.MeanSquaredError()
            deviations = list(target.deviations)
            metrics = [MeanAbsoluteError(deviations), RootMeanSquaredError(deviations)]
    network.compile(optimizer=optimizer, loss=loss, metrics=metrics, **settings)


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


def metric_names(target: Target) -> tuple[str, ...]:
    """The columns that each split has in the history of a training."""
    match target:
        case ClassTarget():
            return ("loss", "accuracy")
        case LabelsTarget():
            return ("loss", "micro_f1")
        case ValueTarget():
            return ("loss", "mae", "rmse")


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


def measure(
    target: Target, answers: NDArray[np.float32], targets: NDArray[Any]
) -> dict[str, float | None]:
    """What `answers` are worth, by the name of the metric.

    Classes: the loss is the mean negative logarithm of the probability of the true class,
    probabilities clipped at the resolution of float64 (as scikit-learn's `log_loss` does). Labels:
    the mean of the same over all labels, and F1 over all decisions at a probability of 0.5
    (micro). Values: the mean squared error of the standardized values, errors in their unit (the
    mean over the values, where there are several), and R2.

    Args:
        target: what is answered.
        answers: of the saved model, shape (n, classes, labels or values).
        targets: class indices, shape (n,); zeros and ones, or values, shape (n, labels or values).
    """
    import numpy as np

    smallest = np.finfo(np.float64).eps
    match target:
        case ClassTarget():
            of_truth = answers[np.arange(len(targets)), targets].astype(np.float64)
            loss = -np.log(np.clip(of_truth, smallest, 1.0)).mean()
            return {
                "loss": float(loss),
                "accuracy": float((answers.argmax(axis=1) == targets).mean()),
            }
        case LabelsTarget():
            sure = np.where(targets > 0, answers, 1.0 - answers).astype(np.float64)
            said = answers >= LABEL_THRESHOLD
            right = float((said & (targets > 0)).sum())
            whole = float(said.sum() + (targets > 0).sum())
            return {
                "loss": float(-np.log(np.clip(sure, smallest, 1.0)).mean()),
                "micro_f1": 2 * right / whole if whole else 0.0,
            }
        case ValueTarget():
            errors = answers.astype(np.float64) - targets
            squared = (errors**2).mean(axis=0)
            spread = targets.astype(np.float64).var(axis=0)
            explained = 1 - squared[spread > 0] / spread[spread > 0]
            return {
                "loss": float((squared / np.array(target.deviations) ** 2).mean()),
                "mae": float(np.abs(errors).mean()),
                "rmse": float(np.sqrt(squared.mean())),
                "r2": float(explained.mean()) if len(explained) else None,
            }
