"""Running an experiment: load, build, fit, save, evaluate, write it all down."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nncli
from nncli import backend, data, optimizers, runs
from nncli.config import Experiment, Layer, load_experiment
from nncli.data import Dataset, TfdsDataset
from nncli.data.pipelines import EpochOrder, ordered_batches, shuffled_batches, steps
from nncli.data.tfds import data_folder
from nncli.drawing.curves import draw_learning_curves
from nncli.errors import InterruptedRunError, NncliError, Terminated, UsageError
from nncli.files import open_atomically
from nncli.inference.evaluation import answers, measure
from nncli.objectives import compile_for_training
from nncli.preprocessing import archive
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import FitPlan, Reporter, SilentReporter
from nncli.runs import DatasetUsed, EpochRow, Metrics, RunFolder, Timing
from nncli.training import networks, seeding
from nncli.training.networks import Networks

if TYPE_CHECKING:
    from nncli.training.callbacks import KeepBestWeights, RecordHistory

__all__ = ["TrainingResult", "train"]

# One call into TensorFlow runs this many steps: fewer cost time, more make the display jump.
STEPS_PER_EXECUTION = 16
VALIDATION_BATCH_SIZE = 1024

logger = logging.getLogger("nncli")


@dataclass(frozen=True)
class TrainingResult:
    """What a run left behind."""

    folder: Path
    model_path: Path
    metrics: Metrics
    history: Sequence[EpochRow]


@dataclass
class _Run:
    """A run that has started: what its files are written from."""

    experiment: Experiment
    requested: str | None
    dataset: Dataset
    networks: Networks
    folder: RunFolder
    began: float
    data_seconds: float
    fit_seconds: float = 0.0
    evaluate_seconds: float = 0.0


def train(
    experiment: Experiment | Mapping[str, Any] | Path | str | None = None,
    *,
    runs_dir: Path | str = "runs",
    run_dir: Path | str | None = None,
    reporter: Reporter | None = None,
    command: Sequence[str] | None = None,
) -> TrainingResult:
    """Run an experiment and leave a run folder.

    Args:
        experiment: an `Experiment`, its values as a mapping, a YAML file, or None for defaults.
        runs_dir: where run folders are numbered.
        run_dir: the exact run folder, new or empty, instead of a numbered one.
        reporter: told what is going on; default: nobody.
        command: recorded in `environment.json`; default: this process's own.

    Returns:
        The metrics (`result.metrics.test["accuracy"]`), the history, and where the files are.

    Raises:
        ExperimentError: the experiment has mistakes.
        DataError: the dataset cannot be had.
        TrainingError: the loss stopped being a number.
        StorageError: the run folder cannot be written.
        InterruptedRunError: Ctrl-C or SIGTERM; what was reached is in the run folder.
    """
    began = time.perf_counter()
    reporter = reporter or SilentReporter()
    experiment = _experiment(experiment)
    place = Path(runs_dir), Path(run_dir) if run_dir is not None else None
    runs.check_place(*place)
    with reporter.task("Starting TensorFlow"):
        settings = experiment.training
        backend.prepare(device=settings.device, deterministic=settings.deterministic)
    seeding.seed_everything(experiment.seed)
    requested = experiment.dataset.label if experiment.names_dataset else None
    data_began = time.perf_counter()
    experiment, dataset = _load(experiment, reporter)
    data_seconds = time.perf_counter() - data_began
    monitor = _monitor(experiment, dataset)
    built = networks.build(experiment.model, dataset)
    folder = runs.create(place[0], experiment.run_name, run_dir=place[1])
    run = _Run(experiment, requested, dataset, built, folder, began, data_seconds)
    with _logging_to(folder.log), folder.locked():
        reporter.run_started(folder.path, folder.log)
        folder.write_config(experiment, nncli.__version__)
        folder.write_environment(command or sys.argv)
        folder.write_metrics(_metrics(run, "running"))
        return _fit_and_finish(run, monitor, reporter)


def _experiment(value: Experiment | Mapping[str, Any] | Path | str | None) -> Experiment:
    match value:
        case Experiment():
            return value
        case str() | Path():
            return load_experiment([Path(value)])
        case _:
            return load_experiment([], Layer(value or {}))


def _load(experiment: Experiment, reporter: Reporter) -> tuple[Experiment, Dataset]:
    """The dataset, and the experiment with it and its place written out."""
    settings = experiment.dataset
    if experiment.names_dataset or not isinstance(settings, TfdsDataset):
        dataset = data.load(settings, seed=experiment.seed, reporter=reporter)
    else:
        place = data_folder(settings)
        dataset, settings = data.load_default(settings, seed=experiment.seed, reporter=reporter)
        if settings.label != experiment.dataset.label:
            reporter.warning(
                "MNIST is not on this machine and cannot be downloaded (prepared datasets are "
                f"looked for in {place}): this run uses the "
                "embedded digits (1,797 images of 8 x 8 pixels) instead.\n"
                "Its numbers are not MNIST's. With archives of MNIST at hand: "
                "nncli data prepare mnist --from FOLDER"
            )
    if not len(dataset.splits.get("train", ())):
        raise UsageError(f"{dataset.name} has no training split.")
    return experiment.resolved(data.located(settings)), dataset


def _monitor(experiment: Experiment, dataset: Dataset) -> str:
    """The column of the history that chooses the kept epoch."""
    splits = [split for split in ("train", "validation") if split in dataset.splits]
    columns = [f"{split}_{metric}" for split in splits for metric in ("loss", "accuracy")]
    monitor = experiment.training.monitor
    if monitor in columns:
        return monitor
    if monitor == "validation_loss":  # the default, and there is no validation data
        return "train_loss"
    raise UsageError(
        f"training.monitor: there is no {monitor} to watch.",
        hint=f"This experiment has: {', '.join(columns)}.",
    )


def _fit_and_finish(run: _Run, monitor: str, reporter: Reporter) -> TrainingResult:
    from nncli.training.callbacks import KeepBestWeights, RecordHistory

    history = RecordHistory(run.folder.write_history)
    best = KeepBestWeights(history, monitor)
    try:
        _fit(run, history, best, reporter)
        metrics = _finish(run, history.rows, best, reporter)
    except KeyboardInterrupt as signal:
        exit_code = 143 if isinstance(signal, Terminated) else 130
        run.folder.write_metrics(_metrics(run, "interrupted", history.rows, best))
        if best.row is not None:
            best.restore(run.networks.trained)
            _save_model(run)
        kept = f"the best of {len(history.rows)} epochs is in" if best.row else "no epoch is in"
        raise InterruptedRunError(
            f"Stopped by {'SIGTERM' if exit_code == 143 else 'Ctrl-C'}: {kept} {run.folder.path}.",
            exit_code=exit_code,
            hint=f"Start again with: nncli train -c {run.folder.config}",
        ) from None
    except BaseException as error:
        reason = error.message if isinstance(error, NncliError) else repr(error)
        logger.exception("the run failed")
        run.folder.write_metrics(_metrics(run, "failed", history.rows, best, error=reason))
        raise
    return TrainingResult(run.folder.path, run.folder.model, metrics, history.rows)


def _fit(run: _Run, history: RecordHistory, best: KeepBestWeights, reporter: Reporter) -> None:
    from nncli.training.callbacks import ReportProgress, ShuffleEachEpoch

    settings = run.experiment.training
    split = run.dataset.splits["train"]
    validation = run.dataset.splits.get("validation")
    order = EpochOrder(len(split), run.experiment.seed)
    count = steps(len(split), settings.batch_size)
    compile_for_training(
        run.networks.trained,
        optimizers.build(run.experiment.optimizer),
        steps_per_execution=min(STEPS_PER_EXECUTION, count),
        jit_compile=False,
    )
    began = time.perf_counter()
    reporter.fit_started(FitPlan(settings.epochs, count, settings.batch_size, len(split)))
    try:
        run.networks.trained.fit(
            shuffled_batches(split, settings.batch_size, order),
            validation_data=ordered_batches(validation, VALIDATION_BATCH_SIZE)
            if validation
            else None,
            epochs=settings.epochs,
            shuffle=False,  # the batches are shuffled already
            verbose=0,
            callbacks=[
                ShuffleEachEpoch(order),
                history,
                best,
                ReportProgress(history, reporter),
            ],
        )
    finally:
        reporter.fit_ended()
        run.fit_seconds = time.perf_counter() - began


def _finish(
    run: _Run, rows: Sequence[EpochRow], best: KeepBestWeights, reporter: Reporter
) -> Metrics:
    """Save the kept epoch, evaluate it once on test, and write what is left to write."""
    best.restore(run.networks.trained)
    _save_model(run)
    test = None
    if "test" in run.dataset.splits:
        split = run.dataset.splits["test"]
        began = time.perf_counter()
        with reporter.task(f"Evaluating {len(split):,} test examples"):
            test = measure(answers(run.networks.answering, split), split.labels)
        run.evaluate_seconds = time.perf_counter() - began
    kept = int(best.row["epoch"] or 0) if best.row else None
    with reporter.task("Drawing"), open_atomically(run.folder.plot("learning_curves")) as path:
        title = f"{run.experiment.run_name}"
        draw_learning_curves(rows, path, title=title, best_epoch=kept)
    metrics = _metrics(run, "completed", rows, best, test=test)
    run.folder.write_metrics(metrics)
    return metrics


def _save_model(run: _Run) -> None:
    description = ModelDescription(
        nncli=nncli.__version__,
        inputs=run.dataset.inputs,
        target=run.dataset.target,
        image_size=run.dataset.image_size,
        experiment=run.experiment.model_dump(mode="json"),
    )
    archive.save(run.networks.saved, run.folder.model, description)


def _metrics(
    run: _Run,
    outcome: runs.Outcome,
    rows: Sequence[EpochRow] = (),
    best: KeepBestWeights | None = None,
    *,
    test: dict[str, float | None] | None = None,
    error: str | None = None,
) -> Metrics:
    row = best.row if best else None
    examples = len(rows) * len(run.dataset.splits["train"])
    return Metrics(
        outcome=outcome,
        name=run.experiment.run_name,
        train=_of_split(row, "train"),
        validation=_of_split(row, "validation"),
        test=test,
        kept_epoch=int(row["epoch"] or 0) if row else None,
        epochs=len(rows),
        monitor=best.monitor if best else None,
        parameters=int(run.networks.saved.count_params()),
        dataset=DatasetUsed(
            name=run.dataset.name,
            requested=run.requested,
            fallback=run.requested is None and run.dataset.name == "digits",
            examples={name: len(split) for name, split in run.dataset.splits.items()},
            classes=len(run.dataset.target.names),
        ),
        timing=Timing(
            total_seconds=time.perf_counter() - run.began,
            data_seconds=run.data_seconds,
            fit_seconds=run.fit_seconds or None,
            evaluate_seconds=run.evaluate_seconds or None,
            examples_per_second=examples / run.fit_seconds if run.fit_seconds else None,
        ),
        error=error,
    )


def _of_split(row: EpochRow | None, split: str) -> dict[str, float | None] | None:
    if row is None:
        return None
    prefix = f"{split}_"
    return {k.removeprefix(prefix): v for k, v in row.items() if k.startswith(prefix)} or None


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Send nncli's own log to `path` while the block runs."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=False)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
