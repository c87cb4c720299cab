"""Whether data is what a model takes, and its targets in the order that the model has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.data import Dataset, Split
from nncli.data.splits import join
from nncli.descriptions import ClassTarget, Target
from nncli.errors import DataError, ModelFileError
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_fit", "split_of", "targets_by_name"]


def split_of(dataset: Dataset, name: str | None) -> tuple[str, Split]:
    """The split that `name` means, and its name; without one test, or all where that is lacking.

    Raises:
        DataError: there is no such split, or it has no examples.
    """
    if name is None:
        name = "test" if "test" in dataset.splits else "all"
    if name != "all" and name not in dataset.splits:
        raise DataError(
            f"{dataset.name} has no split {name!r}.",
            hint=f"It has: {', '.join([*dataset.splits, 'all'])}.",
        )
    split = dataset.splits[name] if name != "all" else join(list(dataset.splits.values()))
    if not len(split):
        raise DataError(f"{dataset.name} has no examples in {name}.")
    return name, split


def check_fit(description: ModelDescription, dataset: Dataset) -> None:
    """Refuse data that the model cannot take, or that asks for something else.

    Raises:
        ModelFileError: it does not fit.
    """
    if description.target.kind != dataset.target.kind:
        raise ModelFileError(
            f"The model says {description.target}; {dataset.name} has {dataset.target}.",
            hint="Evaluate on a dataset with the same target.",
        )
    if dataset.preprocessing != description.preprocessing:
        raise ModelFileError(
            f"The model takes {description.inputs}; {dataset.name} has {dataset.inputs}"
            + (
                ", changed since the model was trained."
                if type(dataset.inputs) is type(description.inputs)
                and str(dataset.inputs) == str(description.inputs)
                else "."
            ),
            hint="Evaluate on a dataset with the same inputs, or train a model on this one.",
        )


def targets_by_name(targets: NDArray[Any], dataset: Dataset, target: Target) -> NDArray[Any]:
    """Translate what a dataset has to the order that the model has, by the names.

    Raises:
        DataError: the model does not know all that the dataset has, or the other way round.
    """
    import numpy as np

    names = target.names
    if dataset.target.names == names:
        return targets
    if not isinstance(target, ClassTarget):
        unknown = [name for name in names if name not in dataset.target.names]
        if unknown:
            raise DataError(f"{dataset.name} does not have what the model says: {listed(unknown)}.")
        ordered: NDArray[Any] = targets[:, [dataset.target.names.index(name) for name in names]]
        return ordered
    labels = targets
    index = {name: position for position, name in enumerate(names)}
    used = [dataset.target.names[label] for label in np.unique(labels)]
    unknown = [name for name in used if name not in index]
    if unknown:
        raise DataError(
            f"{len(unknown)} of the {len(used)} classes of {dataset.name} are unknown to the "
            f"model: {listed(unknown)}.",
            hint=f"Classes are matched by name; the model knows {listed(list(names))}.",
        )
    table = np.array([index.get(name, -1) for name in dataset.target.names])
    translated: NDArray[Any] = table[labels]
    return translated
