"""Two models on the same examples: is one better, or was it luck?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data import DatasetSettings
from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.errors import ModelFileError
from nncli.inference.asking import Answered
from nncli.inference.evaluated import Evaluation
from nncli.objectives.rates import decided
from nncli.objectives.resampling import drawn, percentiles, resamples
from nncli.preprocessing.archive import ModelDescription
from nncli.runs import Comparison

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_comparable", "compare"]

SAME_EXAMPLES = "Name a dataset that both are evaluated on: --dataset ..."


def check_comparable(
    this: tuple[Path, ModelDescription | None, DatasetSettings],
    other: tuple[Path, ModelDescription | None, DatasetSettings],
) -> None:
    """Refuse models that are not asked the same, as far as it is known before they are.

    Args:
        this: the file, what it says of itself (None if nncli did not make it), and the dataset
            that it is to be evaluated on.
        other: the same of the other model.

    Raises:
        ModelFileError: they say other things, or are evaluated on other data.
    """
    if this[1] is not None and other[1] is not None:
        _check_targets((this[0], this[1].target), (other[0], other[1].target))
    if _source(this[2]) != _source(other[2]):
        raise ModelFileError(
            f"{this[0]} is evaluated on {this[2].label}, {other[0]} on {other[2].label}: not on "
            "the same examples.",
            hint=SAME_EXAMPLES,
        )


def _check_targets(this: tuple[Path, Target], other: tuple[Path, Target]) -> None:
    if this[1].kind != other[1].kind or set(this[1].names) != set(other[1].names):
        raise ModelFileError(
            f"{this[0]} says {this[1]}; {other[0]} says {other[1]}.",
            hint="Only models with the same answers can be compared.",
        )


def compare(this: Evaluation, other: Answered) -> Comparison:
    """Compare an evaluation with what another model says about the same examples.

    Raises:
        ModelFileError: the models say other things, or the examples are others.
    """
    import numpy as np

    target = this.target
    _check_targets((this.model_path, target), (other.path, other.target))
    order = [other.target.names.index(name) for name in target.names]
    theirs = other.answers[:, order]
    place = np.argsort(order)
    truth = place[other.targets] if isinstance(target, ClassTarget) else other.targets[:, order]
    are_same = _source(this.data.settings) == _source(other.data.settings)
    if not are_same or this.split != other.split or not np.array_equal(truth, this.targets):
        raise ModelFileError(
            f"{this.model_path} was evaluated on {this.dataset} {this.split}, {other.path} "
            f"on {other.data.dataset.name} {other.split}: not on the same examples.",
            hint=SAME_EXAMPLES,
        )
    made = partial(_comparison, other=str(other.path))
    if not isinstance(target, ClassTarget | LabelsTarget):
        errors = [np.abs(said - this.targets).mean(axis=1) for said in (this.answers, theirs)]
        return made("mae", _means(errors), errors[0] - errors[1])
    decisions = (this.decisions, decided(target, theirs, this.threshold))
    right = [one == this.targets for one in decisions]
    if isinstance(target, LabelsTarget):
        shares = [one.mean(axis=1) for one in right]
        return made("binary_accuracy", _means(shares), shares[0] - shares[1])
    from scipy.stats import binomtest

    only = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    p_value = float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0
    differences = right[0].astype(np.float64) - right[1]
    found = made("accuracy", _means(right), differences)
    counts = {"only_this": only[0], "only_other": only[1], "p_value": p_value}
    return found.model_copy(update=counts)


def _comparison(
    metric: str, values: tuple[float, float], differences: NDArray[Any], *, other: str
) -> Comparison:
    return Comparison(
        other=other,
        metric=metric,
        values=values,
        difference=values[0] - values[1],
        interval=_interval(differences),
    )


def _source(settings: DatasetSettings) -> tuple[Any, ...]:
    """What tells a dataset from others."""
    return type(settings), settings.label, getattr(settings, "path", None)


def _means(each: list[NDArray[Any]]) -> tuple[float, float]:
    return float(each[0].mean()), float(each[1].mean())


def _interval(differences: NDArray[Any]) -> tuple[float, float]:
    import numpy as np

    count = len(differences)
    means = [differences @ weights / count for weights in drawn(count, resamples(count))]
    return percentiles(np.concatenate(means))
