"""Two models on the same examples: is one better, or was it luck?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget
from nncli.errors import ModelFileError
from nncli.inference.evaluated import Evaluation
from nncli.objectives.assessment import decided
from nncli.objectives.resampling import drawn, percentiles, resamples

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """The difference of a metric between two models, example by example.

    Attributes:
        metric: accuracy, of labels the share of right decisions, of values the mean absolute
            error.
        values: of this model and of the other.
        interval: of the difference, this minus the other: 95 %, by bootstrap over the examples.
        only_this, only_other: examples that one alone has right; None for values and labels.
        p_value: of McNemar's exact test that both are equally often right; None likewise.
    """

    metric: str
    values: tuple[float, float]
    interval: tuple[float, float]
    only_this: int | None = None
    only_other: int | None = None
    p_value: float | None = None

    @property
    def difference(self) -> float:
        """This minus the other."""
        return self.values[0] - self.values[1]


def compare(this: Evaluation, other: Evaluation) -> Comparison:
    """Compare two evaluations of the same examples.

    Raises:
        ModelFileError: the models say other things, or the examples are others.
    """
    import numpy as np

    target = this.target
    if target.kind != other.target.kind or set(target.names) != set(other.target.names):
        raise ModelFileError(
            f"{this.model_path} says {target}; {other.model_path} says {other.target}.",
            hint="Only models with the same answers can be compared.",
        )
    if _source(this) != _source(other):
        raise ModelFileError(
            f"{this.model_path} was evaluated on {this.dataset}, {other.model_path} on "
            f"{other.dataset}: not on the same examples.",
            hint="Name a dataset that both are evaluated on: --dataset ...",
        )
    order = [other.target.names.index(name) for name in target.names]
    theirs = other.answers[:, order]
    place = np.argsort(order)
    truth = place[other.targets] if isinstance(target, ClassTarget) else other.targets[:, order]
    if len(truth) != len(this.targets) or not np.array_equal(truth, this.targets):
        raise ModelFileError(
            "The two models were not evaluated on the same examples.",
            hint="Name a dataset that both are evaluated on: --dataset ...",
        )
    if not isinstance(target, ClassTarget | LabelsTarget):
        errors = [np.abs(said - this.targets).mean(axis=1) for said in (this.answers, theirs)]
        return Comparison("mae", _means(errors), _interval(errors[0] - errors[1]))
    threshold = this.assessment.threshold
    right = [decided(target, said, threshold) == this.targets for said in (this.answers, theirs)]
    if isinstance(target, LabelsTarget):
        shares = [one.mean(axis=1) for one in right]
        return Comparison("binary_accuracy", _means(shares), _interval(shares[0] - shares[1]))
    from scipy.stats import binomtest

    only = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    p_value = float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0
    differences = right[0].astype(np.float64) - right[1]
    return Comparison("accuracy", _means(right), _interval(differences), *only, p_value)


def _source(evaluation: Evaluation) -> tuple[Any, ...]:
    """What tells the data of an evaluation from other data."""
    data = evaluation.data
    path = getattr(data.settings, "path", None)
    return type(data.settings), data.settings.label, path, evaluation.split


def _means(each: list[NDArray[Any]]) -> tuple[float, float]:
    return float(each[0].mean()), float(each[1].mean())


def _interval(differences: NDArray[Any]) -> tuple[float, float]:
    import numpy as np

    count = len(differences)
    means = [differences @ weights / count for weights in drawn(count, resamples(count))]
    return percentiles(np.concatenate(means))
