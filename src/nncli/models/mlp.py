"""The multilayer perceptron: dense layers one after the other."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from nncli.descriptions import Features, Target
from nncli.models.tokens import embedded, mean_of_known, token_input
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["Activation", "MlpModel", "build"]

Units = Annotated[int, Field(ge=1, le=1_000_000)]
Activation = Literal["relu", "gelu", "silu", "tanh", "sigmoid", "elu", "selu", "leaky_relu"]


class MlpModel(Settings):
    """Dense layers one after the other: the plainest network, fast on small inputs."""

    type: Literal["mlp"] = Field(default="mlp", description="A multilayer perceptron.")
    hidden_units: Annotated[tuple[Units, ...], Field(strict=False)] = Field(
        default=(128,),
        max_length=1000,
        description=(
            "Units of each hidden layer, from input to output; [] is a linear model. "
            "More fit more and train slower."
        ),
    )
    activation: Activation = Field(
        default="relu", description="Function behind every hidden layer, by its Keras name."
    )
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description=(
            "Share of hidden units silenced in each training step; more overfits less and "
            "learns slower."
        ),
    )
    embedding_units: int = Field(
        default=64,
        ge=1,
        le=100_000,
        description="Numbers that stand for each token of a text; their mean is what is seen.",
    )


def build(settings: MlpModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`. Of a text it sees the mean of its words."""
    import keras

    if inputs.kind == "tokens":
        start = token_input(inputs)
        features = embedded(start, inputs, settings.embedding_units)
        features = mean_of_known(features, start)
    else:
        start = keras.Input(inputs.shape, name="input")
        features = keras.layers.Flatten(name="flatten")(start)
    for number, units in enumerate(settings.hidden_units, start=1):
        dense = keras.layers.Dense(units, activation=settings.activation, name=f"hidden_{number}")
        features = dense(features)
        if settings.dropout:
            features = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}")(features)
    return keras.Model(start, add_head(features, target), name="network")
