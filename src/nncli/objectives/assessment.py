"""All that answers tell about a model: more than a training measures, and what it costs to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.objectives.calibration import Calibration, calibration
from nncli.objectives.intervals import intervals
from nncli.objectives.losses import LossSettings
from nncli.objectives.measuring import example_values, measure
from nncli.objectives.metrics import fitting_metrics, measured_names, top_k
from nncli.objectives.ranking import RANKED, ranked, rankings
from nncli.objectives.rates import LABEL_THRESHOLD, decided, occurrences
from nncli.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Assessment",
    "ClassMetrics",
    "Decile",
    "LabelThreshold",
    "assess",
    "assessed_names",
    "confusion",
    "deciles",
    "label_thresholds",
    "per_class",
]

FEW_CLASSES = 5
OWN = ("average_precision", "ece")  # which no training measures
ALONE = (*RANKED, "ece")  # which `measure` is not asked for
MOST_CLASSES = 1000  # of which a confusion matrix is kept
Number = float | None


class ClassMetrics(Settings):
    """How one class fared (definitions: scikit-learn's precision_recall_fscore_support)."""

    name: str = Field(description="Name of the class.")
    precision: float | None = Field(description="Right answers among those that say this class.")
    recall: float | None = Field(description="Right answers among the examples of this class.")
    f1: float | None = Field(description="Harmonic mean of the two.")
    count: int = Field(description="Examples of this class.")


class Decile(Settings):
    """A tenth of the examples, by their true value."""

    low: float = Field(description="The smallest true value, in its unit.")
    high: float = Field(description="The largest.")
    mean_error: float = Field(description="Answer minus truth: above 0 it says too much.")
    mae: float = Field(description="Mean absolute error.")
    count: int = Field(description="Examples.")


class LabelThreshold(Settings):
    """From which probability on a label is best said."""

    name: str = Field(description="The label.")
    threshold: float = Field(description="Best for F1 on the validation split.")
    f1: float = Field(description="With it, on the evaluated split.")
    f1_at_half: float = Field(description="With 0.5, on the evaluated split.")


class Assessment(Settings):
    """All numbers about one split; `docs/evaluating.md` says what they mean."""

    metrics: dict[str, Number] = Field(description="By name, more than a training measures.")
    intervals: dict[str, Annotated[tuple[float, float], Field(strict=False)]] = Field(
        description="Their 95 % bootstrap intervals, `[low, high]`."
    )
    threshold: float | None = Field(
        default=None, description="The probability that decides, if it was set."
    )
    confusion_matrix: list[list[int]] | None = Field(
        default=None, description="Examples by true class (rows) and answer (columns)."
    )
    calibration: Calibration | None = Field(default=None, description="Of the answers' confidence.")
    deciles: dict[str, list[Decile]] | None = Field(
        default=None, description="Of each value, the errors by tenths of the truth."
    )
    thresholds: list[LabelThreshold] | None = Field(
        default=None, description="Of each label, found on the validation split."
    )


def assessed_names(target: Target, metrics: Sequence[str] = ()) -> tuple[str, ...]:
    """The metrics that `assess` gives; `metrics` are further ones that are wanted."""
    few = len(target.names) <= FEW_CLASSES  # of which the first five are nearly all
    usual = [name for name in fitting_metrics(target) if not (few and top_k(name))]
    own = () if isinstance(target, ValueTarget) else OWN
    return tuple(dict.fromkeys((*measured_names(target, metrics), *usual, *own)))


def assess(
    target: Target,
    answers: NDArray[np.float32],
    targets: NDArray[Any],
    *,
    loss: LossSettings | None = None,
    metrics: Sequence[str] = (),
    threshold: float | None = None,
    penalty: float = 0.0,
) -> Assessment:
    """Everything that is known from answers and targets, as for `measure`; `threshold` as for
    `decided`. Takes a second where `measure` takes a hundredth."""
    import numpy as np

    decisions = decided(target, answers, threshold)
    wanted = assessed_names(target, metrics)
    names = [name for name in wanted if name not in ALONE]
    each = example_values(target, answers, targets, measured_names(target, names), loss=loss)
    values = measure(
        target, answers, targets, metrics=names, penalty=penalty, each=each, threshold=threshold
    )
    calibrated, of_classes = None, None
    if not isinstance(target, ValueTarget) and len(targets):
        calibrated = calibration(target, answers, targets)
        values["ece"] = calibrated.ece
        of_classes = rankings(target, answers, targets)
        areas = ranked(of_classes, np.ones((len(targets), 1)))
        values |= {name: None if np.isnan(area) else float(area) for name, [area] in areas.items()}
    values = {name: values.get(name) for name in wanted}
    return Assessment(
        metrics=values,
        intervals=intervals(
            target, answers, decisions, targets, values, each, of_classes=of_classes
        ),
        threshold=threshold,
        confusion_matrix=confusion(target, decisions, targets),
        calibration=calibrated,
        deciles=deciles(target, answers, targets),
    )


def per_class(
    target: Target,
    answers: NDArray[np.float32],
    targets: NDArray[Any],
    *,
    threshold: float | None = None,
) -> list[ClassMetrics] | None:
    """Each class or label by itself, as scikit-learn's `precision_recall_fscore_support` has it,
    whose import takes a second; None for values. What would be divided by zero is 0."""

    if isinstance(target, ValueTarget):
        return None
    names, said = target.names, decided(target, answers, threshold)
    counts = occurrences(target, said, targets)
    return [
        ClassMetrics(
            name=name,
            precision=hits / answered if answered else 0.0,
            recall=hits / count if count else 0.0,
            f1=2 * hits / (answered + count) if answered + count else 0.0,
            count=count,
        )
        for name, hits, answered, count in zip(
            names, *(one.tolist() for one in counts), strict=True
        )
    ]


def label_thresholds(
    target: LabelsTarget,
    found_on: tuple[NDArray[Any], NDArray[Any]],
    used_on: tuple[NDArray[Any], NDArray[Any]],
) -> list[LabelThreshold]:
    """The probability from which on each label is best said.

    Args:
        target: the labels.
        found_on: answers and targets of the validation split.
        used_on: those of the split that is evaluated.
    """
    import numpy as np
    from sklearn.metrics import f1_score, precision_recall_curve

    found = []
    for place, name in enumerate(target.names):
        answers, true = (array[:, place] for array in found_on)
        threshold = LABEL_THRESHOLD
        if true.any():
            precision, recall, thresholds = precision_recall_curve(true, answers)
            both = np.maximum(precision + recall, 1e-12)
            threshold = float(thresholds[int((2 * precision * recall / both)[:-1].argmax())])
        answers, true = (array[:, place] for array in used_on)
        scores = [
            float(f1_score(true, answers >= one, zero_division=0.0))
            for one in (threshold, LABEL_THRESHOLD)
        ]
        found.append(
            LabelThreshold(name=name, threshold=threshold, f1=scores[0], f1_at_half=scores[1])
        )
    return found


def confusion(
    target: Target, decisions: NDArray[Any], targets: NDArray[Any]
) -> list[list[int]] | None:
    """How many examples of each class (rows) are decided to be which (columns); None where there
    are no classes, or more than 1,000."""
    import numpy as np

    if not isinstance(target, ClassTarget) or len(target.names) > MOST_CLASSES:
        return None
    classes = len(target.names)
    cells = np.bincount(targets * classes + decisions, minlength=classes * classes)
    rows: list[list[int]] = cells.reshape(classes, classes).tolist()
    return rows


def deciles(
    target: Target, answers: NDArray[np.float32], targets: NDArray[Any]
) -> dict[str, list[Decile]] | None:
    """The errors of each value by tenths of its truth; None where there are no values."""
    import numpy as np

    if not isinstance(target, ValueTarget):
        return None
    found: dict[str, list[Decile]] = {}
    for place, name in enumerate(target.names):
        true = targets[:, place].astype(np.float64)
        errors = answers[:, place].astype(np.float64) - true
        order = np.argsort(true, kind="stable")
        found[name] = [
            Decile(
                low=float(true[part[0]]),
                high=float(true[part[-1]]),
                mean_error=float(errors[part].mean()),
                mae=float(np.abs(errors[part]).mean()),
                count=len(part),
            )
            for part in np.array_split(order, min(10, len(order)))
            if len(part)
        ]
    return found
