"""Preprocessing of images: to one size, if they differ, and to numbers from 0 to 1."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from nncli.descriptions import Features, ImageInput
from nncli.settings import Settings

__all__ = ["PIXELS", "ImagePreprocessing", "ResizeMode", "cached_input", "features", "front"]
__all__ += ["resize_layer", "unpacked"]

PIXELS = "pixels"  # what the input of a network for images is called
ResizeMode = Literal["stretch", "crop", "pad"]


class ImagePreprocessing(Settings):
    """Images: what is done to them, in plain values."""

    kind: Literal["image"] = "image"
    inputs: ImageInput
    size: tuple[int, int] | None = Field(
        default=None, description="Height and width that images are brought to; null: their own."
    )
    resize: ResizeMode = "stretch"

    def __str__(self) -> str:
        scaled = "scaled to 0 ... 1"
        if self.size is None:
            return scaled
        how = {"stretch": "stretched", "crop": "cropped", "pad": "padded"}[self.resize]
        return f"{how} to {self.size[0]} x {self.size[1]}, {scaled}"


def resize_layer(settings: ImagePreprocessing) -> Any:
    """A layer that brings images of any size to `settings.size`; None where they have it.

    Bilinear, and back to the pixels' integer type, so that a cached dataset takes little room and
    gives the model the very numbers that the layer gives inside it.
    """
    import keras

    if settings.size is None:
        return None
    return keras.layers.Resizing(
        *settings.size,
        crop_to_aspect_ratio=settings.resize == "crop",
        pad_to_aspect_ratio=settings.resize == "pad",
        dtype=settings.inputs.dtype,
        name="resize",
    )


def features(settings: ImagePreprocessing) -> Features:
    """What the network sees: float32 (height, width, channels) from 0 to 1."""
    return Features(kind="image", shape=_shape(settings))


def cached_input(settings: ImagePreprocessing) -> Any:
    """The Keras input of cached pixels."""
    import keras

    return keras.Input(_shape(settings), name=PIXELS)


def unpacked(settings: ImagePreprocessing, pixels: Any) -> Any:
    """Pixels from 0 ... `maximum` as float32 from 0 to 1."""
    import keras

    return keras.layers.Rescaling(1.0 / settings.inputs.maximum, name="scale")(pixels)


def front(settings: ImagePreprocessing) -> tuple[Any, Any]:
    """Recorded pixels as a Keras input, and the pixels that the cache holds."""
    import keras

    layer = resize_layer(settings)
    if layer is None:
        start = cached_input(settings)
        return start, start
    start = keras.Input(settings.inputs.shape, dtype=settings.inputs.dtype, name=PIXELS)
    return start, layer(start)


def _shape(settings: ImagePreprocessing) -> tuple[int, ...]:
    shape = settings.inputs.shape
    sides = settings.size or shape[:2]
    return tuple(int(side or 1) for side in (*sides, shape[2]))
