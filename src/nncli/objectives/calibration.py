"""Whether answers are right as often as they are sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from nncli.descriptions import ClassTarget, Target
from nncli.objectives.resampling import LEVEL, Interval
from nncli.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Bin", "Calibration", "bin_errors", "calibration", "ece_interval"]

BINS = 15  # Guo and others (2017), On Calibration of Modern Neural Networks
UPPER = (1 + LEVEL) / 2
CLEAR = 2.0  # standard deviations from which on a bin's error is more than chance


class Bin(Settings):
    """Answers of about the same confidence."""

    confidence: float = Field(description="Their mean probability.")
    accuracy: float = Field(description="The share of them that is right.")
    count: int = Field(description="How many they are.")


class Calibration(Settings):
    """Whether answers are right as often as their probabilities say."""

    ece: float = Field(description="Expected calibration error: 0 is best.")
    bins: Annotated[tuple[Bin, ...], Field(strict=False)] = Field(
        description="The reliability curve: 15 bins of equal width, the empty ones left out."
    )


def calibration(target: Target, answers: NDArray[np.float32], targets: NDArray[Any]) -> Calibration:
    """How often answers are right beside how sure they are. Of classes that is the probability of
    the likeliest, of labels that of each label and how often it is there."""
    import numpy as np

    confidence, right, place = _binned(target, answers, targets)
    counts = np.bincount(place, minlength=BINS)
    sure = np.bincount(place, confidence, BINS)
    hits = np.bincount(place, right, BINS)
    return Calibration(
        ece=float(np.abs(sure - hits).sum() / len(confidence)),
        bins=tuple(
            Bin(confidence=sure[n] / counts[n], accuracy=hits[n] / counts[n], count=int(counts[n]))
            for n in np.flatnonzero(counts).tolist()
        ),
    )


def bin_errors(target: Target, answers: NDArray[np.float32], targets: NDArray[Any]) -> Any:
    """How much surer than right each example is in each bin, of several labels the mean: a sparse
    matrix of shape (bins, examples), whose sums over examples tell the calibration error."""
    import numpy as np
    from scipy import sparse

    confidence, right, place = _binned(target, answers, targets)
    count = len(targets)
    decisions = len(place) // count
    cells = (confidence - right) / decisions, (place, np.arange(len(place)) // decisions)
    return sparse.coo_array(cells, shape=(BINS, count)).tocsr()


def ece_interval(found: NDArray[np.float64], drawn: NDArray[np.float64]) -> Interval:
    """A 95 % interval of the expected calibration error.

    The error is a sum of absolute values, which chance alone keeps above 0: of a model that is
    calibrated, resamples err more than the examples, and the truth is below both. So a bin whose
    error could be chance counts here with all that resampling changes of it, either way, and only
    one that is clearly above or below 0 with its sign. This is rather too wide than too narrow.

    Args:
        found: the mean of `bin_errors` over the examples, shape (bins,).
        drawn: the same of resamples, shape (bins, resamples).
    """
    import numpy as np

    changes = drawn - found[:, np.newaxis]
    is_clear = np.abs(found) > CLEAR * changes.std(axis=1)
    signed = (np.sign(found)[:, np.newaxis] * changes)[is_clear].sum(axis=0)
    unclear = np.abs(changes[~is_clear]).sum(axis=0)
    value = float(np.abs(found).sum())
    low, high = (float(np.quantile(one + unclear, UPPER)) for one in (signed, -signed))
    return max(0.0, value - low), min(1.0, value + high)


def _binned(
    target: Target, answers: NDArray[np.float32], targets: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Of each answer about a class, or about each label, its confidence, whether it is right, and
    its bin: three arrays of shape (answers,)."""
    import numpy as np

    if isinstance(target, ClassTarget):
        confidence = answers.max(axis=1).astype(np.float64)
        right = (answers.argmax(axis=1) == targets).astype(np.float64)
    else:
        confidence = answers.ravel().astype(np.float64)
        right = (targets > 0).ravel().astype(np.float64)
    return confidence, right, np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
