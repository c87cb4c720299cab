"""What answers are worth, in NumPy: exact, and without a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.objectives.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    LossSettings,
    default_loss,
)
from nncli.objectives.metrics import metric_names, top_k

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LABEL_THRESHOLD", "example_losses", "measure"]

LABEL_THRESHOLD = 0.5
# Examples whose loss is computed at a time: of many classes their shares take much memory.
CHUNK = 4096


def measure(
    target: Target,
    answers: NDArray[np.float32],
    targets: NDArray[Any],
    *,
    loss: LossSettings | None = None,
    metrics: Sequence[str] = (),
) -> dict[str, float | None]:
    """What `answers` are worth, by the name of the metric.

    `loss` is the mean of the loss that the model was trained with. Classes: the accuracy. Labels:
    F1 over all decisions at a probability of 0.5 (micro). Values: errors in their unit (the mean
    over the values, where there are several), and R2.

    Args:
        target: what is answered.
        answers: of the saved model, shape (n, classes, labels or values).
        targets: class indices, shape (n,); zeros and ones, or values, shape (n, labels or values).
        loss: what the model was trained with; default: the default of the target.
        metrics: more that are wanted, by their names in `nncli.objectives.metrics`.
    """
    import numpy as np

    values: dict[str, float | None] = {
        "loss": _loss(loss or default_loss(target), target, answers, targets)
    }
    match target:
        case ClassTarget():
            values["accuracy"] = float((answers.argmax(axis=1) == targets).mean())
        case LabelsTarget():
            said = answers >= LABEL_THRESHOLD
            right = float((said & (targets > 0)).sum())
            whole = float(said.sum() + (targets > 0).sum())
            values["micro_f1"] = 2 * right / whole if whole else 0.0
        case ValueTarget():
            errors = answers.astype(np.float64) - targets
            squared = (errors**2).mean(axis=0)
            spread = targets.astype(np.float64).var(axis=0)
            explained = 1 - squared[spread > 0] / spread[spread > 0]
            values["mae"] = float(np.abs(errors).mean())
            values["rmse"] = float(np.sqrt(squared.mean()))
            values["r2"] = float(explained.mean()) if len(explained) else None
    missing = [name for name in metric_names(target, metrics) if name not in values]
    return values | {name: _measured(name, target, answers, targets) for name in missing}


def _measured(
    name: str, target: Target, answers: NDArray[np.float32], targets: NDArray[Any]
) -> float | None:
    """One of the metrics that have to be asked for, by scikit-learn where it has it."""
    import numpy as np
    from sklearn import metrics

    k = top_k(name)
    if not len(answers):
        return None
    if k is not None:
        indices = np.arange(len(target.names))
        return float(metrics.top_k_accuracy_score(targets, answers, k=k, labels=indices))
    match name:
        case "crossentropy":
            return _loss(CrossEntropy(), target, answers, targets)
        case "binary_crossentropy":
            return _loss(BinaryCrossEntropy(), target, answers, targets)
        case "mse":
            return float(((answers.astype(np.float64) - targets) ** 2).mean())
        case "mape":
            return float(metrics.mean_absolute_percentage_error(targets, answers))
        case "auc":
            return _area(target, answers, targets)
    classes = isinstance(target, ClassTarget)
    said = answers.argmax(axis=1) if classes else (answers >= LABEL_THRESHOLD).astype(int)
    match name:
        case "balanced_accuracy":  # scikit-learn's warns where what is said never occurs
            occurring = np.unique(targets)
            score = metrics.recall_score(targets, said, labels=occurring, average="macro")
        case "binary_accuracy":
            score = (said == targets).mean()
        case _:
            rate = name.removeprefix("macro_")
            average = "macro" if name.startswith("macro_") else "micro"
            function = getattr(metrics, f"{rate}_score")
            score = function(targets, said, average=average, zero_division=0.0)
    return float(score)


def _area(target: Target, answers: NDArray[np.float32], targets: NDArray[Any]) -> float | None:
    """The area under the ROC curve, the mean over the classes or labels that have examples and
    others, each against the rest; None if none has."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    true = np.eye(len(target.names))[targets] if isinstance(target, ClassTarget) else targets
    known = [number for number, column in enumerate(true.T) if 0 < column.sum() < len(column)]
    areas = [roc_auc_score(true[:, number], answers[:, number]) for number in known]
    return float(np.mean(areas)) if areas else None


def _loss(
    loss: LossSettings, target: Target, answers: NDArray[np.float32], targets: NDArray[Any]
) -> float:
    """The mean loss; probabilities are clipped at the resolution of float64 (as scikit-learn's
    `log_loss` does)."""
    found = example_losses(target, answers, targets, loss=loss)
    return float(found.sum()) / len(found) if len(found) else float("nan")


def example_losses(
    target: Target,
    answers: NDArray[np.float32],
    targets: NDArray[Any],
    *,
    loss: LossSettings | None = None,
) -> NDArray[np.float64]:
    """The loss of each example, shape (n,); arguments as for `measure`."""
    import numpy as np

    loss = loss or default_loss(target)
    found = np.empty(len(answers), np.float64)
    for first in range(0, len(answers), CHUNK):
        said = answers[first : first + CHUNK].astype(np.float64)
        truth = targets[first : first + CHUNK]
        found[first : first + CHUNK] = loss.errors(np, *_compared(target, truth, said))
    return found


def _compared(target: Target, truth: NDArray[Any], said: NDArray[np.float64]) -> tuple[Any, Any]:
    """The truth and the answers as the formula of a loss takes them."""
    import numpy as np

    smallest = np.finfo(np.float64).eps
    match target:
        case ClassTarget():
            return np.eye(len(target.names))[truth], np.log(np.clip(said, smallest, 1.0))
        case LabelsTarget():
            both = (said, 1.0 - said)
            return truth, tuple(np.log(np.clip(one, smallest, 1.0)) for one in both)
        case ValueTarget():
            means, deviations = np.array(target.means), np.array(target.deviations)
            return (truth - means) / deviations, (said - means) / deviations
