"""What a Keras model costs: operations and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

__all__ = ["activation_bytes", "flops"]


def flops(model: Any) -> int:
    """Floating-point operations of one example's forward pass, in matrix products alone.

    A weight array of two or more axes is used once for every position of its layer's output: two
    operations, a product and a sum, for each weight and position.
    """
    total = 0
    for layer in _layers(model):
        positions = math.prod(side or 1 for side in layer.output.shape[1:-1])
        weights = sum(math.prod(w.shape) for w in layer.trainable_weights if len(w.shape) > 1)
        total += 2 * positions * weights
    return total


def activation_bytes(model: Any) -> int:
    """Bytes of what one example leaves behind in a training step: the outputs of all layers that
    have weights, at four bytes a number. The backward pass needs them, whatever else it needs."""
    return 4 * sum(
        math.prod(side or 1 for side in layer.output.shape[1:])
        for layer in _layers(model)
        if layer.trainable_weights
    )


def _layers(model: Any) -> Iterator[Any]:
    """Layers that compute something, those of models inside included."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        elif hasattr(layer, "output"):
            yield layer
