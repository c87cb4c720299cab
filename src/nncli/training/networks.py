"""One network, seen three ways: trained, answering on cached arrays, and saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nncli import models
from nncli.data import Dataset
from nncli.descriptions import ImageInput
from nncli.models import ModelSettings
from nncli.objectives import add_answer, compile_for_answers
from nncli.preprocessing.image import resize_layer, scale_layer

__all__ = ["Networks", "build"]


@dataclass(frozen=True)
class Networks:
    """Keras models that share their weights.

    Attributes:
        trained: cached pixels -> logits.
        answering: cached pixels -> probabilities.
        saved: recorded pixels -> probabilities; what goes into `model.keras`.
    """

    trained: Any
    answering: Any
    saved: Any


def build(settings: ModelSettings, dataset: Dataset) -> Networks:
    """Build the network of `settings` for `dataset`, its preprocessing in front."""
    import keras

    channels = dataset.inputs.shape[2]
    size = dataset.image_size
    shape = (*size, channels) if size else dataset.inputs.shape
    seen = ImageInput(shape=shape, maximum=dataset.inputs.maximum)
    network = models.build(settings, seen, dataset.target)
    scale = scale_layer(seen)
    start = keras.Input(shape, name="pixels")
    logits = network(scale(start))
    probabilities = add_answer(logits)
    trained = keras.Model(start, logits)
    answering = keras.Model(start, probabilities)
    saved = answering
    if size:
        recorded = keras.Input(dataset.inputs.shape, dtype=seen.dtype, name="pixels")
        resized = resize_layer(seen, size)(recorded)
        answer = answering.get_layer("probabilities")
        saved = keras.Model(recorded, answer(network(scale(resized))))
    compile_for_answers(saved)
    return Networks(trained, answering, saved)
