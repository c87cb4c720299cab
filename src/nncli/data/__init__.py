"""Datasets: where they come from (one file a source), how they are divided, cached and fed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Protocol, get_args

from pydantic import Field
from pydantic_core import to_jsonable_python

from nncli.catalogue import dataset_names
from nncli.data import arrays, digits, folder, loading, python, table, tfds
from nncli.data.arrays import ArraysDataset
from nncli.data.dataset import Dataset, DecodedDataset, Source, Split
from nncli.data.digits import DigitsDataset
from nncli.data.files import is_pattern
from nncli.data.folder import FolderDataset
from nncli.data.python import PythonDataset
from nncli.data.remarks import Noting
from nncli.data.surveying import survey
from nncli.data.table import TABLE_ENDINGS, TableDataset
from nncli.data.tfds import TfdsDataset
from nncli.data.tfds.opening import check_there
from nncli.data.units import in_units
from nncli.errors import DataUnavailableError, NotFoundError
from nncli.functions import DATASETS, plug_in
from nncli.preprocessing import Given, Preprocessing
from nncli.reporting import Reporter

__all__ = [
    "ArraysDataset",
    "Dataset",
    "DatasetSettings",
    "DigitsDataset",
    "FolderDataset",
    "Loading",
    "PythonDataset",
    "Split",
    "TableDataset",
    "TfdsDataset",
    "check_source",
    "defaults_of",
    "expand",
    "load",
    "load_default",
    "load_to_describe",
    "load_to_look_at",
    "located",
    "prepare",
    "source_of",
]

# The registry: a new source is a file in this folder and one name here.
DatasetSettings = Annotated[
    TfdsDataset | DigitsDataset | TableDataset | FolderDataset | ArraysDataset | PythonDataset,
    Field(discriminator="type"),
]


class Loading(Protocol):
    """`load`, or `load_to_describe`, which reads less."""

    def __call__(
        self,
        settings: DatasetSettings,
        *,
        seed: int,
        reporter: Reporter,
        given: Given | None = None,
    ) -> Dataset: ...


TYPES = tuple(
    str(member.model_fields["type"].default) for member in get_args(get_args(DatasetSettings)[0])
)


def expand(value: Any) -> Any:
    """Write the short form of a dataset (`mnist`, `./photos`, a mapping without `type`) in full."""
    if isinstance(value, str):
        full = _named(value)
        if full["type"] == "tfds" and full["name"].partition("/")[0] not in dataset_names():
            function = plug_in(DATASETS, value)
            return full if function is None else {"type": "python", "load": function}
        return full
    if isinstance(value, dict) and "type" in value and value["type"] not in TYPES:
        function = plug_in(DATASETS, value["type"])
        return value if function is None else {**value, "type": "python", "load": function}
    if isinstance(value, dict) and "type" not in value:
        if "path" in value and isinstance(value["path"], str):
            return {"type": _named(value["path"], is_path=True)["type"], **value}
        if "name" in value:
            return {"type": "tfds", **value}
    return value


def defaults_of(kind: str) -> dict[str, Any]:
    """What the keys of a type of dataset are where nothing is said, as JSON has them."""
    members = get_args(get_args(DatasetSettings)[0])
    fields = dict(zip(TYPES, members, strict=True))[kind].model_fields if kind in TYPES else {}
    found = {name: field.default for name, field in fields.items() if not field.is_required()}
    plain: dict[str, Any] = to_jsonable_python({"seed": 0, **found})
    return plain


def _named(text: str, *, is_path: bool = False) -> dict[str, Any]:
    """What a bare name means: a file or folder, an embedded name, or one of tensorflow-datasets.

    A builder of tensorflow-datasets with its configuration (`glue/cola`) is a name, unless such a
    folder exists; everything else with a separator, an extension or a dot in front is a path. A
    file of whatever ending is a table, for a folder it cannot be.
    """
    if text == "digits" and not is_path:
        return {"type": "digits"}
    path = Path(text)
    endings = "".join(path.suffixes).lower()
    if path.suffix.lower() in (".npz", ".npy"):
        return {"type": "arrays", "path": text}
    if any(endings.endswith(ending) for ending in TABLE_ENDINGS):
        return {"type": "table", "path": text}
    if is_path or is_path_like(text):
        return {"type": "table" if _is_table(path) else "folder", "path": text}
    return {"type": "tfds", "name": text}


def _is_table(path: Path) -> bool:
    """Whether a path of another ending means a table: a file, a folder of tables alone, or a
    pattern of tables."""
    place = path.expanduser()
    try:
        if is_pattern(place):
            inside = list(place.parent.glob(place.name))
        elif place.is_dir():
            inside = [file for file in place.iterdir() if not file.name.startswith(".")]
        else:
            return place.is_file() or place.suffix.lower() in (".xlsx", ".xls", ".json", ".data")
        names = [file.name.lower() for file in inside]
    except OSError:
        return False  # whoever reads it says why
    return bool(names) and all(name.endswith(TABLE_ENDINGS) for name in names)


def is_path_like(text: str) -> bool:
    """Whether a bare name means a file or folder."""
    if text.startswith((".", "~", "/")) or text.endswith("/") or "\\" in text:
        return True
    name, _, version = text.partition(":")
    if "/" in name:
        builder = name.partition("/")[0]
        return name.count("/") > 1 or Path(text).exists() or builder not in dataset_names()
    return "." in text and not version


def load(
    settings: DatasetSettings,
    *,
    seed: int,
    reporter: Reporter,
    given: Given | None = None,
) -> Dataset:
    """Load a dataset, preprocessed, and hold out the splits that it lacks.

    Args:
        settings: which dataset.
        seed: fixes the held-out shares.
        reporter: told what is going on.
        given: the preprocessing of a model, or its tokenizer; default: fitted on the training
            split.

    Raises:
        NotFoundError: the name is unknown.
        DataError: the dataset cannot be had or read.
    """
    source = source_of(settings, reporter=reporter)
    division = settings.division
    dataset = loading.load(source, settings, division, seed=seed, given=given, reporter=reporter)
    return _in_units(settings, dataset)


def _in_units(settings: DatasetSettings, dataset: Dataset) -> Dataset:
    return dataset.with_target(in_units(settings, dataset.target))


def load_to_look_at(settings: DatasetSettings, *, seed: int, reporter: Reporter) -> Dataset:
    """The dataset of `load` for whoever shows it: from the cache, or as little as possible read.

    Its inputs are images, spectrograms, or nothing; what else is shown of it is in `recorded`.

    Raises:
        As `load`.
    """
    return _surveyed(settings, seed, reporter, is_enough=lambda decoded: True)


def load_to_describe(
    settings: DatasetSettings,
    *,
    seed: int,
    reporter: Reporter,
    given: Given | None = None,
) -> Dataset:
    """The dataset of `load` for whoever needs none of its inputs, only what is known about them:
    images that are not in the cache are not decoded where that can be told without.

    Raises:
        As `load`.
    """
    if given is not None:
        return load(settings, seed=seed, reporter=reporter, given=given)
    # What is fitted needs all of the training split.
    return _surveyed(
        settings, seed, reporter, is_enough=lambda decoded: decoded.preprocessing is not None
    )


def _surveyed(
    settings: DatasetSettings,
    seed: int,
    reporter: Reporter,
    *,
    is_enough: Callable[[DecodedDataset], bool],
) -> Dataset:
    """The dataset from the cache; or as much of it as `survey` reads, where that is enough; or all
    of it."""
    source, division = source_of(settings, reporter=reporter), settings.division
    dataset = loading.load_cached(source, division, seed=seed, reporter=reporter)
    if dataset is None and source.skim is not None:
        noting = Noting(reporter)
        decoded = source.skim(noting)
        if decoded is not None and is_enough(decoded):
            decoded = replace(decoded, remarks=noting.remarks)
            dataset = survey(decoded, division, seed=seed, reporter=reporter)
    if dataset is None:
        dataset = loading.load(source, settings, division, seed=seed, given=None, reporter=reporter)
    return _in_units(settings, dataset)


def source_of(settings: DatasetSettings, *, reporter: Reporter) -> Source:
    """What could be read of a dataset, unprocessed.

    Raises:
        NotFoundError: the name or path is unknown.
        DataError: the dataset cannot be had.
    """
    match settings:
        case DigitsDataset():
            return digits.source(settings)
        case TfdsDataset():
            return tfds.source(settings, reporter=reporter)
        case TableDataset():
            return table.source(settings)
        case FolderDataset():
            return folder.source(settings, reporter=reporter)
        case ArraysDataset():
            return arrays.source(settings)
        case PythonDataset():
            return python.source(settings)


def check_source(settings: DatasetSettings, *, given: Preprocessing | None = None) -> None:
    """Refuse at once what is found out in no time, before TensorFlow is imported for seconds.

    Args:
        settings: which dataset.
        given: the preprocessing of a model that is to read it.

    Raises:
        NotFoundError: there is no such file or folder.
        DataError: the first file has no such columns, or nothing says which is predicted.
        DataUnavailableError: this is offline, and the dataset is not on this machine.
    """
    match settings:
        case TfdsDataset():
            check_there(settings.name, tfds.data_folder(settings))
        case TableDataset():
            table.check(settings, given)
        case FolderDataset():
            folder.check(settings)
        case ArraysDataset():
            arrays.source(settings)
        case DigitsDataset() | PythonDataset():
            pass


def load_default(
    settings: TfdsDataset,
    *,
    seed: int,
    reporter: Reporter,
    load: Loading = load,
    given: Given | None = None,
) -> tuple[Dataset, DatasetSettings]:
    """Load MNIST for an experiment that names no dataset, or the embedded digits without it; with
    `load` or another function like it.

    Returns:
        The dataset and the settings that name it; digits, divided and augmented alike, where
        MNIST is neither prepared nor downloadable.

    Raises:
        DataUnavailableError: it is MNIST whose slices were named, which digits do not have.
    """
    try:
        return load(settings, seed=seed, reporter=reporter, given=given), settings
    except DataUnavailableError:
        if settings.names_splits:
            raise
        kept = {key: getattr(settings, key) for key in ("augment", "folds", "fold")}
        embedded = DigitsDataset(validation=settings.division.validation, **kept)
        return load(embedded, seed=seed, reporter=reporter, given=given), embedded


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
        case TableDataset() | FolderDataset() | ArraysDataset():
            if archives is not None:
                raise NotFoundError(f"{settings.path} is there: --from does not apply.")
            load(settings, seed=0, reporter=reporter)
            return settings.path
        case PythonDataset():
            if archives is not None:
                raise NotFoundError(f"{settings.load} is a function: --from does not apply.")
            load(settings, seed=0, reporter=reporter)
            return None
        case TfdsDataset():
            return tfds.prepare(settings, archives=archives, reporter=reporter)
