"""A model is asked about a split of the data that it is evaluated on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli import backend as keras_backend
from nncli import data
from nncli.backend import Backend, Device
from nncli.config.training import TrainingSettings
from nncli.data import Dataset, DatasetSettings, Split
from nncli.descriptions import LabelsTarget, Target
from nncli.errors import DataError, ModelFileError
from nncli.inference.answering import answers, model_for_arrays, penalty
from nncli.inference.calibrating import validation_of
from nncli.inference.choosing import dataset_settings, experiment_of, original_of
from nncli.inference.evaluated import EvaluatedData
from nncli.inference.foreign import fit_inputs, fit_outputs
from nncli.inference.matching import check_fit, split_of, targets_by_name
from nncli.inference.slices import check_slices
from nncli.models import KerasModel
from nncli.preprocessing import Preprocessing, SubwordPreprocessing, archive
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Answered", "Question", "ask"]

Said = tuple["NDArray[np.float32]", "NDArray[Any]"]


@dataclass(frozen=True)
class Answered:
    """What a model says about a split.

    Attributes:
        path: of the model's file.
        model: the opened Keras model.
        description: what its file says of it; None if nncli did not make it.
        training: how it was trained; the defaults if nncli did not.
        target: what it answers, with the names and the order that it has.
        split: the name of the split.
        answers: shape (examples, classes, labels or values), float32.
        targets: as `nncli.inference.evaluated.Evaluation` has them.
        data: the examples.
        validation: of several labels the same two about the validation split; None where there
            is none, or where it is what was asked about.
        penalty: what the size of its weights adds to the loss that it was trained with.
        loaded_seconds: opening the model and loading the data.
    """

    path: Path
    model: Any
    description: ModelDescription | None
    training: TrainingSettings
    target: Target
    split: str
    answers: NDArray[np.float32]
    targets: NDArray[Any]
    data: EvaluatedData
    validation: Said | None
    penalty: float
    loaded_seconds: float


@dataclass(frozen=True)
class Question:
    """What a model is asked about, and how; each as `nncli.evaluate` has it."""

    dataset: DatasetSettings | str | None
    data_dir: Path | str | None
    split: str | None
    pixel_range: tuple[float, float] | None
    device: Device
    backend: Backend | None
    slices: Sequence[str] = ()


def ask(
    path: Path, question: Question, reporter: Reporter, *, calibrated: bool = False
) -> Answered:
    """Open a model and ask it about a split; errors as of `nncli.evaluate`.

    What can be known without TensorFlow is refused before it is imported; a dataset without a
    validation split, where a temperature is to be fitted (`calibrated`), before it is asked.
    """
    began = time.perf_counter()
    description = archive.describe(path)
    experiment = experiment_of(path, description)
    settings, seed = dataset_settings(
        path, experiment, description, question.dataset, question.data_dir
    )
    own = question.dataset is None or settings is (experiment and experiment.dataset)
    # A model that went on from a file has the preprocessing of that file's dataset, and one that
    # went on from a preset the tokenizer of that.
    brought = isinstance(experiment and experiment.model, KerasModel) or isinstance(
        description and description.preprocessing, SubwordPreprocessing
    )
    fitted_on_own = own and not brought
    given = None if description is None or fitted_on_own else description.preprocessing
    data.check_source(settings, given=given)
    check_slices(settings, description.inputs if description else None, question.slices)
    preferred = experiment.training.backend if experiment else "tensorflow"
    keras_backend.prepare(
        backend=keras_backend.chosen(question.backend, preferred), device=question.device
    )
    with reporter.task("Opening the model"):
        network = archive.open_model(path)
    examples = _loaded(settings, seed, given, reporter, own=own)
    original = original_of(settings, experiment) if experiment is not None and not own else None
    if original is not None:
        reporter.warning(
            f"{settings.label} is the same as {original}, which the model was trained on: the rows "
            "that it learned from are scored with the others. Its test split alone is scored "
            "without --dataset."
        )
    loaded_seconds = time.perf_counter() - began
    split, chosen = split_of(examples, question.split)
    if calibrated:
        validation_of(examples, split)
    asked = _Asked(network, description, examples, question.pixel_range, reporter)
    said, targets = asked.about(chosen)
    validation = examples.splits.get("validation") if own and split != "validation" else None
    if not isinstance(asked.target, LabelsTarget):
        validation = None  # it is asked for what thresholds are found on
    return Answered(
        path,
        network,
        description,
        experiment.training if experiment else TrainingSettings(),
        asked.target,
        split,
        said,
        targets,
        EvaluatedData(settings, seed, given, examples, chosen),
        asked.about(validation) if validation is not None else None,
        penalty(asked.model),
        loaded_seconds,
    )


class _Asked:
    """A model that is asked about splits of a dataset which it fits."""

    def __init__(
        self,
        model: Any,
        description: ModelDescription | None,
        dataset: Dataset,
        pixel_range: tuple[float, float] | None,
        reporter: Reporter,
    ) -> None:
        self.model, self.dataset = model, dataset
        self.pixel_range, self.reporter = pixel_range, reporter
        self.is_ours = description is not None
        self.target: Target = dataset.target
        if description is not None:
            check_fit(description, dataset)
            self.target = description.target
            self.model = model_for_arrays(model, description)

    def about(self, split: Split) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """The answers about a split and its targets, in the order of `target`.

        Raises:
            DataError: it has what the model does not know.
            ModelFileError: the answers are no numbers, or do not fit.
        """
        with self.reporter.task(f"Evaluating {counted(len(split), 'example')}"):
            if self.is_ours:
                targets = targets_by_name(split.labels, self.dataset, self.target)
                said = answers(self.model, split)
            else:
                targets = split.labels
                arrays = fit_inputs(
                    self.model, self.dataset, split, self.pixel_range, self.reporter
                )
                raw = answers(self.model, arrays)
                said = fit_outputs(raw, len(self.target.names), self.reporter)
        _check_finite(said)
        return said, targets


def _loaded(
    settings: DatasetSettings,
    seed: int,
    given: Preprocessing | None,
    reporter: Reporter,
    *,
    own: bool,
) -> Dataset:
    """The data to evaluate on."""
    try:
        return data.load(settings, seed=seed, given=given, reporter=reporter)
    except DataError as error:
        if own and "--set" in (error.hint or ""):  # read otherwise, its splits would be others
            hint = "It was read so for the training: bring back what it was, or evaluate on other "
            raise DataError(error.message, hint=f"{hint}data with --dataset.") from error
        raise


def _check_finite(said: NDArray[np.float32]) -> None:
    """Refuse answers that are no numbers."""
    import numpy as np

    lost = int((~np.isfinite(said).all(axis=1)).sum())
    if lost:
        raise ModelFileError(
            f"The model's answers about {counted(lost, 'example')} are no numbers.",
            hint="Its weights grew without bounds: train it with a smaller learning rate.",
        )
