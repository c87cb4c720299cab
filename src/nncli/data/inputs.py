"""What users may say about how their images, texts and sound are preprocessed."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from nncli.errors import DataError
from nncli.preprocessing.augmentation import Augmentation
from nncli.preprocessing.image import ResizeMode
from nncli.preprocessing.text import Tokens
from nncli.settings import Settings

__all__ = ["HIGHEST_RATE", "LOWEST_RATE", "Augmented", "InputSettings"]

LOWEST_RATE, HIGHEST_RATE = 1000, 384_000
Pixels = Annotated[int, Field(ge=1, le=4096)]
# The settings that mean something for each kind of input.
OF_KIND = {
    "image": ("image_size", "resize"),
    "text": ("tokens", "vocabulary_size", "sequence_length"),
    "sound": ("sample_rate", "seconds", "mel_bins"),
}


class Augmented(Settings):
    """Of every source: how its training examples are changed at random."""

    augment: Augmentation | None = Field(
        default=None,
        description=(
            "Changes training examples at random, each epoch anew: {flip: horizontal, crop: 4}; "
            "overfits less and learns slower."
        ),
    )


class InputSettings(Augmented):
    """How images, texts and sound are preprocessed; each key belongs to one of them."""

    image_size: Annotated[tuple[Pixels, Pixels], Field(strict=False)] | None = Field(
        default=None,
        description=(
            "Height and width in pixels that images are resized to; default: their own size, or "
            "64 by 64 where sizes differ or have more pixels than 256 by 256. Smaller trains "
            "faster and sees less."
        ),
    )
    resize: ResizeMode = Field(
        default="stretch",
        description=(
            "How images of another shape fit image_size: stretch them, crop what is too much, or "
            "pad with black."
        ),
    )
    tokens: Tokens | None = Field(
        default=None,
        description=(
            "What a text is cut into: words or characters; default: words, where there are spaces."
        ),
    )
    vocabulary_size: int = Field(
        default=20_000,
        ge=1,
        le=1_000_000,
        description="Most frequent tokens that are told apart; more know rarer ones, and overfit.",
    )
    sequence_length: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description=(
            "Tokens of a text that are used; default: what holds 98 % of the training texts, at "
            "most 512."
        ),
    )
    sample_rate: int | None = Field(
        default=None,
        ge=LOWEST_RATE,
        le=HIGHEST_RATE,
        description=(
            "Samples a second that sound is brought to; default: the commonest of the files."
        ),
    )
    seconds: float | None = Field(
        default=None,
        gt=0,
        le=600,
        description=(
            "Length that sound is cut or filled to; default: what holds 95 % of the files, at "
            "most 10 s."
        ),
    )
    mel_bins: int = Field(
        default=64,
        ge=8,
        le=512,
        description="Frequency bands of the mel spectrogram; more tell finer pitches apart.",
    )

    def check_kind(self, name: str, kind: str) -> None:
        """Refuse settings that mean nothing for inputs of `kind`.

        Raises:
            DataError: a setting of another kind of input is set.
        """
        for other, keys in OF_KIND.items():
            for key in keys if other != kind else ():
                default: Any = InputSettings.model_fields[key].default
                if getattr(self, key) != default:
                    raise DataError(
                        f"dataset.{key} is about {other}, and {name} is {kind}.",
                        hint=f"Leave dataset.{key} out.",
                    )
