"""Feeding arrays to Keras: index batches, gathered from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.data.dataset import Split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EpochOrder", "ordered_batches", "shuffled_batches", "steps"]


class EpochOrder:
    """The order of the training examples: a permutation that depends on seed and epoch alone."""

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.epoch = 0

    def permutation(self) -> NDArray[np.int64]:
        """The order of epoch `self.epoch` (counted from 0), shape (size,), int64."""
        import numpy as np

        generator = np.random.Generator(np.random.PCG64((self.seed, self.epoch)))
        return generator.permutation(self.size)


def steps(size: int, batch_size: int) -> int:
    """How many batches `size` examples make; the last may be smaller."""
    return -(-size // batch_size)


def shuffled_batches(split: Split, batch_size: int, order: EpochOrder) -> Any:
    """A `tf.data.Dataset` of (inputs, targets) for `fit`, in the order of `order.epoch`.

    Every new iteration asks `order` again, so that each epoch is shuffled anew.
    """
    import tensorflow as tf

    def indices(_: Any) -> Any:
        permutation = tf.numpy_function(order.permutation, [], tf.int64)
        permutation.set_shape([len(split)])
        return tf.data.Dataset.from_tensor_slices(permutation).batch(batch_size)

    return _gathered(tf.data.Dataset.from_tensors(0).flat_map(indices), split, batch_size)


def ordered_batches(split: Split, batch_size: int) -> Any:
    """A `tf.data.Dataset` of (inputs, targets) in the recorded order."""
    import tensorflow as tf

    return _gathered(tf.data.Dataset.range(len(split)).batch(batch_size), split, batch_size)


def _gathered(indices: Any, split: Split, batch_size: int) -> Any:
    import tensorflow as tf

    inputs, targets = tf.constant(split.inputs), tf.constant(split.targets)
    stored = None if split.indices is None else tf.constant(split.indices)

    def gather(index: Any) -> Any:
        if stored is not None:
            index = tf.gather(stored, index)
        return tf.gather(inputs, index), tf.gather(targets, index)

    cardinality = tf.data.experimental.assert_cardinality(steps(len(split), batch_size))
    return (
        indices.map(gather, num_parallel_calls=2, deterministic=True).prefetch(8).apply(cardinality)
    )
