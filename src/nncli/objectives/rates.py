"""Metrics that follow from sums over examples, of all of them or of many resamples: from how often
a class is said, is true, and both, or from how far values are off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LABEL_THRESHOLD", "decided", "explained", "least_spread", "occurrences", "rates"]

LABEL_THRESHOLD = 0.5
# Of the mean square: what a variance is above where numbers differ in float32, and below where
# they are equal but for the rounding of float64.
ROUNDING = 1e-20


def decided(
    target: Target, answers: NDArray[np.float32], threshold: float | None = None
) -> NDArray[Any]:
    """What is decided by answers: class indices, shape (n,), int64; zeros and ones, shape (n,
    labels), int64; values as they are.

    Args:
        target: what is answered.
        answers: as for `measure`.
        threshold: the probability from which on a label, or of two classes the second, is said;
            default: 0.5 for labels, and of classes the likeliest.
    """
    import numpy as np

    match target:
        case ClassTarget():
            if threshold is not None:
                return (answers[:, 1] >= threshold).astype(np.int64)
            likeliest: NDArray[np.int64] = answers.argmax(axis=1)
            return likeliest
        case LabelsTarget():
            return (answers >= (LABEL_THRESHOLD if threshold is None else threshold)).astype(
                np.int64
            )
        case _:
            return answers


def occurrences(
    target: Target, decisions: NDArray[Any], targets: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """How often each class or label is rightly said, is said, and is true: three arrays of shape
    (classes or labels,).

    Args:
        target: classes or labels.
        decisions: see `decided`.
        targets: as for `measure`.
    """
    import numpy as np

    if isinstance(target, ClassTarget):
        some = (targets[decisions == targets], decisions, targets)
        right, said, true = (np.bincount(one, minlength=len(target.names)) for one in some)
        return right, said, true
    are_said, are_true = decisions > 0, targets > 0
    right, said, true = (one.sum(axis=0) for one in (are_said & are_true, are_said, are_true))
    return right, said, true


def rates(
    target: Target, right: NDArray[Any], said: NDArray[Any], true: NDArray[Any], count: int
) -> dict[str, NDArray[Any]]:
    """What follows from `occurrences`, as scikit-learn defines it, by name; 0 where it would divide
    by zero.

    Args:
        target: classes or labels.
        right, said, true: of each class or label, shape (classes or labels, resamples).
        count: examples of a resample.

    Returns:
        Arrays of shape (resamples,), float64.
    """
    import numpy as np

    precision, recall, f1 = _ratio(right, said), _ratio(right, true), _ratio(2 * right, said + true)
    if isinstance(target, ClassTarget):
        known = said + true > 0  # as in scikit-learn: what does not occur is left out
        return {
            "accuracy": right.sum(axis=0, dtype=np.float64) / count,
            "balanced_accuracy": recall.mean(axis=0, where=true > 0),
            "macro_precision": precision.mean(axis=0, where=known),
            "macro_recall": recall.mean(axis=0, where=known),
            "macro_f1": f1.mean(axis=0, where=known),
        }
    wrong = said + true - 2 * right
    sums = [one.sum(axis=0, dtype=np.float64) for one in (right, said, true)]
    decisions = count * len(target.names)
    return {
        "micro_f1": _ratio(2 * sums[0], sums[1] + sums[2]),
        "precision": _ratio(sums[0], sums[1]),
        "recall": _ratio(sums[0], sums[2]),
        "macro_f1": f1.mean(axis=0),
        "binary_accuracy": 1 - wrong.sum(axis=0, dtype=np.float64) / decisions,
    }


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """`part` / `whole`; 0 where there is nothing."""
    import numpy as np

    exact = part.astype(np.float64)
    shares: NDArray[np.float64] = np.divide(exact, whole, out=np.zeros_like(exact), where=whole > 0)
    return shares


def least_spread(targets: NDArray[Any]) -> NDArray[np.float64]:
    """Of each value the variance up to which it does not vary but for rounding, of the examples and
    of resamples of them, shape (values,).

    Args:
        targets: shape (n, values).
    """
    import numpy as np

    true = targets.astype(np.float64)
    found: NDArray[np.float64] = np.maximum(
        1e-12 * true.var(axis=0), ROUNDING * (true**2).mean(axis=0)
    )
    return found


def explained(
    squares: NDArray[Any], spread: NDArray[Any], least: NDArray[Any]
) -> NDArray[np.float64]:
    """R2, the mean over the values that vary, shape (resamples,); not a number where none does.

    Args:
        squares: the mean squared error of each value, shape (values, resamples).
        spread: its variance, of the same shape.
        least: see `least_spread`, shape (values,).
    """
    import numpy as np

    known = spread > least[:, np.newaxis]
    shares = 1 - np.divide(squares, spread, out=np.ones_like(squares), where=known)
    counts = known.sum(axis=0)
    return np.where(counts > 0, shares.sum(axis=0) / np.maximum(counts, 1), np.nan)
