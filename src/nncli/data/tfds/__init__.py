"""Datasets of the tensorflow-datasets catalogue."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from nncli.data.dataset import DecodedDataset, Source
from nncli.data.inputs import InputSettings
from nncli.data.splits import Apart, Division, Folds
from nncli.data.table.columns import Kind
from nncli.data.table.settings import Task
from nncli.data.tfds.features import Meaning, meaning
from nncli.data.tfds.opening import (
    beside_you,
    builder_of,
    check_network,
    described_builder,
    prepared_builder,
    prepared_folder,
)
from nncli.data.tfds.preparation import download_and_prepare
from nncli.data.tfds.reading import decode
from nncli.data.tfds.records import RecordReader, can_be_read
from nncli.data.tfds.splits import overlapping, slices
from nncli.data.tfds.streaming import StreamReader
from nncli.data.units import Measured
from nncli.data.words import Word, Words
from nncli.errors import NotFoundError
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter

__all__ = ["TfdsDataset", "data_folder", "prepare", "source"]


def _share_or_split(value: Any) -> str:
    return "<split>" if isinstance(value, str) else "<share>"


ShareOrSplit = Annotated[
    Annotated[float, Field(ge=0, lt=1), Tag("<share>")] | Annotated[str, Tag("<split>")],
    Discriminator(_share_or_split),
]


class TfdsDataset(InputSettings, Measured, Apart, Folds):
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
    inputs: Words = Field(
        default=None,
        description=(
            "Features to learn from, one or several; default: what the dataset calls its input."
        ),
    )
    target: Words = Field(
        default=None,
        description="Feature to predict, or several; default: what the dataset calls its target.",
    )
    task: Task | None = Field(
        default=None,
        description=(
            "What the target is, where the dataset does not say: classes, labels or values; "
            "default: what its values look like."
        ),
    )
    train: str = Field(
        default="train",
        description=(
            "What is trained on: a published split, a slice of one such as train[:80%], or several "
            "with + between them."
        ),
    )
    validation: ShareOrSplit = Field(
        default=0.1,
        description=(
            "Share of train held out for validation where the dataset has no validation split of "
            "its own, stratified by class and fixed by the seed; or a split or slice, such as "
            "train[80%:]."
        ),
    )
    test: ShareOrSplit = Field(
        default=0.1,
        description=(
            "Share of train held out for the final test where the dataset has no test split of its "
            "own, likewise; or a split or slice, such as test[:50%]."
        ),
    )
    columns: dict[Word, Kind] = Field(
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

    @field_validator("train")
    @classmethod
    def _is_a_split(cls, expression: str) -> str:
        slices(expression)
        return expression

    @field_validator("validation", "test")
    @classmethod
    def _is_not_trained_on(cls, value: float | str, info: ValidationInfo) -> float | str:
        train = info.data.get("train")
        if isinstance(value, str):
            slices(value)
            if train is not None and overlapping(train, value):
                raise ValueError(
                    f"is trained on, too: train is {train}; leave it out there, as in "
                    "train: train[:80%] with validation: train[80%:]"
                )
        return value

    @property
    def division(self) -> Division:
        """How splits that are neither published nor named are made of train."""
        validation, test = (
            0.0 if isinstance(value, str) else value for value in (self.validation, self.test)
        )
        return self.division_of(validation, test, self.by)

    @property
    def split_expressions(self) -> dict[str, str | None]:
        """What train, validation and test were said to consist of; None where nothing was."""
        return {
            "train": self.train,
            "validation": self.validation if isinstance(self.validation, str) else None,
            "test": self.test if isinstance(self.test, str) else None,
        }

    @property
    def names_splits(self) -> bool:
        """Whether other splits than the published ones were asked for."""
        return self.train != "train" or any(
            isinstance(x, str) for x in (self.validation, self.test)
        )

    @property
    def label(self) -> str:
        """The name that runs and reports give to this dataset, safe as part of a folder's name."""
        return self.name.partition(":")[0].replace("/", "-")


def data_folder(settings: TfdsDataset) -> Path:
    """The folder of prepared datasets that `settings` and the environment name, absolute."""
    named = settings.data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(named).expanduser().absolute()


def source(settings: TfdsDataset, *, reporter: Reporter) -> Source:
    """The dataset with the splits that were published or named.

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
    watched = settings.split_expressions["validation"]
    if watched and overlapping(watched, settings.split_expressions["test"] or "test"):
        reporter.warning(
            f"{settings.label}: examples of test are watched while training, too (validation is "
            f"{watched}): the score on test will be better than on new data."
        )
    place = data_folder(settings)
    folder = prepared_folder(settings.name, place)
    builder: Any = None if folder else builder_of(settings.name, place)
    beside = beside_you(settings.name)
    if beside and place != Path.cwd():
        reporter.notice(f"{settings.name} is the dataset of that name. {beside}.")
    if folder is None:
        if not builder.is_prepared():
            _meaning(settings, builder)  # nothing is downloaded that cannot be used
            check_network(settings.name, builder, place)
            download_and_prepare(builder, place, archives=None, reporter=reporter)
        folder = Path(builder.data_dir)

    def read(given: Preprocessing | None, reporter: Reporter) -> DecodedDataset:
        opened = builder or prepared_builder(folder) or builder_of(settings.name, place)
        found = _meaning(settings, opened)
        return decode(settings, opened, StreamReader(opened, found), found, given, reporter)

    def skim(reporter: Reporter) -> DecodedDataset | None:
        opened = builder or described_builder(folder)
        if opened is None or settings.by:
            return None
        found = _meaning(settings, opened)
        if not can_be_read(opened, found):
            return None
        return decode(settings, opened, RecordReader(opened, found), found, None, reporter)

    return Source(_key(settings, folder), read, skim)


def prepare(settings: TfdsDataset, *, archives: Path | None, reporter: Reporter) -> Path:
    """Download (or take from the folder `archives`) and prepare a dataset; return its folder.

    With `archives` the network is never touched.

    Raises:
        NotFoundError: the name is unknown, or an archive is not in `archives`.
        DataUnavailableError: it cannot be downloaded.
        DataError: an archive is damaged.
    """
    place = data_folder(settings)
    builder = builder_of(settings.name, place, archives=archives is not None)
    if not builder.is_prepared():
        if archives is None:
            check_network(settings.name, builder, place)
        download_and_prepare(builder, place, archives=archives, reporter=reporter)
    return Path(builder.data_dir)


def _key(settings: TfdsDataset, folder: Path) -> dict[str, Any]:
    information = (folder / "dataset_info.json").stat()
    kept = settings.model_dump(mode="json", exclude={"data_dir", "validation", "test", "unit"})
    return {
        "name": settings.label,
        "folder": str(folder.resolve()),
        "prepared": [information.st_size, information.st_mtime_ns],
        "settings": {**kept, "splits": settings.split_expressions},
    }


def _meaning(settings: TfdsDataset, builder: Any) -> Meaning:
    """What is input and target; known before the dataset is prepared."""
    return meaning(
        settings.name,
        builder.info,
        settings.named_inputs,
        settings.named_targets,
        settings.task,
    )
