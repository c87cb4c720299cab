"""Everything that changes while a Keras model is trained, as arrays and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.descriptions import Target
from nncli.errors import TrainingError
from nncli.objectives import nothing_said
from nncli.training.checkpoints import Arrays
from nncli.training.memory import explained_size, image_sides

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bring_up_to_date", "build_all", "restore", "snapshot", "values"]


def build_all(model: Any, target: Target, *, mixed: bool = False) -> None:
    """Create the variables of the optimizer and the metrics, which Keras makes in the first step.

    `model` is compiled and learns to say `target`, `mixed` as it is compiled.

    Raises:
        TrainingError: there is not enough memory for them.
    """
    with explained_size(image_sides(model)):
        model.optimizer.build(model.trainable_variables)
        model.compute_metrics(None, *nothing_said(target, mixed=mixed))
    model.reset_metrics()


def snapshot(model: Any) -> dict[str, list[NDArray[Any]]]:
    """The values of a compiled model by group: weights with the states of random generators, the
    optimizer's variables, and the running metrics."""
    bring_up_to_date(model)
    return {name: values(variables) for name, variables in _groups(model).items()}


def bring_up_to_date(model: Any) -> None:
    """Let the variables of a model that is being trained have their values of this moment: on JAX
    they are behind until somebody asks."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def values(variables: Any) -> list[NDArray[Any]]:
    """Copies of Keras variables, in their order."""
    import numpy as np

    return [np.array(variable.value) for variable in variables]


def restore(model: Any, arrays: Arrays) -> None:
    """Put what `snapshot` took back into a model that was built the same way.

    Groups that are not in `arrays` stay as they are.

    Raises:
        TrainingError: the arrays belong to another model.
    """
    for name, variables in _groups(model).items():
        stored = arrays.get(name)
        if stored is None:
            continue
        if [array.shape for array in stored] != [tuple(v.shape) for v in variables]:
            raise TrainingError(
                "The checkpoint belongs to another model than config.yaml describes.",
                hint="Was config.yaml changed by hand, or nncli updated? Start a new run with it.",
            )
        for variable, array in zip(variables, stored, strict=True):
            variable.assign(array)


def _groups(model: Any) -> dict[str, list[Any]]:
    return {
        "model": model.variables,
        "optimizer": model.optimizer.variables,
        "metrics": model.metrics_variables,
    }
