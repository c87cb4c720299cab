"""How well scores tell the examples of a class from the others, whatever the threshold: the area
under the ROC curve and the average precision, as scikit-learn defines them, of any weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RANKED", "Ranking", "ranked", "rankings"]

RANKED = ("auc", "average_precision")


@dataclass(frozen=True)
class Ranking:
    """The examples by the score of one class or label, sorted once.

    Of all examples only this is kept: which lie on a level (one score) that has examples of the
    class, and which between two of them. Weights are summed over these by a sparse matrix.

    Attributes:
        levels: shape (2 * levels, examples): from the highest score down, in turn the examples
            above a level and those on it.
        hits: shape (levels, examples): the examples of the class on each level.
    """

    levels: Any
    hits: Any

    def areas(self, weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """The area under the ROC curve and the average precision with every example as often as
        its weight says; not a number where no example of the class is left, or no other.

        Args:
            weights: whole numbers that sum to the number of examples, shape (examples, resamples);
                as exact as their dtype is.

        Returns:
            Two arrays of shape (resamples,), float64.
        """
        import numpy as np

        sums, hits = self.levels @ weights, self.hits @ weights
        found = hits.cumsum(axis=0)
        said = sums.cumsum(axis=0)[1::2]  # all with at least the score of the level
        # Of the others, those below a level count whole, those on it half.
        others = weights.dtype.type(len(weights)) - found[-1]
        below = others - (said - found) + (sums[1::2] - hits) / 2
        pairs = (hits * below).sum(axis=0, dtype=np.float64)
        shares = (hits * (found / np.maximum(said, 1))).sum(axis=0, dtype=np.float64)
        count = found[-1].astype(np.float64)
        all_pairs = count * others
        known = np.where(all_pairs > 0, 1.0, np.nan)
        return pairs / np.maximum(all_pairs, 1) * known, shares / np.maximum(count, 1) * known


def rankings(target: Target, answers: NDArray[np.float32], targets: NDArray[Any]) -> list[Ranking]:
    """A ranking of each class or label that has examples and others; arguments as for `measure`.

    They take as much memory as `answers`, at most twice.
    """
    import numpy as np

    by_class = isinstance(target, ClassTarget)
    ones = np.ones(len(targets), np.float32)  # one array for all
    found = []
    for number in range(len(target.names)):
        is_hit = targets == number if by_class else targets[:, number] > 0
        if is_hit.any() and not is_hit.all():
            found.append(_ranking(answers[:, number], is_hit, ones))
    return found


def ranked(of_classes: Sequence[Ranking], weights: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """`RANKED` by name, each the mean over the classes of which the weights leave examples and
    others, shape (resamples,); not a number where there is none."""
    import numpy as np

    totals = np.zeros((len(RANKED), weights.shape[1]))
    counts = np.zeros(weights.shape[1])
    for one in of_classes:
        areas = np.stack(one.areas(weights))
        known = ~np.isnan(areas[0])
        totals += np.where(known, areas, 0.0)
        counts += known
    means = totals / np.where(counts > 0, counts, np.nan)
    return dict(zip(RANKED, means, strict=True))


def _ranking(
    scores: NDArray[np.float32], is_hit: NDArray[np.bool_], ones: NDArray[np.float32]
) -> Ranking:
    import numpy as np
    from scipy import sparse

    order = np.argsort(-scores).astype(np.int32)
    in_order = scores[order]
    ends = np.append(np.flatnonzero(in_order[1:] != in_order[:-1]) + 1, len(order))
    starts = np.append(0, ends[:-1])
    hits = np.flatnonzero(is_hit[order])
    level = np.searchsorted(ends, hits, side="right")
    firsts = np.flatnonzero(np.diff(level, prepend=-1))
    levels = level[firsts]
    borders = np.empty(2 * len(levels) + 1, np.int32)
    borders[0] = 0
    borders[1::2], borders[2::2] = starts[levels], ends[levels]

    def matrix(places: NDArray[Any], pointers: NDArray[Any]) -> Any:
        shape = (len(pointers) - 1, len(order))
        return sparse.csr_array((ones[: len(places)], places, pointers), shape=shape, copy=False)

    pointers = np.append(firsts, len(hits)).astype(np.int32)
    return Ranking(matrix(order[: borders[-1]], borders), matrix(order[hits], pointers))
