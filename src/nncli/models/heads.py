"""Whether a network that somebody wrote ends with its own output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nncli.descriptions import ClassTarget, Target
from nncli.errors import UsageError
from nncli.objectives import add_head
from nncli.reporting import counted

__all__ = ["Output", "fits", "output_of", "with_output"]

# Which activation the answer of each kind of target has, which nncli adds to the saved model.
ANSWERS = {"class": "softmax", "labels": "sigmoid", "value": "linear"}


@dataclass(frozen=True)
class Output:
    """The output that a network ends with.

    Attributes:
        dense: its last layer with weights, a Dense.
        activation: the name of the activation of what it says, in it or behind it.
        before: what goes into `dense`.
    """

    dense: Any
    activation: str
    before: Any


def with_output(start: Any, features: Any, target: Target, *, named: str) -> Any:
    """A Keras model from `start` to what nncli trains on: logits, or standardized values.

    A network ends with its own output if its last Dense has a unit for each class, label or value
    and the activation that belongs to them, or none; with two classes one unit with a sigmoid will
    do. The activation is taken away: training on what is in front of it is exact, and the saved
    model gets it back. One that was meant as an output, but for something else, is refused. All
    else gets an output of its own.

    Args:
        start: the Keras input.
        features: what the network makes of it, shape (batch, n).
        target: what is to be said.
        named: how an error calls the network.

    Raises:
        UsageError: the network does not end in a list of numbers, or with another's output.
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
    own = output_of(features)
    if own is not None and _is_meant_for_another(own, target):
        raise UsageError(
            f"{named} ends with a Dense of {counted(own.dense.units, 'unit')} and "
            f"{own.activation}, which is the output of another network: the dataset asks for "
            f"{target}.",
            hint="Leave it out, and the output is added. Or write "
            f"{_fitting(target)} in its place, or behind it if it is to be a hidden layer.",
        )
    if own is None or not fits(own, target):
        return keras.Model(start, add_head(features, target), name="network")
    single = _is_single(own) and isinstance(target, ClassTarget)
    return keras.Model(start, _said(own, features, single=single), name="network")


def output_of(features: Any) -> Output | None:
    """The output that `features`, a Keras tensor, are; None where they come of no Dense."""
    import keras

    last = features._keras_history.operation
    activation: str | None = None
    if isinstance(last, keras.layers.Softmax | keras.layers.Activation):
        is_softmax = isinstance(last, keras.layers.Softmax)
        activation = "softmax" if is_softmax else last.activation.__name__
        features = _into(features)
        last = features._keras_history.operation
    if not isinstance(last, keras.layers.Dense):
        return None
    if activation is None:
        activation = last.activation.__name__
    elif last.activation.__name__ != "linear":
        return None
    return Output(last, activation, _into(features))


def fits(output: Output, target: Target) -> bool:
    """Whether an output says what `target` asks for."""
    units, activation = output.dense.units, output.activation
    if _is_single(output) and isinstance(target, ClassTarget) and len(target.names) == 2:
        return True
    return units == len(target.names) and activation in (ANSWERS[target.kind], "linear")


def _is_meant_for_another(output: Output, target: Target) -> bool:
    """Whether an output does not say what `target` asks for, and is no hidden layer either.

    Nobody has a softmax inside, or a single sigmoid. Sigmoids of another number may well be hidden,
    unless they are what the target's own output has; and so may whatever else.
    """
    if fits(output, target):
        return False
    if output.activation == "sigmoid":
        return output.dense.units in (1, len(target.names)) or target.kind == "labels"
    return output.activation == "softmax"


def _fitting(target: Target) -> str:
    """The output that `target` asks for, as a list has it."""
    units, activation = len(target.names), ANSWERS[target.kind]
    if activation == "linear":
        return f"Dense: {units}"
    return f"Dense: {{units: {units}, activation: {activation}}}"


def _is_single(output: Output) -> bool:
    """Whether it is one probability, that of the second of two classes."""
    return output.dense.units == 1 and output.activation == "sigmoid"


def _into(tensor: Any) -> Any:
    """What goes into the layer that a Keras tensor comes out of, in this use of it."""
    operation, node, _ = tensor._keras_history
    return operation._inbound_nodes[node].input_tensors[0]


def _said(output: Output, features: Any, *, single: bool) -> Any:
    """What stands in front of the activation of an output; two logits of a `single` one."""
    import keras
    from keras import ops

    before = features if features._keras_history.operation is output.dense else _into(features)
    if output.dense.activation.__name__ != "linear":
        output.dense.activation = keras.activations.linear
    return ops.concatenate([ops.zeros_like(before), before], axis=-1) if single else before
