"""A pretrained network of KerasHub that reads texts, from the numbers of tokens on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nncli.descriptions import Features
from nncli.errors import ModelFileError
from nncli.models.hub_loading import backbone_of
from nncli.models.hub_presets import Preset
from nncli.models.tokens import is_known

__all__ = ["load", "vectors_of"]

TOKENS, KNOWN, SEGMENTS = "token_ids", "padding_mask", "segment_ids"


def load(preset: Preset, inputs: Features, *, weights: Path | bool, name: str) -> Any:
    """The network of `preset`, which gives a vector for every token.

    Where it says more than that, such as BERT's opinion on whether two sentences follow each other,
    this is left away: nothing would ever train it.

    Args:
        preset: whose files are there.
        inputs: the tokens that its tokenizer makes.
        weights: a file of weights, or whether it gets what it has learned; otherwise it begins at
            random.
        name: what it is called.

    Raises:
        ModelFileError: the preset is damaged, knows fewer tokens than its tokenizer, or is no
            encoder of texts; or the file of another network.
    """
    import keras

    backbone = backbone_of(preset, weights=weights, name=name)
    takes, says = backbone.input, backbone.output
    sequence = says.get("sequence_output") if isinstance(says, dict) else says
    named = set(takes) if isinstance(takes, dict) else set()
    is_reader = TOKENS in named and named <= {TOKENS, KNOWN, SEGMENTS}
    if not is_reader or sequence is None or len(sequence.shape) != 3:
        raise ModelFileError(
            f"model.preset: {preset.name} is a {type(backbone).__name__}, which does not turn the "
            "tokens of a text into vectors.",
            hint="Take an encoder: BERT, DistilBERT, RoBERTa, ALBERT, DeBERTa, ...",
        )
    known, made = getattr(backbone, "vocabulary_size", None), inputs.vocabulary or 0
    if isinstance(known, int) and known < made:
        raise ModelFileError(
            f"model.preset: the tokenizer of {preset.name} makes {made:,} different tokens; its "
            f"network knows {known:,}.",
            hint="The folder has the tokenizer of another network.",
        )
    return keras.Model(takes, sequence, name=name) if isinstance(says, dict) else backbone


def vectors_of(base: Any, tokens: Any, inputs: Features) -> Any:
    """What `base` says about `tokens`, int32 (batch, length): vectors, (batch, length, units)."""
    from keras import ops

    given = {
        TOKENS: tokens,
        KNOWN: ops.cast(is_known(tokens, inputs.padding), "int32"),
        SEGMENTS: ops.zeros_like(tokens),  # of a single text, and not of two
    }
    return base({name: given[name] for name in base.input})
