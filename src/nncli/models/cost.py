"""What a Keras model costs: operations and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

__all__ = ["activation_bytes", "flops", "variable_bytes"]


def flops(model: Any) -> int:
    """Floating-point operations of one example's forward pass, in matrix products alone.

    A weight array of two or more axes is used once for every position of its layer's output, or
    for every step of what a recurrent layer reads: two operations, a product and a sum, for each
    weight and position. Attention compares every position with every other, and adds up what they
    say. An embedding is looked up, which is no product.
    """
    return sum(2 * _products(layer) for layer in _layers(model))


def activation_bytes(model: Any) -> int:
    """Bytes of what one example leaves behind in a training step: the outputs of all layers that
    have weights, at four bytes a number; of a recurrent layer those of its gates at every step, of
    attention also how much each position attends to each other. The backward pass needs them,
    whatever else it needs."""
    return 4 * sum(_numbers(layer) for layer in _layers(model) if layer.trainable_weights)


def _products(layer: Any) -> int:
    """Products of two numbers that one example takes."""
    import keras

    if isinstance(layer, keras.layers.Embedding):
        return 0
    kernels = [w for w in layer.weights if len(w.shape) > 1 and w.name != "bias"]
    weights = sum(int(math.prod(w.shape)) for w in kernels)
    if _is_recurrent(layer):
        return _steps(layer) * weights
    if isinstance(layer, keras.layers.MultiHeadAttention):
        steps = layer.output.shape[1]
        # The queries with the keys, and the weights with the values.
        between = 2 * steps**2 * layer.num_heads * layer.key_dim
        return int(steps * weights + between)
    if isinstance(layer, keras.layers.EinsumDense):  # each of its weights at each place it is for
        return _of_einsum(layer)
    return _size(layer.output.shape[1:-1]) * weights


def _of_einsum(layer: Any) -> int:
    """Products of an einsum: the product of the sizes of all its letters but the batch's."""
    given, kernel, _ = layer.equation.replace("->", ",").split(",")
    sizes = dict(zip(given, layer.input.shape, strict=True))
    sizes |= dict(zip(kernel, layer.kernel.shape, strict=True))
    return _size(tuple(size for letter, size in sizes.items() if letter != given[0]))


def _numbers(layer: Any) -> int:
    """Numbers that the backward pass needs of one example."""
    import keras

    if _is_recurrent(layer):
        gates = sum(w.shape[-1] for w in layer.trainable_weights if "recurrent_kernel" in w.path)
        return _steps(layer) * int(gates)
    numbers = _size(layer.output.shape[1:])
    if isinstance(layer, keras.layers.MultiHeadAttention):
        # Queries, keys, values and what is attended to beside the output.
        steps = layer.output.shape[1]
        numbers += steps * layer.num_heads * (4 * layer.key_dim + steps)
    return int(numbers)


def _is_recurrent(layer: Any) -> bool:
    import keras

    return isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional))


def _steps(layer: Any) -> int:
    """Steps that a recurrent layer reads; its mask is a second input."""
    given = layer.input
    return int((given[0] if isinstance(given, list) else given).shape[1] or 1)


def _size(shape: tuple[int | None, ...]) -> int:
    return math.prod(side or 1 for side in shape)


def _layers(model: Any) -> Iterator[Any]:
    """Layers that compute something, those of models inside included; of a layer, itself."""
    if hasattr(model, "layers"):
        for layer in model.layers:
            yield from _layers(layer)
    elif hasattr(model, "output"):
        yield model


def variable_bytes(variable: Any) -> int:
    """The size of a Keras variable."""
    import numpy as np

    size: int = math.prod(variable.shape)
    each: int = np.dtype(variable.dtype).itemsize
    return size * each
