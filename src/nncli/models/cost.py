"""What a Keras model costs: operations and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

__all__ = ["activation_bytes", "call_flops", "flops", "nodes", "variable_bytes"]


def flops(model: Any) -> int:
    """Floating-point operations of one example's forward pass, in matrix products alone.

    A weight array of two or more axes is used once for every position of its layer's output, or
    for every step of what a recurrent layer reads: two operations, a product and a sum, for each
    weight and position. Attention compares every position with every other, and adds up what they
    say. An embedding is looked up, which is no product. A layer that is used twice costs twice.
    """
    return sum(2 * _products(layer, node) for layer, node in _calls(model))


def call_flops(node: Any) -> int:
    """Those of one call of a layer, or of a whole model."""
    operation = node.operation
    return flops(operation) if hasattr(operation, "layers") else 2 * _products(operation, node)


def activation_bytes(model: Any) -> int:
    """Bytes of what one example leaves behind in a training step: the outputs of all layers that
    have weights, at four bytes a number; of a recurrent layer those of its gates at every step, of
    attention also how much each position attends to each other. The backward pass needs them,
    whatever else it needs."""
    calls = _calls(model)
    return 4 * sum(_numbers(layer, node) for layer, node in calls if layer.trainable_weights)


def nodes(network: Any) -> Iterator[Any]:
    """The calls of layers and operations in a functional model, each behind those it takes from."""
    by_depth = network._nodes_by_depth  # no public way; keras.utils.plot_model does so too
    for depth in sorted(by_depth, reverse=True):
        yield from by_depth[depth]


def _products(layer: Any, node: Any) -> int:
    """Products of two numbers that one example takes."""
    import keras

    if isinstance(layer, keras.layers.Embedding):
        return 0
    kernels = [w for w in layer.weights if len(w.shape) > 1 and w.name != "bias"]
    weights = sum(int(math.prod(w.shape)) for w in kernels)
    if _is_recurrent(layer):
        return _steps(node) * weights
    shape = node.outputs[0].shape
    if isinstance(layer, keras.layers.MultiHeadAttention):
        # The queries with the keys, and the weights with the values.
        between = 2 * shape[1] ** 2 * layer.num_heads * layer.key_dim
        return int(shape[1] * weights + between)
    if isinstance(layer, keras.layers.EinsumDense):  # each of its weights at each place it is for
        return _of_einsum(layer, node)
    return _size(shape[1:-1]) * weights


def _of_einsum(layer: Any, node: Any) -> int:
    """Products of an einsum: the product of the sizes of all its letters but the batch's."""
    given, kernel, _ = layer.equation.replace("->", ",").split(",")
    sizes = dict(zip(given, node.input_tensors[0].shape, strict=True))
    sizes |= dict(zip(kernel, layer.kernel.shape, strict=True))
    return _size(tuple(size for letter, size in sizes.items() if letter != given[0]))


def _numbers(layer: Any, node: Any) -> int:
    """Numbers that the backward pass needs of one example."""
    import keras

    if _is_recurrent(layer):
        gates = sum(w.shape[-1] for w in layer.trainable_weights if "recurrent_kernel" in w.path)
        return _steps(node) * int(gates)
    shape = node.outputs[0].shape
    numbers = _size(shape[1:])
    if isinstance(layer, keras.layers.MultiHeadAttention):
        # Queries, keys, values and what is attended to beside the output.
        numbers += shape[1] * layer.num_heads * (4 * layer.key_dim + shape[1])
    return int(numbers)


def _is_recurrent(layer: Any) -> bool:
    import keras

    return isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional))


def _steps(node: Any) -> int:
    """Steps that a recurrent layer reads; its mask is a second input."""
    return int(node.input_tensors[0].shape[1] or 1)


def _size(shape: tuple[int | None, ...]) -> int:
    return math.prod(side or 1 for side in shape)


def _calls(model: Any) -> Iterator[tuple[Any, Any]]:
    """The calls of layers that compute something, those of models inside included, each with the
    node that knows what goes in and out; of a layer, its first."""
    inside = getattr(model, "_functional", None) or model  # what a Sequential is made of
    if hasattr(inside, "_nodes_by_depth"):
        for node in nodes(inside):
            if hasattr(node.operation, "layers"):
                yield from _calls(node.operation)
            elif hasattr(node.operation, "weights"):  # a layer, no bare operation
                yield node.operation, node
    elif hasattr(model, "layers"):
        for layer in model.layers:
            yield from _calls(layer)
    elif model._inbound_nodes:
        yield model, model._inbound_nodes[0]


def variable_bytes(variable: Any) -> int:
    """The size of a Keras variable."""
    import numpy as np

    size: int = math.prod(variable.shape)
    each: int = np.dtype(variable.dtype).itemsize
    return size * each
