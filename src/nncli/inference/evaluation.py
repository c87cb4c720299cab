"""Evaluating a .keras file on a split of a dataset, or a cross-validation out of fold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nncli.backend import Backend, Device
from nncli.data import DatasetSettings
from nncli.descriptions import ClassTarget, LabelsTarget
from nncli.errors import UsageError
from nncli.files import typed_path
from nncli.inference.asking import Answered, Question, ask
from nncli.inference.calibrating import calibrate as _calibrate
from nncli.inference.calibrating import check_calibration
from nncli.inference.choosing import dataset_settings, experiment_of, models_of
from nncli.inference.comparing import check_comparable
from nncli.inference.comparing import compare as _compare
from nncli.inference.evaluated import Evaluation
from nncli.inference.out_of_fold import ask_folds
from nncli.inference.slices import with_slices
from nncli.objectives import classes_of
from nncli.objectives.assessment import Assessment, assess, label_thresholds, per_class
from nncli.objectives.metrics import measured_names
from nncli.preprocessing import archive
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import Reporter, SilentReporter
from nncli.runs import DatasetUsed, Metrics, Timing, find_model

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
    calibrate: Path | str | None = None,
    compare: Path | str | None = None,
    runs_dir: Path | str = "runs",
    reporter: Reporter | None = None,
) -> Evaluation:
    """Measure a .keras file on its own dataset, or on another with the same inputs; or a
    cross-validation on its own data, each example answered by the model that did not learn from it.

    Args:
        model: the file, or a run: its folder, number, name, `latest` or `best:test.accuracy` (see
            `nncli.runs.find`); a file that nncli did not make needs `dataset`.
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
        calibrate: a new .keras file, to be written: the model with a temperature that is fitted on
            the validation split (see `nncli.inference.calibrating`).
        compare: another model, named like `model`, which is asked about the same examples (see
            `nncli.inference.comparing`).
        runs_dir: the folder of the runs that `model` and `compare` name.
        reporter: told what is going on; default: nobody.

    Raises:
        NotFoundError: there is no such file, run or dataset, or the run has no model yet.
        UsageError: what was asked means nothing for this model.
        ModelFileError: the file cannot be opened, or does not fit the data.
        DataError: the dataset cannot be had, or has no such split.
        StorageError: the calibrated model cannot be written.
    """
    began = time.perf_counter()
    reporter = reporter or SilentReporter()
    path = find_model(Path(runs_dir), model)
    other = None if compare is None else find_model(Path(runs_dir), compare)
    files = models_of(path)
    description = archive.describe(files[0])
    if threshold is not None:
        _check_threshold(description, threshold)
    both = [path] if other is None else [path, other]
    for one in both:
        _check_asked(one, dataset, split, pixel_range)
    if calibrate is not None:
        _check_calibration(both, dataset, data_dir, split, Path(calibrate))
    if other is not None:
        _check_alike(path, other)
        check_comparable(*(_about(one, dataset, data_dir) for one in both))
    question = Question(dataset, data_dir, split, pixel_range, device, backend, slices)
    answered = _ask(path, question, reporter, calibrated=calibrate is not None)
    with reporter.task("Measuring"):
        document = _document(path, answered, threshold, is_own=dataset is None, began=began)
    evaluation = Evaluation(
        answered.path,
        answered.data.dataset.name,
        answered.split,
        len(answered.data.split),
        getattr(document, answered.split),
        document.per_class,
        document,
        target=answered.target,
        answers=answered.answers,
        targets=answered.targets,
        data=answered.data,
        model=answered.model,
        description=answered.description,
        folds=len(files) if len(files) > 1 else None,
        question=question,
    )
    evaluation = with_slices(evaluation, slices, reporter)
    if calibrate is not None:
        with reporter.task("Calibrating"):
            found = _calibrate(evaluation, Path(calibrate))
        evaluation = evaluation.saying(calibrated=found)
    if other is None:
        return evaluation
    theirs = _ask(other, replace(question, slices=()), reporter)
    return evaluation.saying(comparison=_compare(evaluation, theirs))


def _ask(
    path: Path, question: Question, reporter: Reporter, *, calibrated: bool = False
) -> Answered:
    """What a model says, or each of a cross-validation about what it did not learn from; the
    `path` of the latter is the folder."""
    files = models_of(path)
    if len(files) > 1:
        return replace(ask_folds(files, question, reporter), path=path)
    return ask(files[0], question, reporter, calibrated=calibrated)


def _about(
    path: Path, dataset: DatasetSettings | str | None, data_dir: Path | str | None
) -> tuple[Path, ModelDescription | None, DatasetSettings]:
    """A model's file (of a cross-validation that of its first fold), what it says of itself, and
    what it is asked about."""
    file = models_of(path)[0]
    description = archive.describe(file)
    experiment = experiment_of(file, description)
    settings, _ = dataset_settings(file, experiment, description, dataset, data_dir)
    return file, description, settings


def _check_calibration(
    asked: Sequence[Path],
    dataset: DatasetSettings | str | None,
    data_dir: Path | str | None,
    split: str | None,
    output: Path,
) -> None:
    """Refuse what cannot be calibrated, before it is evaluated; `asked` are the model and what it
    is compared with."""
    path = asked[0]
    if len(models_of(path)) > 1:
        raise UsageError(
            f"{path} is a cross-validation, and a temperature is fitted for one model.",
            hint="Name the folder of a fold.",
        )
    read = [file for one in asked for file in models_of(one)]
    if output.exists() and any(file.exists() and output.samefile(file) for file in read):
        raise UsageError(f"{output} is a model that is asked.", hint="Name another file.")
    file, description, settings = _about(path, dataset, data_dir)
    check_calibration(file, description, settings, split, output)


def _document(
    path: Path, answered: Answered, threshold: float | None, *, is_own: bool, began: float
) -> Metrics:
    """Everything that is measured; `is_own`: on the data that the model was trained on."""
    assessment, used = _assessed(answered, threshold), answered.data
    names = measured_names(answered.target, answered.training.metrics)
    classes = per_class(answered.target, answered.answers, answered.targets, threshold=threshold)
    total = time.perf_counter() - began
    return Metrics.about(
        answered.split,
        {name: assessment.metrics[name] for name in names},
        outcome="completed",
        name=str(path),
        per_class=classes,
        assessment=assessment,
        dataset=DatasetUsed(
            name=used.dataset.name,
            requested=None if is_own else used.settings.label,
            fallback=False,
            examples={answered.split: len(used.split)},
            classes=classes_of(answered.target),
            left_out=used.dataset.left_out,
        ),
        timing=Timing(
            total_seconds=total,
            data_seconds=answered.loaded_seconds,
            evaluate_seconds=total - answered.loaded_seconds,
        ),
    )


def _assessed(answered: Answered, threshold: float | None) -> Assessment:
    """All numbers; of labels also their best thresholds, where there is a validation split."""
    target, said, targets = answered.target, answered.answers, answered.targets
    found = assess(
        target,
        said,
        targets,
        loss=answered.training.loss,
        metrics=answered.training.metrics,
        threshold=threshold,
        penalty=answered.penalty,
    )
    if not isinstance(target, LabelsTarget) or answered.validation is None:
        return found
    thresholds = label_thresholds(target, answered.validation, (said, targets))
    return found.model_copy(update={"thresholds": thresholds})


def _check_asked(
    path: Path,
    dataset: DatasetSettings | str | None,
    split: str | None,
    pixel_range: tuple[float, float] | None,
) -> None:
    """Refuse a range for pixels that the model scales itself, and to ask the models of a
    cross-validation about anything but what each was tested on."""
    files = models_of(path)
    if pixel_range is not None and archive.describe(files[0]) is not None:
        raise UsageError(f"{path} scales its pixels itself: a pixel range does not apply.")
    if len(files) == 1 or (dataset is None and split in (None, "test")):
        return
    asked = f"its {split} split" if dataset is None else "other data"
    raise UsageError(
        f"{path} is a cross-validation of {len(files)} models: each is asked about the examples "
        f"that it did not learn from, not about {asked}.",
        hint=f"One of them alone: nncli evaluate {typed_path(files[0])}",
    )


def _check_alike(this: Path, other: Path) -> None:
    """Refuse to compare one model, which is asked about a split, with a cross-validation, which is
    asked about everything that its models learned from."""
    single, several = sorted((this, other), key=lambda path: len(models_of(path)))
    if len(models_of(single)) == 1 < len(models_of(several)):
        raise UsageError(
            f"{several} is a cross-validation and {single} is one model: they are not asked about "
            "the same examples.",
            hint="Compare it with a cross-validation of the same data.",
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
