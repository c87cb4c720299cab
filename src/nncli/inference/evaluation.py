"""Evaluating a .keras file on a split of a dataset."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli import backend as keras_backend
from nncli import data
from nncli.backend import Backend, Device
from nncli.config.training import TrainingSettings
from nncli.data import Dataset, DatasetSettings, Split
from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.errors import DataError, ModelFileError, UsageError
from nncli.inference.answering import answers, model_for_arrays
from nncli.inference.choosing import dataset_settings, experiment_of, original_of
from nncli.inference.evaluated import EvaluatedData, Evaluation
from nncli.inference.foreign import fit_inputs, fit_outputs
from nncli.inference.matching import check_fit, split_of, targets_by_name
from nncli.inference.slices import check_slices, with_slices
from nncli.models import KerasModel
from nncli.objectives import classes_of
from nncli.objectives.assessment import Assessment, assess, label_thresholds, per_class
from nncli.objectives.metrics import measured_names
from nncli.preprocessing import Preprocessing, archive
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import Reporter, SilentReporter, counted
from nncli.runs import DatasetUsed, Metrics, Timing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["evaluate"]


def evaluate(
    model: Path | str,
    *,
    dataset: DatasetSettings | str | None = None,
    data_dir: Path | str | None = None,
    split: str | None = None,
    pixel_range: tuple[float, float] | None = None,
    threshold: float | None = None,
    device: Device = "auto",
    backend: Backend | None = None,
    slices: Sequence[str] = (),
    reporter: Reporter | None = None,
) -> Evaluation:
    """Measure a .keras file on its own dataset, or on another with the same inputs.

    Args:
        model: the file; one that nncli did not make needs `dataset`.
        dataset: another dataset, its name or how it is read; default: the dataset that the model
            was trained on.
        data_dir: the folder of prepared TFDS datasets; default: that of the training if it is
            still there, or the environment's.
        split: train, validation, test or all; default: test, or all of another dataset that
            was published without a test split.
        pixel_range: the range that a model which nncli did not make wants its pixels in; default:
            as they are recorded.
        threshold: the probability from which on a label, or the second of two classes, is said;
            default: 0.5.
        device: see `nncli.backend.prepare`.
        backend: what Keras computes with; default: what the model was trained with, if it is
            installed.
        slices: columns of a table (or `folder`, of files) by whose values it is measured, too.
        reporter: told what is going on; default: nobody.

    Raises:
        NotFoundError: the file or the name of the dataset means nothing.
        UsageError: what was asked means nothing for this model.
        ModelFileError: the file cannot be opened, or does not fit the data.
        DataError: the dataset cannot be had, or has no such split.
    """
    began = time.perf_counter()
    reporter = reporter or SilentReporter()
    path = Path(model)
    description = archive.describe(path)
    experiment = experiment_of(path, description)
    settings, seed = dataset_settings(path, experiment, description, dataset, data_dir)
    if description is not None and pixel_range is not None:
        raise UsageError("This model scales its pixels itself: a pixel range does not apply.")
    if threshold is not None:
        _check_threshold(description, threshold)
    own = dataset is None or settings is (experiment and experiment.dataset)
    # A model that went on from a file has the preprocessing of that file's dataset.
    fitted_on_own = own and not isinstance(experiment and experiment.model, KerasModel)
    given = None if description is None or fitted_on_own else description.preprocessing
    data.check_source(settings, given=given)
    check_slices(settings, description.inputs if description else None, slices)
    preferred = experiment.training.backend if experiment else "tensorflow"
    keras_backend.prepare(backend=keras_backend.chosen(backend, preferred), device=device)
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
    loaded_in = time.perf_counter() - began
    split, chosen = split_of(examples, split)
    asked = _Asked(network, description, examples, pixel_range, reporter)
    said, targets = asked.about(chosen)
    validation = examples.splits.get("validation") if own and split != "validation" else None
    training = experiment.training if experiment else TrainingSettings()
    with reporter.task("Measuring"):
        assessment = _assessed(asked, said, targets, training, threshold, validation)
        classes = per_class(asked.target, said, targets, threshold=threshold)
    names = measured_names(asked.target, training.metrics)
    values = {name: assessment.metrics[name] for name in names}
    total = time.perf_counter() - began
    document = Metrics.about(
        split,
        values,
        outcome="completed",
        name=str(path),
        per_class=classes,
        assessment=assessment,
        dataset=DatasetUsed(
            name=examples.name,
            requested=settings.label if dataset is not None else None,
            fallback=False,
            examples={split: len(chosen)},
            classes=classes_of(asked.target),
        ),
        timing=Timing(
            total_seconds=total, data_seconds=loaded_in, evaluate_seconds=total - loaded_in
        ),
    )
    evaluation = Evaluation(
        path,
        examples.name,
        split,
        len(chosen),
        values,
        classes,
        document,
        target=asked.target,
        answers=said,
        targets=targets,
        data=EvaluatedData(settings, seed, given, examples, chosen),
        model=network,
        description=description,
    )
    return with_slices(evaluation, slices, reporter)


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


def _assessed(
    asked: _Asked,
    said: NDArray[np.float32],
    targets: NDArray[Any],
    training: TrainingSettings,
    threshold: float | None,
    validation: Split | None,
) -> Assessment:
    """All numbers; of labels also their best thresholds, where there is a validation split."""
    found = assess(
        asked.target,
        said,
        targets,
        loss=training.loss,
        metrics=training.metrics,
        threshold=threshold,
    )
    if not isinstance(asked.target, LabelsTarget) or validation is None:
        return found
    thresholds = label_thresholds(asked.target, asked.about(validation), (said, targets))
    return found.model_copy(update={"thresholds": thresholds})


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


def _check_threshold(description: ModelDescription | None, threshold: float) -> None:
    """Refuse a threshold that decides nothing."""
    if not 0 < threshold < 1:
        raise UsageError(f"The threshold is a probability between 0 and 1, not {threshold:g}.")
    if description is None:
        raise UsageError("A threshold is for models that nncli made.")
    target = description.target
    two = isinstance(target, ClassTarget) and len(target.names) == 2
    if not two and not isinstance(target, LabelsTarget):
        raise UsageError(
            f"The model says {target}: a threshold decides between two classes, or about labels."
        )
