"""Running an experiment: prepare, fit, save, evaluate, write it all down."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nncli
from nncli import runs
from nncli.config import Experiment, Layer, load_experiment
from nncli.config.comparing import differences, shown
from nncli.config.explaining import dotted
from nncli.errors import (
    InterruptedRunError,
    NncliError,
    NotFoundError,
    StorageError,
    Terminated,
    UsageError,
)
from nncli.files import shown_path, storage_errors, typed_path
from nncli.inference.out_of_fold import FoldAnswers
from nncli.reporting import Reporter, SilentReporter, counted
from nncli.runs import EpochRow, Metrics, RunFolder
from nncli.training import checkpoints
from nncli.training.checkpoints import Checkpoint
from nncli.training.fitting import fit, position_of
from nncli.training.fold_report import write_fold_report
from nncli.training.folds import is_cross_validation, train_folds
from nncli.training.mlflow_runs import checked_store, followed, is_missing
from nncli.training.preparing import Prepared, prepare
from nncli.training.run import Run
from nncli.training.stopping import stop_requests

if TYPE_CHECKING:
    from nncli.training.callbacks import Position

__all__ = ["TrainingResult", "resume", "train"]

# What a resumed run may have different: it changes how long the run goes on, not what it computes.
MAY_CHANGE = ("training.epochs", "training.max_minutes", "training.checkpoint_minutes")
# And what changes neither: a finished run that differs here alone is still finished.
FOLLOWING = "training.mlflow"

logger = logging.getLogger("nncli")


@dataclass(frozen=True)
class TrainingResult:
    """What a run left behind.

    A cross-validation has no model and no history of its own: those are in `folds`, and its
    metrics are their means. Of a fold, `tested` is what it said about its part of the data; None
    if it was trained before.
    """

    folder: Path
    model_path: Path | None
    metrics: Metrics
    history: Sequence[EpochRow]
    folds: Sequence[TrainingResult] = ()
    tested: FoldAnswers | None = field(default=None, repr=False)


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
        InterruptedRunError: Ctrl-C or SIGTERM; `resume` goes on where the run was.
    """
    began = time.perf_counter()
    reporter = reporter or SilentReporter()
    experiment = _experiment(experiment)
    place = Path(runs_dir), Path(run_dir) if run_dir is not None else None
    runs.check_place(*place)
    checked_store(experiment)
    recorded = _Recorded(
        experiment.dataset.label if experiment.names_dataset else None, command or sys.argv
    )
    if is_cross_validation(experiment):
        first = _prepared(experiment.of_fold(1), reporter)
        dataset = first.experiment.of_all_folds().dataset
        resolved = experiment.resolved(dataset).with_batch_size(
            first.experiment.training.examples_per_step  # the same for folds of different sizes
        )
        folder = runs.create(place[0], resolved.run_name, run_dir=place[1])

        def train_fold(fold: int, own: RunFolder) -> TrainingResult:
            prepared = first
            if fold > 1:
                prepared = _prepared(resolved.of_fold(fold), reporter)
            own = runs.create(folder.path, own.path.name, run_dir=own.path)
            return _train_in(own, prepared, recorded, time.perf_counter(), reporter)

        return _cross_validate(resolved, folder, train_fold, recorded, began, first, reporter)
    prepared = _prepared(experiment, reporter)
    folder = runs.create(place[0], prepared.experiment.run_name, run_dir=place[1])
    return _train_in(folder, prepared, recorded, began, reporter)


def _prepared(experiment: Experiment, reporter: Reporter) -> Prepared:
    """Everything that is loaded and built, and found to fit into memory."""
    prepared = prepare(experiment, reporter)
    prepared.check_memory()
    return prepared


@dataclass(frozen=True)
class _Recorded:
    """What a run says of how it was begun: the dataset that was asked for, and the command."""

    requested: str | None
    command: Sequence[str]


def _train_in(
    folder: RunFolder, prepared: Prepared, recorded: _Recorded, began: float, reporter: Reporter
) -> TrainingResult:
    """Train what was prepared, in a new run folder."""
    run = prepared.started(folder, recorded.requested, began)
    with folder.locked(), _logging_to(folder.log):
        reporter.run_started(folder.path, folder.log)
        folder.write_config(run.experiment, nncli.__version__)
        folder.write_environment(recorded.command)
        return _fit_and_finish(run, None, reporter)


def _cross_validate(
    experiment: Experiment,
    folder: RunFolder,
    train_fold: Callable[[int, RunFolder], TrainingResult],
    recorded: _Recorded,
    began: float,
    first: Prepared | None,
    reporter: Reporter,
) -> TrainingResult:
    """Train every fold inside `folder`, each as a run of its own; `first` is what the first one is
    trained with, if it is trained here."""
    with folder.locked():
        reporter.run_started(folder.path, folder.log)
        folder.write_config(experiment, nncli.__version__)
        folder.write_environment(recorded.command)
        with followed(folder, experiment, reporter):
            metrics, results = train_folds(
                experiment, folder, train_fold, began=began, reporter=reporter
            )
            with _logging_to(folder.log):
                write_fold_report(folder, experiment, metrics, results, first, reporter)
    return TrainingResult(folder.path, None, metrics, [], results)


def resume(
    run: Path | str,
    *layers: Layer,
    files: Sequence[Path] = (),
    reporter: Reporter | None = None,
    command: Sequence[str] | None = None,
) -> TrainingResult:
    """Continue a run that was interrupted or killed, as if nothing had happened.

    Args:
        run: the run folder.
        layers: changes to its experiment; only what makes it longer is allowed.
        files: as `layers`, in YAML files, which lie below them.
        reporter: told what is going on; default: nobody.
        command: recorded in `environment.json`; default: this process's own.

    Returns:
        As `train`. A run that is finished is returned as it is.

    Raises:
        NotFoundError: there is no such run.
        UsageError: the run is still running, or its experiment would be another.
        TrainingError, DataError, StorageError, InterruptedRunError: as `train`.
    """
    began = time.perf_counter()
    reporter = reporter or SilentReporter()
    folder = RunFolder(Path(run))
    if not folder.config.is_file():
        raise NotFoundError(
            f"{folder.path} is no run that could be resumed: it has no config.yaml.",
            hint="A run that was killed before it wrote one has done nothing yet: start it anew.",
        )
    before = load_experiment([folder.config])
    experiment = load_experiment([folder.config, *files], *layers)
    changed = _check_changes(before, experiment)
    if is_cross_validation(experiment):
        checked_store(experiment, folder)
        recorded = _Recorded(experiment.dataset.label, command or sys.argv)

        def go_on(fold: int, own: RunFolder) -> TrainingResult:
            if own.config.is_file():
                return resume(own.path, *layers, files=files, reporter=reporter, command=command)
            prepared = _prepared(experiment.of_fold(fold), reporter)
            with storage_errors(own.path):
                own.path.mkdir(exist_ok=True)
            return _train_in(own, prepared, recorded, time.perf_counter(), reporter)

        return _cross_validate(experiment, folder, go_on, recorded, began, None, reporter)
    with folder.locked():
        metrics = folder.read_metrics()
        if metrics is not None and metrics.is_finished and not changed:
            if is_missing(folder, experiment):
                checked_store(experiment, folder)
                folder.write_config(experiment, nncli.__version__)
                with _logging_to(folder.log), followed(folder, experiment, reporter):
                    pass  # it happened already
            reporter.notice(
                f"{shown_path(folder.path)} is finished ({counted(metrics.epochs or 0, 'epoch')}): "
                "there is nothing left to do."
            )
            return TrainingResult(folder.path, folder.model, metrics, folder.read_history())
        checked_store(experiment, folder)
        found = checkpoints.newest(folder.checkpoints)
        for path in found.damaged:
            reporter.warning(f"{shown_path(path)} is damaged and left out.")
        requested = metrics.dataset.requested if metrics else experiment.dataset.label
        prepared = _prepared(experiment, reporter)
        trained_before = found.checkpoint.fit_seconds if found.checkpoint else 0.0
        started = prepared.started(folder, requested, began - trained_before)
        with _logging_to(folder.log):
            reporter.run_started(folder.path, folder.log)
            folder.write_config(started.experiment, nncli.__version__)
            folder.write_environment(command or sys.argv)
            if found.checkpoint is None:
                which = "whole" if found.damaged else "there yet"
                reporter.notice(f"No checkpoint is {which}: the run begins anew.")
            return _fit_and_finish(started, found.checkpoint, reporter)


def _check_changes(before: Experiment, wanted: Experiment) -> bool:
    """Whether the training differs; raises where it is more than a run may go on with."""
    changes = {
        dotted(key): pair
        for key, *pair in differences(before, wanted)
        if not dotted(key).startswith(FOLLOWING)
    }
    refused = {key: pair for key, pair in changes.items() if key not in MAY_CHANGE}
    if refused:
        lines = (
            (key, *(shown(value, lacking="nothing") for value in pair))
            for key, pair in refused.items()
        )
        listed = "\n".join(f"  {key}: {old} in the run, {new} now" for key, old, new in lines)
        raise UsageError(
            f"A resumed run has the experiment that it began with; this one differs:\n{listed}",
            hint="Leave it as it was (--epochs may grow), or start a new run.",
        )
    epochs = before.training.epochs
    if wanted.training.epochs < epochs:
        raise UsageError(
            f"The run is one of {counted(epochs, 'epoch')}: it can only become longer."
        )
    return bool(changes)


def _experiment(value: Experiment | Mapping[str, Any] | Path | str | None) -> Experiment:
    match value:
        case Experiment():
            return value
        case str() | Path():
            return load_experiment([Path(value)])
        case _:
            return load_experiment([], Layer(value or {}))


def _fit_and_finish(run: Run, checkpoint: Checkpoint | None, reporter: Reporter) -> TrainingResult:
    position = position_of(run, checkpoint)
    running = run.metrics("running", position.rows)
    if run.folder.read_metrics() is None:  # a run from here on, however long MLflow takes
        run.folder.write_metrics(running)
    with followed(run.folder, run.experiment, reporter) as run.mlflow:
        run.folder.write_metrics(running)  # until it goes on, a run has the outcome that it had
        return _to_the_end(run, position, checkpoint, reporter)


def _to_the_end(
    run: Run, position: Position, checkpoint: Checkpoint | None, reporter: Reporter
) -> TrainingResult:
    """Fit and finish; however that ends, `metrics.json` has the outcome."""
    rows = position.rows
    try:
        with stop_requests() as request:
            outcome = fit(run, position, checkpoint, request, reporter)
        metrics = run.finish(rows, outcome, reporter)
    except KeyboardInterrupt as signal:
        exit_code = 143 if isinstance(signal, Terminated) else 130
        run.folder.write_metrics(run.metrics("interrupted", rows))
        if position.best_weights:
            run.networks.trained.set_weights(position.best_weights)
            run.save_model()
        done = f"{counted(len(rows), 'epoch')} of {run.experiment.training.epochs:,} done"
        raise InterruptedRunError(
            f"Stopped by {'SIGTERM' if exit_code == 143 else 'Ctrl-C'}: {done}.",
            exit_code=exit_code,
            hint=f"Go on with: {_resume_command(run)}",
        ) from None
    except BaseException as error:  # swallows nothing: noted in metrics.json, and raised again
        reason = error.message if isinstance(error, NncliError) else repr(error)
        logger.exception("the run failed")
        run.folder.write_metrics(run.metrics("failed", rows, error=reason))
        if (
            isinstance(error, StorageError)
            and checkpoints.newest(run.folder.checkpoints).checkpoint
        ):
            advice = [error.hint, f"Then go on with: {_resume_command(run)}"]
            hint = "\n".join(line for line in advice if line)
            raise StorageError(error.message, hint=hint) from error
        raise
    return TrainingResult(run.folder.path, run.folder.model, metrics, rows, tested=run.tested)


def _resume_command(run: Run) -> str:
    return f"nncli train --resume {typed_path(run.folder.path)}"


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
