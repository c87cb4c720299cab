"""Whether a network that somebody wrote ends with its own output."""

from __future__ import annotations

from typing import Any

from nncli.descriptions import ClassTarget, Target
from nncli.errors import UsageError
from nncli.objectives import add_head

__all__ = ["with_output"]

# Which activation the answer of each kind of target has, which nncli adds to the saved model.
ANSWERS = {"class": "softmax", "labels": "sigmoid", "value": "linear"}


def with_output(start: Any, features: Any, target: Target, *, named: str) -> Any:
    """A Keras model from `start` to what nncli trains on: logits, or standardized values.

    A network ends with its own output if its last Dense has a unit for each class, label or value
    and the activation that belongs to them, or none; with two classes one unit with a sigmoid will
    do. The activation is taken away: training on what is in front of it is exact, and the saved
    model gets it back. Everything else gets an output of its own.

    Args:
        start: the Keras input.
        features: what the network makes of it, shape (batch, n).
        target: what is to be said.
        named: how an error calls the network.

    Raises:
        UsageError: the network does not end in a list of numbers.
    """
    import keras

    if len(features.shape) != 2:
        axes = len(features.shape) - 2
        pooling = f" or GlobalAveragePooling{axes}D" if axes in (1, 2, 3) else ""
        sides = ", ".join("any" if side is None else str(side) for side in features.shape[1:])
        raise UsageError(
            f"{named} ends in ({sides}) for each example, and the output needs a list of numbers.",
            hint=f"Put Flatten{pooling} at its end.",
        )
    own = _own_output(features, target)
    return keras.Model(start, add_head(features, target) if own is None else own, name="network")


def _own_output(features: Any, target: Target) -> Any:
    """What stands in front of the answer of a network that ends with its own; None without one."""
    import keras
    from keras import ops

    last, before = features._keras_history.operation, features
    activation: str | None = None
    if isinstance(last, keras.layers.Softmax | keras.layers.Activation):
        is_softmax = isinstance(last, keras.layers.Softmax)
        activation = "softmax" if is_softmax else last.activation.__name__
        before = last.input
        last = before._keras_history.operation
    if not isinstance(last, keras.layers.Dense):
        return None
    if activation is None:
        activation = last.activation.__name__
    elif last.activation.__name__ != "linear":
        return None
    answer = ANSWERS[target.kind]
    two = isinstance(target, ClassTarget) and len(target.names) == 2
    single = two and last.units == 1 and activation == "sigmoid"
    if not single and (last.units != len(target.names) or activation not in (answer, "linear")):
        return None
    if last.activation.__name__ != "linear":
        last.activation = keras.activations.linear
    return ops.concatenate([ops.zeros_like(before), before], axis=-1) if single else before
