"""Which layers learn, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["FineTuning", "freeze", "layers_of", "unfreeze"]


@dataclass(frozen=True)
class FineTuning:
    """When a pretrained part begins to learn too.

    Attributes:
        begin: the first epoch of it, counted from 0.
        learning_rate: from then on; None for a tenth of what it was at the beginning.
    """

    begin: int
    learning_rate: float | None


def freeze(layer: Any) -> None:
    """Keep a layer or a model, and everything inside it, from learning."""
    _set(layer, trainable=False)


def unfreeze(model: Any) -> None:
    """Let a model and everything inside it learn, but for batch normalization that is frozen.

    That goes on computing with the moments that it has learned: those of a few small batches would
    undo what the model knows. (Calling it with `training=False`, as Keras's guide to transfer
    learning does, is not enough: of a model inside a model Keras forgets it while it trains.)
    """
    import keras

    kept = [
        layer
        # KerasHub has layers made of layers, which `layers_of` takes as one.
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.trainable
    ]
    _set(model, trainable=True)
    for layer in kept:
        layer.trainable = False


def layers_of(model: Any) -> list[Any]:
    """All layers, those of models inside included, from input to output."""
    inside = (layers_of(layer) if hasattr(layer, "layers") else [layer] for layer in model.layers)
    return [layer for layers in inside for layer in layers]


def _set(layer: Any, *, trainable: bool) -> None:
    # With TensorFlow an attribute that has the value already is not set again, and layers inside
    # that differ would be passed over.
    layer.trainable = not trainable
    layer.trainable = trainable
