"""`fit`, from the beginning or from a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from nncli import optimizers
from nncli.config import Experiment
from nncli.data.mixing import Mixing, mixed_classes
from nncli.data.pipelines import EpochOrder, steps
from nncli.descriptions import Target
from nncli.inference.answering import batch_size_for
from nncli.objectives import compile_for_training, metric_names
from nncli.optimizers.schedules import ReduceOnPlateau
from nncli.reporting import FitPlan, Reporter
from nncli.training import checkpoints, state
from nncli.training.checkpoints import Checkpoint
from nncli.training.memory import explained_exhaustion
from nncli.training.phases import Phase, phases_of
from nncli.training.run import Run
from nncli.training.stopping import StopRequest

if TYPE_CHECKING:
    from nncli.training.callbacks import Position, SaveCheckpoints

__all__ = ["compile_network", "fit", "position_of"]


def position_of(run: Run, checkpoint: Checkpoint | None) -> Position:
    """Where the training of `run` begins."""
    from nncli.training.callbacks import Position

    count = steps(len(run.dataset.splits["train"]), run.experiment.training.examples_per_step)
    if checkpoint is None:
        return Position(count)
    return Position(
        count,
        epoch=checkpoint.epoch,
        step=checkpoint.step,
        first_step=checkpoint.step,
        rows=list(checkpoint.rows),
        best_weights=list(checkpoint.arrays["best"]),
        seconds_before=checkpoint.fit_seconds,
        epoch_seconds=checkpoint.epoch_seconds,
    )


def fit(
    run: Run,
    position: Position,
    checkpoint: Checkpoint | None,
    request: StopRequest,
    reporter: Reporter,
) -> Literal["completed", "stopped_early"]:
    """Train the networks of `run` from `position` on, and leave them with their best weights.

    A resumed training calls Keras's `fit` twice: for what is left of the broken epoch, and for the
    epochs behind it. One `fit` with a shorter first epoch is not the same on TensorFlow.
    """
    from nncli.training.averaging import take_averages
    from nncli.training.callbacks import SaveCheckpoints, TimeIsUp

    settings = run.experiment.training
    model = run.networks.trained
    batch_size = min(settings.examples_per_step, len(run.dataset.splits["train"]))
    phases = phases_of(run.experiment)
    order = EpochOrder(len(run.dataset.splits["train"]), run.experiment.seed)
    ended_by: str | None = None
    reporter.fit_started(
        FitPlan(
            settings.epochs,
            position.steps,
            settings.examples_per_step,
            len(run.dataset.splits["train"]),
            resumed_at=(position.epoch, position.step) if checkpoint else None,
            monitor=run.monitor.column,
        )
    )
    saving = SaveCheckpoints(
        position,
        lambda moment: checkpoints.save(run.folder.checkpoints, moment),
        settings.checkpoint_minutes,
    )
    try:
        for phase in phases:
            if phase.end <= position.epoch:
                continue
            phase.prepare(model)
            compile_network(model, phase.experiment, position.steps, run.dataset.target, run.mixing)
            if phase.begin and phase.begin == position.epoch and not position.step:
                rate = phase.experiment.optimizer.learning_rate
                reporter.notice(f"Fine-tuning: all layers learn now, at a rate of {rate:g}.")
            callbacks = _callbacks(
                run, phase, position, order, checkpoint, saving, request, reporter
            )
            checkpoint = None  # put back once
            if _fit_phase(run, phase, position, order, callbacks, batch_size):
                ended_by = f"training.early_stopping: {run.monitor.column} improves no more"
                break
        request.follow()
    except TimeIsUp:
        ended_by = "training.max_minutes: the time is up"
    finally:
        reporter.fit_ended()
        run.fit_seconds = position.fit_seconds
    if position.best_weights:
        model.set_weights(position.best_weights)
    elif run.experiment.optimizer.use_ema:  # no epoch is complete
        take_averages(model)
    if ended_by is None:
        return "completed"
    reporter.notice(f"Ended by {ended_by}.")
    return "stopped_early"


def _fit_phase(
    run: Run,
    phase: Phase,
    position: Position,
    order: EpochOrder,
    callbacks: list[Any],
    batch_size: int,
) -> bool:
    """Train the epochs of `phase` that are left; whether it was ended by `early_stopping`."""
    from nncli.training.averaging import ValidateAverages
    from nncli.training.tracing import TraceSteps

    model = run.networks.trained
    try:
        while position.epoch < phase.end:
            if _has_stalled(run, phase, position):
                return True
            until = position.epoch + 1 if position.first_step else phase.end
            with explained_exhaustion(model, batch_size), run.feed.reading():
                model.fit(
                    _train_batches(run, order, position.first_step),
                    validation_data=_validation_batches(run),
                    initial_epoch=position.epoch,
                    epochs=until,
                    shuffle=False,  # the batches are shuffled already
                    verbose=0,
                    callbacks=callbacks,
                )
    finally:
        for callback in callbacks:
            if isinstance(callback, TraceSteps):  # an interruption may have cut it off
                callback.stop()
    for callback in callbacks:
        if isinstance(callback, ValidateAverages) and not phase.is_last:
            callback.end_fit()
    return False


def _has_stalled(run: Run, phase: Phase, position: Position) -> bool:
    """Whether `early_stopping` ends the training: it watches the last phase alone, for what was
    learned first is meant to be surpassed."""
    settings = run.experiment.training.early_stopping
    rows = phase.rows_of(position.rows)
    return phase.is_last and run.monitor.has_stalled(rows, settings)


def compile_network(
    model: Any,
    experiment: Experiment,
    steps_per_epoch: int,
    target: Target,
    mixing: Mixing | None,
) -> None:
    """Compile the trained network as `experiment` says, what is `auto` in it being decided, and
    create all its variables."""
    from nncli.training.loss_tracking import count_broken_steps

    settings = experiment.training
    mixed = mixed_classes(mixing) is not None
    optimizer = optimizers.build(
        experiment.optimizer,
        steps_per_epoch=steps_per_epoch,
        epochs=settings.epochs,
        clipnorm=settings.clipnorm,
        clipvalue=settings.clipvalue,
        global_clipnorm=settings.global_clipnorm,
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
    )
    compile_for_training(
        model,
        optimizer,
        target,
        loss=settings.loss,
        metrics=settings.metrics,
        mixed=mixed,
        steps_per_execution=settings.steps_per_execution,
        jit_compile=settings.jit_compile is True or settings.backend == "jax",
    )
    count_broken_steps(model)
    state.build_all(model, target, mixed=mixed)


def _callbacks(
    run: Run,
    phase: Phase,
    position: Position,
    order: EpochOrder,
    checkpoint: Checkpoint | None,
    saving: SaveCheckpoints,
    request: StopRequest,
    reporter: Reporter,
) -> list[Any]:
    from keras.callbacks import LambdaCallback

    from nncli.training import callbacks as ours
    from nncli.training import tracing
    from nncli.training.averaging import ValidateAverages

    settings = run.experiment.training
    rate = phase.experiment.optimizer.learning_rate
    default = optimizers.default_rate(run.experiment.optimizer)
    found: list[Any] = [ours.FollowPosition(position, order)]
    if checkpoint is not None:
        epoch, step = checkpoint.epoch, checkpoint.step
        found.append(ours.RestoreState(phase.arrays_of(checkpoint.arrays, epoch=epoch, step=step)))
    measured = metric_names(run.dataset.target, settings.metrics)
    averages = run.experiment.optimizer.use_ema
    if averages:
        found.append(ValidateAverages())
    found += [
        ours.WatchLoss(position, default),
        ours.RecordHistory(position, measured, run.folder.write_history),
        ours.KeepBestWeights(position, run.monitor, averages=averages),
    ]
    if settings.early_stopping is not None:
        found.append(ours.StopEarly(lambda: _has_stalled(run, phase, position)))
    if isinstance(rate, ReduceOnPlateau):
        found.append(ours.LowerOnPlateau(position, run.monitor, rate, default))
    if settings.tensorboard:
        found.append(tracing.WriteTensorBoard(position, run.folder.tensorboard))
    if settings.profile and (checkpoint is not None or not phase.begin):  # the first steps
        found.append(tracing.TraceSteps(run.folder.profile))
    found += [ours.ReportProgress(position, metric_names(run.dataset.target), reporter), saving]
    if (mlflow := run.mlflow) is not None:  # behind the checkpoint, which waits for no server
        found.append(LambdaCallback(on_epoch_end=lambda epoch, logs: mlflow.follow(position.rows)))
    if settings.max_minutes is not None:
        found.append(ours.EndInTime(saving, settings.max_minutes))
    found.append(ours.StopWhenAsked(saving, request))
    return found


def _train_batches(run: Run, order: EpochOrder, first_step: int) -> Any:
    return run.feed.shuffled(
        run.encoded.splits["train"],
        run.experiment.training.examples_per_step,
        order,
        first_step=first_step,
        class_weights=run.class_weights,
        mixing=run.mixing,
    )


def _validation_batches(run: Run) -> Any:
    split = run.encoded.splits.get("validation")
    if not split:
        return None
    size = batch_size_for(run.networks.answering)
    return run.feed.ordered(split, size, classes=mixed_classes(run.mixing))
