"""Optimizers that step along the momentum: as it is, its sign, or made orthogonal."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nncli.objectives import HEADS
from nncli.optimizers.common import EPSILON, LEARNING_RATE, WEIGHT_DECAY, CommonSettings
from nncli.optimizers.schedules import LearningRate

__all__ = ["Lion", "Muon", "Sgd"]


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


class Sgd(CommonSettings):
    """Stochastic gradient descent, with momentum if you like; sensitive to the learning rate."""

    keras_class: ClassVar[str] = "SGD"
    type: Literal["sgd"] = Field(default="sgd", description="Stochastic gradient descent.")
    learning_rate: LearningRate = Field(default=0.01, description=LEARNING_RATE)
    momentum: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the last step that is repeated; often 0.9."
    )
    nesterov: bool = Field(
        default=False, description="Look ahead along the momentum, which must not be 0."
    )

    @model_validator(mode="after")
    def _looks_ahead(self) -> Self:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov: true needs a momentum, such as 0.9")
        return self


class Lion(CommonSettings):
    """Lion (Chen et al., 2023): steps by the sign of the momentum; takes a third of Adam's rate."""

    keras_class: ClassVar[str] = "Lion"
    type: Literal["lion"] = Field(default="lion", description="Lion.")
    beta_1: float = Field(default=0.9, gt=0, le=1, description="Weight of the momentum in a step.")
    beta_2: float = Field(default=0.99, ge=0, lt=1, description="Memory of the momentum.")


class Muon(CommonSettings):
    """Muon (Jordan et al., 2024): orthogonal steps for matrices of weights, AdamW for the rest.

    Matrices are the kernels of dense and recurrent layers; convolutions, biases, embeddings and,
    unless `exclude_layers` says otherwise, the last layer follow AdamW.
    """

    keras_class: ClassVar[str] = "Muon"
    type: Literal["muon"] = Field(default="muon", description="Muon.")
    weight_decay: float | None = Field(default=0.004, ge=0, description=WEIGHT_DECAY)
    adam_beta_1: float = Field(
        default=0.9, ge=0, lt=1, description="Memory of AdamW's mean gradient."
    )
    adam_beta_2: float = Field(default=0.999, ge=0, lt=1, description="Memory of its square.")
    adam_weight_decay: float | None = Field(
        default=0.004, ge=0, description="`weight_decay` of what follows AdamW."
    )
    adam_lr_ratio: float = Field(
        default=1.0, gt=0, description="Learning rate of AdamW, as a multiple of `learning_rate`."
    )
    epsilon: float = Field(default=1e-7, gt=0, description=EPSILON)
    exclude_layers: Annotated[
        tuple[Annotated[str, AfterValidator(_expression)], ...], Field(strict=False)
    ] = Field(
        default=HEADS,
        description=(
            "Layers that follow AdamW: regular expressions, searched for in the paths of weights. "
            "The default is the last layer, as the authors advise."
        ),
    )
    exclude_embeddings: bool = Field(default=True, description="Embeddings follow AdamW.")
    momentum: float = Field(default=0.95, ge=0, lt=1, description="Memory of the gradient.")
    nesterov: bool = Field(default=True, description="Look ahead along the momentum.")
    ns_steps: int = Field(
        default=5, ge=1, le=100, description="Newton-Schulz iterations: more are more orthogonal."
    )
    muon_a: float = Field(default=3.4445, description="First coefficient of an iteration.")
    muon_b: float = Field(default=-4.775, description="Second coefficient of an iteration.")
    muon_c: float = Field(default=2.0315, description="Third coefficient of an iteration.")
    rms_rate: float | None = Field(
        default=0.2,
        gt=0,
        description=(
            "Size of a step beside Adam's (Liu et al., 2025), so that learning rates of Adam do; "
            "null: steps as they are."
        ),
    )
