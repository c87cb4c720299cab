"""What is written for other tools: rows for TensorBoard, a trace of the first steps.

This file imports Keras at its top because it subclasses it; it is itself imported lazily.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from nncli.training.callbacks import Position

__all__ = ["TraceSteps", "WriteTensorBoard"]

# Executions that are traced: the first one compiles and is left out.
TRACED = range(1, 6)


class WriteTensorBoard(keras.callbacks.Callback):
    """Writes each row of the history as scalars, one line a split, into `folder`.

    Uses TensorFlow's summaries, on JAX too.
    """

    def __init__(self, position: Position, folder: Path) -> None:
        super().__init__()
        self.position = position
        self.folder = folder
        self.writers: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        import tensorflow as tf

        for name, value in self.position.rows[-1].items():
            if name == "epoch" or value is None:
                continue
            split, _, metric = name.partition("_")
            of_split = split in ("train", "validation")
            with self._writer(split if of_split else "train").as_default():
                tf.summary.scalar(metric if of_split else name, value, step=epoch + 1)
        for writer in self.writers.values():
            writer.flush()

    def _writer(self, split: str) -> Any:
        import tensorflow as tf

        if split not in self.writers:
            self.writers[split] = tf.summary.create_file_writer(str(self.folder / split))
        return self.writers[split]


class TraceSteps(keras.callbacks.Callback):
    """Writes a trace of some executions into `folder`, with the profiler of the Keras backend."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.executions = 0
        self.is_tracing = False

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.executions == TRACED.start and not self.is_tracing:
            self.folder.mkdir(parents=True, exist_ok=True)
            _profiler().start_trace(str(self.folder))
            self.is_tracing = True

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self.executions += 1
        if self.executions >= TRACED.stop:
            self.stop()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.model.stop_training or epoch + 1 >= self.params["epochs"]:
            self.stop()

    def stop(self) -> None:
        """End the trace, if one is being made: a process has one profiler."""
        if self.is_tracing:
            _profiler().stop_trace()
            self.is_tracing = False


class _TensorFlowProfiler:
    """TensorFlow's profiler under the names of JAX's."""

    @staticmethod
    def start_trace(folder: str) -> None:
        import tensorflow as tf

        tf.profiler.experimental.start(folder)

    @staticmethod
    def stop_trace() -> None:
        import tensorflow as tf

        tf.profiler.experimental.stop()


def _profiler() -> Any:
    if keras.config.backend() == "jax":
        import jax

        return jax.profiler
    return _TensorFlowProfiler
