"""The multilayer perceptron: dense layers one after the other."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nncli.descriptions import FeatureKind, Features, Target
from nncli.models.blocks import dense_block, regularizer
from nncli.models.fields import L1, L2, Activation, Dropout, EmbeddingUnits, Normalization, Units
from nncli.models.tokens import embedded, mean_of_known, token_input
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["MlpModel", "build"]


class MlpModel(Settings):
    """Dense layers one after the other: the plainest network, fast on small inputs."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = (
        "vector", "image", "spectrogram", "sequence", "tokens",
    )  # fmt: skip
    looks: ClassVar[str] = "mixes all numbers"

    type: Literal["mlp"] = Field(default="mlp", description="A multilayer perceptron.")
    hidden_units: Annotated[tuple[Units, ...], Field(strict=False)] = Field(
        default=(128,),
        max_length=1000,
        description=(
            "Units of each hidden layer, from input to output; [] is a linear model. "
            "More fit more and train slower."
        ),
    )
    activation: Activation = "relu"
    normalization: Normalization = "none"
    dropout: Dropout = 0.0
    residual: bool = Field(
        default=False,
        description=(
            "Add what goes into each hidden layer to what comes out of it, where both have as many "
            "units: many layers learn better so."
        ),
    )
    l1: L1 = 0.0
    l2: L2 = 0.0
    embedding_units: EmbeddingUnits = Field(
        default=64,
        description="Numbers that stand for each token of a text; their mean is what is seen.",
    )

    @model_validator(mode="after")
    def _residual_is_possible(self) -> Self:
        if self.residual and not any(one == other for one, other in pairwise(self.hidden_units)):
            raise ValueError(
                "residual needs two hidden layers in a row with as many units, such as "
                "hidden_units: [128, 128]"
            )
        return self


def build(settings: MlpModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`. Of a text it sees the mean of its words."""
    import keras

    penalty = regularizer(settings.l1, settings.l2)
    if inputs.kind == "tokens":
        start = token_input(inputs)
        features = embedded(start, inputs, settings.embedding_units)
        features = mean_of_known(features, start)
    else:
        start = keras.Input(inputs.shape, name="input")
        features = keras.layers.Flatten(name="flatten")(start)
    for number, units in enumerate(settings.hidden_units, start=1):
        features = dense_block(
            features,
            units,
            number,
            activation=settings.activation,
            normalization=settings.normalization,
            dropout=settings.dropout,
            residual=settings.residual and number > 1,
            penalty=penalty,
        )
    return keras.Model(start, add_head(features, target, penalty=penalty), name="network")
