"""What was said, kept for whoever asks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from nncli.reporting import SilentReporter, Task

__all__ = ["RecordingReporter"]


@dataclass
class RecordingReporter(SilentReporter):
    """Remembers what it was told."""

    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)

    def notice(self, message: str) -> None:
        self.notices.append(message)

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> AbstractContextManager[Task]:
        self.tasks.append(description)
        return super().task(description, total=total, unit=unit)
