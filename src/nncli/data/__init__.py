"""Datasets: where they come from (one file a source), how they are divided, cached and fed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from nncli.data import digits, tfds
from nncli.data.dataset import Dataset, Split
from nncli.data.digits import DigitsDataset
from nncli.data.splits import hold_out
from nncli.data.tfds import TfdsDataset
from nncli.errors import DataUnavailableError, NotFoundError
from nncli.reporting import Reporter

__all__ = [
    "Dataset",
    "DatasetSettings",
    "DigitsDataset",
    "Split",
    "TfdsDataset",
    "expand",
    "load",
    "load_default",
    "located",
    "prepare",
]

# The registry: a new source is a file in this folder and one name here.
DatasetSettings = Annotated[TfdsDataset | DigitsDataset, Field(discriminator="type")]


def expand(value: Any) -> Any:
    """Write the short form of a dataset (`mnist`, a mapping without `type`) in full."""
    if isinstance(value, str):
        return {"type": "digits"} if value == "digits" else {"type": "tfds", "name": value}
    if isinstance(value, dict) and "type" not in value and "name" in value:
        return {"type": "tfds", **value}
    return value


def load(settings: DatasetSettings, *, seed: int, reporter: Reporter) -> Dataset:
    """Load a dataset and hold out the splits that it lacks.

    Raises:
        NotFoundError: the name is unknown.
        DataError: the dataset cannot be had or read.
    """
    match settings:
        case DigitsDataset():
            dataset = digits.load(settings, reporter=reporter)
        case TfdsDataset():
            dataset = tfds.load(settings, reporter=reporter)
    return hold_out(dataset, settings, seed=seed)


def load_default(
    settings: TfdsDataset, *, seed: int, reporter: Reporter
) -> tuple[Dataset, DatasetSettings]:
    """Load MNIST for an experiment that names no dataset, or the embedded digits without it.

    Returns:
        The dataset and the settings that name it; digits, with the same validation share, where
        MNIST is neither prepared nor downloadable.
    """
    try:
        return load(settings, seed=seed, reporter=reporter), settings
    except DataUnavailableError:
        embedded = DigitsDataset(validation=settings.validation)
        return load(embedded, seed=seed, reporter=reporter), embedded


def located(settings: DatasetSettings) -> DatasetSettings:
    """`settings` with the folder that the environment named written out, absolute."""
    if isinstance(settings, TfdsDataset) and (settings.data_dir or os.environ.get("TFDS_DATA_DIR")):
        return settings.model_copy(update={"data_dir": tfds.data_folder(settings)})
    return settings


def prepare(settings: DatasetSettings, *, archives: Path | None, reporter: Reporter) -> Path | None:
    """Fetch and prepare a dataset ahead of time; the folder it lies in, None for an embedded one.

    Raises:
        NotFoundError: the name is unknown, or `archives` is not complete.
        DataError: it cannot be downloaded or prepared.
    """
    match settings:
        case DigitsDataset():
            if archives is not None:
                raise NotFoundError(
                    "digits is embedded: there is nothing to prepare from a folder."
                )
            return None
        case TfdsDataset():
            return tfds.prepare(settings, archives=archives, reporter=reporter)
