"""What answers are worth, in NumPy: exact, and without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.objectives.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    LossSettings,
    default_loss,
)
from nncli.objectives.metrics import measured_names, top_k
from nncli.objectives.ranking import ranked, rankings
from nncli.objectives.rates import decided, explained, least_spread, occurrences, rates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["example_losses", "example_values", "measure"]

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
    each: Mapping[str, NDArray[np.float64]] | None = None,
    threshold: float | None = None,
) -> dict[str, float | None]:
    """What `answers` are worth, by the name of the metric; None for what cannot be known.

    `loss` is the mean of the loss that the model was trained with. Classes: the accuracy. Labels:
    F1 over all decisions, at a probability of 0.5 (micro). Values: errors in their unit (the mean
    over the values, where there are several), and R2.

    Args:
        target: what is answered.
        answers: of the saved model, shape (n, classes, labels or values).
        targets: class indices, shape (n,); zeros and ones, or values, shape (n, labels or values).
        loss: what the model was trained with; default: the default of the target.
        metrics: more that are wanted, by their names in `nncli.objectives.metrics`.
        penalty: what the size of the weights adds to the loss that was trained with.
        each: see `example_values`, if it was asked for before.
        threshold: see `decided`.
    """
    import numpy as np

    names = measured_names(target, metrics)
    if not len(answers):
        return dict.fromkeys(names)
    if each is None:
        each = example_values(target, answers, targets, names, loss=loss)
    found = {name: float(values.mean()) for name, values in each.items()}
    found["loss"] += penalty
    if "rmse" in found:
        found["rmse"] = float(np.sqrt(found["rmse"]))
    if isinstance(target, ValueTarget):
        found |= {"r2": _explained(answers, targets)}
    else:
        found |= _rates(target, decided(target, answers, threshold), targets)
    if "auc" in names:
        found["auc"] = float(
            ranked(rankings(target, answers, targets), np.ones((len(targets), 1)))["auc"][0]
        )
    return {name: None if np.isnan(found[name]) else found[name] for name in names}


def _rates(target: Target, decisions: NDArray[Any], targets: NDArray[Any]) -> dict[str, float]:
    """The metrics of classes or labels that follow from `decisions` (see `decided`), by name."""
    import numpy as np

    right, said, true = np.stack(occurrences(target, decisions, targets))[..., np.newaxis]
    found = rates(target, right, said, true, len(targets))
    return {name: float(value) for name, [value] in found.items()}


def _explained(answers: NDArray[np.float32], targets: NDArray[Any]) -> float:
    import numpy as np

    true = targets.astype(np.float64)
    squares = ((answers.astype(np.float64) - true) ** 2).mean(axis=0)
    spread = true.var(axis=0)
    return float(explained(squares[:, np.newaxis], spread[:, np.newaxis], least_spread(targets))[0])


def example_values(
    target: Target,
    answers: NDArray[np.float32],
    targets: NDArray[Any],
    names: Sequence[str],
    *,
    loss: LossSettings | None = None,
) -> dict[str, NDArray[np.float64]]:
    """What each example has of those metrics of `names` that are the mean of that, by name, shape
    (n,); of the root of a mean what it is the root of. Arguments as for `measure`."""
    own = loss or default_loss(target)
    losses = {
        "loss": own,
        "crossentropy": CrossEntropy(),
        "binary_crossentropy": BinaryCrossEntropy(),
    }
    known: dict[LossSettings, NDArray[np.float64]] = {}
    found: dict[str, NDArray[np.float64]] = {}
    for name in names:
        k = top_k(name)
        if k is not None:
            found[name] = _is_among_first(answers, targets, k)
        elif name in losses:
            which = losses[name]
            if which not in known:
                known[which] = example_losses(target, answers, targets, loss=which)
            found[name] = known[which]
        elif name in ("mae", "mse", "rmse", "mape"):
            found[name] = _errors(name, answers, targets)
    return found


def _errors(name: str, answers: NDArray[np.float32], targets: NDArray[Any]) -> NDArray[np.float64]:
    """The mean over the values of absolute, squared or relative errors, shape (n,)."""
    import numpy as np

    errors = np.abs(answers.astype(np.float64) - targets)
    if name == "mape":
        errors /= np.maximum(np.abs(targets.astype(np.float64)), np.finfo(np.float64).eps)
    values: NDArray[np.float64] = (errors**2 if name in ("mse", "rmse") else errors).mean(axis=1)
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


def example_losses(
    target: Target,
    answers: NDArray[np.float32],
    targets: NDArray[Any],
    *,
    loss: LossSettings | None = None,
) -> NDArray[np.float64]:
    """The loss of each example, shape (n,); arguments as for `measure`.

    Probabilities are clipped at the resolution of float64, as scikit-learn's `log_loss` does.
    """
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
