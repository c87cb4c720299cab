"""One file at a time: whether it can be read, what it is like, and what tells it from others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nncli.data import images, sounds
from nncli.data.checking.examples import digest
from nncli.data.checking.thumbnails import thumbnail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Contents", "has_words", "image_file", "sound_file", "text_file"]

SOUND_BLOCK = 1 << 18


@dataclass(frozen=True)
class Contents:
    """A file that was read.

    Attributes:
        problem: why it cannot be read; empty if it can.
        digest: of what was recorded, whatever the file format keeps it in.
        form: size of an image, rate of a sound.
        colour: of an image whether it is grey; the channels of a sound.
        is_bare: whether nothing is on it: one colour, silence, no word.
        thumbnail: of an image, shape (16, 16).
    """

    problem: str = ""
    digest: int = 0
    form: str = ""
    colour: str = ""
    is_bare: bool = False
    thumbnail: NDArray[np.uint8] | None = None


def image_file(path: Path) -> Contents:
    """The pixels of an image, upright."""
    import numpy as np

    try:
        with images.image_at(path) as image:
            is_grey = image.mode in images.GREY
            shown = images.upright(image, 3)
    except MemoryError:  # says nothing about the file
        raise
    except Exception as error:  # Pillow's decoders raise anything on damaged files
        return Contents(problem=images.reason_of(path, error))
    pixels = np.asarray(shown)
    return Contents(
        digest=digest(repr(shown.size).encode(), pixels.tobytes()),
        form=f"{shown.width} x {shown.height}",
        colour="grey" if is_grey else "coloured",
        is_bare=bool((pixels == pixels[0, 0]).all()),
        thumbnail=thumbnail(shown),
    )


def sound_file(path: Path) -> Contents:
    """The samples of a sound, all of them, and its rate."""
    import hashlib

    import numpy as np
    import soundfile

    try:
        lost = sounds.cut_off(path)
        made, is_silent, frames = hashlib.blake2b(digest_size=8), True, 0
        with soundfile.SoundFile(path) as file:
            made.update(repr((file.samplerate, file.channels)).encode())
            for block in file.blocks(SOUND_BLOCK, dtype="float32"):
                made.update(np.ascontiguousarray(block).tobytes())
                is_silent = is_silent and not np.abs(block).max(initial=0) > 1e-4
                frames += len(block)
            rate, channels, promised = file.samplerate, file.channels, file.frames
    except (OSError, RuntimeError, ValueError) as error:
        return Contents(problem=sounds.reason_of(path, error))
    if not frames:
        return Contents(problem=sounds.NO_SAMPLES)
    if lost or (0 < frames < promised < 1 << 40):
        return Contents(problem=lost or f"is cut off: {promised - frames:,} samples lack")
    return Contents(
        digest=int.from_bytes(made.digest()),
        form=f"{rate:,} Hz",
        colour={1: "mono", 2: "stereo"}.get(channels, f"{channels} channels"),
        is_bare=is_silent,
    )


def text_file(path: Path, encoding: str) -> Contents:
    """One text."""
    try:
        text = path.read_bytes().decode(encoding).strip()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        wrong = f"byte 0x{error.object[error.start]:02x}"
        return Contents(problem=f"line {line}: {wrong} is not {encoding.removesuffix('-sig')}")
    except LookupError:
        return Contents(problem=f"there is no encoding named {encoding}")
    except OSError as error:
        return Contents(problem=str(error.strerror))
    return Contents(digest=digest(text.encode("utf-8", "replace")), is_bare=not has_words(text))


def has_words(text: str) -> bool:
    """Whether anything is left of a text without its ASCII punctuation and spaces."""
    return any(not letter.isascii() or letter.isalnum() for letter in text)
