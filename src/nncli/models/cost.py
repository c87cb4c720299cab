"""What a Keras model costs: operations and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = [
    "activation_bytes",
    "call_flops",
    "flops",
    "gradient_bytes",
    "largest_bytes",
    "nodes",
    "variable_bytes",
]

EMBEDDING = "embedding"  # in the name of weights that are looked up


def flops(model: Any) -> int:
    """Floating-point operations of one example's forward pass, in matrix products alone.

    A weight array of two or more axes is used once for every position of its layer's output, or
    for every step of what a recurrent layer reads: two operations, a product and a sum, for each
    weight and position. Attention compares every position with every other, and adds up what they
    say. An embedding is looked up, which is no product. A layer that is used twice costs twice.
    """
    return sum(2 * _products(call) for call in _calls(model, _steps_in(model)))


def call_flops(node: Any) -> int:
    """Those of one call of a layer, or of a whole model."""
    return sum(2 * _products(call) for call in _calls_of(node, 1))


def activation_bytes(model: Any) -> int:
    """Bytes of what one example leaves behind in a training step: the outputs of all layers that
    have weights, at four bytes a number; of a recurrent layer those of its gates at every step, of
    attention also how much each position attends to each other. The backward pass needs them,
    whatever else it needs; frozen layers leave nothing, but each has an output while it computes.
    """
    numbers = [(call, _numbers(call)) for call in _calls(model, _steps_in(model))]
    left = sum(number for call, number in numbers if call.layer.trainable_weights)
    return 4 * max(left, *(number for _, number in numbers), 1)


def gradient_bytes(model: Any) -> int:
    """Bytes of the gradient of what the largest layer that learns says about one example, at four
    bytes a number: it is there while that layer still has its output."""
    calls = _calls(model, _steps_in(model))
    said = [math.prod(call.shape) for call in calls if call.layer.trainable_weights]
    return 4 * max(said, default=0)


def largest_bytes(model: Any) -> int:
    """Bytes of what the largest layer says about one example, counted as for `activation_bytes`:
    those that are needed at once to answer."""
    return 4 * max((_numbers(call) for call in _calls(model, _steps_in(model))), default=1)


def nodes(network: Any) -> Iterator[Any]:
    """The calls of layers and operations in a functional model, each behind those it takes from."""
    by_depth = network._nodes_by_depth  # no public way; keras.utils.plot_model does so too
    for depth in sorted(by_depth, reverse=True):
        yield from by_depth[depth]


@dataclass(frozen=True)
class _Call:
    """A layer where it is used: `node` knows what goes in and out, `steps` how many there are of
    what it takes any number of."""

    layer: Any
    node: Any
    steps: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what it says, of several things of the first, about one example."""
        return self._sides(self.node.outputs[0])

    @property
    def given(self) -> tuple[int, ...]:
        """Of what it takes, likewise: a mask is a second input."""
        return self._sides(self.node.input_tensors[0])

    @property
    def positions(self) -> int:
        """Places that it says something about."""
        return math.prod(self.shape[:-1])

    def _sides(self, tensor: Any) -> tuple[int, ...]:
        return tuple(side or self.steps for side in tensor.shape[1:])


def _products(call: _Call) -> int:
    """Products of two numbers that one example takes."""
    import keras

    layer = call.layer
    # KerasHub's embeddings are layers of its own: the name of the weight tells.
    kernels = [
        w
        for w in layer.weights
        if len(w.shape) > 1 and w.name != "bias" and EMBEDDING not in w.name
    ]
    weights = sum(int(math.prod(w.shape)) for w in kernels)
    if _is_recurrent(layer):
        return call.given[0] * weights
    if isinstance(layer, keras.layers.MultiHeadAttention):
        # The queries with the keys, and the weights with the values.
        between = 2 * call.positions**2 * layer.num_heads * layer.key_dim
        return int(call.positions * weights + between)
    if isinstance(layer, keras.layers.EinsumDense):  # each of its weights at each place it is for
        return _of_einsum(call)
    attending = [part for part in _parts(layer) if hasattr(part, "num_heads")]
    between = sum(2 * call.positions**2 * call.shape[-1] for _ in attending)
    return call.positions * weights + between


def _of_einsum(call: _Call) -> int:
    """Products of an einsum: the product of the sizes of all its letters but the batch's."""
    given, kernel, _ = call.layer.equation.replace("->", ",").split(",")
    sizes = dict(zip(given[1:], call.given, strict=True))
    sizes |= dict(zip(kernel, call.layer.kernel.shape, strict=True))
    return math.prod(sizes.values())


def _numbers(call: _Call) -> int:
    """Numbers that the backward pass needs of one example."""
    import keras

    layer = call.layer
    if _is_recurrent(layer):
        gates = sum(w.shape[-1] for w in layer.trainable_weights if "recurrent_kernel" in w.path)
        return call.given[0] * int(gates)
    numbers = math.prod(call.shape)
    if isinstance(layer, keras.layers.MultiHeadAttention):
        # Queries, keys, values and what is attended to beside the output.
        numbers += call.positions * layer.num_heads * (4 * layer.key_dim + call.positions)
    for part in _parts(layer):
        heads = getattr(part, "num_heads", 0)
        numbers += call.positions * (_units(part) + heads * call.positions)
    return int(numbers)


def _parts(layer: Any) -> list[Any]:
    """The layers that a layer of KerasHub is made of, such as a block of a transformer: Keras does
    not follow how they are called."""
    if type(layer).__module__.startswith("keras."):
        return []
    return list(layer._flatten_layers(include_self=False))


def _units(part: Any) -> int:
    """Numbers that a part says at each position; 0 where it has no weights of its own."""
    own = (*part._trainable_variables, *part._non_trainable_variables)
    shapes = [w.shape for w in own if EMBEDDING not in w.name]
    return max((int(math.prod(s)) if len(s) < 2 else int(s[-1]) for s in shapes), default=0)


def _is_recurrent(layer: Any) -> bool:
    import keras

    return isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional))


def _calls(model: Any, steps: int) -> Iterator[_Call]:
    """The calls of layers that compute something, those of models inside included; of a layer, its
    first."""
    inside = getattr(model, "_functional", None) or model  # what a Sequential is made of
    if hasattr(inside, "_nodes_by_depth"):
        for node in nodes(inside):
            yield from _calls_of(node, steps)
    elif hasattr(model, "layers"):
        for layer in model.layers:
            yield from _calls(layer, steps)
    elif model._inbound_nodes:
        yield _Call(model, model._inbound_nodes[0], steps)


def _calls_of(node: Any, steps: int) -> Iterator[_Call]:
    """Those of one call in a model, of which there are several if it is another model."""
    if hasattr(node.operation, "layers"):
        given: Any = node.input_tensors[0].shape if node.input_tensors else ()
        yield from _calls(node.operation, (given[1] if len(given) > 1 else None) or steps)
    elif hasattr(node.operation, "weights"):  # a layer, no bare operation
        yield _Call(node.operation, node, steps)


def _steps_in(model: Any) -> int:
    """Steps that a model is given."""
    given = getattr(model, "inputs", None) or []
    return int(given[0].shape[1] or 1) if given and len(given[0].shape) > 1 else 1


def variable_bytes(variable: Any) -> int:
    """The size of a Keras variable."""
    import numpy as np

    size: int = math.prod(variable.shape)
    each: int = np.dtype(variable.dtype).itemsize
    return size * each
