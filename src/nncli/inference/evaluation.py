"""Evaluating a .keras file on a split of a dataset."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from nncli import backend as keras_backend
from nncli import data, preprocessing
from nncli.backend import Backend, Device
from nncli.config import Experiment
from nncli.config.training import TrainingSettings
from nncli.data import Dataset, DatasetSettings, Split
from nncli.data.pipelines import Feed
from nncli.data.splits import join
from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.errors import DataError, ModelFileError, UsageError
from nncli.inference.choosing import dataset_settings, original_of
from nncli.inference.foreign import fit_inputs, fit_outputs
from nncli.inference.slices import check_slices, with_slices
from nncli.models import KerasModel
from nncli.objectives import ANSWER, TEMPERATURE, classes_of
from nncli.objectives.assessment import (
    Assessment,
    ClassMetrics,
    assess,
    label_thresholds,
    per_class,
)
from nncli.objectives.metrics import measured_names
from nncli.preprocessing import Preprocessing, archive
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import Reporter, SilentReporter, counted, listed
from nncli.runs import DatasetUsed, Metrics, Timing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "EvaluatedData",
    "Evaluation",
    "answers",
    "evaluate",
    "experiment_of",
    "model_for_arrays",
]

BATCH_SIZE = 1024


@dataclass(frozen=True)
class EvaluatedData:
    """The examples that were evaluated: how they are read, and `split` of `dataset` itself."""

    settings: DatasetSettings
    seed: int
    given: Preprocessing | None
    dataset: Dataset
    split: Split


@dataclass(frozen=True)
class Evaluation:
    """What a model is worth on one split: `metrics` by name, and each class by itself.

    Attributes:
        target: what the model answers, with the names and the order that it has.
        answers: of the model, shape (examples, classes, labels or values), float32:
            probabilities, or values in their unit.
        targets: class indices, shape (examples,), int64; zeros and ones, or values, shape
            (examples, labels or values), float32.
        data: the examples themselves.
    """

    model_path: Path
    dataset: str
    split: str
    examples: int
    metrics: dict[str, float | None]
    per_class: list[ClassMetrics] | None
    document: Metrics
    target: Target = field(repr=False)
    answers: NDArray[np.float32] = field(repr=False)
    targets: NDArray[Any] = field(repr=False)
    data: EvaluatedData = field(repr=False)

    @property
    def assessment(self) -> Assessment:
        """All numbers: metrics with their intervals, confusion, calibration, deciles."""
        assert self.document.assessment is not None  # every evaluation has one
        return self.document.assessment

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`, an example a row: truth and prediction by name, and the
        probability of each class or label; of values the truth and the prediction of each.

        Raises:
            UsageError: pandas is not installed.
        """
        pandas = pandas_for("to_pandas")
        names = list(self.target.names)
        if isinstance(self.target, ClassTarget):
            frame = pandas.DataFrame(self.answers, columns=names)
            said = [names[place] for place in self.answers.argmax(axis=1)]
            frame.insert(0, "truth", [names[place] for place in self.targets], True)
            frame.insert(1, "prediction", said, True)
            return frame
        columns = [f"{part} {name}" for part in ("truth", "prediction") for name in names]
        import numpy as np

        return pandas.DataFrame(np.hstack([self.targets, self.answers]), columns=columns)

    @property
    def confusion_matrix(self) -> NDArray[np.int64] | None:
        """Examples by true class (rows) and answer (columns), shape (classes, classes), int64; None
        where there are no classes, or more than 1,000."""
        import numpy as np

        matrix = self.assessment.confusion_matrix
        return None if matrix is None else np.array(matrix, np.int64)


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
    split, chosen = _split(examples, split)
    if not len(chosen):
        raise DataError(f"{examples.name} has no examples in {split}.")
    validation = examples.splits.get("validation") if own and split != "validation" else None
    if description is not None:
        _check(description, examples)
        target = description.target
        targets = targets_by_name(chosen.labels, examples, target)
        network = model_for_arrays(network, description)
        with reporter.task(f"Evaluating {counted(len(chosen), 'example')}"):
            said = answers(network, chosen)
    else:
        target, targets = examples.target, chosen.labels
        arrays = fit_inputs(network, examples, chosen, pixel_range, reporter)
        with reporter.task(f"Evaluating {counted(len(chosen), 'example')}"):
            said = fit_outputs(answers(network, arrays), len(target.names), reporter)
    training = experiment.training if experiment else TrainingSettings()
    _check_finite(said)
    with reporter.task("Measuring"):
        assessment = assess(
            target,
            said,
            targets,
            loss=training.loss,
            metrics=training.metrics,
            threshold=threshold,
        )
        if isinstance(target, LabelsTarget) and validation is not None:
            found_on = (answers(network, validation), validation.labels)
            thresholds = label_thresholds(target, found_on, (said, targets))
            assessment = assessment.model_copy(update={"thresholds": thresholds})
        classes = per_class(target, said, targets, threshold=threshold)
    values = {name: assessment.metrics[name] for name in measured_names(target, training.metrics)}
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
            classes=classes_of(target),
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
        target=target,
        answers=said,
        targets=targets,
        data=EvaluatedData(settings, seed, given, examples, chosen),
    )
    return with_slices(evaluation, slices, reporter)


def pandas_for(purpose: str) -> Any:
    """The library, which nncli itself does not need.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError:
        raise UsageError(f"{purpose} needs pandas.", hint="pip install pandas") from None
    return pandas


def answers(network: Any, split: Split, feed: Feed | None = None) -> NDArray[np.float32]:
    """What `network` says about every example of `split`, shape (size, classes), float32."""
    feed = feed or Feed()
    with feed.reading():
        result: NDArray[np.float32] = network.predict(feed.ordered(split, BATCH_SIZE), verbose=0)
    return result


def model_for_arrays(model: Any, description: ModelDescription) -> Any:
    """The part of a saved model that takes a dataset's cached arrays."""
    import keras

    start = preprocessing.cached_input(description.preprocessing)
    return keras.Model(start, model.get_layer(ANSWER)(_logits(model, description, start)))


def logits_for_arrays(model: Any, description: ModelDescription) -> Any:
    """The same without the last step: what the answer is made of."""
    import keras

    start = preprocessing.cached_input(description.preprocessing)
    return keras.Model(start, _logits(model, description, start))


def _logits(model: Any, description: ModelDescription, start: Any) -> Any:
    outputs = model.get_layer("network")(preprocessing.unpacked(description.preprocessing, start))
    for layer in model.layers:
        if layer.name == TEMPERATURE:
            outputs = layer(outputs)
    return outputs


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


def experiment_of(path: Path, description: ModelDescription | None) -> Experiment | None:
    """The experiment that made the model; None if nncli did not.

    Raises:
        ModelFileError: another version of nncli did.
    """
    if description is None:
        return None
    try:
        return Experiment.model_validate_json(json.dumps(description.experiment))
    except ValidationError as error:
        raise archive.of_another_version(path) from error


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


def _split(dataset: Dataset, name: str | None) -> tuple[str, Split]:
    if name is None:
        name = "test" if "test" in dataset.splits else "all"
    if name in dataset.splits:
        return name, dataset.splits[name]
    if name == "all":
        return name, join(list(dataset.splits.values()))
    raise DataError(
        f"{dataset.name} has no split {name!r}.",
        hint=f"It has: {', '.join([*dataset.splits, 'all'])}.",
    )


def _check(description: ModelDescription, dataset: Dataset) -> None:
    """Refuse data that the model cannot take, or that asks for something else."""
    if description.target.kind != dataset.target.kind:
        raise ModelFileError(
            f"The model says {description.target}; {dataset.name} has {dataset.target}.",
            hint="Evaluate on a dataset with the same target.",
        )
    if dataset.preprocessing != description.preprocessing:
        raise ModelFileError(
            f"The model takes {description.inputs}; {dataset.name} has {dataset.inputs}"
            + (
                ", changed since the model was trained."
                if type(dataset.inputs) is type(description.inputs)
                and str(dataset.inputs) == str(description.inputs)
                else "."
            ),
            hint="Evaluate on a dataset with the same inputs, or train a model on this one.",
        )


def targets_by_name(targets: NDArray[Any], dataset: Dataset, target: Target) -> NDArray[Any]:
    """Translate what a dataset has to the order that the model has, by the names."""
    import numpy as np

    names = target.names
    if dataset.target.names == names:
        return targets
    if not isinstance(target, ClassTarget):
        unknown = [name for name in names if name not in dataset.target.names]
        if unknown:
            raise DataError(f"{dataset.name} does not have what the model says: {listed(unknown)}.")
        ordered: NDArray[Any] = targets[:, [dataset.target.names.index(name) for name in names]]
        return ordered
    labels = targets
    index = {name: position for position, name in enumerate(names)}
    used = [dataset.target.names[label] for label in np.unique(labels)]
    unknown = [name for name in used if name not in index]
    if unknown:
        raise DataError(
            f"{len(unknown)} of the {len(used)} classes of {dataset.name} are unknown to the "
            f"model: {listed(unknown)}.",
            hint=f"Classes are matched by name; the model knows {listed(list(names))}.",
        )
    table = np.array([index.get(name, -1) for name in dataset.target.names])
    translated: NDArray[Any] = table[labels]
    return translated
