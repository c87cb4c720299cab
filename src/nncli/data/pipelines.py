"""Feeding arrays to Keras: index batches, gathered from memory or from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nncli.data.dataset import Dataset, Split
from nncli.data.rows import DiskRows
from nncli.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EpochOrder", "Feed", "fit_memory", "steps"]


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


def fit_memory(dataset: Dataset, budget: int) -> Dataset:
    """`dataset` with its inputs as they are, or left on disk if they exceed `budget` bytes.

    Inputs that are not in a file of the cache are in memory already.
    """
    import numpy as np

    arrays = {id(split.inputs): split.inputs for split in dataset.splits.values()}
    if sum(array.nbytes for array in arrays.values()) <= budget:
        return dataset
    on_disk = {
        key: DiskRows(array) if isinstance(array, np.memmap) else array
        for key, array in arrays.items()
    }
    return dataset.with_splits(
        {
            name: Split(on_disk[id(split.inputs)], split.targets, split.indices)
            for name, split in dataset.splits.items()
        }
    )


class Feed:
    """Hands splits to `fit`, `evaluate` and `predict`, as what the Keras backend takes best:
    a `tf.data.Dataset` on TensorFlow, a `keras.utils.PyDataset` on JAX.

    Splits that share arrays share what is kept of them in memory.
    """

    def __init__(self) -> None:
        self._tensors: dict[int, tuple[Any, Any]] = {}
        self._failure: DataError | None = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise what made reading fail, where TensorFlow raises an error of its own about it.

        Raises:
            DataError: rows on disk cannot be read any more.
        """
        try:
            yield
        except Exception as error:  # swallows nothing: raised again, or as what caused it
            if self._failure is None or error is self._failure:
                raise
            raise self._failure from error

    def shuffled(
        self,
        split: Split,
        batch_size: int,
        order: EpochOrder,
        *,
        first_step: int = 0,
        class_weights: NDArray[np.float32] | None = None,
    ) -> Any:
        """Batches of (inputs, targets), and weights if there are any, in the order of `order`.

        Every new iteration asks `order` again, so that each epoch is shuffled anew.

        Args:
            split: the examples.
            batch_size: examples in a batch; the last may be smaller.
            order: the permutation.
            first_step: batches to leave out at the beginning of every iteration.
            class_weights: weight of each class, shape (classes,), float32.
        """

        def indices() -> NDArray[np.int64]:
            return order.permutation()[first_step * batch_size :]

        batches = steps(len(split), batch_size) - first_step
        return self._batches(split, indices, batch_size, batches, class_weights)

    def ordered(self, split: Split, batch_size: int) -> Any:
        """Batches of (inputs, targets) in the recorded order."""
        import numpy as np

        def indices() -> NDArray[np.int64]:
            return np.arange(len(split))

        return self._batches(split, indices, batch_size, steps(len(split), batch_size), None)

    def _batches(
        self,
        split: Split,
        indices: Callable[[], NDArray[np.int64]],
        batch_size: int,
        batches: int,
        class_weights: NDArray[np.float32] | None,
    ) -> Any:
        import keras

        if keras.config.backend() == "jax":
            from nncli.data.batches import GatheredBatches

            gather = _numpy_gather(split, class_weights)
            return GatheredBatches(indices, gather, batch_size=batch_size, batches=batches)
        gather = self._tf_gather(split, class_weights)
        return _tf_batches(indices, gather, batch_size=batch_size, batches=batches)

    def _tf_gather(self, split: Split, class_weights: NDArray[np.float32] | None) -> Any:
        import tensorflow as tf

        targets = tf.constant(split.targets)
        stored = None if split.indices is None else tf.constant(split.indices)
        weights = None if class_weights is None else tf.constant(class_weights)
        inputs = split.inputs
        held = None if isinstance(inputs, DiskRows) else self._tensor(inputs)

        def read(index: NDArray[np.int64]) -> NDArray[Any]:
            try:
                return inputs[index]
            except DataError as error:
                self._failure = error
                raise

        def gather(index: Any) -> Any:
            if stored is not None:
                index = tf.gather(stored, index)
            if held is not None:
                rows = tf.gather(held, index)
            else:
                rows = tf.numpy_function(read, [index], inputs.dtype)
                rows.set_shape([None, *inputs.shape[1:]])
            labels = tf.gather(targets, index)
            if weights is None:
                return rows, labels
            return rows, labels, tf.gather(weights, labels)

        return gather

    def _tensor(self, array: Any) -> Any:
        """`array` as a tensor, made once."""
        import tensorflow as tf

        if id(array) not in self._tensors:
            self._tensors[id(array)] = (array, tf.constant(array))
        return self._tensors[id(array)][1]


def _tf_batches(
    indices: Callable[[], NDArray[np.int64]], gather: Any, *, batch_size: int, batches: int
) -> Any:
    """What `GatheredBatches` is on JAX, as a `tf.data.Dataset`."""
    import tensorflow as tf

    def of_epoch(_: Any) -> Any:
        ordered = tf.numpy_function(indices, [], tf.int64)
        ordered.set_shape([None])
        return tf.data.Dataset.from_tensor_slices(ordered).batch(batch_size)

    return (
        tf.data.Dataset.from_tensors(0)
        .flat_map(of_epoch)
        .map(gather, num_parallel_calls=2, deterministic=True)
        .prefetch(8)
        .apply(tf.data.experimental.assert_cardinality(batches))
    )


def _numpy_gather(
    split: Split, class_weights: NDArray[np.float32] | None
) -> Callable[[NDArray[np.int64]], Any]:
    def gather(indices: NDArray[np.int64]) -> Any:
        if split.indices is not None:
            indices = split.indices[indices]
        labels = split.targets[indices]
        if class_weights is None:
            return split.inputs[indices], labels
        return split.inputs[indices], labels, class_weights[labels]

    return gather
