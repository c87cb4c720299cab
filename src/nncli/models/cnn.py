"""The convolutional network: stages of convolutions, each at half the size of the one before."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from nncli.descriptions import FeatureKind, Features, Target
from nncli.models.blocks import normalized, regularizer
from nncli.models.fields import L1, L2, Activation, Dropout, EmbeddingUnits, Normalization, Units
from nncli.models.tokens import embedded, token_input
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["CnnModel", "build"]

Filters = Annotated[int, Field(ge=1, le=65_536)]
STAGES = (32, 64)
# Places that may be left of a picture, so that the dense layer behind them stays small.
MOST_PLACES = 400
MOST_FILTERS = 256


class CnnModel(Settings):
    """Convolutions and max pooling, then dense layers: finds patterns wherever they are."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("image", "spectrogram", "sequence", "tokens")
    looks: ClassVar[str] = "looks for patterns among neighbours"

    type: Literal["cnn"] = Field(default="cnn", description="A convolutional network.")
    filters: (
        Annotated[tuple[Filters, ...], Field(strict=False, min_length=1, max_length=12)] | None
    ) = Field(
        default=None,
        description=(
            "Filters of each stage; after each the image is half as high and wide. More stages "
            "see larger patterns. null: [32, 64], and for larger images 128, 256, 256 and so on, "
            f"until at most {MOST_PLACES} pixels are left."
        ),
    )
    kernel_size: int = Field(
        default=3,
        ge=1,
        le=31,
        description="Height and width of every filter, in pixels; along a text in tokens.",
    )
    normalization: Normalization = "none"
    hidden_units: Annotated[tuple[Units, ...], Field(strict=False)] = Field(
        default=(128,),
        max_length=1000,
        description="Units of each dense layer between the convolutions and the output.",
    )
    activation: Activation = "relu"
    dropout: Dropout = Field(
        default=0.25,
        description="Share of units silenced before every dense layer while training.",
    )
    l1: L1 = 0.0
    l2: L2 = 0.0
    embedding_units: EmbeddingUnits = 64


def build(settings: CnnModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`. Padding keeps any size valid.

    Along texts and sequences the convolutions have one axis, and what is seen of them is the
    largest answer of each filter, wherever it is.
    """
    import keras

    if inputs.kind == "tokens":
        start = token_input(inputs)
        features = embedded(start, inputs, settings.embedding_units)
    else:
        start = keras.Input(inputs.shape, name="input")
        features = start
    flat = len(features.shape) == 4
    penalty = regularizer(settings.l1, settings.l2)
    for number, filters in enumerate(settings.filters or _stages(features.shape[1:-1]), start=1):
        features = _stage(settings, features, filters, number, penalty)
    if flat:
        features = keras.layers.Flatten(name="flatten")(features)
    else:
        features = keras.layers.GlobalMaxPooling1D(name="largest")(features)
    for number, units in enumerate(settings.hidden_units, start=1):
        if settings.dropout:
            features = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}")(features)
        dense = keras.layers.Dense(
            units,
            activation=settings.activation,
            kernel_regularizer=penalty,
            name=f"hidden_{number}",
        )
        features = dense(features)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout_output")(features)
    return keras.Model(start, add_head(features, target, penalty=penalty), name="network")


def _stages(sides: tuple[int, ...]) -> tuple[int, ...]:
    """The filters of each stage where none are given, for inputs of these sides."""
    filters = list(STAGES)
    if len(sides) == 2:
        while math.prod(-(-side // 2 ** len(filters)) for side in sides) > MOST_PLACES:
            filters.append(min(2 * filters[-1], MOST_FILTERS))
    return tuple(filters)


def _stage(settings: CnnModel, features: Any, filters: int, number: int, penalty: Any) -> Any:
    """A convolution, and the largest of each two or two by two neighbours."""
    import keras

    flat = len(features.shape) == 4
    convolution = keras.layers.Conv2D if flat else keras.layers.Conv1D
    pooling = keras.layers.MaxPooling2D if flat else keras.layers.MaxPooling1D
    plain = settings.normalization == "none"
    features = convolution(
        filters,
        settings.kernel_size,
        padding="same",
        activation=settings.activation if plain else None,
        use_bias=settings.normalization != "batch",
        kernel_regularizer=penalty,
        name=f"convolution_{number}",
    )(features)
    if not plain:
        features = normalized(features, settings.normalization, f"normalization_{number}")
        features = keras.layers.Activation(settings.activation, name=f"activation_{number}")(
            features
        )
    return pooling(2, padding="same", name=f"pooling_{number}")(features)
