"""Settings that several families have, each described once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

__all__ = [
    "L1",
    "L2",
    "Activation",
    "Dropout",
    "EmbeddingUnits",
    "Normalization",
    "Units",
]

Units = Annotated[int, Field(ge=1, le=1_000_000)]
Activation = Annotated[
    Literal["relu", "gelu", "silu", "tanh", "sigmoid", "elu", "selu", "leaky_relu"],
    Field(description="Function behind every hidden layer, by its Keras name."),
]
Normalization = Annotated[
    Literal["none", "batch", "layer"],
    Field(
        description=(
            "Keeps what hidden layers say at mean 0 and deviation 1: batch, over the examples of "
            "a batch, which suits 32 and more of them; layer, over the units of a layer; or none."
        )
    ),
]
Dropout = Annotated[
    float,
    Field(
        ge=0,
        lt=1,
        description=(
            "Share of units silenced in each training step; more overfits less and learns slower."
        ),
    ),
]
EmbeddingUnits = Annotated[
    int, Field(ge=1, le=100_000, description="Numbers that stand for each token of a text.")
]
L1 = Annotated[
    float,
    Field(
        ge=0,
        description=(
            "Penalty on the sum of the absolute weights, biases left out; more makes more of them "
            "0. It is part of the losses of train and validation, not of test."
        ),
    ),
]
L2 = Annotated[
    float,
    Field(
        ge=0,
        description=(
            "Penalty on the sum of the squared weights, biases left out; more overfits less. It is "
            "part of the losses of train and validation, not of test."
        ),
    ),
]
