"""At which step a loss stopped being a number, where many steps are one call.

This file imports Keras at its top because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

from typing import Any

import keras

from nncli.training import state

__all__ = ["broken_steps", "count_broken_steps"]


class _CountingMean(keras.metrics.Mean):
    """The mean of the loss, and how many steps of the epoch have passed since it is no number.

    Once a sum is infinite or no number it remains so, whatever is added: what is counted are the
    last steps of the epoch, without a gap.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.broken = self.add_variable(
            shape=(), initializer=keras.initializers.Zeros(), dtype=self.dtype, name="broken"
        )

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        super().update_state(values, sample_weight)
        is_broken = keras.ops.logical_not(keras.ops.isfinite(self.total))
        self.broken.assign_add(keras.ops.cast(is_broken, self.dtype))

    def reset_state(self) -> None:
        super().reset_state()
        self.broken.assign(0)


def count_broken_steps(model: Any) -> None:
    """Let a model that was just compiled count them.

    Keras hands the loss of a step to its tracker alone, which cannot be chosen. It is put in its
    place as Keras does it: an attribute that is followed would be a second metric.
    """
    object.__setattr__(model, "_loss_tracker", _CountingMean(name="loss"))


def broken_steps(model: Any) -> int:
    """How many of the last steps of the running epoch had no finite mean loss; 0: all have one."""
    state.bring_up_to_date(model)
    return int(model._loss_tracker.broken.value)
