"""Image files: their sizes, and their pixels in one size."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.backend import usable_cores
from nncli.data.files import no_file, read_in_batches
from nncli.data.image_sizes import size_of
from nncli.data.inputs import InputSettings
from nncli.data.skipping import Skipped
from nncli.descriptions import ImageInput
from nncli.errors import DataError
from nncli.preprocessing import ImagePreprocessing, Preprocessing
from nncli.preprocessing.image import resize_layer
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GREY", "Opened", "image_at", "opened", "reader_of", "reason_of", "sizer_of"]
__all__ += ["stretched", "upright"]

BATCH_SIZE = 256
BATCH_BYTES = 16_000_000
# More pixels than any camera has: such a file is made to fill the memory.
MAXIMUM_PIXELS = 200_000_000
ORIENTATION = 0x0112  # in EXIF: how the camera was turned
GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F")


@dataclass(frozen=True)
class Opened:
    """Image files that were looked at.

    Attributes:
        inputs: what they are.
        preprocessing: what is done to them.
        readable: of each split the places of the files that can be read.
        paths: of each split all files.
        found: the settings that were found out.
    """

    inputs: ImageInput
    preprocessing: ImagePreprocessing
    readable: Mapping[str, NDArray[Any]]
    paths: Mapping[str, Sequence[Path]]
    found: Mapping[str, Any] = field(default_factory=dict)

    @property
    def _bytes(self) -> int:
        """What one image takes in its final size."""
        height, width = self.preprocessing.size or self.inputs.shape[:2]
        return (height or 1) * (width or 1) * self.inputs.shape[2]

    def batches(self, split: str, labels: NDArray[Any]) -> Callable[[], Iterator[Any]]:
        """What yields (pixels, labels) of a split: shape (n, height, width, channels), uint8."""
        files = [self.paths[split][place] for place in self.readable[split]]

        def read() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
            import numpy as np

            resized = self._resized()
            batch_size = max(1, min(BATCH_SIZE, BATCH_BYTES // self._bytes))
            done = 0
            for pixels in read_in_batches(resized, files, batch_size):
                yield np.stack(pixels), labels[done : done + len(pixels)]
                done += len(pixels)

        return read

    def pick(self, split: str, places: Sequence[int]) -> list[NDArray[Any]]:
        """Some images of a split alone, in their final size."""
        files = [self.paths[split][self.readable[split][place]] for place in places]
        with ThreadPoolExecutor(usable_cores()) as pool:
            return list(pool.map(self._resized(), files))

    def original(self, split: str, places: Sequence[int]) -> list[NDArray[Any]]:
        """Some images of a split alone, in the size of their files."""
        files = [self.paths[split][self.readable[split][place]] for place in places]
        return [_of_file(path, self.inputs.shape[2]) for path in files]

    def _resized(self) -> Callable[[Path], NDArray[Any]]:
        """What reads a file and brings it to its final size."""
        settings = self.preprocessing
        # The layer costs the import of TensorFlow; stretching needs none.
        layer = None if settings.resize == "stretch" else resize_layer(settings)
        return partial(
            _resized, channels=self.inputs.shape[2], preprocessing=settings, resize=layer
        )


def opened(
    settings: InputSettings,
    name: str,
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
    own: tuple[int | None, int | None] = (None, None)
    if len(sizes) == 1:
        [own] = sizes
    channels = 3 if colour else 1
    if isinstance(given, ImagePreprocessing):
        return Opened(ImageInput(shape=(*own, channels)), given, readable, paths)
    size, found = size_of(settings, name, own, reporter)
    inputs = ImageInput(shape=(*((None, None) if size else own), channels))
    prepared = ImagePreprocessing(inputs=inputs, size=size, resize=settings.resize)
    return Opened(inputs, prepared, readable, paths, found)


def _header(path: Path, *, whole: bool) -> tuple[int, int, bool] | str:
    """Height, width and whether it is grey; or why it cannot be read."""
    reason = no_file(path)
    if reason:
        return reason
    try:
        with image_at(path) as image:
            if whole:
                image.load()
            turned = image.getexif().get(ORIENTATION, 1) >= 5  # height and width change places
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


def reader_of(settings: ImagePreprocessing) -> Callable[[Path], NDArray[Any]]:
    """What reads an image of any size and colours as a model with `settings` takes it, shape
    (height, width, channels); it raises a `DataError` about what cannot be read."""
    sized = _sized_for(settings)
    layer = None if sized.resize == "stretch" else resize_layer(sized)
    channels, dtype = settings.inputs.shape[2], settings.inputs.dtype

    def read(path: Path) -> NDArray[Any]:
        pixels: NDArray[Any] = _resized(
            path, 1 if channels == 1 else 3, preprocessing=sized, resize=layer
        )
        if channels == 4:
            pixels = _opaque(pixels)
        return pixels if dtype == "uint8" else pixels.astype(dtype) * 257

    return read


def sizer_of(settings: ImagePreprocessing) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    """What brings decoded images, shape (n, height, width, channels), to the size that a model
    with `settings` takes; None where it takes them as they are."""
    import numpy as np

    if settings.size is None:
        return None
    layer = resize_layer(settings)
    return lambda pixels: np.asarray(layer(pixels))


def _sized_for(settings: ImagePreprocessing) -> ImagePreprocessing:
    """With the size that the model takes written out, where it was trained on that size alone."""
    height, width = settings.inputs.shape[:2]
    if settings.size is not None or height is None or width is None:
        return settings
    return settings.model_copy(update={"size": (height, width)})


def _opaque(pixels: NDArray[Any]) -> NDArray[Any]:
    """With a fourth channel that hides nothing."""
    import numpy as np

    return np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], axis=-1)


def _of_file(path: Path, channels: int) -> NDArray[Any]:
    try:
        return _pixels(path, channels)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(
            f"{path} {reason_of(path, error)}.",
            hint="Replace it, or leave out what cannot be read: --set dataset.on_error=skip",
        ) from error


def _resized(path: Path, channels: int, preprocessing: ImagePreprocessing, resize: Any) -> Any:
    import numpy as np

    pixels = _of_file(path, channels)
    if preprocessing.size is None or pixels.shape[:2] == preprocessing.size:
        return pixels
    if preprocessing.resize == "stretch":
        return stretched(pixels, *preprocessing.size)
    import tensorflow as tf

    with tf.device("CPU"):
        return np.asarray(resize(tf.constant(pixels)))


def stretched(pixels: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Pixels brought to another size: bilinear, to the bit what the model's Resizing layer gives.

    Looks only at the pixels that count, where the layer goes over all of a photograph.
    """
    import numpy as np

    top, bottom, down = _neighbours(pixels.shape[0], height)
    left, right, across = _neighbours(pixels.shape[1], width)
    down, across = down[:, None, None], across[None, :, None]

    def at(rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
        corner: NDArray[Any] = pixels[rows[:, None], columns[None, :]].astype(np.float32)
        return corner

    above, below = at(top, left), at(bottom, left)
    above += (at(top, right) - above) * across
    below += (at(bottom, right) - below) * across
    whole: NDArray[Any] = np.rint(above + (below - above) * down).clip(0, 255).astype(np.uint8)
    return whole


def _neighbours(size: int, wanted: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of each new pixel of one side the old ones it lies between, and how far from the first."""
    import numpy as np

    scale = np.float32(size) / np.float32(wanted)
    centre = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    first = np.floor(centre)
    places = [np.clip(first + step, 0, size - 1).astype(np.int64) for step in (0, 1)]
    return places[0], places[1], (centre - first).astype(np.float32)


def _pixels(path: Path, channels: int) -> NDArray[Any]:
    """The pixels of a file, shape (height, width, channels), uint8."""
    with image_at(path) as image:
        pixels = _view(upright(image, channels))
    return pixels[..., None] if channels == 1 else pixels


def upright(image: Any, channels: int) -> Any:
    """The first frame as it is to be looked at, grey or in colours, transparent pixels white."""
    import numpy as np
    from PIL import Image, ImageOps

    image.load()
    mode = "L" if channels == 1 else "RGB"
    is_turned = image.getexif().get(ORIENTATION, 1) != 1
    turned = ImageOps.exif_transpose(image) if is_turned else image  # a copy takes its time
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
    return turned if turned.mode == mode else turned.convert(mode)


def _view(image: Any) -> NDArray[Any]:
    """The pixels of an image where they lie, if Pillow can hand them out, else a copy."""
    import numpy as np

    if image.mode == "RGB" and hasattr(image, "__arrow_c_array__"):
        import pyarrow as pa

        with contextlib.suppress(ValueError, pa.ArrowException):  # a large one lies in pieces
            values = pa.array(image).values.to_numpy()
            view: NDArray[Any] = values.reshape(image.height, image.width, 4)[..., :3]
            return view
    return np.asarray(image, np.uint8)
