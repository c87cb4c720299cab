"""Memory: what a training needs, and what to say when there is not enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from nncli import backend
from nncli.errors import TrainingError
from nncli.models.cost import activation_bytes, gradient_bytes, variable_bytes
from nncli.preprocessing.image import PIXELS
from nncli.reporting import counted

__all__ = [
    "check_batch_size",
    "explained_exhaustion",
    "explained_size",
    "fitting_batch_size",
    "image_sides",
    "step_bytes",
    "weight_bytes",
]

# What one training step holds at its peak, in multiples of what it must hold (`activation_bytes`).
# Measured with the cnn on MNIST, batches of 1,024 and 8,192, on a CPU: 2.7 and 7.7.
PEAK = {"tensorflow": 3, "jax": 8}
SMALL_IMAGE = 64 * 64  # pixels; there is little to be saved below

Sides = tuple[int, int]


def step_bytes(network: Any, batch_size: int) -> int:
    """What a step needs at its peak beside the weights, roughly."""
    return _example_bytes(network) * batch_size


def _example_bytes(network: Any) -> int:
    return PEAK[backend.chosen(None)] * activation_bytes(network)


def weight_bytes(network: Any) -> int:
    """What the weights of a compiled network need, with their gradients and what the optimizer
    keeps of each."""
    slots = sum(variable_bytes(variable) for variable in network.optimizer.variables)
    return _weights_and_gradients(network) + slots


def _weights_and_gradients(network: Any) -> int:
    weights = sum(variable_bytes(weight) for weight in network.trainable_variables)
    kept = sum(variable_bytes(weight) for weight in network.non_trainable_variables)
    return 2 * weights + kept


def fitting_batch_size(network: Any, memory: int, batch_size: int) -> int:
    """The largest power of two below `batch_size` whose step takes half of `memory` or less."""
    size, each = 1, _example_bytes(network)
    while 2 * size < batch_size and each * 2 * size <= memory // 2:
        size *= 2
    return size


def image_sides(network: Any) -> Sides | None:
    """Height and width of the images that a network takes; None where it takes anything else."""
    first = network.inputs[0]
    if first.name != PIXELS or len(first.shape) != 4:
        return None
    return int(first.shape[1]), int(first.shape[2])


def check_batch_size(network: Any, batch_size: int) -> None:
    """Refuse a network or a batch that takes more than the memory of the machine, however well it
    is used.

    On a CPU the system would end the process without a word.

    Raises:
        TrainingError: with the batch size that fits, if any does.
    """
    if backend.has_accelerator():
        return
    memory, weights = backend.memory_bytes(), _weights_and_gradients(network)
    if weights + _least_bytes(network) > memory:
        raise _too_many_weights(image_sides(network))
    if weights + _least_bytes(network) * batch_size > memory:
        raise _too_large(network, batch_size)


def _least_bytes(network: Any) -> int:
    """What a step needs for each example at least.

    That is less than any training was seen to take: measured on TensorFlow, on a CPU, the cnn took
    1.1 times as much (images of 240 x 320) to 1.6 times (MNIST), the resnet 1.1, the mlp 1.8 and
    the rnn 2.5 times.
    """
    import keras

    least = activation_bytes(network) + gradient_bytes(network)
    is_short = keras.config.dtype_policy().compute_dtype != "float32"  # of 16 bits a number
    return least // 2 if is_short else least


def explained_exhaustion(network: Any, batch_size: int) -> AbstractContextManager[None]:
    """Turn an allocation that failed inside the block into a sentence with a batch size that fits.

    Raises:
        TrainingError: instead of what TensorFlow, XLA or Python raise.
    """
    return _explained(lambda: _too_large(network, batch_size))


def explained_size(sides: Sides | None) -> AbstractContextManager[None]:
    """Turn an allocation that failed while weights were made into a sentence.

    Args:
        sides: height and width of the images that the network takes; None for all else.

    Raises:
        TrainingError: instead of what TensorFlow, XLA or Python raise.
    """
    return _explained(lambda: _too_many_weights(sides))


@contextmanager
def _explained(explanation: Callable[[], TrainingError]) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # XLA and TensorFlow have classes of their own; others go on
        if not _is_exhaustion(error):
            raise
        raise explanation() from error


def _is_exhaustion(error: Exception) -> bool:
    text = f"{type(error).__name__}: {error}".lower()
    signs = ("resourceexhausted", "resource_exhausted", "memoryerror", "out of memory")
    return any(sign in text for sign in signs)


def _too_many_weights(sides: Sides | None) -> TrainingError:
    return TrainingError(
        "There is not enough memory for the weights of this model.",
        hint=f"This machine has {backend.memory_bytes() / 1e9:.1f} GB, and a weight takes 4 "
        "bytes, three or four times over while it is trained: take fewer or smaller layers."
        f"{_smaller_images(sides)}",
    )


def _smaller_images(sides: Sides | None) -> str:
    """The way out where the examples are images, larger than they need be; else nothing."""
    if sides is None or sides[0] * sides[1] <= SMALL_IMAGE:
        return ""
    height, width = sides
    half = f"[{-(-height // 2)}, {-(-width // 2)}]"
    return f"\nSmaller images than {height} x {width} take less: --set 'dataset.image_size={half}'"


def _too_large(network: Any, batch_size: int) -> TrainingError:
    memory = backend.memory_bytes() - _weights_and_gradients(network)
    fitting = fitting_batch_size(network, memory, batch_size)
    hint = f"About this many should fit: --batch-size {fitting}"
    if fitting < batch_size // 4:
        times = batch_size // fitting
        hint += f"\nWith the same mean gradient: --set training.gradient_accumulation_steps={times}"
    hint += _smaller_images(image_sides(network))
    return TrainingError(
        f"There is not enough memory for batches of {counted(batch_size, 'example')}.", hint=hint
    )
