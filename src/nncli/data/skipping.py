"""What could not be read: an error, or counted and listed, as the user wants."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nncli.errors import DataError
from nncli.reporting import Reporter

__all__ = ["OnError", "Skipped"]

OnError = Literal["fail", "skip"]
LISTED = 20


class Skipped:
    """Collects what cannot be read; `rows` are the numbers of the rows that a file lacks so."""

    def __init__(self, on_error: OnError) -> None:
        self.on_error = on_error
        self.problems: dict[str, int] = {}
        self.rows: dict[Path, list[int]] = {}

    def note(self, problem: str, *, count: int = 1) -> None:
        """Leave something out, `count` rows or files of it, or fail.

        Raises:
            DataError: with `fail`.
        """
        if self.on_error == "fail":
            raise DataError(
                f"{problem}.",
                hint="Mend it, or leave out whatever cannot be read: --set dataset.on_error=skip",
            )
        self.problems[problem] = count

    def report(self, reporter: Reporter) -> None:
        """Say what was left out."""
        if self.problems:
            lines = [f"  {problem}" for problem in list(self.problems)[:LISTED]]
            if len(self.problems) > LISTED:
                lines.append(f"  and {len(self.problems) - LISTED:,} more")
            listed = "\n".join(lines)
            total = sum(self.problems.values())
            what = "1 row or file was" if total == 1 else f"{total:,} rows or files were"
            reporter.warning(f"{what} left out, for they cannot be read:\n{listed}")
