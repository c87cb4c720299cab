"""Which layers learn."""

from __future__ import annotations

from typing import Any

__all__ = ["set_trainable"]


def set_trainable(layer: Any, trainable: bool) -> None:
    """Let a layer or a model, and everything inside it, be trained or not."""
    # With TensorFlow an attribute that has the value already is not set again, and layers inside
    # that differ would be passed over.
    layer.trainable = not trainable
    layer.trainable = trainable
