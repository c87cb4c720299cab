"""How much the examples of each class count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from nncli.data import Dataset
from nncli.descriptions import ClassTarget
from nncli.errors import ExperimentError
from nncli.reporting import listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["class_weights"]


def class_weights(
    dataset: Dataset, wanted: Literal["balanced"] | Mapping[str, float] | None
) -> NDArray[np.float32] | None:
    """The weight of each class in the training loss, shape (classes,), float32; None for equal.

    `balanced` is scikit-learn's: examples / (classes * examples of the class), over the classes
    that the training split has.

    Raises:
        ExperimentError: a class that is named does not exist.
    """
    import numpy as np

    if wanted is None:
        return None
    if not isinstance(dataset.target, ClassTarget):
        raise ExperimentError(
            [
                "training.class_weight: only classes can be weighted; "
                f"{dataset.name} is {dataset.target}"
            ],
            hint="Leave training.class_weight out.",
        )
    names = dataset.target.names
    if wanted == "balanced":
        counts = np.bincount(dataset.splits["train"].labels, minlength=len(names))
        present = np.count_nonzero(counts)
        weights: NDArray[np.float32] = counts.sum() / (present * np.maximum(counts, 1))
        return weights.astype(np.float32)
    assert isinstance(wanted, Mapping)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ExperimentError(
            [f"training.class_weight: {dataset.name} has no class {unknown[0]!r}"],
            hint=f"Its classes are {listed(names, 20)}.",
        )
    return np.array([wanted.get(name, 1.0) for name in names], np.float32)
