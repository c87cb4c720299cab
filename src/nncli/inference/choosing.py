"""Which data a model is evaluated on: its own, or other data that is read as its own was."""

from __future__ import annotations

import filecmp
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nncli.config import Experiment, Layer, load_experiment
from nncli.data import (
    ArraysDataset,
    DatasetSettings,
    FolderDataset,
    TableDataset,
    TfdsDataset,
)
from nncli.data.files import is_pattern
from nncli.errors import ModelFileError, NotFoundError, UsageError
from nncli.files import typed_path
from nncli.functions import CARRIED_OUT
from nncli.preprocessing import archive
from nncli.preprocessing.archive import ModelDescription, of_another_version
from nncli.runs import RunFolder

__all__ = [
    "dataset_settings",
    "experiment_of",
    "files_read",
    "model_of",
    "models_of",
    "original_of",
]

# How a table is written, which each file says itself, and how it is divided.
OF_ONE_FILE = (
    "test_path", "validation_path", "header", "delimiter", "encoding", "skip_lines", "decimal",
    "group", "time", "folds", "fold",
)  # fmt: skip
# A text, or a row, can stand in a table; of a table nothing else can be read.
KINDS_OF_TABLES = ("table", "text")


def models_of(path: Path) -> list[Path]:
    """The .keras files that `path` means: itself, that of a run's folder, or of a cross-validation
    that of each fold, in order.

    Raises:
        NotFoundError: the run has no model, or some of its folds have none yet.
    """
    if not path.is_dir():
        return [path]
    run = RunFolder(path)
    if run.model.is_file():
        return [run.model]
    metrics = run.read_metrics()
    if metrics is None and not run.config.is_file():
        raise NotFoundError(f"{path} is neither a .keras file nor the folder of a run.")
    if metrics is None or not metrics.is_finished:
        raise NotFoundError(
            f"{path} is not finished: it has no model yet.",
            hint=f"Finish it with: nncli train --resume {typed_path(path)}",
        )
    files = [run.fold(number).model for number, _ in enumerate(metrics.folds or (), start=1)]
    lost = next((file for file in files or [run.model] if not file.is_file()), None)
    if lost is not None:
        raise NotFoundError(f"{path} has lost {lost.relative_to(path)}.")
    return files


def model_of(path: Path) -> Path:
    """The one .keras file that `path` means: itself, or that of a run's folder.

    Raises:
        NotFoundError: the run has no model.
        UsageError: it is a cross-validation, and has several.
    """
    files = models_of(path)
    if len(files) > 1:
        raise UsageError(
            f"{path} is a cross-validation of {len(files)} models, and one is asked.",
            hint=f"Name the folder of a fold: {typed_path(files[0].parent)}",
        )
    return files[0]


def files_read(models: Iterable[Path], dataset: DatasetSettings | None) -> list[Path]:
    """What is lost if an evaluation writes over it: the models that `models` mean, and the files
    that their data is in.

    Args:
        models: .keras files and folders of runs.
        dataset: other data; None for the models' own.

    Raises:
        NotFoundError, ModelFileError: as `models_of`, and `archive.describe`.
    """
    files = [file for path in models for file in models_of(path)]
    if dataset is not None:
        asked = [dataset]
    else:
        experiments = (experiment_of(file, archive.describe(file)) for file in files)
        asked = [one.dataset for one in experiments if one is not None]
    settings = (value for one in asked for value in dict(one).values())
    return [*files, *(value for value in settings if isinstance(value, Path))]


def experiment_of(path: Path, description: ModelDescription | None) -> Experiment | None:
    """The experiment that made the model; None if nncli did not.

    Raises:
        ModelFileError: another version of nncli did.
    """
    if description is None:
        return None
    try:
        text = json.dumps(description.experiment)
        return Experiment.model_validate_json(text, context=CARRIED_OUT)
    except ValidationError as error:
        raise of_another_version(path) from error


def dataset_settings(
    path: Path,
    experiment: Experiment | None,
    description: ModelDescription | None,
    dataset: DatasetSettings | str | None,
    data_dir: Path | str | None,
) -> tuple[DatasetSettings, int]:
    """The dataset to evaluate on, and the seed of its held-out shares.

    Args:
        path: the model's file.
        experiment: what made it; None if nncli did not.
        description: what the file says; None likewise.
        dataset: other data; None for the model's own.
        data_dir: the folder of prepared TFDS datasets.

    Raises:
        NotFoundError: the file of a table is not there.
        UsageError: there is nothing to evaluate on, or settings that mean nothing for it.
        ModelFileError: the model takes nothing that a table could hold.
    """
    seed = experiment.seed if experiment else 0
    stored: DatasetSettings | None = experiment.dataset if experiment else None
    if dataset is None:
        if stored is None:
            raise UsageError(
                f"{path} was not made by nncli and does not say what it was trained on.",
                hint=f"Name a dataset: nncli evaluate {path} --dataset mnist",
            )
        settings = stored
    else:
        if isinstance(dataset, str):
            layer = Layer.of([("dataset", ("dataset",), dataset)])
            dataset = load_experiment([], layer).dataset
        settings = _other(dataset, stored, description)
    if not isinstance(settings, TfdsDataset):
        if data_dir is not None:
            raise UsageError(f"{settings.label} is not in a data folder: none can be named.")
        return settings, seed
    changes: dict[str, Any] = {}
    if data_dir is not None:
        changes["data_dir"] = Path(data_dir)
    elif settings.data_dir is not None and not settings.data_dir.is_dir():
        changes["data_dir"] = None  # the model was copied to another machine
    return (settings.model_copy(update=changes) if changes else settings), seed


def _other(
    settings: DatasetSettings, stored: DatasetSettings | None, description: ModelDescription | None
) -> DatasetSettings:
    """How other data is read: as the model's own was, but for what was said about it."""
    said = settings.model_fields_set - {"type", "path", "name"}
    if stored is not None and is_same(settings, stored):
        if said:
            raise UsageError(
                f"{settings.label} is what the model was trained on, and is read as it was then.",
                hint=f"Leave out --set dataset.{min(said)}",
            )
        return stored  # the same held-out shares: never test on what was trained on
    if isinstance(settings, TableDataset):
        if description is not None and description.inputs.kind not in KINDS_OF_TABLES:
            if not settings.path.exists() and not is_pattern(settings.path):
                raise NotFoundError(f"There is no file {settings.path}.")
            raise ModelFileError(
                f"The model takes {description.inputs}; {settings.path.name} is a table.",
                hint="Evaluate on a dataset with the same inputs.",
            )
        if description is not None and "columns" in said:
            raise UsageError(
                "dataset.columns: the model says itself what its columns are.",
                hint="Leave it out.",
            )
        if isinstance(stored, TableDataset):
            own = {key: getattr(settings, key) for key in {"path", *said}}
            settings = stored.model_copy(update={**dict.fromkeys(OF_ONE_FILE), **own})
    return settings.model_copy(update={"validation": 0.0, "test": 0.0})


def original_of(settings: DatasetSettings, experiment: Experiment) -> Path | None:
    """The file that the model was trained on, if other data is the same, byte for byte."""
    stored = experiment.dataset
    if not isinstance(stored, TableDataset | ArraysDataset) or type(settings) is not type(stored):
        return None
    try:
        return stored.path if filecmp.cmp(settings.path, stored.path, shallow=False) else None
    except OSError:  # it is gone, or several files
        return None


def is_same(settings: DatasetSettings, stored: DatasetSettings) -> bool:
    """Whether a name or path means the dataset that the model was trained on."""
    if isinstance(settings, TableDataset | FolderDataset | ArraysDataset):
        return settings.path == getattr(stored, "path", None)
    return settings.label == stored.label
