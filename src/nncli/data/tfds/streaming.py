"""Reading a prepared dataset with TensorFlow: all of it, in order, several examples at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nncli.data.tfds.features import Meaning, picked
from nncli.data.tfds.opening import first_line
from nncli.errors import DataError
from nncli.preprocessing import ImagePreprocessing, Preprocessing, SoundPreprocessing
from nncli.preprocessing.image import resize_layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["StreamReader", "loudest", "unreadable"]

BATCH_SIZE = 1024


class StreamReader:
    """Reads the splits of a builder; a split is an expression such as `train[:80%]`."""

    def __init__(self, builder: Any, found: Meaning) -> None:
        self.builder, self.found = builder, found

    def first_targets(self, split: str) -> Mapping[str, Any]:
        """The targets of the first example, by name."""
        with _reading(self.builder):
            _, targets = next(self._examples(split).take(1).as_numpy_iterator())
            first: Mapping[str, Any] = targets
            return first

    def targets(self, split: str) -> Iterator[Mapping[str, NDArray[Any]]]:
        """The targets of all examples in batches, by name."""
        with _reading(self.builder):
            examples = self._examples(split).map(lambda inputs, targets: targets)
            yield from examples.batch(BATCH_SIZE).as_numpy_iterator()

    def lengths(self, split: str) -> Iterator[int]:
        """How many samples the sound of each example has."""
        import tensorflow as tf

        name = next(iter(self.found.inputs))
        with _reading(self.builder):
            examples = self._examples(split)
            lengths = examples.map(lambda inputs, targets: tf.shape(inputs[name])[0])
            yield from map(int, lengths.as_numpy_iterator())

    def batches(
        self, split: str, preprocessing: Preprocessing | None
    ) -> Iterator[tuple[Mapping[str, NDArray[Any]], Mapping[str, NDArray[Any]]]]:
        """Inputs and targets by their names, in the recorded order.

        Images are brought to the size of `preprocessing` and sound to its length, one by one.
        """
        import tensorflow as tf

        alone = next(iter(self.found.inputs))
        with _reading(self.builder):
            examples = self._examples(split)
            each: Any = None
            match preprocessing:
                case ImagePreprocessing(size=(_, _)):
                    each = resize_layer(preprocessing)
                case SoundPreprocessing(samples=length):
                    dtype = self.found.features[self.found.inputs[alone]].numpy_dtype
                    each = _same_length(length, dtype)
            if each is not None:
                examples = examples.map(
                    lambda inputs, targets: ({alone: each(inputs[alone])}, targets),
                    num_parallel_calls=tf.data.AUTOTUNE,
                    deterministic=True,
                )
            yield from examples.batch(BATCH_SIZE).prefetch(2).as_numpy_iterator()

    def _examples(self, split: str) -> Any:
        import tensorflow_datasets as tfds

        # nncli has a cache of its own: TFDS's would hold everything in memory a second time.
        configuration = tfds.ReadConfig(try_autocache=False)
        examples = self.builder.as_dataset(
            split=split, shuffle_files=False, read_config=configuration
        )
        return examples.map(picked(self.found))


def _same_length(length: int, dtype: Any) -> Any:
    """What makes float32 of `length` samples from -1 to 1 out of recorded ones."""
    import tensorflow as tf

    def fit(samples: Any) -> Any:
        cut = tf.cast(samples, tf.float32)[:length] / loudest(dtype)
        if cut.shape.rank == 2:
            cut = tf.reduce_mean(cut, axis=-1)
        return tf.ensure_shape(tf.pad(cut, [[0, length - tf.shape(cut)[0]]]), [length])

    return fit


def loudest(dtype: Any) -> float:
    """The largest value of recorded sound: TFDS decodes to 16 bits, whatever integer type it keeps
    them in."""
    import numpy as np

    return 1.0 if np.issubdtype(dtype, np.floating) else 32768.0


@contextmanager
def _reading(builder: Any) -> Iterator[None]:
    """Turn TensorFlow's errors about files into a `DataError` with the way out."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise unreadable(builder, first_line(error)) from error


def unreadable(builder: Any, reason: str) -> DataError:
    """The error about a prepared dataset whose files are not what they should be."""
    return DataError(
        f"The prepared dataset in {builder.data_dir} cannot be read: {reason}",
        hint=f"Delete that folder and run: nncli data prepare {builder.name}",
    )
