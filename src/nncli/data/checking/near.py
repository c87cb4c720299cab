"""Images that nearly are the same: resized, recompressed, brighter or darker copies.

Two images are compared by the correlation of their thumbnails, which brightness and contrast leave
as it is: first in 8 x 8 pixels, then in 16 x 16. So that not every image meets every other, they
are sorted into the cells of a grid along the directions in which they differ most: those that are
alike lie in the same cell or in neighbouring ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from nncli.data.checking.thumbnails import SIDE
from nncli.reporting import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MOST_COMPARED", "NearPairs", "near_pairs"]

COARSE = 0.99
# How alike a copy is at least; the first that tells copies from what merely looks alike counts.
ALIKE = (0.99, 0.993, 0.995, 0.997, 0.998, 0.999)
# Of a paler image the grain of the compression is all that is left to compare.
LEAST_DEVIATION = 4.0
MOST_COMPARED = 300_000
DIRECTIONS = 4
BLOCK = 2048
MOST_PAIRS = 2_000_000


@dataclass(frozen=True)
class NearPairs:
    """Pairs of numbers of images, first < second, and how many images were compared."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    compared: int


def near_pairs(
    thumbnails: NDArray[np.uint8], digests: NDArray[np.uint64], reporter: Reporter
) -> NearPairs:
    """Pairs of images that are nearly, but not exactly, the same.

    Args:
        thumbnails: shape (n, 16, 16), uint8.
        digests: of the whole images, shape (n,): of equal ones only the first is compared.
        reporter: told how far it is.
    """
    import numpy as np

    _, numbers = np.unique(digests, return_index=True)
    numbers.sort()
    varied = thumbnails[numbers].reshape(len(numbers), -1).std(axis=1) >= LEAST_DEVIATION
    numbers = numbers[varied][:MOST_COMPARED]
    fine = _normal(thumbnails[numbers].reshape(-1, SIDE * SIDE))
    half = thumbnails[numbers].reshape(-1, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4))
    coarse = _normal(half.reshape(-1, (SIDE // 2) ** 2))
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))]
    pairs = 0
    with reporter.task("Looking for near copies", total=len(numbers), unit="images") as task:
        for members, others in _neighbours(coarse):
            for part in _alike(fine, coarse, members, others):
                found.append(part)
                pairs += len(part[0])
            task.advance(len(members))
            if pairs > MOST_PAIRS:  # of so many, more say nothing more
                break
    a, b, correlation = (np.concatenate(column) for column in zip(*found, strict=True))
    chosen = correlation >= _threshold(correlation, len(numbers))
    first, second = numbers[a[chosen]], numbers[b[chosen]]
    return NearPairs(np.minimum(first, second), np.maximum(first, second), len(numbers))


def _threshold(correlation: NDArray[np.float32], images: int) -> float:
    """From where on two images are copies.

    Among images that merely look alike, such as handwritten ones, pairs become few quickly the
    more alike they are to be, whereas copies crowd near 1: at least a third of what lies above
    the threshold then lies in the upper half. Many more pairs than chance makes are copies too.
    """
    for threshold in ALIKE:
        above = int((correlation >= threshold).sum())
        upper = int((correlation >= (1 + threshold) / 2).sum())
        if 3 * upper >= above or above > 5e-5 * images**2:
            return threshold
    return ALIKE[-1]


def _normal(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Each row with mean 0 and length 1, so that a product of two is their correlation."""
    import numpy as np

    centred = rows.astype(np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    return centred


def _neighbours(
    coarse: NDArray[np.float32],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The images of each cell of the grid, and all that those can be alike to; of two cells one
    has the other among its neighbours."""
    import numpy as np

    if not len(coarse):
        return
    centre = coarse.mean(axis=0)
    deviations = coarse[:: max(1, len(coarse) // 20_000)] - centre
    _, directions = np.linalg.eigh(deviations.T @ deviations)
    # Vectors of length 1 with this correlation are at most this far apart, in every direction.
    width = (2 * (1 - COARSE)) ** 0.5
    cells = np.floor((coarse - centre) @ directions[:, -DIRECTIONS:] / width).astype(np.int64)
    places, inverse = np.unique(cells, axis=0, return_inverse=True)
    order = np.argsort(inverse.reshape(-1), kind="stable")
    edges = np.searchsorted(inverse.reshape(-1)[order], np.arange(len(places) + 1))
    inside = {
        tuple(place): order[edges[number] : edges[number + 1]]
        for number, place in enumerate(places.tolist())
    }
    steps = [step for step in product((-1, 0, 1), repeat=DIRECTIONS) if step > (0,) * DIRECTIONS]
    for place, members in inside.items():
        around = [tuple(p + s for p, s in zip(place, step, strict=True)) for step in steps]
        yield members, np.concatenate([members, *(inside[c] for c in around if c in inside)])


def _alike(
    fine: NDArray[np.float32],
    coarse: NDArray[np.float32],
    members: NDArray[np.int64],
    others: NDArray[np.int64],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Which of `members` is like which of `others`, and how much; `others` begins with them."""
    import numpy as np

    for start in range(0, len(members), BLOCK):
        rows = coarse[members[start : start + BLOCK]]
        for other in range(start, len(others), BLOCK):  # what lies before was compared already
            similar = rows @ coarse[others[other : other + BLOCK]].T
            if similar.max() < COARSE:
                continue
            left, right = np.nonzero(similar >= COARSE)
            left, right = left + start, right + other
            left, right = left[left < right], right[left < right]
            a, b = members[left], others[right]
            correlation = np.einsum("ij,ij->i", fine[a], fine[b])
            chosen = correlation >= ALIKE[0]
            yield a[chosen], b[chosen], correlation[chosen]
