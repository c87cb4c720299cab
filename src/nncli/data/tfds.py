"""Datasets of the tensorflow-datasets catalogue."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from nncli.data.dataset import DecodedDataset, DecodedSplit, Source
from nncli.data.images import DEFAULT_IMAGE_SIZE
from nncli.data.inputs import InputSettings
from nncli.data.network import reachable
from nncli.data.sounds import preprocessing_of
from nncli.data.splits import HeldOutShares
from nncli.data.table_columns import Kind
from nncli.data.tfds_features import (
    Meaning,
    described,
    encoded_targets,
    has_target,
    image_input,
    input_values,
    meaning,
    picked,
)
from nncli.data.tfds_preparation import download_and_prepare
from nncli.descriptions import ImageInput, Input, SoundInput
from nncli.errors import DataError, DataUnavailableError, NotFoundError
from nncli.preprocessing import ImagePreprocessing, Preprocessing, SoundPreprocessing
from nncli.preprocessing.image import resize_layer
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TfdsDataset", "data_folder", "prepare", "prepared_folder", "source"]

BATCH_SIZE = 1024
SPLITS = ("train", "validation", "test")


class TfdsDataset(InputSettings, HeldOutShares):
    """A dataset of the tensorflow-datasets catalogue, prepared on this machine or downloaded."""

    type: Literal["tfds"] = Field(default="tfds", description="A tensorflow-datasets name.")
    name: str = Field(
        default="mnist",
        description="Name as tensorflow-datasets writes it: mnist, mnist:3.0.1, builder/config.",
    )
    data_dir: Path | None = Field(
        default=None,
        strict=False,
        description=(
            "Folder of prepared datasets; default: the environment's TFDS_DATA_DIR, "
            "or ~/tensorflow_datasets."
        ),
    )
    inputs: Annotated[tuple[str, ...], Field(strict=False)] | str | None = Field(
        default=None,
        description=(
            "Features to learn from, one or several; default: what the dataset calls its input."
        ),
    )
    target: Annotated[tuple[str, ...], Field(strict=False)] | str | None = Field(
        default=None,
        description="Feature to predict, or several; default: what the dataset calls its target.",
    )
    columns: dict[str, Kind] = Field(
        default={},
        description=(
            "Of a dataset with columns, what they are: {name: number, category, text, date or "
            "ignore}."
        ),
    )

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if name == "digits":
            raise ValueError("is embedded and no tensorflow-datasets name; write dataset: digits")
        if re.fullmatch(r"[A-Za-z]\w*(/[\w.+-]+)?(:\d+\.[\d*]+\.[\d*]+)?", name):
            return name.lower() if name.isupper() else name  # MNIST is mnist
        raise ValueError(
            "is no name of a dataset; names are like mnist, mnist:3.0.1, builder/config"
        )

    @field_validator("data_dir")
    @classmethod
    def _has_a_home(cls, folder: Path | None) -> Path | None:
        if folder is not None:
            try:
                folder.expanduser()
            except RuntimeError:
                raise ValueError("is in the home folder of a user that does not exist") from None
        return folder

    @property
    def named_inputs(self) -> tuple[str, ...]:
        """The features that were said to be learned from."""
        return (self.inputs,) if isinstance(self.inputs, str) else self.inputs or ()

    @property
    def named_targets(self) -> tuple[str, ...]:
        """The features that were said to be predicted."""
        return (self.target,) if isinstance(self.target, str) else self.target or ()

    @property
    def label(self) -> str:
        """The name that runs and reports give to this dataset, safe as part of a folder's name."""
        return self.name.partition(":")[0].replace("/", "-")


def data_folder(settings: TfdsDataset) -> Path:
    """The folder of prepared datasets that `settings` and the environment name, absolute."""
    named = settings.data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(named).expanduser().absolute()


def prepared_folder(settings: TfdsDataset) -> Path | None:
    """The prepared folder of this dataset, found without importing tensorflow-datasets.

    None where there is none, or several and tensorflow-datasets must say which is meant.
    """
    name, _, version = settings.name.partition(":")
    pattern = version if version and "*" not in version else "*.*.*"
    found = list((data_folder(settings) / name).glob(f"{pattern}/dataset_info.json"))
    return found[0].parent if len(found) == 1 else None


def source(settings: TfdsDataset, *, reporter: Reporter) -> Source:
    """The dataset with its splits as they were published.

    One that is not prepared is downloaded and prepared first.

    Raises:
        NotFoundError: tensorflow-datasets knows no such name.
        DataUnavailableError: it is not prepared and cannot be downloaded.
        DataError: it is nothing that a network could be trained on, or cannot be read.
    """
    if settings.data_dir is not None and not settings.data_dir.is_dir():
        raise NotFoundError(
            f"There is no folder {settings.data_dir} with prepared datasets.",
            hint="Check dataset.data_dir (--data-dir). To prepare into a new folder: "
            f"nncli data prepare {settings.name} --data-dir {settings.data_dir}",
        )
    folder = prepared_folder(settings)
    builder: Any = None
    if folder is None:
        builder = _builder(settings)
        if not builder.is_prepared():
            _meaning(settings, builder)  # nothing is downloaded that cannot be used
            _check_network(builder, data_folder(settings))
            download_and_prepare(builder, data_folder(settings), archives=None, reporter=reporter)
        folder = Path(builder.data_dir)

    def read(given: Preprocessing | None, reporter: Reporter) -> DecodedDataset:
        return _decode(settings, builder or _builder(settings), given, reporter)

    return Source(_key(settings, folder), read)


def prepare(settings: TfdsDataset, *, archives: Path | None, reporter: Reporter) -> Path:
    """Download (or take from the folder `archives`) and prepare a dataset; return its folder.

    With `archives` the network is never touched.

    Raises:
        NotFoundError: the name is unknown, or an archive is not in `archives`.
        DataUnavailableError: it cannot be downloaded.
        DataError: an archive is damaged.
    """
    builder = _builder(settings)
    if not builder.is_prepared():
        if archives is None:
            _check_network(builder, data_folder(settings))
        download_and_prepare(builder, data_folder(settings), archives=archives, reporter=reporter)
    return Path(builder.data_dir)


def _check_network(builder: Any, folder: Path) -> None:
    urls = list(builder.url_infos or ())
    if urls and not reachable(urls):
        raise DataUnavailableError(
            f"The dataset {builder.name} is not prepared in {folder} and its "
            "download cannot be reached.",
            hint=(
                "Connect to the network and try again, or prepare it from archives you have: "
                f"nncli data prepare {builder.name} --from FOLDER\n"
                "A dataset prepared elsewhere is found with --data-dir FOLDER. "
                "To train without any: --dataset digits."
            ),
        )


def _key(settings: TfdsDataset, folder: Path) -> dict[str, Any]:
    information = (folder / "dataset_info.json").stat()
    return {
        "name": settings.label,
        "folder": str(folder.resolve()),
        "prepared": [information.st_size, information.st_mtime_ns],
        "settings": settings.model_dump(mode="json", exclude={"data_dir", "validation", "test"}),
    }


def _builder(settings: TfdsDataset) -> Any:
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(settings.name, data_dir=data_folder(settings))
    except tfds.core.DatasetNotFoundError as error:
        names = tfds.list_builders(with_community_datasets=False)
        close = difflib.get_close_matches(settings.name.lower(), [*names, "digits"], n=3)
        meant = f"Did you mean {' or '.join(close)}? " if close else ""
        raise NotFoundError(
            f"There is no dataset named {settings.name!r}.",
            hint=f"{meant}Known are digits (embedded) and the {len(names)} names of "
            "tensorflow-datasets.",
        ) from error
    except Exception as error:  # a builder may raise anything; the cause stays attached
        raise DataError(
            f"tensorflow-datasets cannot open {settings.name!r}: {_first_line(error)}",
            hint="Check the version and the configuration behind the name.",
        ) from error
    return builder


def _meaning(settings: TfdsDataset, builder: Any) -> Meaning:
    """What is input and target; known before the dataset is prepared."""
    return meaning(settings.name, builder.info, settings.named_inputs, settings.named_targets)


def _decode(
    settings: TfdsDataset, builder: Any, given: Preprocessing | None, reporter: Reporter
) -> DecodedDataset:
    found = _meaning(settings, builder)
    settings.check_kind(settings.label, found.kind)
    sizes = {
        name: info.num_examples
        for name, info in builder.info.splits.items()
        if name in SPLITS and info.num_examples and _is_labelled(builder, found, name)
    }
    if "train" not in sizes:
        raise DataError(f"{settings.name} has no training split with targets.")
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
            preprocessing = preprocessing or _sound(settings, builder, found, feature, reporter)
            inputs = preprocessing.inputs
            if feature.sample_rate not in (None, inputs.sample_rate):
                inputs = SoundInput(sample_rate=feature.sample_rate)
        case _:
            inputs = described(found, settings.columns, _Batches(builder, found, "train", None))
            if given is not None and given.kind == "table":
                inputs = given.inputs
    return DecodedDataset(
        name=settings.label,
        inputs=inputs,
        target=found.target,
        splits={
            name: DecodedSplit(
                size, _Decoded(_Batches(builder, found, name, preprocessing), inputs)
            )
            for name, size in sizes.items()
        },
        preprocessing=preprocessing,
    )


def _is_labelled(builder: Any, found: Meaning, split: str) -> bool:
    with _reading(builder):
        first = _examples(builder, found, split).take(1)
        _, targets = next(first.as_numpy_iterator())
        return has_target(found, targets)


def _sound(
    settings: TfdsDataset, builder: Any, found: Meaning, feature: Any, reporter: Reporter
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
            lengths = _examples(builder, found, "train").map(
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
                yield inputs, encoded_targets(self.found, targets)


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
            f"The prepared dataset in {builder.data_dir} cannot be read: {_first_line(error)}",
            hint=f"Delete that folder and run: nncli data prepare {builder.name}",
        ) from error


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
