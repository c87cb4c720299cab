"""How much a metric would differ on other examples: bootstrap intervals (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.objectives.measuring import example_losses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nncli.objectives.losses import LossSettings

__all__ = ["LEVEL", "intervals", "percentiles", "resamples"]

LEVEL = 0.95
RESAMPLES = 1000
FEWEST_RESAMPLES = 200
MOST_DRAWS = 50_000_000  # examples drawn in all: of a million examples 200 resamples take seconds
SEED = 0

Interval = tuple[float, float]


def intervals(
    target: Target,
    answers: NDArray[np.float32],
    decisions: NDArray[Any],
    targets: NDArray[Any],
    *,
    loss: LossSettings | None = None,
) -> dict[str, Interval]:
    """The 95 % percentile intervals of the main metrics, by name, from 1,000 resamples of the
    examples (fewer where there are more than 50,000), drawn from a fixed seed.

    What follows from how often each class is taken for which is resampled as those counts, which is
    the same as drawing examples.

    Args:
        target: what is answered.
        answers: as for `measure`.
        decisions: class indices, shape (n,), zeros and ones, shape (n, labels), or the values.
        targets: as for `measure`.
        loss: what the model was trained with.
    """
    import numpy as np

    if len(targets) < 2:
        return {}
    generator = np.random.Generator(np.random.PCG64(SEED))
    each: dict[str, NDArray[Any]] = {"loss": example_losses(target, answers, targets, loss=loss)}
    counted: dict[str, NDArray[Any]] = {}
    match target:
        case ClassTarget():
            counted = _of_confusion(target, decisions, targets, generator)
        case LabelsTarget():
            counted = _of_labels(decisions, targets, generator)
        case _:
            errors = answers.astype(np.float64) - targets
            each |= {"mae": np.abs(errors).mean(axis=1), "rmse": (errors**2).mean(axis=1)}
            counted = {"r2": _explained(errors, targets.astype(np.float64), generator)}
    drawn = _means(each, generator)
    if "rmse" in drawn:
        drawn["rmse"] = np.sqrt(drawn["rmse"])
    return {name: percentiles(values) for name, values in (drawn | counted).items()}


def percentiles(values: NDArray[Any]) -> Interval:
    """The middle 95 % of what was found in resamples, shape (resamples,)."""
    import numpy as np

    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(values, (tail, 1 - tail)).tolist()
    return low, high


def resamples(count: int) -> int:
    """How often `count` examples are drawn anew."""
    return max(FEWEST_RESAMPLES, min(RESAMPLES, MOST_DRAWS // count))


def _means(
    each: Mapping[str, NDArray[Any]], generator: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """The means over resampled examples of what each example has."""
    import numpy as np

    names = list(each)
    values = np.stack([each[name] for name in names], axis=1)
    count = len(values)
    found = [
        values[generator.integers(0, count, count)].mean(axis=0) for _ in range(resamples(count))
    ]
    return dict(zip(names, np.array(found).T, strict=True))


def _of_confusion(
    target: ClassTarget,
    decisions: NDArray[Any],
    targets: NDArray[Any],
    generator: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    """Accuracy, balanced accuracy and macro F1 of resampled pairs of truth and decision."""
    import numpy as np

    classes = len(target.names)
    pairs, counts = np.unique(targets * classes + decisions, return_counts=True)
    truth, said = np.divmod(pairs, classes)
    same = truth == said
    found = []
    for _ in range(RESAMPLES):  # one at a time: of many classes there are many pairs
        drawn = generator.multinomial(len(targets), counts / counts.sum())
        right = np.bincount(truth[same], drawn[same], classes)
        of_class = np.bincount(truth, drawn, classes)
        both = of_class + np.bincount(said, drawn, classes)
        occurs, is_known = of_class > 0, both > 0
        found.append(
            (
                right.sum() / len(targets),
                (right[occurs] / of_class[occurs]).mean(),
                (2 * right[is_known] / both[is_known]).mean(),
            )
        )
    names = ("accuracy", "balanced_accuracy", "macro_f1")
    return dict(zip(names, np.array(found).T, strict=True))


def _of_labels(
    decisions: NDArray[Any], targets: NDArray[Any], generator: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Micro and macro F1 of resampled examples."""
    import numpy as np

    said, true = decisions.astype(np.float32), targets.astype(np.float32)
    counts = np.stack([said * true, said + true], axis=1)  # (n, 2, labels)
    micro, macro = [], []
    for _ in range(resamples(len(targets))):
        weights = np.bincount(
            generator.integers(0, len(true), len(true)), minlength=len(true)
        ).astype(np.float32)
        right, both = np.tensordot(weights, counts, axes=1)
        micro.append(2 * right.sum() / max(both.sum(), 1.0))
        macro.append(np.divide(2 * right, both, out=np.zeros_like(right), where=both > 0).mean())
    return {"micro_f1": np.array(micro), "macro_f1": np.array(macro)}


def _explained(
    errors: NDArray[Any], targets: NDArray[Any], generator: np.random.Generator
) -> NDArray[Any]:
    """R2 of resampled examples, the mean over the values."""
    import numpy as np

    found = []
    for _ in range(resamples(len(targets))):
        chosen = generator.integers(0, len(targets), len(targets))
        spread = targets[chosen].var(axis=0)
        squared = (errors[chosen] ** 2).mean(axis=0)
        known = spread > 0
        found.append((1 - squared[known] / spread[known]).mean() if known.any() else np.nan)
    return np.array(found)
