"""Preprocessing of plain numbers: standardized by what the training split has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from nncli.descriptions import ArrayInput, Features
from nncli.preprocessing.moments import Moments, standardized
from nncli.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ArrayPreprocessing", "cached_input", "features", "fit", "front"]


class ArrayPreprocessing(Settings):
    """Arrays of numbers: what is done to them, in plain values.

    `means` and `deviations` are of the last axis; a single axis is a vector of columns.
    """

    kind: Literal["array"] = "array"
    inputs: ArrayInput
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def __str__(self) -> str:
        return "standardized, missing ones at the mean"


def fit(inputs: ArrayInput, batches: Iterator[NDArray[Any]]) -> ArrayPreprocessing:
    """Mean and standard deviation along the last axis; NaN does not count."""
    moments = Moments()
    for batch in batches:
        moments.add(batch.reshape(-1, inputs.shape[-1]))
    return ArrayPreprocessing(inputs=inputs, means=moments.means, deviations=moments.deviations)


def features(settings: ArrayPreprocessing) -> Features:
    """A vector, a sequence of vectors, or an image-like block."""
    shape = settings.inputs.shape
    if len(shape) == 1:
        return Features(kind="vector", shape=shape)
    if len(shape) == 2:
        return Features(kind="sequence", shape=shape)
    kind: Literal["image", "vector"] = "image" if len(shape) == 3 else "vector"
    return Features(kind=kind, shape=shape)


def cached_input(settings: ArrayPreprocessing) -> Any:
    """The Keras input of cached numbers."""
    import keras

    return keras.Input(settings.inputs.shape, name="preprocessed")


def front(settings: ArrayPreprocessing) -> tuple[Any, Any]:
    """Recorded numbers as a Keras input, and standardized, a missing one as the mean."""
    import keras
    from keras import ops

    start = keras.Input(settings.inputs.shape, name="numbers")
    scaled = standardized(start, settings.means, settings.deviations)
    return start, ops.where(ops.isnan(scaled), 0.0, scaled)
