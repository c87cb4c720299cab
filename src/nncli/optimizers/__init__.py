"""Optimizers: settings by their Keras names, and `build()`. Defaults are Keras's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from nncli.optimizers import schedules
from nncli.optimizers.schedules import LearningRate
from nncli.settings import Settings

__all__ = ["Adam", "AdamW", "OptimizerSettings", "RmsProp", "Sgd", "build", "expand"]

LEARNING_RATE = (
    "Size of a step, a number or a schedule ({type: cosine, ...}); too large diverges, too small "
    "crawls."
)


class _Moments(Settings):
    """What Adam and its relatives have in common."""

    learning_rate: LearningRate = Field(default=0.001, description=LEARNING_RATE)
    beta_1: float = Field(default=0.9, ge=0, lt=1, description="Memory of the mean gradient.")
    beta_2: float = Field(default=0.999, ge=0, lt=1, description="Memory of its square.")
    epsilon: float = Field(default=1e-7, gt=0, description="Keeps the division finite.")


class Adam(_Moments):
    """Adam (Kingma and Ba, 2014): a step size for every weight; rarely needs tuning."""

    type: Literal["adam"] = Field(default="adam", description="Adam.")


class AdamW(_Moments):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2017)."""

    type: Literal["adamw"] = Field(default="adamw", description="Adam with weight decay.")
    weight_decay: float = Field(
        default=0.004, ge=0, description="Share by which weights shrink, times the learning rate."
    )


class Sgd(Settings):
    """Stochastic gradient descent, with momentum if you like; sensitive to the learning rate."""

    type: Literal["sgd"] = Field(default="sgd", description="Stochastic gradient descent.")
    learning_rate: LearningRate = Field(default=0.01, description=LEARNING_RATE)
    momentum: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the last step that is repeated; often 0.9."
    )
    nesterov: bool = Field(default=False, description="Look ahead along the momentum.")


class RmsProp(Settings):
    """RMSprop (Hinton, 2012): steps divided by the recent size of the gradient."""

    type: Literal["rmsprop"] = Field(default="rmsprop", description="RMSprop.")
    learning_rate: LearningRate = Field(default=0.001, description=LEARNING_RATE)
    rho: float = Field(default=0.9, ge=0, lt=1, description="Memory of the squared gradient.")
    momentum: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the last step that is repeated."
    )


# The registry: a new optimizer is a class above and one name here.
OptimizerSettings = Annotated[Adam | AdamW | Sgd | RmsProp, Field(discriminator="type")]


def expand(value: Any) -> Any:
    """Write the short form of an optimizer (`sgd`) in full."""
    return {"type": value} if isinstance(value, str) else value


def build(
    settings: OptimizerSettings,
    *,
    steps_per_epoch: int = 1,
    epochs: int = 1,
    clipnorm: float | None = None,
    global_clipnorm: float | None = None,
    gradient_accumulation_steps: int | None = None,
) -> Any:
    """Build the `keras.optimizers.Optimizer` that `settings` describe.

    Args:
        settings: which optimizer, and its settings.
        steps_per_epoch: steps of one epoch, in which schedules are counted.
        epochs: length of the training, for schedules that last to its end.
        clipnorm: largest norm of the gradient of one weight array.
        global_clipnorm: largest norm of all gradients together.
        gradient_accumulation_steps: steps whose mean gradient makes one change of the weights.
    """
    import keras

    classes = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }
    default = type(settings).model_fields["learning_rate"].default
    rate = schedules.build(
        settings.learning_rate, default=default, steps_per_epoch=steps_per_epoch, epochs=epochs
    )
    return classes[settings.type](
        learning_rate=rate,
        clipnorm=clipnorm,
        global_clipnorm=global_clipnorm,
        gradient_accumulation_steps=gradient_accumulation_steps,
        **settings.model_dump(exclude={"type", "learning_rate"}),
    )
