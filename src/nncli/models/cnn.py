"""The convolutional network: stages of convolutions, each at half the size of the one before."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from nncli.descriptions import Features, Target
from nncli.errors import UsageError
from nncli.models.mlp import Activation, Units
from nncli.models.tokens import embedded, token_input
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["CnnModel", "build"]

Filters = Annotated[int, Field(ge=1, le=65_536)]


class CnnModel(Settings):
    """Convolutions and max pooling, then dense layers: finds patterns wherever they are."""

    type: Literal["cnn"] = Field(default="cnn", description="A convolutional network.")
    filters: Annotated[tuple[Filters, ...], Field(strict=False)] = Field(
        default=(32, 64),
        min_length=1,
        max_length=12,
        description=(
            "Filters of each stage; after each the image is half as high and wide. More stages "
            "see larger patterns."
        ),
    )
    kernel_size: int = Field(
        default=3,
        ge=1,
        le=31,
        description="Height and width of every filter, in pixels; along a text in tokens.",
    )
    hidden_units: Annotated[tuple[Units, ...], Field(strict=False)] = Field(
        default=(128,),
        max_length=1000,
        description="Units of each dense layer between the convolutions and the output.",
    )
    activation: Activation = Field(
        default="relu", description="Function behind every hidden layer, by its Keras name."
    )
    dropout: float = Field(
        default=0.25,
        ge=0,
        lt=1,
        description="Share of units silenced before every dense layer while training.",
    )
    embedding_units: int = Field(
        default=64, ge=1, le=100_000, description="Numbers that stand for each token of a text."
    )


def build(settings: CnnModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`. Padding keeps any size valid.

    Along texts and sequences the convolutions have one axis, and what is seen of them is the
    largest answer of each filter, wherever it is.
    """
    import keras

    match inputs.kind:
        case "vector":
            raise UsageError(
                "model: cnn looks for patterns among neighbours, and the columns of a table or "
                "vector have none.",
                hint="Take model: mlp.",
            )
        case "tokens":
            start = token_input(inputs)
            features = embedded(start, inputs, settings.embedding_units)
        case _:
            start = keras.Input(inputs.shape, name="input")
            features = start
    flat = inputs.kind == "image"
    convolution = keras.layers.Conv2D if flat else keras.layers.Conv1D
    pooling = keras.layers.MaxPooling2D if flat else keras.layers.MaxPooling1D
    for number, filters in enumerate(settings.filters, start=1):
        features = convolution(
            filters,
            settings.kernel_size,
            padding="same",
            activation=settings.activation,
            name=f"convolution_{number}",
        )(features)
        features = pooling(2, padding="same", name=f"pooling_{number}")(features)
    if flat:
        features = keras.layers.Flatten(name="flatten")(features)
    else:
        features = keras.layers.GlobalMaxPooling1D(name="largest")(features)
    for number, units in enumerate(settings.hidden_units, start=1):
        if settings.dropout:
            features = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}")(features)
        dense = keras.layers.Dense(units, activation=settings.activation, name=f"hidden_{number}")
        features = dense(features)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout_output")(features)
    return keras.Model(start, add_head(features, target), name="network")
