"""Feeding arrays to Keras: index batches, gathered from memory or from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nncli.data.dataset import Dataset, Split
from nncli.data.mixing import Mixing, mixed_classes
from nncli.data.rows import DiskRows
from nncli.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EpochOrder", "Feed", "fit_memory", "steps"]

ALIGNMENT = 64  # bytes, of the memory of a tensor of TensorFlow
# Says which epoch begins, counted from 0, and where its examples are stored, in their order.
Order = Callable[[], "tuple[np.int64, NDArray[Any]]"]


class EpochOrder:
    """The order of the training examples: a permutation that depends on seed and epoch alone."""

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.epoch = 0

    def permutation(self) -> NDArray[Any]:
        """The order of epoch `self.epoch` (counted from 0), shape (size,), of `index_type`."""
        import numpy as np

        generator = np.random.Generator(np.random.PCG64((self.seed, self.epoch)))
        return generator.permutation(np.arange(self.size, dtype=index_type(self.size)))


def index_type(size: int) -> type[np.int32 | np.int64]:
    """What counts up to `size`: four bytes an example where they suffice, for an order of millions
    of examples weighs as much as a column of them."""
    import numpy as np

    return np.int32 if size <= np.iinfo(np.int32).max else np.int64


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
            name: replace(split, inputs=on_disk[id(split.inputs)])
            for name, split in dataset.splits.items()
        }
    )


class Feed:
    """Hands splits to `fit`, `evaluate` and `predict`, as what the Keras backend takes best:
    a `tf.data.Dataset` on TensorFlow, a `keras.utils.PyDataset` on JAX.

    Splits that share arrays share what is kept of them in memory.
    """

    def __init__(self) -> None:
        self._variables: dict[int, tuple[Any, Any]] = {}
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
        mixing: Mixing | None = None,
    ) -> Any:
        """Batches of (inputs, targets), and weights if there are any, in the order of `order`.

        Every new iteration asks `order` again, so that each epoch is shuffled anew.

        Args:
            split: the examples.
            batch_size: examples in a batch; the last may be smaller.
            order: the permutation.
            first_step: batches to leave out at the beginning of every iteration.
            class_weights: weight of each class, shape (classes,), float32.
            mixing: how examples are mixed with each other; classes become shares of each, shape
                (batch, classes).
        """
        import numpy as np

        examples = _Examples(split, class_weights, mixed_classes(mixing), mixing)

        def places() -> tuple[np.int64, NDArray[Any]]:
            rest = order.permutation()[first_step * batch_size :]
            return np.int64(order.epoch), examples.places(rest)

        batches = steps(len(split), batch_size) - first_step
        return self._batches(examples, places, batch_size, first_step, batches)

    def ordered(self, split: Split, batch_size: int, *, classes: int | None = None) -> Any:
        """Batches of (inputs, targets) in the recorded order.

        Args:
            split: the examples.
            batch_size: examples in a batch; the last may be smaller.
            classes: how many there are, if targets are to be shares of each, shape
                (batch, classes).
        """
        import numpy as np

        examples = _Examples(split, None, classes, None)

        def places() -> tuple[np.int64, NDArray[Any]]:
            return np.int64(0), examples.places(np.arange(len(split)))

        return self._batches(examples, places, batch_size, 0, steps(len(split), batch_size))

    def _batches(
        self, examples: _Examples, places: Order, batch_size: int, first_step: int, batches: int
    ) -> Any:
        import keras

        if keras.config.backend() == "jax":
            from nncli.data.batches import GatheredBatches

            return GatheredBatches(
                places,
                examples.gathered,
                batch_size=batch_size,
                first_step=first_step,
                batches=batches,
            )
        gather = self._tf_gather(examples)
        # To gather from memory takes no thread of its own, which a variable would not be given.
        threads = 2 if isinstance(examples.split.inputs, DiskRows) else None
        return _tf_batches(
            places,
            examples.index_type,
            gather,
            threads,
            batch_size=batch_size,
            first_step=first_step,
            batches=batches,
        )

    def _tf_gather(self, examples: _Examples) -> Any:
        import tensorflow as tf

        split, classes, mixing = examples.split, examples.classes, examples.mixing
        targets = self._held(split.targets)
        weights = None if examples.weights is None else tf.constant(examples.weights)
        inputs = split.inputs
        held = None if isinstance(inputs, DiskRows) else self._held(inputs)

        def read(index: NDArray[Any]) -> NDArray[Any]:
            try:
                return inputs[index]
            except DataError as error:
                self._failure = error
                raise

        def gather(index: Any, epoch: Any, step: Any) -> Any:
            if held is not None:
                rows = tf.gather(held.value(), index)
            else:
                rows = tf.numpy_function(read, [index], inputs.dtype)
                rows.set_shape([None, *inputs.shape[1:]])
            labels = tf.gather(targets.value(), index)
            said = labels if classes is None else tf.one_hot(labels, classes)
            batch = (rows, said) if weights is None else (rows, said, tf.gather(weights, labels))
            return batch if mixing is None else _tf_mixed(mixing, batch, epoch, step)

        return gather

    def _held(self, array: Any) -> Any:
        """`array` as a variable of TensorFlow, made once."""
        if id(array) not in self._variables:
            self._variables[id(array)] = (array, _variable(array))
        return self._variables[id(array)][1]


@dataclass(frozen=True)
class _Examples:
    """What batches are made of."""

    split: Split
    weights: NDArray[np.float32] | None
    classes: int | None
    mixing: Mixing | None

    @property
    def index_type(self) -> type[np.int32 | np.int64]:
        """Of what `places` returns."""
        return index_type(len(self.split.targets))

    def places(self, order: NDArray[Any]) -> NDArray[Any]:
        """Where the examples of the split are stored that `order` names, shape (n,)."""
        places = order if self.split.indices is None else self.split.indices[order]
        return places.astype(self.index_type, copy=False)

    def gathered(self, places: NDArray[Any], epoch: int, step: int) -> tuple[Any, ...]:
        """The batch of what is stored at `places`, by NumPy."""
        import numpy as np

        split = self.split
        labels = split.targets[places]
        said = labels
        if self.classes is not None:
            said = np.eye(self.classes, dtype=np.float32)[labels]
        weights = () if self.weights is None else (self.weights[labels],)
        inputs = split.inputs[places]
        if self.mixing is None:
            return inputs, said, *weights
        return self.mixing(inputs, (said, *weights), epoch, step)


def _variable(array: NDArray[Any]) -> Any:
    """`array` as a variable of TensorFlow; of a file of the cache it is the very pages that are
    mapped, which the kernel holds in memory anyway. A tensor would be copied twice when it is made,
    and once more with the graph of a `tf.data.Dataset`, which must be deterministic.
    """
    import mmap

    import numpy as np
    import tensorflow as tf

    tensor = array
    mapped = isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap)
    if mapped and array.dtype.kind in "iuf" and array.ctypes.data % ALIGNMENT == 0:
        file: Any = array
        pages = np.memmap(file.filename, file.dtype, "c", file.offset, file.shape)
        file.base.madvise(mmap.MADV_WILLNEED)  # in one go, not each as it is asked for
        tensor = tf.experimental.dlpack.from_dlpack(np.asarray(pages).__dlpack__())
    with tf.device("CPU"):
        return tf.Variable(tensor, trainable=False)


def _tf_mixed(mixing: Mixing, batch: tuple[Any, ...], epoch: Any, step: Any) -> tuple[Any, ...]:
    import tensorflow as tf

    def mixed(number: Any, place: Any, inputs: Any, *others: Any) -> tuple[NDArray[Any], ...]:
        return mixing(inputs, others, int(number), int(place))

    tensors = tf.numpy_function(mixed, [epoch, step, *batch], [tf.float32] * len(batch))
    for tensor, before in zip(tensors, batch, strict=True):
        tensor.set_shape(before.shape)
    return tuple(tensors)


def _tf_batches(
    places: Order,
    index_type: type[np.int32 | np.int64],
    gather: Any,
    threads: int | None,
    *,
    batch_size: int,
    first_step: int,
    batches: int,
) -> Any:
    """What `GatheredBatches` is on JAX, as a `tf.data.Dataset`; `threads` gather."""
    import tensorflow as tf

    def of_epoch(_: Any) -> Any:
        epoch, ordered = tf.numpy_function(places, [], (tf.int64, index_type))
        epoch.set_shape([])
        ordered.set_shape([None])
        steps = tf.data.Dataset.range(first_step, first_step + batches)
        parts = tf.data.Dataset.from_tensor_slices(ordered).batch(batch_size)
        return tf.data.Dataset.zip(parts, tf.data.Dataset.from_tensors(epoch).repeat(), steps)

    options = tf.data.Options()
    # There is nothing to tune, and its thread, which sleeps, is waited for: half a second, in one
    # epoch of four. Nor is there anything to rewrite.
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    as_written = tf.autograph.experimental.do_not_convert  # rewriting them takes 0.2 s for nothing
    return (
        tf.data.Dataset.from_tensors(0)
        .flat_map(as_written(of_epoch))
        .map(as_written(gather), num_parallel_calls=threads)
        .prefetch(8)
        .apply(tf.data.experimental.assert_cardinality(batches))
        .with_options(options)
    )
