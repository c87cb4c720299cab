"""Preprocessing of texts: normalized, cut into words or characters, numbered."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from nncli.descriptions import Features, TextInput
from nncli.errors import DataError
from nncli.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TextPreprocessing", "Tokens", "cached_input", "features", "fit", "front"]
__all__ += ["Vocabulary", "strings"]

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

    def __str__(self) -> str:
        known = f"{len(self.vocabulary):,} known ones numbered"
        return f"{self.length:,} {self.tokens} of each, {known}"


def fit(
    batches: Callable[[], Iterator[NDArray[Any]]],
    *,
    tokens: Tokens | None,
    vocabulary_size: int,
    length: int | None,
) -> TextPreprocessing:
    """Find out from training texts what is left to nncli (`None`), and the vocabulary.

    The texts are read twice and never held together: the first time their lengths are counted.

    Raises:
        DataError: there is not a single token in them.
    """
    letters = parts = 0
    sizes: Counter[int] = Counter()
    sizes_in_letters: Counter[int] = Counter()
    for batch in batches():
        for text in batch.tolist():
            size = len(text.split())
            letters, parts = letters + len(text), parts + size
            sizes[size] += 1
            sizes_in_letters[len(text)] += 1
    if tokens is None:
        tokens = "characters" if letters > LONG_WORD * max(parts, 1) else "words"
    if length is None:
        counts = sizes_in_letters if tokens == "characters" else sizes
        length = min(max(math.ceil(quantile(counts, COVERED)), 1), LONGEST)
    vocabulary = Vocabulary(tokens=tokens, size=vocabulary_size)
    for batch in batches():
        vocabulary.add(batch)
    known = vocabulary.tokens()
    if not known:
        raise DataError("The training texts have no words in them; all are empty.")
    return TextPreprocessing(tokens=tokens, length=length, vocabulary=known)


def quantile(counts: Mapping[int, int], share: float) -> float:
    """The quantile of numbers of which each was counted, as `numpy.quantile` has it of all."""
    numbers = sorted(counts)
    behind = list(accumulate(counts[number] for number in numbers))
    place = share * (behind[-1] - 1)
    below, above = (
        numbers[bisect_right(behind, wanted)] for wanted in (math.floor(place), math.ceil(place))
    )
    return below + (above - below) * (place - math.floor(place))


class Vocabulary:
    """Counts the tokens of texts batch by batch, as Keras's TextVectorization cuts them."""

    def __init__(self, *, tokens: Tokens, size: int) -> None:
        import keras

        self._layer = keras.layers.TextVectorization(max_tokens=size + 2, split=_split(tokens))
        self._layer.reset_state()

    def add(self, texts: NDArray[Any]) -> None:
        """Count a batch, shape (n,), strings."""
        import tensorflow as tf

        if len(texts):
            self._layer.update_state(tf.constant(texts.tolist(), tf.string, shape=(len(texts), 1)))

    def tokens(self) -> tuple[str, ...]:
        """The most frequent ones, in their order."""
        self._layer.finalize_state()
        return tuple(str(token) for token in self._layer.get_vocabulary()[2:])


def features(settings: TextPreprocessing) -> Features:
    """Token numbers; 0 is padding, 1 an unknown token."""
    return Features(
        kind="tokens", shape=(settings.length,), vocabulary=len(settings.vocabulary) + 2
    )


class _OfOneLength(Protocol):
    """Settings that say how many tokens a text has."""

    @property
    def length(self) -> int: ...


def cached_input(settings: _OfOneLength) -> Any:
    """The Keras input of cached token numbers, int32 (texts, length)."""
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
