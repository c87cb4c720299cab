"""The beginning of networks that read one step after the other."""

from __future__ import annotations

from typing import Any

from nncli.descriptions import Features
from nncli.models.tokens import embedded, is_known, token_input

__all__ = ["steps_of"]


def steps_of(inputs: Features, embedding_units: int) -> tuple[Any, Any, Any]:
    """The Keras input, its steps, and which of them there are.

    Steps are vectors of tokens, the frames of a spectrogram in their order, or the steps of a
    sequence: float32 (batch, steps, units). The mask, bool (batch, steps), is False where a text
    has ended already; None says that every step is there.
    """
    import keras

    if inputs.kind == "tokens":
        start = token_input(inputs)
        return start, embedded(start, inputs, embedding_units), is_known(start)
    start = keras.Input(inputs.shape, name="input")
    if inputs.kind == "sequence":
        return start, start, None
    frequencies, frames, channels = inputs.shape
    turned = keras.layers.Permute((2, 1, 3), name="time_first")(start)
    shape = (frames, frequencies * channels)
    return start, keras.layers.Reshape(shape, name="frames")(turned), None
