"""Phases of a training: the output first, then everything that was learned before, more slowly.

Each phase is compiled anew, with an optimizer that knows nothing of the one before it
(https://keras.io/guides/transfer_learning). Which phase an epoch belongs to follows from the
experiment alone, so that a resumed run needs no other state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nncli import models
from nncli.config import Experiment
from nncli.optimizers import default_rate
from nncli.optimizers.schedules import initial_rate
from nncli.runs import EpochRow
from nncli.training.checkpoints import Arrays

__all__ = ["Phase", "phases_of"]


@dataclass(frozen=True)
class Phase:
    """Epochs that are trained alike.

    Attributes:
        begin: the first epoch, counted from 0.
        end: the epoch behind the last.
        experiment: what the phase is compiled for: its epochs and its optimizer.
        base_learns: whether the pretrained part is trained; None for a network without one.
        is_last: whether none follows, however long the training becomes.
    """

    begin: int
    end: int
    experiment: Experiment
    base_learns: bool | None = None
    is_last: bool = True

    def prepare(self, model: Any) -> None:
        """Let those layers of the trained network `model` learn that learn in this phase."""
        if self.base_learns is not None:
            models.let_base_learn(model.get_layer("network"), self.base_learns)

    def arrays_of(self, arrays: Arrays, *, epoch: int, step: int) -> Arrays:
        """What a checkpoint of this moment has for this phase: at its beginning the optimizer
        that was saved is that of the phase before."""
        if self.begin == 0 or (epoch, step) > (self.begin, 0):
            return arrays
        return {name: values for name, values in arrays.items() if name != "optimizer"}

    def rows_of(self, rows: Sequence[EpochRow]) -> Sequence[EpochRow]:
        """The rows of the history that belong to this phase."""
        return rows[self.begin : self.end]


def phases_of(experiment: Experiment) -> list[Phase]:
    """The phases of a training, in order; those without an epoch are left out."""
    epochs = experiment.training.epochs
    tuning = models.fine_tuning(experiment.model)
    if tuning is None:
        return [Phase(0, epochs, experiment)]
    optimizer = experiment.optimizer
    rate = (
        tuning.learning_rate or initial_rate(optimizer.learning_rate, default_rate(optimizer)) / 10
    )
    slow = experiment.model_copy(
        update={"optimizer": optimizer.model_copy(update={"learning_rate": rate})}
    )
    first = min(tuning.begin, epochs)
    length = experiment.training.model_copy(update={"epochs": first})
    fast = experiment.model_copy(update={"training": length})
    found = [
        Phase(0, first, fast, base_learns=False, is_last=False),
        Phase(first, epochs, slow, base_learns=True),
    ]
    return [phase for phase in found if phase.begin < phase.end]
