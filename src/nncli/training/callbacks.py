"""What happens during `fit`: one small callback for each thing.

This file imports Keras at its top because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from nncli.data.pipelines import EpochOrder
from nncli.errors import TrainingError
from nncli.reporting import Reporter
from nncli.runs import EpochRow

__all__ = ["KeepBestWeights", "RecordHistory", "ReportProgress", "ShuffleEachEpoch"]


class ShuffleEachEpoch(keras.callbacks.Callback):
    """Tells the order of the training examples which epoch begins."""

    def __init__(self, order: EpochOrder) -> None:
        super().__init__()
        self.order = order

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.order.epoch = epoch


class RecordHistory(keras.callbacks.Callback):
    """Collects a row an epoch under nncli's names and hands each on; ends a run that diverged."""

    def __init__(self, on_row: Callable[[list[EpochRow]], None]) -> None:
        super().__init__()
        self.rows: list[EpochRow] = []
        self.on_row = on_row
        self.began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        row: dict[str, float | None] = {"epoch": epoch + 1}
        measured = {_named(name): _shortest(value) for name, value in (logs or {}).items()}
        for split in ("train_", "validation_"):
            names = [name for name in measured if name.startswith(split)]
            row |= {name: measured[name] for name in sorted(names, key=_loss_first)}
        row["learning_rate"] = _shortest(self.model.optimizer.learning_rate)
        row["seconds"] = round(time.perf_counter() - self.began, 3)
        self.rows.append(row)
        self.on_row(self.rows)
        if row["train_loss"] is None:
            raise TrainingError(
                f"The loss is not a finite number any more (epoch {epoch + 1}).",
                hint="A smaller learning rate usually helps: try --learning-rate "
                f"{min((row['learning_rate'] or 0.1) / 10, 0.01):g}",
            )


class KeepBestWeights(keras.callbacks.Callback):
    """Keeps a copy of the weights of the epoch with the best value of `monitor`.

    Accuracies are best when highest, everything else when lowest; of equal epochs the first is
    kept. Reads the rows of `history`, and so comes after it.
    """

    def __init__(self, history: RecordHistory, monitor: str) -> None:
        super().__init__()
        self.history = history
        self.monitor = monitor
        self.sign = -1.0 if monitor.endswith("accuracy") else 1.0
        self.best = math.inf
        self.weights: list[Any] | None = None
        self.row: EpochRow | None = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        row = self.history.rows[-1]
        value = row[self.monitor]
        if value is not None and self.sign * value < self.best:
            self.best = self.sign * value
            self.weights = self.model.get_weights()
            self.row = row

    def restore(self, model: Any) -> None:
        """Put the kept weights into `model`."""
        if self.weights is not None:
            model.set_weights(self.weights)


class ReportProgress(keras.callbacks.Callback):
    """Tells a `Reporter` about epochs and steps. Reads the rows of `history`."""

    def __init__(self, history: RecordHistory, reporter: Reporter) -> None:
        super().__init__()
        self.history = history
        self.reporter = reporter

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.reporter.epoch_started(epoch + 1)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        values = {_named(name): float(value) for name, value in (logs or {}).items()}
        self.reporter.step_ended(batch + 1, values)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.reporter.epoch_ended(epoch + 1, self.history.rows[-1])


def _named(keras_name: str) -> str:
    if keras_name.startswith("val_"):
        return f"validation_{keras_name.removeprefix('val_')}"
    return f"train_{keras_name}"


def _loss_first(name: str) -> tuple[bool, str]:
    return not name.endswith("_loss"), name


def _shortest(value: Any) -> float | None:
    """A float32 as the shortest decimal that means it (0.001, not 0.0010000000474974513)."""
    import numpy as np

    number = float(str(np.float32(value)))
    return number if math.isfinite(number) else None
