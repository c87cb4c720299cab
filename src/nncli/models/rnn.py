"""The recurrent network: reads one step after the other and remembers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from nncli.descriptions import FeatureKind, Features, Target
from nncli.models.fields import Dropout, EmbeddingUnits, Units
from nncli.models.steps import steps_of
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["RnnModel", "build"]


class RnnModel(Settings):
    """Reads steps in their order and remembers: texts, sound and sequences of any length."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("sequence", "spectrogram", "tokens")
    looks: ClassVar[str] = "reads steps in their order"

    type: Literal["rnn"] = Field(default="rnn", description="A recurrent network.")
    cell: Literal["gru", "lstm"] = Field(
        default="gru",
        description=(
            "How it remembers: gru (Cho and others, 2014) is smaller and often as good as lstm "
            "(Hochreiter and Schmidhuber, 1997)."
        ),
    )
    hidden_units: Annotated[tuple[Units, ...], Field(strict=False)] = Field(
        default=(64,),
        min_length=1,
        max_length=100,
        description="Units of each recurrent layer, in each direction.",
    )
    bidirectional: bool = Field(
        default=True,
        description="Read from the end as well as from the beginning; takes twice as long.",
    )
    dropout: Dropout = Field(
        default=0.3,
        description="Share of units silenced before and behind every layer while training.",
    )
    embedding_units: EmbeddingUnits = 64


def build(settings: RnnModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`.

    It answers by what the last layer remembers at the end: of a text at its last word, before the
    padding; of one without words nothing, which is zero.
    """
    import keras

    start, features, known = steps_of(inputs, settings.embedding_units)
    cell = keras.layers.GRU if settings.cell == "gru" else keras.layers.LSTM
    last = len(settings.hidden_units)
    for number, units in enumerate(settings.hidden_units, start=1):
        if settings.dropout:
            features = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}")(features)
        layer = cell(
            units,
            return_sequences=number < last,
            # cuDNN cannot read a text without words.
            use_cudnn="auto" if known is None else False,
            name=f"recurrent_{number}",
        )
        if settings.bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"recurrent_{number}_both_ways")
        features = layer(features) if known is None else layer(features, mask=known)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout_output")(features)
    return keras.Model(start, add_head(features, target), name="network")
