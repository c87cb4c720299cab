"""What happens during `fit`: one small callback for each thing.

They come in the order of this file: each may rely on what those before it have done. None of them
uses the beginning or the end of `fit`, of which a resumed training has two.

This file imports Keras at its top because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import keras

from nncli.data.pipelines import EpochOrder
from nncli.errors import TrainingError
from nncli.optimizers.schedules import ReduceOnPlateau, initial_rate, rate_of_step
from nncli.reporting import Reporter
from nncli.runs import EpochRow
from nncli.training import state
from nncli.training.averaging import averaged
from nncli.training.checkpoints import Arrays, Checkpoint
from nncli.training.loss_tracking import broken_steps
from nncli.training.monitoring import Monitor
from nncli.training.stopping import StopRequest

__all__ = [
    "EndInTime",
    "FollowPosition",
    "KeepBestWeights",
    "LowerOnPlateau",
    "Position",
    "RecordHistory",
    "ReportProgress",
    "RestoreState",
    "SaveCheckpoints",
    "StopEarly",
    "StopWhenAsked",
    "TimeIsUp",
    "WatchLoss",
]

# Writing checkpoints may cost this share of the training time.
CHECKPOINT_COST = 0.02
# A request to stop that comes during a validation waits for its end, but no longer than this.
VALIDATION_PATIENCE_SECONDS = 10.0


class TimeIsUp(Exception):  # noqa: N818 (no error: the training ends as it was told to)
    """Ends `fit` after `max_minutes`."""


@dataclass
class Position:
    """Where a training is, and what it has to show.

    Attributes:
        steps: steps of a whole epoch.
        epoch: complete epochs.
        step: steps of the running epoch that are done.
        first_step: the step of the running epoch at which this process began.
        rows: the history.
        best_weights: weights of the best epoch so far; empty before the first.
        seconds_before: time that earlier processes spent in `fit`.
        epoch_seconds: the part of it that they spent in the running epoch.
    """

    steps: int
    epoch: int = 0
    step: int = 0
    first_step: int = 0
    rows: list[EpochRow] = field(default_factory=list)
    best_weights: list[Any] = field(default_factory=list)
    seconds_before: float = 0.0
    epoch_seconds: float = 0.0
    began: float = field(default_factory=time.perf_counter)
    epoch_began: float = 0.0

    @property
    def fit_seconds(self) -> float:
        """Time spent in `fit`, that of earlier processes included."""
        return self.seconds_before + time.perf_counter() - self.began

    def checkpoint(self, model: Any) -> Checkpoint:
        """This moment, with everything that `model` holds."""
        running = time.perf_counter() - self.epoch_began if self.step else 0.0
        arrays = {**state.snapshot(model), "best": self.best_weights}
        if not self.step:
            del arrays["metrics"]  # those of the validation, if anything: an epoch begins without
        return Checkpoint(
            self.epoch,
            self.step,
            tuple(self.rows),
            self.fit_seconds,
            self.epoch_seconds + running if self.step else 0.0,
            arrays,
        )


class FollowPosition(keras.callbacks.Callback):
    """Counts epochs and steps, and tells the order of the examples which epoch begins.

    Keras counts whole executions, beyond the end of an epoch, and from 0 in a resumed epoch.
    """

    def __init__(self, position: Position, order: EpochOrder) -> None:
        super().__init__()
        self.position = position
        self.order = order

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.order.epoch = epoch
        self.position.epoch = epoch
        self.position.step = self.position.first_step
        self.position.epoch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        position = self.position
        position.step = min(position.first_step + batch + 1, position.steps)


class RestoreState(keras.callbacks.Callback):
    """Puts the state of a checkpoint back, once, where `fit` has just reset the metrics."""

    def __init__(self, arrays: Arrays) -> None:
        super().__init__()
        self.arrays: Arrays | None = arrays

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.arrays is not None:
            state.restore(self.model, self.arrays)
            self.arrays = None


class WatchLoss(keras.callbacks.Callback):
    """Ends a training whose loss is no number any more, before anything of it is kept.

    `default_rate` is the learning rate that the optimizer has unless it is told another.
    """

    def __init__(self, position: Position, default_rate: float) -> None:
        super().__init__()
        self.position = position
        self.default_rate = default_rate

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        if math.isfinite((logs or {}).get("loss", 0.0)):
            return
        step = self.position.step + 1 - broken_steps(self.model)
        rate = float(_shortest(self.model.optimizer.learning_rate) or 0.1)
        smaller = min(rate / 10, self.default_rate)
        raise TrainingError(
            "The loss is not a finite number any more "
            f"(epoch {self.position.epoch + 1}, step {step:,}).",
            hint="A smaller learning rate usually helps: try --learning-rate "
            f"{smaller:g}. So do --set training.clipnorm=1, and a look at the data for values that "
            "are huge or missing.",
        )


class RecordHistory(keras.callbacks.Callback):
    """Adds a row an epoch under nncli's names, in the order of `metrics`, and hands all on."""

    def __init__(
        self,
        position: Position,
        metrics: Sequence[str],
        on_rows: Callable[[list[EpochRow]], None],
    ) -> None:
        super().__init__()
        self.position = position
        self.metrics = metrics
        self.on_rows = on_rows

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        row: dict[str, float | None] = {"epoch": epoch + 1}
        measured = {_named(name): _shortest(value) for name, value in (logs or {}).items()}
        for split in ("train_", "validation_"):
            names = [f"{split}{metric}" for metric in self.metrics]
            row |= {name: measured[name] for name in names if name in measured}
        position = self.position
        last_step = (epoch + 1) * position.steps - 1
        row["learning_rate"] = _shortest(rate_of_step(self.model.optimizer, last_step))
        seconds = position.epoch_seconds + time.perf_counter() - position.epoch_began
        row["seconds"] = round(seconds, 3)
        position.rows.append(row)
        position.epoch, position.step, position.first_step = epoch + 1, 0, 0
        position.epoch_seconds = 0.0
        self.on_rows(position.rows)


class KeepBestWeights(keras.callbacks.Callback):
    """Keeps a copy of the weights of the best epoch, or of their `averages`."""

    def __init__(self, position: Position, monitor: Monitor, *, averages: bool) -> None:
        super().__init__()
        self.position = position
        self.monitor = monitor
        self.averages = averages

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        rows = self.position.rows
        if self.monitor.best(rows) is rows[-1]:
            with averaged(self.model) if self.averages else nullcontext():
                self.position.best_weights = state.values(self.model.weights)


class StopEarly(keras.callbacks.Callback):
    """Ends the training when the monitored metric has stalled, as `has_stalled` says it has."""

    def __init__(self, has_stalled: Callable[[], bool]) -> None:
        super().__init__()
        self.has_stalled = has_stalled

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.has_stalled():
            self.model.stop_training = True


class LowerOnPlateau(keras.callbacks.Callback):
    """Lowers the learning rate when the monitored metric has stalled."""

    def __init__(
        self, position: Position, monitor: Monitor, settings: ReduceOnPlateau, default: float
    ) -> None:
        super().__init__()
        self.position = position
        self.monitor = monitor
        self.settings = settings
        self.initial = initial_rate(settings, default)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        count = self.monitor.reductions(self.position.rows, self.settings)
        rate = max(self.initial * self.settings.factor**count, self.settings.min_learning_rate)
        self.model.optimizer.learning_rate = min(rate, self.initial)


class ReportProgress(keras.callbacks.Callback):
    """Tells a `Reporter` about epochs, and about steps what `metrics` are."""

    def __init__(self, position: Position, metrics: Sequence[str], reporter: Reporter) -> None:
        super().__init__()
        self.position = position
        self.metrics = metrics
        self.reporter = reporter

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.reporter.epoch_started(epoch + 1)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        logs = logs or {}
        values = {_named(name): float(logs[name]) for name in self.metrics if name in logs}
        self.reporter.step_ended(self.position.step, values)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.reporter.epoch_ended(epoch + 1, self.position.rows[-1])


class SaveCheckpoints(keras.callbacks.Callback):
    """Hands a checkpoint to `save` after every epoch, and inside epochs that last long.

    After an epoch it is left out where saving would cost more than its share of the training time
    so far (`CHECKPOINT_COST`); the first and the last epoch and every `minutes` always have one.
    """

    def __init__(
        self, position: Position, save: Callable[[Checkpoint], None], minutes: float
    ) -> None:
        super().__init__()
        self.position = position
        self.save = save
        self.interval = 60 * minutes
        self.began = self.saved = time.perf_counter()
        self.seconds = self.longest = 0.0

    def write(self) -> None:
        """Save this moment, and remember what that cost."""
        now = time.perf_counter()
        self.save(self.position.checkpoint(self.model))
        self.saved = time.perf_counter()
        self.longest = max(self.longest, self.saved - now)
        self.seconds += self.saved - now

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        whole = self.position.step >= self.position.steps  # then the end of the epoch is near
        if time.perf_counter() - self.saved >= self.interval and not whole:
            self.write()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        now = time.perf_counter()
        affordable = self.seconds + self.longest <= CHECKPOINT_COST * (now - self.began)
        last = self.model.stop_training or epoch + 1 >= self.params["epochs"]
        if not self.seconds or affordable or last or now - self.saved >= self.interval:
            self.write()


class EndInTime(keras.callbacks.Callback):
    """Ends the training after `minutes`, with a checkpoint from which it could go on."""

    def __init__(self, checkpoints: SaveCheckpoints, minutes: float) -> None:
        super().__init__()
        self.checkpoints = checkpoints
        self.seconds = 60 * minutes

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        position = self.checkpoints.position
        if position.step < position.steps:  # a whole epoch is validated first
            self.on_epoch_end(batch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.checkpoints.position.fit_seconds >= self.seconds:
            self.checkpoints.write()
            raise TimeIsUp


class StopWhenAsked(keras.callbacks.Callback):
    """Follows a request to stop after the running step, with a checkpoint.

    During a validation it waits for the end of it: a checkpoint cannot lie between the last step
    of an epoch and its row. If that takes long, the last checkpoint has to do.
    """

    def __init__(self, checkpoints: SaveCheckpoints, request: StopRequest) -> None:
        super().__init__()
        self.checkpoints = checkpoints
        self.request = request

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        position = self.checkpoints.position
        if position.step < position.steps:
            self.on_epoch_end(batch)

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.request.waiting_seconds > VALIDATION_PATIENCE_SECONDS:
            self.request.follow()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.request:
            self.checkpoints.write()
            self.request.follow()


def _named(keras_name: str) -> str:
    if keras_name.startswith("val_"):
        return f"validation_{keras_name.removeprefix('val_')}"
    return f"train_{keras_name}"


def _shortest(value: Any) -> float | None:
    """A float32 as the shortest decimal that means it (0.001, not 0.0010000000474974513)."""
    import numpy as np

    number = float(str(np.float32(value)))
    return number if math.isfinite(number) else None
