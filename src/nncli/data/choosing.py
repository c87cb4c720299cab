"""Which examples of a dataset are shown, and what is said about each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["answer", "spread"]


def answer(target: Target, value: Any) -> str:
    """What is to be said about one example, in words."""
    if isinstance(target, ClassTarget):
        return target.names[int(value)]
    if isinstance(target, LabelsTarget):
        return ", ".join(n for n, said in zip(target.names, value, strict=True) if said) or "-"
    return ", ".join(f"{number:g}" for number in value)


def spread(target: Target, labels: NDArray[Any], wanted: int) -> NDArray[np.int64]:
    """Places of up to `wanted` examples: of each class in turn, or the first ones."""
    import numpy as np

    if not isinstance(target, ClassTarget):
        return np.arange(min(wanted, len(labels)))
    each = -(-wanted // len(target.names))
    found = [np.flatnonzero(labels == label)[:each] for label in range(len(target.names))]
    chosen = np.concatenate(found)
    # One of each class before a second one of any.
    turn = np.concatenate([np.arange(len(places)) for places in found])
    first = np.argsort(turn, kind="stable")[:wanted]
    return chosen[np.sort(first)].astype(np.int64)
