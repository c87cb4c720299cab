"""What reading a dataset had to say: kept beside it in the cache, and said each time it is used."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Annotated

from pydantic import Field

from nncli.reporting import Reporter, SilentReporter, Task
from nncli.settings import Settings

__all__ = ["Noting", "Remark", "Remarks", "say"]


class Remark(Settings):
    """A notice or a warning about a dataset."""

    text: str
    is_warning: bool = False


Remarks = Annotated[tuple[Remark, ...], Field(strict=False)]


class Noting(SilentReporter):
    """A `Reporter` that passes on what is said, and remembers it.

    Attributes:
        remarks: what was said so far, in its order.
    """

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.remarks: tuple[Remark, ...] = ()

    def notice(self, message: str) -> None:
        self.remarks += (Remark(text=message),)
        self.reporter.notice(message)

    def warning(self, message: str) -> None:
        self.remarks += (Remark(text=message, is_warning=True),)
        self.reporter.warning(message)

    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> AbstractContextManager[Task]:
        return self.reporter.task(description, total=total, unit=unit)


def say(remarks: Iterable[Remark], reporter: Reporter) -> None:
    """Say them again."""
    for remark in remarks:
        (reporter.warning if remark.is_warning else reporter.notice)(remark.text)
