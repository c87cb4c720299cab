"""Datasets of the tensorflow-datasets catalogue whose supervised keys are an image and a class."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from nncli.data.cache import fetch, store
from nncli.data.dataset import Dataset, DecodedDataset, DecodedSplit
from nncli.data.network import reachable
from nncli.data.splits import HeldOutShares
from nncli.data.tfds_preparation import download_and_prepare
from nncli.descriptions import ClassTarget, ImageInput
from nncli.errors import DataError, DataUnavailableError, NotFoundError
from nncli.reporting import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TfdsDataset", "data_folder", "load", "prepare", "prepared_folder"]

# What images are resized to where their sizes differ and the experiment does not say.
DEFAULT_IMAGE_SIZE = (64, 64)
BATCH_SIZE = 1024
SPLITS = ("train", "validation", "test")

Pixels = Annotated[int, Field(ge=1, le=4096)]


class TfdsDataset(HeldOutShares):
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
    image_size: Annotated[tuple[Pixels, Pixels], Field(strict=False)] | None = Field(
        default=None,
        description=(
            "Height and width in pixels that images are resized to; default: their own size, or "
            "64 by 64 where sizes differ. Smaller trains faster and sees less."
        ),
    )

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if name == "digits":
            raise ValueError("is embedded and no tensorflow-datasets name; write dataset: digits")
        if re.fullmatch(r"[A-Za-z]\w*(/[\w.+-]+)?(:\d+\.[\d*]+\.[\d*]+)?", name):
            return name.lower() if name.isupper() else name  # MNIST is mnist
        if name.startswith(".") or "/" in name or Path(name).suffix:
            raise ValueError(
                "looks like a file or folder; this version of nncli reads tensorflow-datasets "
                "names (mnist, mnist:3.0.1, builder/config) and digits"
            )
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


def load(settings: TfdsDataset, *, reporter: Reporter) -> Dataset:
    """Load the splits as they were published: pixels uint8 or uint16, class indices int64.

    A dataset that is not prepared is downloaded and prepared first.

    Raises:
        NotFoundError: tensorflow-datasets knows no such name.
        DataUnavailableError: it is not prepared and cannot be downloaded.
        DataError: it is no image classification, or cannot be read.
    """
    if settings.data_dir is not None and not settings.data_dir.is_dir():
        raise NotFoundError(
            f"There is no folder {settings.data_dir} with prepared datasets.",
            hint="Check dataset.data_dir (--data-dir). To prepare into a new folder: "
            f"nncli data prepare {settings.name} --data-dir {settings.data_dir}",
        )
    folder = prepared_folder(settings)
    cached = fetch(_key(settings, folder)) if folder else None
    if cached:
        return cached
    builder = _builder(settings)
    if not builder.is_prepared():
        _image_and_class(settings, builder)  # nothing is downloaded that cannot be used
        _check_network(builder, data_folder(settings))
        download_and_prepare(builder, data_folder(settings), archives=None, reporter=reporter)
    folder = Path(builder.data_dir)
    key = _key(settings, folder)
    return fetch(key) or store(key, _decode(settings, builder), reporter=reporter)


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
        "image_size": settings.image_size,
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


def _image_and_class(settings: TfdsDataset, builder: Any) -> tuple[Any, Any]:
    """The TFDS features of input and target; known before the dataset is prepared."""
    import tensorflow_datasets as tfds

    keys = builder.info.supervised_keys
    if not (isinstance(keys, tuple) and len(keys) == 2 and all(isinstance(k, str) for k in keys)):
        raise DataError(
            f"{settings.name} does not say what is input and what is target.",
            hint="Datasets with an image and a class work: mnist, fashion_mnist, cifar10, ...",
        )
    image, label = (builder.info.features[key] for key in keys)
    if not isinstance(image, tfds.features.Image) or not isinstance(
        label, tfds.features.ClassLabel
    ):
        raise DataError(
            f"{settings.name} is {type(image).__name__} to {type(label).__name__}; "
            "nncli trains on an Image and a ClassLabel.",
            hint="Datasets with an image and a class work: mnist, fashion_mnist, cifar10, ...",
        )
    return image, label


def _decode(settings: TfdsDataset, builder: Any) -> DecodedDataset:
    import numpy as np

    image, label = _image_and_class(settings, builder)
    shape = tuple(image.shape)
    maxima = {"uint8": 255.0, "uint16": 65535.0}
    dtype = str(np.dtype(image.numpy_dtype))
    if len(shape) != 3 or shape[2] is None or dtype not in maxima:
        raise DataError(f"{settings.name} has images of shape {shape} and type {dtype}.")
    inputs = ImageInput(shape=shape, maximum=maxima[dtype])
    size = settings.image_size or (DEFAULT_IMAGE_SIZE if inputs.varies else None)
    if size:
        inputs = ImageInput(shape=(None, None, shape[2]), maximum=inputs.maximum)
    names = label.names or [str(index) for index in range(label.num_classes)]
    return DecodedDataset(
        name=settings.label,
        inputs=inputs,
        target=ClassTarget(names=tuple(names)),
        splits={
            name: DecodedSplit(info.num_examples, _Batches(builder, name, size, inputs))
            for name, info in builder.info.splits.items()
            if name in SPLITS and info.num_examples and _is_labelled(builder, name)
        },
        image_size=size,
    )


def _is_labelled(builder: Any, split: str) -> bool:
    """Whether the first example has a class: contests publish test splits with the label -1."""
    with _reading(builder):
        _, label = next(iter(_examples(builder, split).take(1)))
        return int(label) >= 0


def _examples(builder: Any, split: str) -> Any:
    import tensorflow_datasets as tfds

    # nncli has a cache of its own: TFDS's would hold everything in memory a second time.
    configuration = tfds.ReadConfig(try_autocache=False)
    return builder.as_dataset(
        split=split, as_supervised=True, shuffle_files=False, read_config=configuration
    )


class _Batches:
    """Yields a split of `builder` in its recorded order, decoded and, with `size`, resized."""

    def __init__(
        self, builder: Any, split: str, size: tuple[int, int] | None, inputs: ImageInput
    ) -> None:
        self.builder, self.split, self.size, self.inputs = builder, split, size, inputs

    def __call__(self) -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
        import tensorflow as tf

        from nncli.preprocessing.image import resize_layer

        with _reading(self.builder):
            examples = _examples(self.builder, self.split)
            if self.size:
                resize = resize_layer(self.inputs, self.size)
                examples = examples.map(
                    lambda image, label: (resize(image), label),
                    num_parallel_calls=tf.data.AUTOTUNE,
                    deterministic=True,
                )
            for inputs, targets in examples.batch(BATCH_SIZE).prefetch(2).as_numpy_iterator():
                yield inputs, targets.astype("int64")


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
