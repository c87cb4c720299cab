"""The beginning of every network that reads tokens."""

from __future__ import annotations

from typing import Any

from nncli.descriptions import Features

__all__ = ["embedded", "is_known", "largest_of_known", "mean_of_known", "only_known"]
__all__ += ["token_input"]

# Keras's own 0.05 leaves the mean of a text so small that the first epochs learn next to nothing.
INITIAL_RANGE = 0.1
FAR_BELOW = -10_000.0  # what units of a network say; float16 has it too


def token_input(inputs: Features) -> Any:
    """The Keras input of token numbers, int32 (batch, length)."""
    import keras

    return keras.Input(inputs.shape, dtype="int32", name="input")


def embedded(tokens: Any, inputs: Features, units: int, penalty: Any = None) -> Any:
    """Vectors of tokens, (batch, length, units); those of padding are zero."""
    import keras

    initial = keras.initializers.RandomUniform(-INITIAL_RANGE, INITIAL_RANGE)
    layer = keras.layers.Embedding(
        inputs.vocabulary,
        units,
        embeddings_initializer=initial,
        embeddings_regularizer=penalty,
        name="embedding",
    )
    return only_known(layer(tokens), tokens)


def mean_of_known(vectors: Any, tokens: Any, padding: int = 0) -> Any:
    """The mean over the tokens that are no padding, (batch, units); 0 for an empty text. The
    vectors of padding are zero."""
    from keras import ops

    count = ops.maximum(ops.sum(_ones(tokens, padding), axis=1), 1.0)
    return ops.sum(vectors, axis=1) / count


def largest_of_known(vectors: Any, tokens: Any, padding: int = 0) -> Any:
    """The largest of each unit over the tokens that are no padding, (batch, units). There must be
    such tokens."""
    from keras import ops

    known = ops.expand_dims(is_known(tokens, padding), -1)
    return ops.max(ops.where(known, vectors, FAR_BELOW), axis=1)


def only_known(vectors: Any, tokens: Any, padding: int = 0) -> Any:
    """`vectors`, (batch, length, units), with zeros for those of padding."""
    return vectors * _ones(tokens, padding)


def is_known(tokens: Any, padding: int = 0) -> Any:
    """Which tokens are no padding, bool (batch, length): the mask of Keras's layers."""
    from keras import ops

    return ops.not_equal(tokens, padding)


def _ones(tokens: Any, padding: int) -> Any:
    """1 for tokens and 0 for padding, (batch, length, 1)."""
    from keras import ops

    return ops.expand_dims(ops.cast(is_known(tokens, padding), "float32"), -1)
