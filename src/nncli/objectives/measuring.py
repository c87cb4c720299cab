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
from nncli.objectives.ranking import ranked, rankings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LABEL_THRESHOLD", "example_losses", "example_values", "measure"]

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
    penalty: float = 0.0,
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
        penalty: what the size of the weights adds to the loss that was trained with.
    """
    import numpy as np

    values: dict[str, float | None] = {
        "loss": _loss(loss or default_loss(target), target, answers, targets) + penalty
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

    if not len(answers):
        return None
    each = example_values(name, target, answers, targets)
    if each is not None:
        return float(each.mean())
    if name == "auc":
        ones = np.ones((len(targets), 1))
        area = float(ranked(rankings(target, answers, targets), ones)["auc"][0])
        return None if np.isnan(area) else area
    from sklearn import metrics

    classes = isinstance(target, ClassTarget)
    said = answers.argmax(axis=1) if classes else (answers >= LABEL_THRESHOLD).astype(int)
    if name == "balanced_accuracy":  # scikit-learn's warns where what is said never occurs
        occurring = np.unique(targets)
        return float(metrics.recall_score(targets, said, labels=occurring, average="macro"))
    if name == "binary_accuracy":
        return float((said == targets).mean())
    rate = name.removeprefix("macro_")
    average = "macro" if name.startswith("macro_") else "micro"
    function = getattr(metrics, f"{rate}_score")
    return float(function(targets, said, average=average, zero_division=0.0))


def example_values(
    name: str,
    target: Target,
    answers: NDArray[np.float32],
    targets: NDArray[Any],
    *,
    loss: LossSettings | None = None,
) -> NDArray[np.float64] | None:
    """What each example has of the metric `name`, shape (n,), where the metric is the mean of that;
    None where it is not. Arguments as for `measure`."""
    import numpy as np

    k = top_k(name)
    if k is not None:
        return _is_among_first(answers, targets, k)
    match name:
        case "loss":
            return example_losses(target, answers, targets, loss=loss)
        case "crossentropy":
            return example_losses(target, answers, targets, loss=CrossEntropy())
        case "binary_crossentropy":
            return example_losses(target, answers, targets, loss=BinaryCrossEntropy())
    if name not in ("mae", "mse", "mape"):
        return None
    errors = np.abs(answers.astype(np.float64) - targets)
    if name == "mape":
        errors /= np.maximum(np.abs(targets.astype(np.float64)), np.finfo(np.float64).eps)
    values: NDArray[np.float64] = (errors**2 if name == "mse" else errors).mean(axis=1)
    return values


def _is_among_first(
    answers: NDArray[np.float32], targets: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """1.0 where the true class is one of the `k` likeliest; of classes that are equally likely the
    last come first, as in scikit-learn's `top_k_accuracy_score`."""
    import numpy as np

    found = np.empty(len(targets), np.float64)
    for first in range(0, len(answers), CHUNK):
        said, true = answers[first : first + CHUNK], targets[first : first + CHUNK, np.newaxis]
        own = np.take_along_axis(said, true, axis=1)
        later = np.arange(said.shape[1]) > true
        before = ((said > own) | ((said == own) & later)).sum(axis=1)
        found[first : first + CHUNK] = before < k
    return found


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
