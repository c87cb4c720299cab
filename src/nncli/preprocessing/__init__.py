"""What lies between the data as it is recorded and the network: fitted on the training split,
Keras layers, saved with it.

Each kind of input has a file with a class of plain values, which travel in the cache and in the
.keras file, and with functions that make Keras layers of them: `front` is everything from the
recorded input to what the cache holds, `unpacked` what the network still does with that.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from nncli.descriptions import Features
from nncli.preprocessing import array, image, sound, subwords, table, text
from nncli.preprocessing.array import ArrayPreprocessing
from nncli.preprocessing.image import ImagePreprocessing
from nncli.preprocessing.sound import SoundPreprocessing
from nncli.preprocessing.subwords import SubwordPreprocessing, Tokenizer
from nncli.preprocessing.table import TablePreprocessing
from nncli.preprocessing.text import TextPreprocessing

__all__ = [
    "ArrayPreprocessing",
    "Given",
    "ImagePreprocessing",
    "Preprocessing",
    "SoundPreprocessing",
    "SubwordPreprocessing",
    "TablePreprocessing",
    "TextPreprocessing",
    "Tokenizer",
    "cached_input",
    "features",
    "front",
    "unpacked",
]

Preprocessing = Annotated[
    ImagePreprocessing
    | TablePreprocessing
    | TextPreprocessing
    | SubwordPreprocessing
    | SoundPreprocessing
    | ArrayPreprocessing,
    Field(discriminator="kind"),
]

# What a model may bring with it: everything, or what cuts texts, whose length is then fitted.
Given = Preprocessing | Tokenizer

_KINDS: dict[str, Any] = {
    "image": image, "table": table, "text": text, "subwords": subwords, "sound": sound,
    "array": array,
}  # fmt: skip


def features(settings: Preprocessing) -> Features:
    """What the network sees."""
    result: Features = _KINDS[settings.kind].features(settings)
    return result


def cached_input(settings: Preprocessing) -> Any:
    """The Keras input of what the cache holds."""
    return _KINDS[settings.kind].cached_input(settings)


def unpacked(settings: Preprocessing, cached: Any) -> Any:
    """What the network sees, from what the cache holds."""
    return image.unpacked(settings, cached) if settings.kind == "image" else cached


def front(settings: Preprocessing) -> tuple[Any, Any]:
    """The recorded input as Keras inputs, and what the cache holds."""
    result: tuple[Any, Any] = _KINDS[settings.kind].front(settings)
    return result
