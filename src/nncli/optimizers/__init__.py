"""Optimizers: settings by their Keras names, and `build()`. Defaults are Keras's own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from nncli.errors import UsageError
from nncli.optimizers import schedules
from nncli.optimizers.adagrad import Adadelta, Adafactor, Adagrad, Ftrl, RmsProp
from nncli.optimizers.adam import Adam, Adamax, AdamW, Lamb, Nadam, ScheduleFreeAdamW
from nncli.optimizers.momentum import Lion, Muon, Sgd

__all__ = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "OptimizerSettings",
    "RmsProp",
    "ScheduleFreeAdamW",
    "Sgd",
    "build",
    "default_rate",
    "expand",
]

# The registry: a new optimizer is a class in one of the files beside and one name here.
OptimizerSettings = Annotated[
    Adam
    | AdamW
    | Sgd
    | RmsProp
    | Adadelta
    | Adafactor
    | Adagrad
    | Adamax
    | Ftrl
    | Lamb
    | Lion
    | Muon
    | Nadam
    | ScheduleFreeAdamW,
    Field(discriminator="type"),
]


def expand(value: Any) -> Any:
    """Write the short form of an optimizer (`sgd`) in full."""
    return {"type": value} if isinstance(value, str) else value


def default_rate(settings: OptimizerSettings) -> float:
    """The learning rate that an optimizer of this type has unless it is told another."""
    rate: float = type(settings).model_fields["learning_rate"].default
    return rate


def build(
    settings: OptimizerSettings,
    *,
    steps_per_epoch: int = 1,
    epochs: int = 1,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
    global_clipnorm: float | None = None,
    gradient_accumulation_steps: int | None = None,
) -> Any:
    """Build the `keras.optimizers.Optimizer` that `settings` describe.

    Args:
        settings: which optimizer, and its settings.
        steps_per_epoch: steps of one epoch, in which schedules are counted.
        epochs: length of the training, for schedules that last to its end.
        clipnorm: largest norm of the gradient of one weight array.
        clipvalue: largest size of any number in a gradient.
        global_clipnorm: largest norm of all gradients together.
        gradient_accumulation_steps: steps whose mean gradient makes one change of the weights.

    Raises:
        UsageError: the installed Keras lacks it.
    """
    import keras

    if not hasattr(keras.optimizers, settings.keras_class):
        raise UsageError(
            f"optimizer: Keras {keras.__version__} has no {settings.keras_class}.",
            hint="Take another optimizer, or a newer Keras.",
        )
    rate = schedules.build(
        settings.learning_rate,
        default=default_rate(settings),
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
    )
    return getattr(keras.optimizers, settings.keras_class)(
        learning_rate=rate,
        clipnorm=clipnorm,
        clipvalue=clipvalue,
        global_clipnorm=global_clipnorm,
        gradient_accumulation_steps=gradient_accumulation_steps,
        **settings.model_dump(exclude={"type", "learning_rate"}),
    )
