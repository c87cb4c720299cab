"""Learning rates that change while training: settings in epochs, and `build()` in steps.

Formulas are those of `keras.optimizers.schedules`; the rate follows the optimizer's own count of
steps, so that a resumed run goes on where it was.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from nncli.settings import Settings

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "LearningRate",
    "Piecewise",
    "ReduceOnPlateau",
    "Schedule",
    "build",
    "expand",
    "initial_rate",
    "rate_of_step",
    "schedule_types",
]

INITIAL = "Rate after the warmup; default: that of the optimizer."
WARMUP = "Epochs (fractions too) in which the rate grows evenly from 0 to the initial rate."
Rate = Annotated[float, Field(gt=0)]
Epochs = Annotated[float, Field(ge=0, le=1_000_000)]


class Constant(Settings):
    """The same rate all the time, after a warmup."""

    type: Literal["constant"] = Field(default="constant", description="The same rate.")
    initial_learning_rate: Rate | None = Field(default=None, description=INITIAL)
    warmup_epochs: Epochs = Field(default=0.0, description=WARMUP)


class Cosine(Settings):
    """Half a cosine from the initial rate down to `alpha` of it (Loshchilov and Hutter, 2016)."""

    type: Literal["cosine"] = Field(default="cosine", description="Half a cosine down.")
    initial_learning_rate: Rate | None = Field(default=None, description=INITIAL)
    alpha: float = Field(default=0.0, ge=0, le=1, description="Share of the rate that is left.")
    decay_epochs: Epochs | None = Field(
        default=None, gt=0, description="Length in epochs; default: to the end of the training."
    )
    warmup_epochs: Epochs = Field(default=0.0, description=WARMUP)


class Exponential(Settings):
    """The rate is multiplied by `decay_rate` every `decay_epochs`, evenly in between."""

    type: Literal["exponential"] = Field(default="exponential", description="Exponential decay.")
    initial_learning_rate: Rate | None = Field(default=None, description=INITIAL)
    decay_rate: float = Field(default=0.9, gt=0, le=1, description="Factor.")
    decay_epochs: Epochs = Field(default=1.0, gt=0, description="Epochs for one factor.")
    staircase: bool = Field(default=False, description="In jumps instead of evenly.")
    warmup_epochs: Epochs = Field(default=0.0, description=WARMUP)


class Piecewise(Settings):
    """One rate after the other."""

    type: Literal["piecewise"] = Field(default="piecewise", description="Rates in turn.")
    boundaries: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(strict=False)] = Field(
        min_length=1, max_length=1000, description="Epochs after which the next rate begins."
    )
    values: Annotated[tuple[Rate, ...], Field(strict=False)] = Field(
        min_length=2, description="The rates: one more than boundaries."
    )
    warmup_epochs: Epochs = Field(default=0.0, description=WARMUP)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                "values must have one entry more than boundaries: "
                f"{len(self.boundaries) + 1}, not {len(self.values)}"
            )
        if list(self.boundaries) != sorted(set(self.boundaries)):
            raise ValueError("boundaries must grow")
        return self


class ReduceOnPlateau(Settings):
    """The rate falls when the monitored metric stops improving."""

    type: Literal["reduce_on_plateau"] = Field(
        default="reduce_on_plateau", description="Falls when the metric stalls."
    )
    initial_learning_rate: Rate | None = Field(default=None, description=INITIAL)
    factor: float = Field(default=0.1, gt=0, lt=1, description="What the rate is multiplied by.")
    patience: int = Field(default=10, ge=1, description="Epochs without improvement before.")
    min_delta: float = Field(
        default=0.0001, ge=0, description="Smallest change that is an improvement."
    )
    min_learning_rate: float = Field(default=0.0, ge=0, description="The rate never falls below.")


Schedule = Constant | Cosine | Exponential | Piecewise | ReduceOnPlateau


def expand(value: Any) -> Any:
    """Write the short form of a schedule (`cosine`) in full."""
    return {"type": value} if isinstance(value, str) and value in schedule_types() else value


def _kind(value: Any) -> str:
    """Which member of `LearningRate` a value is meant for."""
    if isinstance(value, dict):
        return str(value.get("type", "constant"))
    if isinstance(value, str):
        return value
    return value.type if isinstance(value, Schedule) else "<number>"


# The registry: a new schedule is a class above and one name here and in `Schedule`.
LearningRate = Annotated[
    Annotated[Rate, Tag("<number>")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[Cosine, Tag("cosine")]
    | Annotated[Exponential, Tag("exponential")]
    | Annotated[Piecewise, Tag("piecewise")]
    | Annotated[ReduceOnPlateau, Tag("reduce_on_plateau")],
    Discriminator(_kind),
    BeforeValidator(expand),
]


def schedule_types() -> list[str]:
    """The names of the schedules."""
    return [str(member.model_fields["type"].default) for member in get_args(Schedule)]


def initial_rate(settings: float | Schedule, default: float) -> float:
    """The rate that `settings` begin with after the warmup; `default` where they name none."""
    if isinstance(settings, float | int):
        return float(settings)
    if isinstance(settings, Piecewise):
        return settings.values[0]
    return settings.initial_learning_rate or default


def build(settings: float | Schedule, *, default: float, steps_per_epoch: int, epochs: int) -> Any:
    """The rate as Keras takes it: a float, or a `keras.optimizers.schedules.LearningRateSchedule`.

    Args:
        settings: the rate or how it changes. `ReduceOnPlateau` is a constant here: what lowers it
            is a callback.
        default: the rate of a schedule that names none.
        steps_per_epoch: steps of the optimizer in one epoch.
        epochs: length of the training, for a schedule that lasts to its end.
    """
    rate = initial_rate(settings, default)
    if isinstance(settings, float | int | ReduceOnPlateau):
        return rate
    from keras.optimizers import schedules

    from nncli.optimizers.warmup import Warmup

    def steps(length: float) -> int:
        return round(length * steps_per_epoch)

    warmup = steps(settings.warmup_epochs)
    match settings:
        case Constant():
            if not warmup:
                return rate
            schedule = schedules.PiecewiseConstantDecay([0], [rate, rate])
        case Cosine():
            left = steps(epochs) - warmup
            length = left if settings.decay_epochs is None else steps(settings.decay_epochs)
            schedule = schedules.CosineDecay(rate, max(length, 1), alpha=settings.alpha)
        case Exponential():
            schedule = schedules.ExponentialDecay(
                rate,
                settings.decay_epochs * steps_per_epoch,
                settings.decay_rate,
                staircase=settings.staircase,
            )
        case Piecewise():
            # Keras counts a boundary's own step to the rate before it.
            boundaries = [steps(boundary) - 1 for boundary in settings.boundaries]
            schedule = schedules.PiecewiseConstantDecay(boundaries, list(settings.values))
    return Warmup(schedule, rate, warmup) if warmup else schedule


def rate_of_step(optimizer: Any, step: int) -> Any:
    """The learning rate of a step, counted from 0, a scalar.

    `optimizer.learning_rate` is that of the step to come; Keras hands out its schedule nowhere.
    """
    import keras

    rate = optimizer._learning_rate
    is_schedule = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
    return rate(step) if is_schedule else optimizer.learning_rate
