"""How long work tells its progress: the library calls a `Reporter` and never prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

__all__ = ["FitPlan", "Reporter", "SilentReporter", "Task", "counted", "listed"]

SHOWN = 8


@dataclass(frozen=True)
class FitPlan:
    """What a training is going to do: counts, not settings.

    The best epoch by the column `monitor` is kept. A resumed run goes on at `resumed_at`: the
    epochs, and the steps of the next, behind it already.
    """

    epochs: int
    steps_per_epoch: int
    batch_size: int
    examples: int
    resumed_at: tuple[int, int] | None = None
    monitor: str = "validation_loss"

    @property
    def complete_epochs(self) -> int:
        """Epochs that are behind a resumed run when it begins."""
        return self.resumed_at[0] if self.resumed_at else 0


def counted(number: int, noun: str) -> str:
    """`1 epoch`, `2 epochs`: a number of regular English things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int = SHOWN) -> str:
    """`a, b, c`: some names, all or the first `most`, and how many more there are."""
    if len(names) <= most + 1:  # one more takes no more room than saying so
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


class Task(Protocol):
    """One piece of work in progress, ended by leaving its `with` block."""

    def advance(self, amount: float = 1) -> None:
        """Count `amount` more units as done."""

    def update(self, *, completed: float | None = None, total: float | None = None) -> None:
        """Set what is done, or how much there is (None: unknown, left as it was)."""


class Reporter(Protocol):
    """Receives what long work has to say; every method returns at once."""

    def notice(self, message: str) -> None:
        """Something the user should know; nothing is wrong."""

    def warning(self, message: str) -> None:
        """Something the user must not overlook."""

    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> AbstractContextManager[Task]:
        """Begin a piece of work of `total` units (None: unknown)."""

    def run_started(self, folder: Path, log: Path) -> None:
        """A run folder exists from now on; what libraries print belongs in `log`."""

    def fit_started(self, plan: FitPlan) -> None:
        """Training begins."""

    def epoch_started(self, epoch: int) -> None:
        """Epoch `epoch` (counted from 1) begins."""

    def step_ended(self, step: int, values: Mapping[str, float]) -> None:
        """`step` steps of the running epoch are done; `values` are its running metrics."""

    def epoch_ended(self, epoch: int, values: Mapping[str, float | None]) -> None:
        """Epoch `epoch` is done; `values` is its row of the history."""

    def fit_ended(self) -> None:
        """Training is over, however it ended."""


class _SilentTask:
    def advance(self, amount: float = 1) -> None:
        pass

    def update(self, *, completed: float | None = None, total: float | None = None) -> None:
        pass

    def __enter__(self) -> _SilentTask:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class SilentReporter:
    """A `Reporter` that says nothing: the default of the Python API, and the base of others."""

    def notice(self, message: str) -> None:
        pass

    def warning(self, message: str) -> None:
        pass

    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> AbstractContextManager[Task]:
        return _SilentTask()

    def run_started(self, folder: Path, log: Path) -> None:
        pass

    def fit_started(self, plan: FitPlan) -> None:
        pass

    def epoch_started(self, epoch: int) -> None:
        pass

    def step_ended(self, step: int, values: Mapping[str, float]) -> None:
        pass

    def epoch_ended(self, epoch: int, values: Mapping[str, float | None]) -> None:
        pass

    def fit_ended(self) -> None:
        pass
