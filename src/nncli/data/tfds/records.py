"""Reading a prepared dataset without TensorFlow, whose import takes longer than most looks.

Targets, columns and texts lie in the records as plain lists, which are read for all examples;
images are decoded for those alone that somebody asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data.images import stretched
from nncli.data.sounds import fitted_length
from nncli.data.tfds.features import Meaning
from nncli.data.tfds.streaming import loudest, unreadable
from nncli.data.tfds.targets import is_sequence_of_labels
from nncli.data.tfds.types import (
    SEPARATOR,
    is_numeric,
    is_scalar,
    is_string,
    shape_of,
    type_of,
)
from nncli.preprocessing import ImagePreprocessing, Preprocessing, SoundPreprocessing
from nncli.preprocessing.image import resize_layer
from nncli.preprocessing.sound import spectrogram_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RecordReader", "can_be_read"]

BATCH_SIZE = 1024
SOUNDS = 256  # at a time: a second of each takes 64 kB
# In a TFRecord file each record stands between its length with a checksum and a checksum.
LENGTH_BYTES, CHECKSUM_BYTES = 8, 4


def can_be_read(builder: Any, found: Meaning) -> bool:
    """Whether this file knows how the inputs and targets are kept."""
    from tensorflow_datasets.core.file_adapters import FileFormat

    targets = [found.features[path] for path in found.targets.values()]
    inputs = [found.features[path] for path in found.inputs.values()]
    return (
        builder.info.file_format == FileFormat.TFRECORD
        and all(_is_plain(feature) or is_sequence_of_labels(feature) for feature in targets)
        and (
            found.kind == "image"
            or all(map(_is_samples if found.kind == "sound" else _is_plain, inputs))
        )
    )


def _is_plain(feature: Any) -> bool:
    """Whether it is kept as a list of its numbers or texts."""
    if type_of(feature) not in ("Tensor", "Scalar", "ClassLabel", "Text", "BBoxFeature"):
        return False
    return not _is_packed(feature) and (
        is_scalar(feature) or (is_numeric(feature) and None not in shape_of(feature))
    )


def _is_samples(feature: Any) -> bool:
    """Whether it is sound that is kept as a list of its samples."""
    packed = _is_packed(feature) or getattr(feature, "_lazy_decode", False)
    return type_of(feature) == "Audio" and not packed


def _is_packed(feature: Any) -> bool:
    encoding = getattr(feature, "_encoding", None)
    return str(getattr(encoding, "value", "none")) != "none"


class RecordReader:
    """Reads the splits of a builder: targets without the inputs, and some images or recordings
    without the others. A split is an expression such as `train[:80%]`.

    Where a split lies in several files, the examples come in the order of the files.
    """

    def __init__(self, builder: Any, found: Meaning) -> None:
        self.builder, self.found = builder, found

    def first_targets(self, split: str) -> Mapping[str, Any]:
        """The targets of the first example, by name."""
        batch = next(self._columns(split, self.found.targets, size=1))
        return {name: values[0] for name, values in batch.items()}

    def targets(self, split: str) -> Iterator[Mapping[str, NDArray[Any]]]:
        """The targets of all examples in batches, by name."""
        return self._columns(split, self.found.targets)

    def batches(
        self, split: str, preprocessing: Preprocessing | None
    ) -> Iterator[tuple[Mapping[str, NDArray[Any]], Mapping[str, NDArray[Any]]]]:
        """Inputs and targets by their names; of all but images. Sound comes in the length of
        `preprocessing`."""
        if isinstance(preprocessing, SoundPreprocessing):
            yield from self._sounds(split, preprocessing.samples)
            return
        inputs, targets = self.found.inputs, self.found.targets
        named = {f"i{name}": path for name, path in inputs.items()}
        named |= {f"t{name}": path for name, path in targets.items()}
        for batch in self._columns(split, named):
            yield (
                {name: batch[f"i{name}"] for name in inputs},
                {name: batch[f"t{name}"] for name in targets},
            )

    def pick(
        self, split: str, places: Sequence[int], preprocessing: Preprocessing | None
    ) -> list[NDArray[Any]]:
        """The images of some examples, brought to the size of `preprocessing`, or the spectrograms
        of their sound."""
        [path] = self.found.inputs.values()
        feature, key = self.found.features[path], _key(path)
        wanted = set(places)
        found: dict[int, NDArray[Any]] = {}
        for place, record in enumerate(self._records(split)):
            if place not in wanted:
                continue
            recorded = record()[key]
            if isinstance(preprocessing, SoundPreprocessing):
                samples = _samples(feature, recorded, preprocessing.samples)
                found[place] = spectrogram_array(preprocessing, samples)
            else:
                assert isinstance(preprocessing, ImagePreprocessing), "nothing else is picked"
                pixels = feature.decode_example_np(recorded.bytes_list.value[0])
                found[place] = _sized(pixels, preprocessing)
        return [found[place] for place in places]

    def lengths(self, split: str) -> Iterator[int]:
        """How many samples the sound of each example has."""
        [path] = self.found.inputs.values()
        feature, key = self.found.features[path], _key(path)
        values_of = _list_of(feature)
        for record in self._records(split):
            yield len(values_of(record()[key]).value) // _channels(feature)

    def _sounds(self, split: str, length: int) -> Iterator[Any]:
        """Sound of `length` samples and targets in batches, by their names."""
        import numpy as np

        [(name, path)] = self.found.inputs.items()
        feature, key = self.found.features[path], _key(path)
        records = self._records(split)
        for targets in self._columns(split, self.found.targets, size=SOUNDS):
            some = islice(records, SOUNDS)
            sounds = [_samples(feature, record()[key], length) for record in some]
            yield {name: np.stack(sounds)}, targets

    def _columns(
        self, split: str, paths: Mapping[str, str], size: int = BATCH_SIZE
    ) -> Iterator[dict[str, NDArray[Any]]]:
        """Features of all examples in batches, by the names of `paths`."""
        features = {name: self.found.features[path] for name, path in paths.items()}
        keys = {name: (_key(path), _list_of(features[name])) for name, path in paths.items()}
        alone = [name for name, feature in features.items() if is_scalar(feature)]
        several = [name for name in paths if name not in alone]
        columns: dict[str, list[Any]] = {name: [] for name in paths}
        # Some datasets have dozens of numbers an example: this loop is kept as short as it can be.
        scalars = [(*keys[name], columns[name]) for name in alone]
        for count, record in enumerate(self._records(split), start=1):
            recorded = record()
            for key, values_of, column in scalars:
                column.append(values_of(recorded[key]).value[0])
            for name in several:
                key, values_of = keys[name]
                columns[name].append(list(values_of(recorded[key]).value))
            if count % size == 0:
                yield {name: _array(features[name], columns[name]) for name in paths}
                for column in columns.values():
                    column.clear()
        if any(columns.values()):
            yield {name: _array(features[name], columns[name]) for name in paths}

    def _records(self, split: str) -> Iterator[Callable[[], Any]]:
        """What reads the features of each record of a split, by name, valid until the next is
        read; those that nobody reads are passed over."""
        from tensorflow_datasets.proto import tf_example_pb2

        example = tf_example_pb2.Example()
        for part in self.builder.info.splits[split].file_instructions:
            path = Path(part.filename)
            try:
                with path.open("rb") as stream:
                    for number in range(part.skip + part.take):
                        head = stream.read(LENGTH_BYTES + CHECKSUM_BYTES)
                        if len(head) < LENGTH_BYTES + CHECKSUM_BYTES:
                            raise unreadable(self.builder, f"{path.name} is cut off.")
                        length = int.from_bytes(head[:LENGTH_BYTES], "little")
                        start = stream.tell()
                        if number >= part.skip:
                            yield partial(self._features, example, stream, length)
                        stream.seek(start + length + CHECKSUM_BYTES)
            except OSError as error:
                raise unreadable(self.builder, f"{path.name}: {error.strerror}.") from error

    def _features(self, example: Any, stream: Any, length: int) -> Any:
        from google.protobuf.message import DecodeError

        try:
            example.ParseFromString(stream.read(length))
        except DecodeError as error:
            name = Path(stream.name).name
            raise unreadable(self.builder, f"{name} is damaged or cut off.") from error
        return example.features.feature


def _key(path: str) -> str:
    """What a feature is called in the records."""
    return path.replace(SEPARATOR, "/")


def _channels(feature: Any) -> int:
    """Of sound, whose shape is (samples,) or (samples, channels)."""
    shape = shape_of(feature)
    return (shape[1] or 1) if len(shape) > 1 else 1


def _samples(feature: Any, recorded: Any, length: int) -> NDArray[Any]:
    """Mono sound from -1 to 1, shape (length,), float32."""
    import numpy as np

    values = _list_of(feature)(recorded).value[: length * _channels(feature)]
    samples = np.array(values, np.float32) / loudest(feature.numpy_dtype)
    return fitted_length(samples.reshape(-1, _channels(feature)).mean(axis=1), length)


def _list_of(feature: Any) -> Callable[[Any], Any]:
    """What finds the list of values of a feature in a record."""
    import numpy as np

    if is_string(feature):
        return attrgetter("bytes_list")
    whole = is_sequence_of_labels(feature) or not np.issubdtype(feature.numpy_dtype, np.floating)
    return attrgetter("int64_list" if whole else "float_list")


def _array(feature: Any, values: Sequence[Any]) -> NDArray[Any]:
    """The values of a feature in some examples, shape (examples, ...)."""
    import numpy as np

    if is_sequence_of_labels(feature):
        return _zeros_and_ones(values, feature.feature.num_classes)
    if is_string(feature):
        return np.array(values, object)
    return np.array(values, feature.numpy_dtype).reshape(-1, *shape_of(feature))


def _zeros_and_ones(labels: Sequence[Sequence[int]], classes: int) -> NDArray[Any]:
    import numpy as np

    hot = np.zeros((len(labels), classes), np.float32)
    for place, said in enumerate(labels):
        hot[place, said] = 1.0
    return hot


def _sized(pixels: NDArray[Any], preprocessing: ImagePreprocessing) -> NDArray[Any]:
    if preprocessing.size is None:
        return pixels
    if preprocessing.resize == "stretch" and pixels.dtype == "uint8":
        return stretched(pixels, *preprocessing.size)
    import numpy as np

    sized: NDArray[Any] = np.asarray(resize_layer(preprocessing)(pixels))
    return sized
