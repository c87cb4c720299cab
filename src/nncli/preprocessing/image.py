"""Preprocessing of images: to one size, if they differ, and to numbers from 0 to 1."""

from __future__ import annotations

from typing import Any

from nncli.descriptions import ImageInput

__all__ = ["resize_layer", "scale_layer"]


def resize_layer(inputs: ImageInput, size: tuple[int, int]) -> Any:
    """A layer that stretches images of any size to `size` = (height, width).

    Bilinear, and back to the pixels' integer type, so that a cached dataset takes little room and
    gives the model the very numbers that the layer gives inside it.
    """
    import keras

    return keras.layers.Resizing(*size, dtype=inputs.dtype, name="resize")


def scale_layer(inputs: ImageInput) -> Any:
    """A layer that maps pixels from 0 ... `inputs.maximum` to float32 from 0 to 1."""
    import keras

    return keras.layers.Rescaling(1.0 / inputs.maximum, name="scale")
