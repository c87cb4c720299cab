"""Preprocessing of texts for a network that has learned before: cut as it was taught, by the
tokenizer that it learned with.

The tokenizer is KerasHub's, run in Python, in front of the model and never inside it: KerasHub's
tokenizers keep their vocabulary in files of their own.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from nncli.backend import is_installed
from nncli.descriptions import Features, TextInput
from nncli.errors import ModelFileError
from nncli.preprocessing.text import COVERED, LONGEST, cached_input, quantile
from nncli.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SHORTEST", "SubwordPreprocessing", "Tokenizer", "Tokenizing", "cached_input"]
__all__ += ["features", "fit", "front", "opened"]

SHORTEST = 3  # one token between the first and the last, which are always there
MEASURED = 10_000  # texts whose tokens are counted before a length is chosen
SPACES = re.compile(r"[ \t\n\r\f]+")  # some of those that WordPiece parts words at
REMEMBERED = 500_000  # parts of texts whose tokens are kept
FROM_FILES = ("vocabulary", "merges", "proto")  # what a tokenizer takes out of its files


class Tokenizer(Settings):
    """A tokenizer of KerasHub, in plain values."""

    name: str = Field(description="Its class in keras_hub.tokenizers.")
    options: dict[str, Any] = Field(description="What its class is made with.")
    files: dict[str, str] = Field(description="Its files by name, each in base64.")
    start: int = Field(ge=0, description="The token in front of every text.")
    end: int = Field(ge=0, description="The token behind it.")
    padding: int = Field(ge=0, description="The token that fills shorter texts.")
    vocabulary_size: int = Field(ge=1, description="Tokens that it knows.")
    longest: int = Field(ge=SHORTEST, description="Most tokens that its network takes.")


class SubwordPreprocessing(Settings):
    """Texts: cut by a tokenizer, all to one length."""

    kind: Literal["subwords"] = "subwords"
    inputs: TextInput = TextInput()
    tokenizer: Tokenizer
    length: int = Field(
        ge=SHORTEST, description="Tokens of a text, the first and the last included."
    )

    def __str__(self) -> str:
        known = f"{self.tokenizer.vocabulary_size:,} known ones numbered"
        return f"{self.length:,} tokens of each by {self.tokenizer.name}, {known}"


class Tokenizing:
    """Cuts texts into the numbers of their tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Make KerasHub's tokenizer.

        Raises:
            ModelFileError: KerasHub is not installed, or its files do not fit.
        """
        self.tokenizer = tokenizer
        self._run = opened(tokenizer.name, tokenizer.options, tokenizer.files)
        self._seen: dict[str, list[int]] | None = {} if _cuts_words(self._run) else None

    def cut(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, all of them, without those in front and behind."""
        if self._seen is None:
            return self._cut(texts)
        parts = [[part for part in SPACES.split(text) if part] for text in texts]
        if len(self._seen) > REMEMBERED:
            self._seen.clear()
        new = [part for part in {p: None for some in parts for p in some} if part not in self._seen]
        self._seen.update(zip(new, self._cut(new), strict=True))
        return [[token for part in some for token in self._seen[part]] for some in parts]

    def _cut(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        return [list(tokens) for tokens in self._run.tokenize(list(texts))]

    def packed(self, texts: Sequence[str], length: int) -> NDArray[Any]:
        """The tokens of each text between the first and the last, cut or filled to `length`,
        int32 (texts, length)."""
        import numpy as np

        packed = np.full((len(texts), length), self.tokenizer.padding, np.int32)
        for row, tokens in zip(packed, self.cut(texts), strict=True):
            kept = tokens[: length - 2]
            row[: len(kept) + 2] = [self.tokenizer.start, *kept, self.tokenizer.end]
        return packed


def _cuts_words(run: Any) -> bool:
    """Whether a tokenizer parts texts at spaces before all else, so that what stands between them
    may be cut once and remembered: KerasHub's WordPiece, which is the slowest, has no memory."""
    import keras_hub

    return isinstance(run, keras_hub.tokenizers.WordPieceTokenizer) and bool(run.split)


def opened(name: str, options: Mapping[str, Any], files: Mapping[str, str]) -> Any:
    """The tokenizer of KerasHub that is described, as it runs.

    Raises:
        ModelFileError: KerasHub is not installed, has no such tokenizer, or its files do not fit.
    """
    if not is_installed("keras_hub"):
        raise ModelFileError(
            f"Texts are cut by KerasHub's {name}, which is not installed.",
            hint="Install it with: pip install 'nncli[hub]'",
        )
    import keras_hub

    made_by = getattr(keras_hub.tokenizers, name, None)
    known = isinstance(made_by, type) and issubclass(made_by, keras_hub.tokenizers.Tokenizer)
    if made_by is None or not known:
        raise ModelFileError(
            f"The installed KerasHub has no tokenizer {name}.",
            hint="Install a newer one: pip install -U 'nncli[hub]'",
        )
    # A path of somebody else's file would be opened: these come out of `files` alone.
    given = {key: None if key in FROM_FILES else value for key, value in options.items()}
    try:
        run = made_by.from_config(given)
        with tempfile.TemporaryDirectory() as folder:
            for file in run.file_assets:
                Path(folder, file).write_bytes(base64.b64decode(files[file], validate=True))
            run.load_assets(folder)
    except (binascii.Error, KeyError) as error:
        raise ModelFileError(f"{name} lacks its vocabulary: {error}.") from error
    except Exception as error:  # whatever a library of a library makes of a damaged file
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelFileError(f"{name} cannot be made of its files: {reason}") from error
    return run


def fit(
    tokenizer: Tokenizer, batches: Callable[[], Iterator[NDArray[Any]]], *, examples: int
) -> SubwordPreprocessing:
    """Find out from training texts how many tokens hold most of them whole, at most as many as the
    network takes.

    Args:
        tokenizer: cuts them.
        batches: yields texts, shape (n,), object.
        examples: how many there are; of many some are counted, evenly spread.
    """
    tokenizing = Tokenizing(tokenizer)
    step = -(-examples // MEASURED)
    counts: Counter[int] = Counter()
    place = 0
    for batch in batches():
        chosen = batch[-place % step :: step]
        counts.update(len(tokens) for tokens in tokenizing.cut(chosen.tolist()))
        place += len(batch)
    wanted = max(math.ceil(quantile(counts, COVERED)) + 2, SHORTEST)
    length = min(wanted, tokenizer.longest, LONGEST)
    return SubwordPreprocessing(tokenizer=tokenizer, length=length)


def features(settings: SubwordPreprocessing) -> Features:
    """Token numbers as the network learned them."""
    return Features(
        kind="tokens",
        shape=(settings.length,),
        vocabulary=settings.tokenizer.vocabulary_size,
        padding=settings.tokenizer.padding,
    )


def front(settings: SubwordPreprocessing) -> tuple[Any, Any]:
    """What the cache holds, twice: the model begins with the numbers of tokens."""
    start = cached_input(settings)
    return start, start
