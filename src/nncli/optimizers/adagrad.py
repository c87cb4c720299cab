"""Optimizers that divide steps by the size that gradients had: all of them, or the recent ones."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from nncli.optimizers.common import EPSILON, CommonSettings

__all__ = ["Adadelta", "Adafactor", "Adagrad", "Ftrl", "RmsProp"]

INITIAL = "What the sum of the squared gradients begins with."


class RmsProp(CommonSettings):
    """RMSprop (Hinton, 2012): steps divided by the recent size of the gradient."""

    keras_class: ClassVar[str] = "RMSprop"
    type: Literal["rmsprop"] = Field(default="rmsprop", description="RMSprop.")
    rho: float = Field(default=0.9, ge=0, lt=1, description="Memory of the squared gradient.")
    momentum: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the last step that is repeated."
    )
    epsilon: float = Field(default=1e-7, gt=0, description=EPSILON)
    centered: bool = Field(
        default=False, description="Divide by the deviation of the gradient, not by its size."
    )


class Adagrad(CommonSettings):
    """Adagrad (Duchi et al., 2011): steps that shrink as gradients add up; for sparse features."""

    keras_class: ClassVar[str] = "Adagrad"
    type: Literal["adagrad"] = Field(default="adagrad", description="Adagrad.")
    initial_accumulator_value: float = Field(default=0.1, ge=0, description=INITIAL)
    epsilon: float = Field(default=1e-7, gt=0, description=EPSILON)


class Adadelta(CommonSettings):
    """Adadelta (Zeiler, 2012): steps in the size of earlier ones; published with a rate of 1."""

    keras_class: ClassVar[str] = "Adadelta"
    type: Literal["adadelta"] = Field(default="adadelta", description="Adadelta.")
    rho: float = Field(
        default=0.95, ge=0, lt=1, description="Memory of the squared gradient and step."
    )
    epsilon: float = Field(default=1e-7, gt=0, description=EPSILON)


class Adafactor(CommonSettings):
    """Adafactor (Shazeer and Stern, 2018): almost no memory beside the weights; large networks."""

    keras_class: ClassVar[str] = "Adafactor"
    type: Literal["adafactor"] = Field(default="adafactor", description="Adafactor.")
    beta_2_decay: float = Field(
        default=-0.8,
        lt=0,
        description="Power of the step by which the memory of the squared gradient grows.",
    )
    epsilon_1: float = Field(default=1e-30, gt=0, description=EPSILON)
    epsilon_2: float = Field(
        default=0.001, gt=0, description="Smallest size of a weight array that scales its steps."
    )
    clip_threshold: float = Field(
        default=1.0, gt=0, description="Largest root of the mean square of a step."
    )
    relative_step: bool = Field(
        default=True,
        description="The learning rate falls with the root of the step, from `learning_rate` on.",
    )


class Ftrl(CommonSettings):
    """FTRL-Proximal (McMahan et al., 2013): for shallow models of many sparse features."""

    keras_class: ClassVar[str] = "Ftrl"
    type: Literal["ftrl"] = Field(default="ftrl", description="FTRL.")
    learning_rate_power: float = Field(
        default=-0.5, le=0, description="How steps shrink as gradients add up; 0 is never."
    )
    initial_accumulator_value: float = Field(default=0.1, ge=0, description=INITIAL)
    l1_regularization_strength: float = Field(
        default=0.0, ge=0, description="Pulls weights to exactly 0."
    )
    l2_regularization_strength: float = Field(
        default=0.0, ge=0, description="Pulls weights towards 0."
    )
    l2_shrinkage_regularization_strength: float = Field(
        default=0.0, ge=0, description="The same, only for weights whose feature occurs."
    )
    beta: float = Field(default=0.0, ge=0, description="Added to the root of the squares.")
