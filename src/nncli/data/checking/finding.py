"""What an examination says: one line for each thing that was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Grade", "on_a_line", "share", "some"]

Grade = Literal["good", "warn", "fail"]
NAMED = 6
LONGEST_WORD = 30


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        grade: `fail` where training refuses the data or would learn nonsense.
        about: which part of the data: files, rows, classes, copies, a column.
        message: what was found, counted.
        hint: what to do; a line that is a command or an option stands alone.
        examples: the files, rows or names it is about, all of them.
    """

    grade: Grade
    about: str
    message: str
    hint: str = ""
    examples: Sequence[str] = ()


def some(names: Iterable[str]) -> str:
    """The first few of several names, and how many more there are."""
    found = list(names)
    more = len(found) - NAMED
    # One more takes no more room than saying so.
    if more <= 1:
        return ", ".join(found)
    return f"{', '.join(found[:NAMED])} and {more:,} more"


def on_a_line(word: str) -> str:
    """The contents of a cell in one short line."""
    line = " ".join(word.split())
    return line if len(line) <= LONGEST_WORD else f"{line[: LONGEST_WORD - 1]}…"


def share(part: int, whole: int) -> str:
    """A part as per cent, with as many digits as it needs to differ from nothing."""
    percent = 100 * part / max(whole, 1)
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"
