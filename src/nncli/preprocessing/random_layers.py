"""Random changes that Keras has no layer for, or none that is fast on every backend.

They are part of the trained network and never saved. This file imports Keras at its top because it
subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

__all__ = ["PaddedCrop", "RandAugment", "SpecAugment", "compilable"]

PIXELS = (0.0, 1.0)


def compilable(layer: Any) -> Any:
    """`layer` itself, on JAX allowed to be compiled: those of Keras that shift and turn images say
    of themselves that XLA cannot run them, which is so on TensorFlow alone, and a model with one
    of them would be run operation by operation."""
    layer.supports_jit = layer.supports_jit or keras.config.backend() == "jax"
    return layer


class PaddedCrop(keras.layers.Layer):
    """Pads images with zeros and cuts a piece of their own size out of each, anywhere (He and
    others, 2015). Keras's RandomCrop takes the same place for a whole batch."""

    def __init__(self, pixels: int) -> None:
        super().__init__(dtype="float32")
        self.pixels = pixels
        self.generator = keras.random.SeedGenerator()

    def call(self, images: Any, training: bool = False) -> Any:
        """(batch, height, width, channels) -> the same."""
        if not training:
            return images
        edge = self.pixels
        padded = ops.pad(images, [[0, 0], [edge, edge], [edge, edge], [0, 0]])
        rows = self._from(images, images.shape[1])
        columns = self._from(images, images.shape[2])
        tall = ops.take_along_axis(padded, rows[:, :, None, None], axis=1)
        return ops.take_along_axis(tall, columns[:, None, :, None], axis=2)

    def _from(self, images: Any, length: int) -> Any:
        """Places along one axis, from a random one on: (batch, length)."""
        size = (ops.shape(images)[0], 1)
        first = keras.random.randint(size, 0, 2 * self.pixels + 1, seed=self.generator)
        return first + ops.arange(length, dtype="int32")[None]


class SpecAugment(keras.layers.Layer):
    """Blanks stripes of spectrograms of mean 0, (batch, frequencies, time, 1), of random width and
    place (Park and others, 2019, https://arxiv.org/abs/1904.08779, without time warping)."""

    def __init__(self, masks: int, widest: int, longest: int) -> None:
        super().__init__(dtype="float32")
        self.masks, self.widest, self.longest = masks, widest, longest
        self.generator = keras.random.SeedGenerator()

    def call(self, spectrograms: Any, training: bool = False) -> Any:
        """(batch, frequencies, time, 1) -> the same."""
        if not training:
            return spectrograms
        batch = ops.shape(spectrograms)[0]
        for _ in range(self.masks):
            heard = self._outside(batch, spectrograms.shape[1], self.widest)
            spectrograms = spectrograms * heard[:, :, None, None]
            heard = self._outside(batch, spectrograms.shape[2], self.longest)
            spectrograms = spectrograms * heard[:, None, :, None]
        return spectrograms

    def _outside(self, batch: Any, length: int, widest: int) -> Any:
        """0 inside a stripe of up to `widest` places, 1 outside it: (batch, length)."""
        width = ops.round(keras.random.uniform((batch, 1), 0, widest, seed=self.generator))
        share = keras.random.uniform((batch, 1), seed=self.generator)
        first = ops.round(share * (length - width))
        place = ops.arange(length, dtype="float32")[None]
        inside = ops.logical_and(place >= first, place < first + width)
        return 1.0 - ops.cast(inside, "float32")


class RandAugment(keras.layers.Layer):
    """A few of ten changes of Keras, drawn for each batch (Cubuk and others, 2020,
    https://arxiv.org/abs/1909.13719).

    Keras's own RandAugment computes all its changes each time and keeps one; this one computes
    the one that it keeps. It lacks equalization, which XLA takes 20 seconds to compile.
    """

    def __init__(self, operations: int, magnitude: float) -> None:
        super().__init__(dtype="float32")
        self.operations = operations
        self.generator = keras.random.SeedGenerator()
        pixels: dict[str, Any] = {"value_range": PIXELS}
        self.changes = [
            layers.RandomShear(magnitude, magnitude),
            layers.RandomTranslation(magnitude, magnitude),
            layers.RandomRotation(magnitude),
            layers.RandomBrightness(magnitude, **pixels),
            layers.RandomColorDegeneration(magnitude, **pixels),
            layers.RandomContrast(magnitude, **pixels),
            layers.RandomSharpness(magnitude, **pixels),
            layers.Solarization(magnitude, magnitude, **pixels),
            layers.RandomPosterization(max(1, int(8 * (1 - magnitude))), **pixels),
            layers.AutoContrast(**pixels),
        ]
        self.supports_jit = all(compilable(change).supports_jit for change in self.changes)

    def build(self, shape: Any) -> None:
        """Build the changes, of colours."""
        for change in self.changes:
            change.build((*shape[:-1], 3))

    def call(self, images: Any, training: bool = False) -> Any:
        """(batch, height, width, channels) -> the same; pixels from 0 to 1."""
        if not training:
            return images
        grey = images.shape[-1] == 1
        coloured = ops.repeat(images, 3, axis=-1) if grey else images
        # Everything is drawn outside the branches: one that is not taken must not count.
        drawn = [change.get_random_transformation(coloured) for change in self.changes]
        branches = [_change(change, said) for change, said in zip(self.changes, drawn, strict=True)]
        places = keras.random.randint(
            (self.operations,), 0, len(branches), seed=self.generator, dtype="int32"
        )
        for number in range(self.operations):
            coloured = ops.switch(places[number], branches, coloured)
        return ops.mean(coloured, axis=-1, keepdims=True) if grey else coloured


def _change(layer: Any, drawn: Any) -> Any:
    def change(images: Any) -> Any:
        changed = ops.cast(layer.transform_images(images, drawn), "float32")
        return ops.reshape(changed, ops.shape(images))

    return change
