"""A small encoder of the transformer (Vaswani and others, 2017), its normalization in front."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nncli.descriptions import FeatureKind, Features, Target
from nncli.errors import UsageError
from nncli.models.fields import Dropout, EmbeddingUnits, Units
from nncli.models.pieces import MOST_STEPS, PATCHES, joined, patches
from nncli.models.steps import steps_of
from nncli.models.tokens import mean_of_known, only_known
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["TransformerModel", "build"]


class TransformerModel(Settings):
    """Relates every piece to every other: words, frames of sound, patches of images."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("sequence", "spectrogram", "tokens", "image")
    looks: ClassVar[str] = "relates steps or patches to each other"

    type: Literal["transformer"] = Field(default="transformer", description="A transformer.")
    units: Units = Field(default=64, description="Numbers that stand for each piece.")
    blocks: int = Field(default=2, ge=1, le=1000, description="Blocks of attention, one by one.")
    heads: int = Field(
        default=4,
        ge=1,
        le=1000,
        description="Relations that each block looks for side by side; divides units.",
    )
    feedforward_units: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="Hidden units between the blocks' attention; null: 4 * units."
    )
    dropout: Dropout = 0.1
    patch_size: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None,
        description=(
            "What one piece is: the side of a square of an image in pixels, or the steps of sound "
            f"or sequences; null: such that there are about {PATCHES} squares, at most "
            f"{MOST_STEPS} steps."
        ),
    )
    embedding_units: EmbeddingUnits = 64

    @model_validator(mode="after")
    def _heads_divide_units(self) -> Self:
        if self.units % self.heads:
            raise ValueError(f"heads: {self.heads} does not divide units: {self.units}")
        return self


def build(settings: TransformerModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`.

    What is seen in the end is the mean of all pieces; the padding of a text is neither attended to
    nor counted.

    Raises:
        UsageError: patches of texts.
    """
    import keras

    start, pieces, known = _pieces(settings, inputs)
    # The bias of each place is its learned embedding, in a layer that plain Keras has.
    layer = keras.layers.EinsumDense(
        "bpc,cu->bpu",
        output_shape=(pieces.shape[1], settings.units),
        bias_axes="pu",
        bias_initializer=keras.initializers.RandomNormal(stddev=0.1),
        name="pieces_and_places",
    )
    features = layer(pieces)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout_pieces")(features)
    for number in range(1, settings.blocks + 1):
        features = _block(settings, features, known, number)
    features = keras.layers.LayerNormalization(name="normalization_output")(features)
    if known is None:
        features = keras.layers.GlobalAveragePooling1D(name="pooling")(features)
    else:
        features = mean_of_known(only_known(features, start), start)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout_output")(features)
    return keras.Model(start, add_head(features, target), name="network")


def _pieces(settings: TransformerModel, inputs: Features) -> tuple[Any, Any, Any]:
    """The Keras input, its pieces, (batch, pieces, numbers), and which of them there are."""
    import keras

    if inputs.kind == "image":
        start = keras.Input(inputs.shape, name="input")
        height, width = inputs.shape[:2]
        side = settings.patch_size or max(1, round(math.sqrt(height * width / PATCHES)))
        return start, patches(start, side), None
    start, steps, known = steps_of(inputs, settings.embedding_units)
    if known is None:
        return start, joined(steps, settings.patch_size or -(-steps.shape[1] // MOST_STEPS)), None
    if settings.patch_size is not None:
        raise UsageError(
            "model.patch_size is for images, sound and sequences; of a text every token is a piece."
        )
    return start, steps, known


def _block(settings: TransformerModel, features: Any, known: Any, number: int) -> Any:
    """Attention and two dense layers, each added to what it was given."""
    import keras
    from keras import ops

    def added(given: Any, change: Any, name: str) -> Any:
        if settings.dropout:
            change = keras.layers.Dropout(settings.dropout, name=f"dropout_{name}")(change)
        return keras.layers.Add(name=f"sum_{name}")([given, change])

    name = f"attention_{number}"
    normal = keras.layers.LayerNormalization(name=f"normalization_{name}")(features)
    attention = keras.layers.MultiHeadAttention(
        settings.heads, settings.units // settings.heads, dropout=settings.dropout, name=name
    )
    mask = {} if known is None else {"attention_mask": ops.expand_dims(known, 1)}
    features = added(features, attention(normal, normal, **mask), name)
    name = f"feedforward_{number}"
    normal = keras.layers.LayerNormalization(name=f"normalization_{name}")(features)
    between = settings.feedforward_units or 4 * settings.units
    hidden = keras.layers.Dense(between, activation="gelu", name=f"{name}_in")(normal)
    return added(features, keras.layers.Dense(settings.units, name=f"{name}_out")(hidden), name)
