"""Convolutions over words (Kim, 2014, https://arxiv.org/abs/1408.5882)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from nncli.descriptions import FeatureKind, Features, Target
from nncli.models.fields import Activation, Dropout, EmbeddingUnits
from nncli.models.tokens import embedded, only_known, token_input
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["TextCnnModel", "build"]

Size = Annotated[int, Field(ge=1, le=1000)]


class TextCnnModel(Settings):
    """Looks for phrases of several lengths side by side, wherever in a text they are."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("tokens",)
    looks: ClassVar[str] = "looks for phrases in texts"

    type: Literal["text_cnn"] = Field(default="text_cnn", description="Convolutions over words.")
    kernel_sizes: Annotated[tuple[Size, ...], Field(strict=False)] = Field(
        default=(3, 4, 5),
        min_length=1,
        max_length=50,
        description="Lengths of the phrases that are looked for, in tokens.",
    )
    filters_per_size: int = Field(
        default=100, ge=1, le=65_536, description="Phrases that are looked for, of each length."
    )
    activation: Activation = "relu"
    dropout: Dropout = Field(
        default=0.5, description="Share of what was found that is silenced while training."
    )
    embedding_units: EmbeddingUnits = 128


def build(settings: TextCnnModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`. Of each phrase it sees the best place."""
    import keras

    start = token_input(inputs)
    words = embedded(start, inputs, settings.embedding_units)
    found = []
    for number, size in enumerate(settings.kernel_sizes, start=1):
        layer = keras.layers.Conv1D(
            settings.filters_per_size,
            size,
            padding="same",
            activation=settings.activation,
            name=f"convolution_{number}",
        )
        places = only_known(layer(words), start)
        found.append(keras.layers.GlobalMaxPooling1D(name=f"largest_{number}")(places))
    features = found[0]
    if len(found) > 1:
        features = keras.layers.Concatenate(name="phrases")(found)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout_output")(features)
    return keras.Model(start, add_head(features, target), name="network")
