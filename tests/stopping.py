"""Whoever stops a training from inside: Ctrl-C or another signal, at a certain moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import AbstractContextManager

from nncli.reporting import Task
from recording import RecordingReporter

__all__ = ["Stopping"]


class Stopping(RecordingReporter):
    """Sends a signal to this process after so many calls of `step_ended` or `epoch_ended`, or when
    a task begins whose description begins with `task`; keeps what it was told."""

    def __init__(
        self,
        *,
        steps: int = 0,
        epochs: int = 0,
        task: str | None = None,
        number: int = signal.SIGINT,
        times: int = 1,
    ) -> None:
        super().__init__()
        self.left = {"step": steps, "epoch": epochs}
        self.awaited = task
        self.number = number
        self.times = times

    def count(self, what: str) -> None:
        self.left[what] -= 1
        if self.left[what] == 0:
            self.stop()

    def stop(self) -> None:
        for _ in range(self.times):
            os.kill(os.getpid(), self.number)

    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> AbstractContextManager[Task]:
        if self.awaited is not None and description.startswith(self.awaited):
            self.stop()
        return super().task(description, total=total, unit=unit)

    def step_ended(self, step: int, values: Mapping[str, float]) -> None:
        self.count("step")

    def epoch_ended(self, epoch: int, values: Mapping[str, float | None]) -> None:
        self.count("epoch")
