"""What could not be read: an error, or counted and listed, as the user wants."""

from __future__ import annotations

from typing import Literal

from nncli.errors import DataError
from nncli.reporting import Reporter, counted

__all__ = ["OnError", "Skipped"]

OnError = Literal["fail", "skip"]
LISTED = 20


class Skipped:
    """Collects what cannot be read."""

    def __init__(self, on_error: OnError) -> None:
        self.on_error = on_error
        self.problems: dict[str, None] = {}

    def note(self, problem: str) -> None:
        """Leave something out, or fail.

        Raises:
            DataError: with `fail`.
        """
        if self.on_error == "fail":
            raise DataError(
                f"{problem}.",
                hint="Mend it, or leave out whatever cannot be read: --set dataset.on_error=skip",
            )
        self.problems[problem] = None

    def report(self, reporter: Reporter) -> None:
        """Say what was left out."""
        if self.problems:
            lines = [f"  {problem}" for problem in list(self.problems)[:LISTED]]
            if len(self.problems) > LISTED:
                lines.append(f"  and {len(self.problems) - LISTED:,} more")
            listed = "\n".join(lines)
            what = counted(len(self.problems), "thing")
            reporter.warning(f"{what} could not be read and was left out:\n{listed}")
