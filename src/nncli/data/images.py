"""Image files: their sizes, and their pixels in one size."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.backend import usable_cores
from nncli.data.files import no_file
from nncli.data.inputs import InputSettings
from nncli.data.skipping import Skipped
from nncli.descriptions import ImageInput
from nncli.errors import DataError
from nncli.preprocessing import ImagePreprocessing, Preprocessing
from nncli.preprocessing.image import resize_layer
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DEFAULT_IMAGE_SIZE", "GREY", "Opened", "image_at", "opened", "reason_of", "upright"]

# What images are resized to where their sizes differ and the experiment does not say.
DEFAULT_IMAGE_SIZE = (64, 64)
BATCH_SIZE = 256
# More pixels than any camera has: such a file is made to fill the memory.
MAXIMUM_PIXELS = 200_000_000
GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F")


@dataclass(frozen=True)
class Opened:
    """Image files that were looked at.

    Attributes:
        inputs: what they are.
        preprocessing: what is done to them.
        readable: of each split the places of the files that can be read.
    """

    inputs: ImageInput
    preprocessing: ImagePreprocessing
    readable: Mapping[str, NDArray[Any]]
    paths: Mapping[str, Sequence[Path]]

    def batches(self, split: str, labels: NDArray[Any]) -> Callable[[], Iterator[Any]]:
        """What yields (pixels, labels) of a split: shape (n, height, width, channels), uint8."""
        files = [self.paths[split][place] for place in self.readable[split]]

        def read() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
            import numpy as np

            resize = resize_layer(self.preprocessing)
            channels = self.inputs.shape[2]
            with ThreadPoolExecutor(usable_cores()) as pool:
                for start in range(0, len(files), BATCH_SIZE):
                    part = files[start : start + BATCH_SIZE]
                    pixels = list(pool.map(lambda path: _resized(path, channels, resize), part))
                    yield np.stack(pixels), labels[start : start + BATCH_SIZE]

        return read


def opened(
    settings: InputSettings,
    paths: Mapping[str, Sequence[Path]],
    given: Preprocessing | None,
    skipped: Skipped,
    reporter: Reporter,
) -> Opened:
    """Look at every file: with `fail` at its header alone, with `skip` at all of it.

    Raises:
        DataError: a file cannot be read.
    """
    import numpy as np

    sizes: Counter[tuple[int, int]] = Counter()
    colour = False
    readable = {}
    for split, files in paths.items():
        places = []
        with (
            reporter.task(f"Looking at {split}", total=len(files), unit="files") as task,
            ThreadPoolExecutor(usable_cores()) as pool,
        ):
            headers = pool.map(partial(_header, whole=skipped.on_error == "skip"), files)
            for place, header in enumerate(headers):
                task.advance(1)
                if isinstance(header, str):
                    skipped.note(f"{files[place]}: {header}")
                    continue
                height, width, grey = header
                sizes[height, width] += 1
                colour = colour or not grey
                places.append(place)
        readable[split] = np.array(places, np.int64)
    if not len(readable["train"]):
        skipped.report(reporter)
        raise DataError("No image can be read.")
    if isinstance(given, ImagePreprocessing):  # colours are made grey, or the other way round
        colour = given.inputs.shape[2] != 1
    alike = next(iter(sizes)) if len(sizes) == 1 else None
    size = settings.image_size or (None if alike else DEFAULT_IMAGE_SIZE)
    sides = alike if alike and size is None else (None, None)
    inputs = ImageInput(shape=(*sides, 3 if colour else 1))
    if isinstance(given, ImagePreprocessing):
        return Opened(inputs, given, readable, paths)
    prepared = ImagePreprocessing(inputs=inputs, size=size, resize=settings.resize)
    return Opened(inputs, prepared, readable, paths)


def _header(path: Path, *, whole: bool) -> tuple[int, int, bool] | str:
    """Height, width and whether it is grey; or why it cannot be read."""
    reason = no_file(path)
    if reason:
        return reason
    try:
        with image_at(path) as image:
            if whole:
                image.load()
            turned = image.getexif().get(0x0112, 1) >= 5  # height and width change places
            width, height = image.size[::-1] if turned else image.size
            return height, width, image.mode in GREY
    except (OSError, ValueError, SyntaxError) as error:
        return reason_of(path, error)


def image_at(path: Path) -> Any:
    """An opened image; of the pixels none is decoded yet."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(path)
        except Image.DecompressionBombError as error:
            raise _TooLargeError("has more pixels than any camera") from error
    if image.size[0] * image.size[1] > MAXIMUM_PIXELS:
        sides = f"{image.size[0]:,} x {image.size[1]:,}"
        raise _TooLargeError(f"has {sides} pixels, more than any camera")
    return image


class _TooLargeError(ValueError):
    """An image that is made to fill the memory."""


def reason_of(path: Path, error: Exception) -> str:
    if isinstance(error, _TooLargeError):
        return str(error)
    reason = no_file(path)
    if reason:
        return reason
    if isinstance(error, PermissionError):
        return "cannot be read: Permission denied"
    text = " ".join(str(error).split())
    return "is no image, or damaged" if "cannot identify" in text else f"is damaged: {text}"


def _resized(path: Path, channels: int, resize: Any) -> NDArray[Any]:
    import numpy as np

    try:
        pixels = _pixels(path, channels)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(
            f"{path} {reason_of(path, error)}.",
            hint="Replace it, or leave out what cannot be read: --set dataset.on_error=skip",
        ) from error
    if resize is None:
        return pixels
    import tensorflow as tf

    with tf.device("CPU"):
        return np.asarray(resize(tf.constant(pixels)))


def _pixels(path: Path, channels: int) -> NDArray[Any]:
    """The pixels of a file, shape (height, width, channels), uint8."""
    import numpy as np

    with image_at(path) as image:
        pixels = np.asarray(upright(image, channels), np.uint8)
    return pixels[..., None] if channels == 1 else pixels


def upright(image: Any, channels: int) -> Any:
    """The first frame as it is to be looked at, grey or in colours, transparent pixels white."""
    import numpy as np
    from PIL import Image, ImageOps

    image.load()
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("I", "F") or turned.mode.startswith("I;16"):
        deep = np.asarray(turned, np.float32)
        # Of 32 bits nobody says how many are used.
        is_16_bit = turned.mode.startswith("I;16") or deep.max(initial=0) > 255
        scaled = deep / 257 if is_16_bit else deep
        turned = Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))
    if "A" in turned.getbands() or "transparency" in turned.info:
        turned = turned.convert("RGBA")
        white = Image.new("RGBA", turned.size, "white")
        turned = Image.alpha_composite(white, turned)
    return turned.convert("L" if channels == 1 else "RGB")
