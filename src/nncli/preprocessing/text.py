"""Preprocessing of texts: normalized, cut into words or characters, numbered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from nncli.descriptions import Features, TextInput
from nncli.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TextPreprocessing", "Tokens", "cached_input", "features", "fit", "front"]
__all__ += ["strings", "vocabulary_of"]

Tokens = Literal["words", "characters"]
LONGEST = 512
COVERED = 0.98  # share of the training texts that the default length holds whole
# A script without spaces between words has few spaces: longer "words" than any language's.
LONG_WORD = 25.0


class TextPreprocessing(Settings):
    """Texts: what is done to them, in plain values."""

    kind: Literal["text"] = "text"
    inputs: TextInput = TextInput()
    tokens: Tokens
    length: int = Field(ge=1, description="Tokens of a text; longer ones are cut, others padded.")
    vocabulary: tuple[str, ...] = Field(description="Known tokens, the most frequent first.")


def fit(
    batches: Iterator[NDArray[Any]],
    *,
    tokens: Tokens | None,
    vocabulary_size: int,
    length: int | None,
) -> TextPreprocessing:
    """Find out from training texts what is left to nncli (`None`), and the vocabulary."""
    import numpy as np

    texts = np.concatenate([np.asarray(batch, object) for batch in batches])
    if tokens is None:
        parts = sum(len(text.split()) for text in texts)
        long_words = sum(map(len, texts)) > LONG_WORD * max(parts, 1)
        tokens = "characters" if long_words else "words"
    if length is None:
        sizes = [len(text) if tokens == "characters" else len(text.split()) for text in texts]
        length = int(np.clip(np.ceil(np.quantile(sizes, COVERED)), 1, LONGEST))
    known = vocabulary_of(texts, tokens=tokens, size=vocabulary_size)
    return TextPreprocessing(tokens=tokens, length=length, vocabulary=known)


def vocabulary_of(texts: NDArray[Any], *, tokens: Tokens, size: int) -> tuple[str, ...]:
    """The `size` most frequent tokens of `texts`, as Keras's TextVectorization cuts them."""
    import keras
    import tensorflow as tf

    layer = keras.layers.TextVectorization(max_tokens=size + 2, split=_split(tokens))
    layer.adapt(tf.data.Dataset.from_tensor_slices(texts.astype(str)).batch(4096))
    return tuple(str(token) for token in layer.get_vocabulary()[2:])


def features(settings: TextPreprocessing) -> Features:
    """Token numbers; 0 is padding, 1 an unknown token."""
    return Features(
        kind="tokens", shape=(settings.length,), vocabulary=len(settings.vocabulary) + 2
    )


def cached_input(settings: TextPreprocessing) -> Any:
    """The Keras input of cached token numbers."""
    import keras

    return keras.Input((settings.length,), dtype="int32", name="tokens")


def strings(settings: TextPreprocessing) -> dict[str, Any]:
    """The layers that take strings, by the name of their input."""
    import keras

    layer = keras.layers.TextVectorization(
        vocabulary=list(settings.vocabulary) or ["a"],
        split=_split(settings.tokens),
        output_mode="int",
        output_sequence_length=settings.length,
        name="vectorize",
    )
    return {"text": layer}


def front(settings: TextPreprocessing) -> tuple[Any, Any]:
    """Texts as a Keras input, and the numbers of their tokens."""
    import keras

    start = keras.Input((), dtype="string", name="text")
    return start, strings(settings)["text"](start)


def _split(tokens: Tokens) -> str:
    return "character" if tokens == "characters" else "whitespace"
