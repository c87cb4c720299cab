"""The tokenizer of a preset of KerasHub for texts, as plain values."""

from __future__ import annotations

import base64
from typing import Any

from nncli.errors import ModelFileError
from nncli.models.hub_loading import damaged, described
from nncli.models.hub_presets import CONFIGURATION, TOKENIZER, Preset
from nncli.preprocessing import Tokenizer
from nncli.preprocessing.subwords import opened
from nncli.preprocessing.text import LONGEST

__all__ = ["longest", "read"]

# Of every layer of Keras, and nothing about texts.
OF_LAYERS = ("name", "trainable", "dtype", "config_file", "sequence_length")


def read(preset: Preset) -> Tokenizer:
    """The tokenizer of `preset`, whose files are there.

    Raises:
        ModelFileError: a file is damaged, or the tokenizer marks no beginning, end and padding.
    """
    name, options = described(preset, TOKENIZER)
    kept = {key: value for key, value in options.items() if key not in OF_LAYERS}
    try:
        files = {
            (preset.folder / file).name: base64.b64encode((preset.folder / file).read_bytes())
            for file in preset.vocabulary
        }
    except OSError as error:
        raise damaged(preset, error) from error
    as_text = {file: content.decode("ascii") for file, content in files.items()}
    run = opened(name, kept, as_text)
    names = [f"{mark}_token_id" for mark in ("start", "end", "pad")]
    marks = [int(mark) for name in names if (mark := getattr(run, name, None)) is not None]
    if len(marks) < len(names):
        raise ModelFileError(
            f"model.preset: the tokenizer of {preset.name} does not mark where a text begins and "
            "ends.",
            hint="Take the tokenizer and the network of an encoder: BERT, RoBERTa, ALBERT, ...",
        )
    start, end, padding = marks
    return Tokenizer(
        name=name,
        options=kept,
        files=as_text,
        start=start,
        end=end,
        padding=padding,
        vocabulary_size=int(run.vocabulary_size()),
        longest=longest(preset),
    )


def longest(preset: Preset) -> int:
    """Most tokens of a text that the network has learned places for; some have no such limit.

    Raises:
        ModelFileError: a file is damaged.
    """
    most: Any = described(preset, CONFIGURATION)[1].get("max_sequence_length")
    return most if isinstance(most, int) else LONGEST
