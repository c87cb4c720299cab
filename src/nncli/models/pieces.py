"""Images cut into squares, and steps joined to longer ones: what a transformer relates."""

from __future__ import annotations

from typing import Any

__all__ = ["MOST_STEPS", "PATCHES", "joined", "patches"]

PATCHES = 64  # of an image, roughly: 8 x 8
MOST_STEPS = 128  # attention takes their square


def patches(images: Any, side: int) -> Any:
    """Squares of images, row by row (Dosovitskiy and others, 2021,
    https://arxiv.org/abs/2010.11929); zeros fill the last ones.

    Shape (batch, height, width, channels) -> (batch, squares, side * side * channels).
    """
    import keras

    height, width, channels = images.shape[1:]
    down, right = -height % side, -width % side
    if down or right:
        images = keras.layers.ZeroPadding2D(((0, down), (0, right)), name="edge")(images)
    rows, columns = (height + down) // side, (width + right) // side
    grid = keras.layers.Reshape((rows, side, columns, side * channels), name="grid")(images)
    turned = keras.layers.Permute((1, 3, 2, 4), name="squares")(grid)
    return keras.layers.Reshape((rows * columns, side * side * channels), name="patches")(turned)


def joined(steps: Any, length: int) -> Any:
    """Every `length` steps as one, (batch, steps, units) -> (batch, fewer, length * units); zeros
    fill the last one."""
    import keras

    if length == 1:
        return steps
    count, units = steps.shape[1:]
    behind = -count % length
    if behind:
        steps = keras.layers.ZeroPadding1D((0, behind), name="end")(steps)
    shape = ((count + behind) // length, length * units)
    return keras.layers.Reshape(shape, name="joined")(steps)
