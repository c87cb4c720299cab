"""Everything nncli raises on purpose.

    NncliError                     1  base: a sentence for the user, and the way out
    ├── UsageError                 2  it could be known from the arguments and the YAML alone
    │   ├── ExperimentError        2  the experiment has mistakes; carries all of them
    │   └── NotFoundError          2  a path is missing or a name is unknown
    ├── DataError                  1  a dataset cannot be read or does not fit
    │   └── DataUnavailableError   1  a dataset is neither prepared nor downloadable
    ├── ModelFileError             1  a .keras file cannot be opened or does not fit
    ├── StorageError               1  a file or folder cannot be written
    ├── TrainingError              1  the training itself failed
    └── InterruptedRunError  130, 143  the user (or a scheduler) stopped the run

Each knows its exit code; `nncli.cli` is the one place that turns an exception into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "DataError",
    "DataUnavailableError",
    "ExperimentError",
    "InterruptedRunError",
    "Mistake",
    "ModelFileError",
    "NncliError",
    "NotFoundError",
    "StorageError",
    "Terminated",
    "TrainingError",
    "UsageError",
    "together",
]


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised like Ctrl-C's KeyboardInterrupt so that the same code cleans up."""


class NncliError(Exception):
    """A failure that nncli foresaw: `message` says what happened, `hint` what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n{self.hint}"


class UsageError(NncliError):
    """The arguments or the YAML are wrong, whatever the data and the machine are."""

    exit_code = 2


@dataclass(frozen=True)
class Mistake:
    """One mistake in an experiment: `text` is the finished block, the rest what it is made of.

    `file`, `line` and `column` are None for what does not stand in a file.
    """

    text: str
    message: str = ""
    key: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None


class ExperimentError(UsageError):
    """The experiment has mistakes. `mistakes` holds all of them and `problems` their texts; the
    message shows the first."""

    shown = 20

    def __init__(self, mistakes: Sequence[Mistake | str], *, hint: str | None = None) -> None:
        self.mistakes = [m if isinstance(m, Mistake) else Mistake(m, m) for m in mistakes]
        self.problems = [mistake.text for mistake in self.mistakes]
        problems = self.problems
        count = f"{len(problems)} mistakes:\n" if len(problems) > 1 else ""
        more = len(problems) - self.shown
        rest = [f"... and {more:,} more"] if more > 0 else []
        super().__init__(count + "\n".join([*problems[: self.shown], *rest]), hint=hint)


class NotFoundError(UsageError):
    """A path that was named does not exist, or a name means nothing."""


class DataError(NncliError):
    """A dataset was found but cannot be read, or does not fit what is asked of it."""


class DataUnavailableError(DataError):
    """A dataset is not prepared on this machine and cannot be downloaded."""


class ModelFileError(NncliError):
    """A .keras file cannot be opened, or its inputs or outputs do not fit the data."""


class StorageError(NncliError):
    """A file or folder cannot be written: no permission, no space, not a folder."""


class TrainingError(NncliError):
    """Training started and could not go on."""


class InterruptedRunError(NncliError):
    """The run was stopped by a signal (`exit_code` 130 for Ctrl-C, 143 for SIGTERM)."""

    def __init__(self, message: str, *, exit_code: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


def together(errors: Sequence[UsageError]) -> UsageError:
    """One error that says what all of `errors` say; a single one stays as it is."""
    if len(errors) == 1:
        return errors[0]
    mistakes: list[Mistake | str] = []
    for error in errors:
        own = error.mistakes if isinstance(error, ExperimentError) else None
        mistakes += own or [" ".join(str(error).split("\n"))]
    return ExperimentError(mistakes)
