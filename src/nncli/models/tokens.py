"""The beginning of every network that reads tokens."""

from __future__ import annotations

from typing import Any

from nncli.descriptions import Features

__all__ = ["embedded", "mean_of_known", "token_input"]

# Keras's own 0.05 leaves the mean of a text so small that the first epochs learn next to nothing.
INITIAL_RANGE = 0.1


def token_input(inputs: Features) -> Any:
    """The Keras input of token numbers, int32 (batch, length)."""
    import keras

    return keras.Input(inputs.shape, dtype="int32", name="input")


def embedded(tokens: Any, inputs: Features, units: int) -> Any:
    """Vectors of tokens, (batch, length, units); those of padding are zero."""
    import keras

    initial = keras.initializers.RandomUniform(-INITIAL_RANGE, INITIAL_RANGE)
    layer = keras.layers.Embedding(
        inputs.vocabulary, units, embeddings_initializer=initial, name="embedding"
    )
    return layer(tokens) * _known(tokens)


def mean_of_known(vectors: Any, tokens: Any) -> Any:
    """The mean over the tokens that are no padding, (batch, units); 0 for an empty text."""
    from keras import ops

    count = ops.maximum(ops.sum(_known(tokens), axis=1), 1.0)
    return ops.sum(vectors, axis=1) / count


def _known(tokens: Any) -> Any:
    """1 for tokens and 0 for padding, (batch, length, 1)."""
    from keras import ops

    return ops.expand_dims(ops.cast(ops.not_equal(tokens, 0), "float32"), -1)
