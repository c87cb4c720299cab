"""What could not be read: an error, or counted and listed, as the user wants."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nncli.errors import DataError
from nncli.reporting import Reporter

__all__ = ["Gathered", "OnError", "Skipped"]

OnError = Literal["fail", "skip"]
LISTED = 20
SETTING = "--set dataset.on_error=skip"


class Skipped:
    """Collects what cannot be read.

    Attributes:
        problems: what it was, and how many rows or files each is about.
        warnings: what is worth saying of what stays all the same.
        rows: of each file the rows that it lacks so, by their number, and why.
        blank: of each file the lines without anything in them, which are no rows but are counted.
    """

    def __init__(self, on_error: OnError, *, option: str = SETTING) -> None:
        """`option`: what the user types to leave out what cannot be read."""
        self.on_error = on_error
        self.option = option
        self.problems: dict[str, int] = {}
        self.warnings: list[str] = []
        self.rows: dict[Path, dict[int, str]] = {}
        self.blank: dict[Path, list[int]] = {}

    @property
    def left_out(self) -> int:
        """How many rows or files that is."""
        return sum(self.problems.values())

    def note(self, problem: str, *, count: int = 1) -> None:
        """Leave something out, `count` rows or files of it, or fail.

        Raises:
            DataError: with `fail`.
        """
        if self.on_error == "fail":
            raise DataError(
                f"{problem}.",
                hint=f"Mend it, or leave out whatever cannot be read: {self.option}",
            )
        self.problems[problem] = count

    def warn(self, text: str) -> None:
        """Keep something, and say what is odd about it."""
        self.warnings.append(text)

    def row(self, path: Path, number: int, problem: str) -> None:
        """Leave out a row of a file, or fail.

        Raises:
            DataError: with `fail`.
        """
        self.note(problem)
        self.rows.setdefault(path, {})[number] = problem

    def refuse(self, error: DataError, about: str) -> None:
        """Say what training cannot do with, whatever the user wants; `about` is what part it is.

        Raises:
            DataError: always, but for `Gathered`.
        """
        raise error

    def call(self, path: Path, words: str) -> None:
        """Say `words` where `path` would be said, which is no file of the user's."""
        self.problems = {
            problem.replace(str(path), words): count for problem, count in self.problems.items()
        }
        self.warnings = [warning.replace(str(path), words) for warning in self.warnings]

    def report(self, reporter: Reporter) -> None:
        """Say what was left out, and what is odd about what was kept."""
        lost = list(self.problems)
        for text in self.warnings:
            reporter.warning(text)
        if lost:
            lines = [f"  {problem}" for problem in lost[:LISTED]]
            if len(lost) > LISTED:
                lines.append(f"  and {len(lost) - LISTED:,} more")
            listed = "\n".join(lines)
            total = self.left_out
            what = "1 row or file was" if total == 1 else f"{total:,} rows or files were"
            reporter.warning(f"{what} left out, for they cannot be read:\n{listed}")


class Gathered(Skipped):
    """Leaves out what cannot be read and goes on behind what training refuses, to tell all of it.

    Attributes:
        refused: what training would not do with, and the part of the data it is about.
    """

    def __init__(self) -> None:
        super().__init__("skip")
        self.refused: list[tuple[str, DataError]] = []

    def refuse(self, error: DataError, about: str) -> None:
        """Note it."""
        self.refused.append((about, error))
