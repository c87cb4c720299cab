"""From a prepared dataset of tensorflow-datasets to batches of typed arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from nncli.data.dataset import DecodedDataset, DecodedSplit
from nncli.data.images import DEFAULT_IMAGE_SIZE
from nncli.data.sounds import preprocessing_of
from nncli.data.tfds.dividers import divider_of, path_of_divider
from nncli.data.tfds.features import (
    Meaning,
    described,
    image_input,
    input_values,
    picked,
)
from nncli.data.tfds.opening import first_line
from nncli.data.tfds.splits import divided_as
from nncli.data.tfds.targets import decided, encoded, has_target
from nncli.data.tfds.types import some
from nncli.descriptions import ImageInput, Input, SoundInput
from nncli.errors import DataError
from nncli.preprocessing import ImagePreprocessing, Preprocessing, SoundPreprocessing
from nncli.preprocessing.image import resize_layer
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nncli.data.tfds import TfdsDataset

__all__ = ["decode"]

BATCH_SIZE = 1024


def decode(
    settings: TfdsDataset,
    builder: Any,
    found: Meaning,
    given: Preprocessing | None,
    reporter: Reporter,
) -> DecodedDataset:
    """The splits of `builder` that `settings` asks for, read batch by batch.

    Args:
        settings: of the dataset.
        builder: prepared.
        found: what of it is input and target.
        given: the preprocessing of a model; default: found out, or fitted later.
        reporter: told what is going on.

    Raises:
        DataError: there is no such split, or it cannot be read.
    """
    settings.check_kind(settings.label, found.kind)
    divider = path_of_divider(settings, builder)
    unknown = [name for name in settings.columns if name not in found.inputs]
    if unknown:
        raise DataError(
            f"dataset.columns: {settings.name} has no column {unknown[0]!r} among its inputs.",
            hint=f"They are {some(list(found.inputs))}.",
        )
    parts = _labelled(settings, builder, found, reporter)
    found, task = _with_target(settings, builder, found, parts, reporter)
    assert found.target is not None
    first = next(iter(parts.values()))[0]
    feature = found.features[next(iter(found.inputs.values()))]
    preprocessing: Preprocessing | None = None
    inputs: Input
    match found.kind:
        case "image":
            inputs = image_input(settings.name, feature)
            size = settings.image_size or (DEFAULT_IMAGE_SIZE if inputs.varies else None)
            if size:
                inputs = ImageInput(shape=(None, None, inputs.shape[2]), maximum=inputs.maximum)
            preprocessing = ImagePreprocessing(inputs=inputs, size=size, resize=settings.resize)
            if given is not None and given.kind == "image":
                preprocessing = given
        case "sound":
            preprocessing = given if given is not None and given.kind == "sound" else None
            preprocessing = preprocessing or _sound(
                settings, builder, found, feature, first, reporter
            )
            inputs = preprocessing.inputs
            if feature.sample_rate not in (None, inputs.sample_rate):
                inputs = SoundInput(sample_rate=feature.sample_rate)
        case _:
            kinds = {**settings.columns}
            if settings.by == "group":
                kinds |= {name: "ignore" for name, path in found.inputs.items() if path == divider}
            inputs = described(found, kinds, _Batches(builder, found, first, None))
            if given is not None and given.kind == "table":
                inputs = given.inputs
    return DecodedDataset(
        name=settings.label,
        inputs=inputs,
        target=found.target,
        splits={
            name: DecodedSplit(
                size,
                _Decoded(_Batches(builder, found, split, preprocessing), inputs),
                divider=partial(divider_of, settings, builder, split) if settings.by else None,
            )
            for name, (split, size) in parts.items()
        },
        preprocessing=preprocessing,
        found=task,
    )


def _with_target(
    settings: TfdsDataset,
    builder: Any,
    found: Meaning,
    parts: Mapping[str, tuple[str, int]],
    reporter: Reporter,
) -> tuple[Meaning, dict[str, Any]]:
    """What is input and target, the values of the target looked through where only they tell; and
    the setting that says so."""
    if found.target is not None:
        return found, {}

    def batches(split: str) -> Callable[[], Iterator[Any]]:
        def read() -> Iterator[Any]:
            examples = _examples(builder, found, split).map(lambda inputs, targets: targets)
            yield from examples.batch(BATCH_SIZE).as_numpy_iterator()

        return read

    names = tuple(found.targets)
    with reporter.task(f"Looking through the targets of {settings.label}"), _reading(builder):
        splits = {name: batches(split) for name, (split, _) in parts.items()}
        decision = decided(settings.label, names, splits, settings.task)
    if settings.task is None:
        other = "values" if decision.task == "classes" else "classes"
        less = f"; if it is {other}: --set dataset.task={other}" if len(names) == 1 else ""
        verb = "is" if len(names) == 1 else "are"
        reporter.notice(f"{settings.label}: {', '.join(names)} {verb} {decision.target}{less}")
    known = replace(found, target=decision.target, by_name=decision.by_name)
    return known, {"task": decision.task}


def _labelled(
    settings: TfdsDataset, builder: Any, found: Meaning, reporter: Reporter
) -> dict[str, tuple[str, int]]:
    """The splits of a run that have targets, as expressions with their sizes."""
    wanted = settings.split_expressions
    parts = divided_as(settings.name, builder.info.splits, wanted, reporter)
    labelled = {}
    for name, (expression, size) in parts.items():
        if _is_labelled(builder, found, expression):
            labelled[name] = (expression, size)
        elif wanted[name] not in (None, "train"):
            raise DataError(f"dataset.{name}: {expression} of {settings.name} has no targets.")
    if not labelled:
        others = [name for name in builder.info.splits if name not in parts]
        known = f"It has {', '.join(others)}: --set dataset.train={others[0]}" if others else None
        raise DataError(f"{settings.name} has no training split with targets.", hint=known)
    return labelled


def _is_labelled(builder: Any, found: Meaning, split: str) -> bool:
    with _reading(builder):
        first = _examples(builder, found, split).take(1)
        _, targets = next(first.as_numpy_iterator())
        return found.target is None or has_target(found.target, targets)


def _sound(
    settings: TfdsDataset,
    builder: Any,
    found: Meaning,
    feature: Any,
    split: str,
    reporter: Reporter,
) -> SoundPreprocessing:
    """How long the sound is, which only listening to all of it tells."""
    import tensorflow as tf

    rate = feature.sample_rate or settings.sample_rate
    if rate is None:
        raise DataError(
            f"{settings.name} does not say how many samples a second its sound has.",
            hint="Say so: --set dataset.sample_rate=16000",
        )
    if settings.sample_rate not in (None, rate):
        raise DataError(
            f"{settings.name} has {rate:,} samples a second, which nncli does not change.",
            hint="Leave dataset.sample_rate out.",
        )
    seconds = [settings.seconds] if settings.seconds else []
    if not seconds:
        with reporter.task(f"Listening to {settings.label}"), _reading(builder):
            name = next(iter(found.inputs))
            lengths = _examples(builder, found, split).map(
                lambda inputs, targets: tf.shape(inputs[name])[0]
            )
            seconds = [int(length) / rate for length in lengths.as_numpy_iterator()]
    return preprocessing_of(settings, rate, seconds)


def _examples(builder: Any, found: Meaning, split: str) -> Any:
    import tensorflow_datasets as tfds

    # nncli has a cache of its own: TFDS's would hold everything in memory a second time.
    configuration = tfds.ReadConfig(try_autocache=False)
    examples = builder.as_dataset(split=split, shuffle_files=False, read_config=configuration)
    return examples.map(picked(found))


class _Batches:
    """Yields a split of `builder` in its recorded order, as (inputs, targets) by their names.

    Images are brought to their size and sound to its length, one by one.
    """

    def __init__(
        self, builder: Any, found: Meaning, split: str, preprocessing: Preprocessing | None
    ) -> None:
        self.builder, self.found, self.split = builder, found, split
        self.preprocessing = preprocessing

    def __call__(self) -> Iterator[tuple[dict[str, NDArray[Any]], NDArray[Any]]]:
        import tensorflow as tf

        alone = next(iter(self.found.inputs))
        target, by_name = self.found.target, self.found.by_name
        assert target is not None
        with _reading(self.builder):
            examples = _examples(self.builder, self.found, self.split)
            each: Any = None
            match self.preprocessing:
                case ImagePreprocessing(size=(_, _)):
                    each = resize_layer(self.preprocessing)
                case SoundPreprocessing(samples=length):
                    dtype = self.found.features[self.found.inputs[alone]].numpy_dtype
                    each = _same_length(length, dtype)
            if each is not None:
                examples = examples.map(
                    lambda inputs, targets: ({alone: each(inputs[alone])}, targets),
                    num_parallel_calls=tf.data.AUTOTUNE,
                    deterministic=True,
                )
            for inputs, targets in examples.batch(BATCH_SIZE).prefetch(2).as_numpy_iterator():
                yield inputs, encoded(target, targets, by_name=by_name)


def _same_length(length: int, dtype: Any) -> Any:
    """What makes float32 of `length` samples from -1 to 1 out of recorded ones."""
    import numpy as np
    import tensorflow as tf

    # TFDS decodes to 16 bits, whatever integer type it keeps them in.
    loudest = 1.0 if np.issubdtype(dtype, np.floating) else 32768.0

    def fit(samples: Any) -> Any:
        cut = tf.cast(samples, tf.float32)[:length] / loudest
        if cut.shape.rank == 2:
            cut = tf.reduce_mean(cut, axis=-1)
        return tf.ensure_shape(tf.pad(cut, [[0, length - tf.shape(cut)[0]]]), [length])

    return fit


class _Decoded:
    """Turns the named features of `_Batches` into what the input description says."""

    def __init__(self, batches: _Batches, inputs: Input) -> None:
        self.batches, self.inputs = batches, inputs

    def __call__(self) -> Iterator[tuple[Any, NDArray[Any]]]:
        for named, targets in self.batches():
            if isinstance(self.inputs, ImageInput | SoundInput):
                yield next(iter(named.values())), targets
            else:
                yield input_values(self.batches.found, self.inputs, named), targets


@contextmanager
def _reading(builder: Any) -> Iterator[None]:
    """Turn TensorFlow's errors about files into a `DataError` with the way out."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise DataError(
            f"The prepared dataset in {builder.data_dir} cannot be read: {first_line(error)}",
            hint=f"Delete that folder and run: nncli data prepare {builder.name}",
        ) from error
