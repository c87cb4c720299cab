"""What every optimizer has: a learning rate, weight decay, and averages of the weights."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from nncli.optimizers.schedules import LearningRate
from nncli.settings import Settings

__all__ = ["EPSILON", "LEARNING_RATE", "WEIGHT_DECAY", "CommonSettings"]

LEARNING_RATE = (
    "Size of a step, a number or a schedule ({type: cosine, ...}); too large diverges, too small "
    "crawls."
)
WEIGHT_DECAY = (
    "Share by which all weights, biases and normalization included, shrink in a step, times the "
    "learning rate; more overfits less."
)
EPSILON = "Keeps the division finite."


class CommonSettings(Settings):
    """The arguments that all of Keras's optimizers share, with Keras's defaults."""

    keras_class: ClassVar[str]  # its name in `keras.optimizers`

    learning_rate: LearningRate = Field(default=0.001, description=LEARNING_RATE)
    weight_decay: float | None = Field(default=None, ge=0, description=WEIGHT_DECAY)
    use_ema: bool = Field(
        default=False,
        description=(
            "Validate and keep the exponential moving average of the weights instead of those of "
            "the last step: smoother, for another copy of the weights."
        ),
    )
    ema_momentum: float = Field(
        default=0.99,
        ge=0,
        lt=1,
        description="Memory of that average: 0.99 is about the last 100 steps.",
    )
    ema_overwrite_frequency: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="Steps after which training goes on from the average; default: never.",
    )

    @model_validator(mode="after")
    def _averages(self) -> Self:
        for name in ("ema_momentum", "ema_overwrite_frequency"):
            default = type(self).model_fields[name].default
            if not self.use_ema and getattr(self, name) != default:
                raise ValueError(f"{name} does nothing without use_ema: true")
        return self
