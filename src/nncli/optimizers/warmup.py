"""A warmup in front of any schedule.

This file imports Keras at its top because it subclasses it; it is itself imported lazily. The class
is never saved: the optimizer inside a .keras file is plain Keras.
"""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["Warmup"]


class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """Grows evenly to `rate` over `steps` steps (Goyal et al., 2017), then follows `schedule`.

    Step `n` (counted from 0) of the warmup has the rate `rate * (n + 1) / steps`; the schedule
    begins at its own step 0 behind it.
    """

    def __init__(self, schedule: Any, rate: float, steps: int) -> None:
        super().__init__()
        self.schedule = schedule
        self.rate = rate
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        count = keras.ops.cast(step, "float32")
        growing = self.rate * (count + 1.0) / self.steps
        following = self.schedule(keras.ops.maximum(count - self.steps, 0.0))
        return keras.ops.where(count < self.steps, growing, following)

    def get_config(self) -> dict[str, Any]:
        """The arguments of this schedule."""
        return {"schedule": self.schedule, "rate": self.rate, "steps": self.steps}
