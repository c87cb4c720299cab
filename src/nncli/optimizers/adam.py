"""Adam and its relatives: steps along the mean gradient, divided by its recent size."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from nncli.optimizers.common import EPSILON, LEARNING_RATE, WEIGHT_DECAY, CommonSettings
from nncli.optimizers.schedules import LearningRate

__all__ = ["Adam", "AdamW", "Adamax", "Lamb", "Nadam", "ScheduleFreeAdamW"]

AMSGRAD = "Divide by the largest size so far (Reddi et al., 2018): steps that never grow again."


class _Moments(CommonSettings):
    beta_1: float = Field(default=0.9, ge=0, lt=1, description="Memory of the mean gradient.")
    beta_2: float = Field(default=0.999, ge=0, lt=1, description="Memory of its square.")
    epsilon: float = Field(default=1e-7, gt=0, description=EPSILON)


class Adam(_Moments):
    """Adam (Kingma and Ba, 2014): a step size for every weight; rarely needs tuning."""

    keras_class: ClassVar[str] = "Adam"
    type: Literal["adam"] = Field(default="adam", description="Adam.")
    amsgrad: bool = Field(default=False, description=AMSGRAD)


class AdamW(_Moments):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2017)."""

    keras_class: ClassVar[str] = "AdamW"
    type: Literal["adamw"] = Field(default="adamw", description="Adam with weight decay.")
    weight_decay: float = Field(default=0.004, ge=0, description=WEIGHT_DECAY)
    amsgrad: bool = Field(default=False, description=AMSGRAD)


class Adamax(_Moments):
    """Adam with the largest recent gradient instead of the mean square (Kingma and Ba, 2014)."""

    keras_class: ClassVar[str] = "Adamax"
    type: Literal["adamax"] = Field(default="adamax", description="Adamax.")


class Nadam(_Moments):
    """Adam with Nesterov momentum (Dozat, 2016)."""

    keras_class: ClassVar[str] = "Nadam"
    type: Literal["nadam"] = Field(default="nadam", description="Nadam.")


class Lamb(_Moments):
    """LAMB (You et al., 2019): Adam for very large batches, steps as large as their layer."""

    keras_class: ClassVar[str] = "Lamb"
    type: Literal["lamb"] = Field(default="lamb", description="LAMB.")


class ScheduleFreeAdamW(_Moments):
    """Schedule-free AdamW (Defazio et al., 2024): averages instead of a falling learning rate."""

    keras_class: ClassVar[str] = "ScheduleFreeAdamW"
    type: Literal["schedule_free_adamw"] = Field(
        default="schedule_free_adamw", description="Schedule-free AdamW."
    )
    learning_rate: LearningRate = Field(default=0.0025, description=LEARNING_RATE)
    beta_1: float = Field(
        default=0.9, gt=0, lt=1, description="How near to the average the gradient is taken."
    )
    epsilon: float = Field(default=1e-8, gt=0, description=EPSILON)
    warmup_steps: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="Steps in which the learning rate grows evenly from 0.",
    )
