"""What answers are worth, in NumPy: exact, and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.objectives.losses import LossSettings, default_loss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LABEL_THRESHOLD", "measure"]

LABEL_THRESHOLD = 0.5
# Examples whose loss is computed at a time: of many classes their shares take much memory.
CHUNK = 4096


def measure(
    target: Target,
    answers: NDArray[np.float32],
    targets: NDArray[Any],
    *,
    loss: LossSettings | None = None,
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
    return values


def _loss(
    loss: LossSettings, target: Target, answers: NDArray[np.float32], targets: NDArray[Any]
) -> float:
    """The mean loss; probabilities are clipped at the resolution of float64 (as scikit-learn's
    `log_loss` does)."""
    import numpy as np

    total = 0.0
    for first in range(0, len(answers), CHUNK):
        said = answers[first : first + CHUNK].astype(np.float64)
        truth = targets[first : first + CHUNK]
        total += float(loss.errors(np, *_compared(target, truth, said)).sum())
    return total / len(answers) if len(answers) else float("nan")


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
