"""How much each metric would differ on other examples: bootstrap intervals (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, Target, ValueTarget
from nncli.objectives.calibration import bin_errors, ece_interval
from nncli.objectives.metrics import is_best_when_highest
from nncli.objectives.ranking import RANKED, Ranking, ranked
from nncli.objectives.rates import explained, least_spread, rates
from nncli.objectives.resampling import (
    FEWEST_RESAMPLES,
    Interval,
    Statistic,
    percentiles,
    resampled,
    resamples,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


__all__ = ["intervals", "ranked_resamples", "statistics"]

# Answers times resamples of what is ranked: seconds.
MOST_RANKED = 2_000_000_000
BINS = "bin errors"  # the name of what tells the calibration error of a resample


def intervals(
    target: Target,
    answers: NDArray[np.float32],
    decisions: NDArray[Any],
    targets: NDArray[Any],
    metrics: Mapping[str, float | None],
    each: Mapping[str, NDArray[np.float64]],
    *,
    of_classes: Sequence[Ranking] | None = None,
) -> dict[str, Interval]:
    """The 95 % intervals of metrics, by name, from 1,000 resamples of the examples (fewer where
    there are more than 50,000), drawn from a fixed seed.

    They are the middle 95 % of the resamples, moved so that their mean is the metric itself: where
    a class has few examples, having some twice and others not at all favours or harms every
    resample alike.

    What is ranked gets fewer resamples above 2 million answers (examples times classes), and no
    interval above 10 million.

    Args:
        target: what is answered.
        answers: as for `measure`.
        decisions: class indices, shape (n,), zeros and ones, shape (n, labels), or the values.
        targets: as for `measure`.
        metrics: what was measured, by name.
        each: what each example has of those that are means (see `example_values`).
        of_classes: how each class ranks the examples (see `nncli.objectives.ranking`); None for
            values.
    """
    count = len(targets)
    if count < 2:
        return {}
    wanted = [name for name, value in metrics.items() if value is not None]
    errors = None if isinstance(target, ValueTarget) else bin_errors(target, answers, targets)
    made = statistics(target, decisions, targets, each, errors=errors, of_classes=of_classes)
    drawn = resampled(made, count)
    found = {name: _moved(name, drawn[name], metrics[name]) for name in wanted if name in drawn}
    if errors is not None:
        found["ece"] = ece_interval(errors.mean(axis=1), drawn[BINS])
    return {name: found[name] for name in wanted if name in found}


def ranked_resamples(count: int, classes: int) -> int:
    """How often `count` examples are drawn anew for what is ranked; 0 where it would take too
    long."""
    times = min(resamples(count), MOST_RANKED // (count * classes))
    return times if times >= FEWEST_RESAMPLES else 0


def statistics(
    target: Target,
    decisions: NDArray[Any],
    targets: NDArray[Any],
    each: Mapping[str, NDArray[np.float64]],
    *,
    errors: Any | None = None,
    of_classes: Sequence[Ranking] | None = None,
) -> list[tuple[Statistic, int]]:
    """What is found from weights of the examples, and on how many resamples; arguments as for
    `intervals`, `errors` as `bin_errors` gives them, None for values."""
    count = len(targets)
    found = [_means(each, count)]
    if isinstance(target, ValueTarget):
        found.append(_explained(decisions, targets))
    else:
        found.append(_rates(target, decisions, targets))
    if errors is not None:
        found.append(lambda weights: {BINS: errors @ weights / count})
    with_times = [(one, resamples(count)) for one in found]
    ranks = ranked_resamples(count, len(target.names))
    if of_classes and ranks:
        with_times.append((lambda weights: ranked(of_classes, weights), ranks))
    return with_times


def _moved(name: str, values: NDArray[Any], value: float | None) -> Interval:
    """The middle of `values` with their mean at `value`, no further than the metric can be."""
    import numpy as np

    assert value is not None
    shift = value - float(np.nanmean(values))
    low, high = (one + shift for one in percentiles(values))
    ends_at_1 = name in RANKED or is_best_when_highest(name)
    return low if name == "r2" else max(low, 0.0), min(high, 1.0) if ends_at_1 else high


def _means(each: Mapping[str, NDArray[np.float64]], count: int) -> Statistic:
    """The metrics that are means over the examples, and the root of one."""
    import numpy as np
    from scipy import sparse

    # A sparse matrix, for in a product of thin arrays the threads of BLAS wait for each other.
    columns = sparse.csr_array(np.stack(list(each.values())))

    def means(weights: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        found = dict(zip(each, columns @ weights / count, strict=True))
        if "rmse" in found:
            found["rmse"] = np.sqrt(found["rmse"])
        return found

    return means


def _rates(target: Target, decisions: NDArray[Any], targets: NDArray[Any]) -> Statistic:
    """What follows from how often each class or label is true, is said, and both."""
    import numpy as np
    from scipy import sparse

    count, classes = len(targets), len(target.names)
    by_class = isinstance(target, ClassTarget)

    def occurrences(which: NDArray[Any], of: NDArray[Any]) -> Any:
        ones = np.ones(len(of), np.float32)
        return sparse.coo_array((ones, (of, which)), shape=(classes, count)).tocsr()

    if by_class:
        places, same = np.arange(count), np.flatnonzero(decisions == targets)
        pairs = [(same, targets[same]), (places, decisions), (places, targets)]
    else:
        said, true = decisions > 0, targets > 0
        pairs = [(which, of) for which, of in map(np.nonzero, (said & true, said, true))]
    matrices = [occurrences(which, of) for which, of in pairs]

    def drawn_rates(weights: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        right, said, true = (matrix @ weights for matrix in matrices)
        return rates(target, right, said, true, count)

    return drawn_rates


def _explained(answers: NDArray[np.float32], targets: NDArray[Any]) -> Statistic:
    """R2, the mean over the values; not a number where none varies."""
    import numpy as np
    from scipy import sparse

    true = targets.astype(np.float64)
    centred = true - true.mean(axis=0)  # far from 0, a variance would be a small difference
    parts = [(answers - true) ** 2, centred, centred**2]
    columns = sparse.csr_array(np.concatenate(parts, axis=1).T)
    least = least_spread(targets)

    def drawn_shares(weights: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        squares, means, spreads = np.split(columns @ weights / len(true), 3)
        return {"r2": explained(squares, spreads - means**2, least)}

    return drawn_shares
