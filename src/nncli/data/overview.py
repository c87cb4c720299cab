"""What people are shown of a dataset: plain values, kept in the cache beside it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nncli.data.remarks import Remarks
from nncli.descriptions import Input, Target
from nncli.settings import Settings

__all__ = ["ColumnSummary", "DateSummary", "NumberSummary", "Overview", "Sketch", "TextExample"]

Counts = Annotated[tuple[int, ...], Field(strict=False)]
Words = Annotated[tuple[tuple[str, int], ...], Field(strict=False)]


class NumberSummary(Settings):
    """Numbers: their ends, their mean, and how many lie in each of equally wide bins."""

    smallest: float
    mean: float
    largest: float
    bins: Counts

    @property
    def look_like_years(self) -> bool:
        """Whether they are written without separators of thousands: from 1000 to 2999, the ends
        whole."""
        ends = (self.smallest, self.largest)
        return all(end == int(end) and 1000 <= end < 3000 for end in ends)


class DateSummary(Settings):
    """Dates: the first and the last, as 2024-01-31, and how many lie in each of equal spans."""

    first: str
    last: str
    bins: Counts


class ColumnSummary(Settings):
    """One column of a table, as some of the training rows have it.

    One of `numbers`, `dates` and `words` (the most frequent, with their counts) says what they are.
    """

    name: str
    kind: str
    rows: int
    missing: int
    distinct: int
    numbers: NumberSummary | None = None
    dates: DateSummary | None = None
    words: Words = ()


class TextExample(Settings):
    """A text and what is to be said about it."""

    text: str
    answer: str


class Sketch(Settings):
    """An image or spectrogram in characters: rows of digits from 0 (dark) to 4 (bright)."""

    answer: str
    rows: Annotated[tuple[str, ...], Field(strict=False)]


class Overview(Settings):
    """A dataset for people.

    Attributes:
        name: of the dataset.
        inputs: what goes in.
        target: what is to be said.
        examples: how many each split has.
        counts: of each split how many examples each class or label has; empty for values.
        values: of each value that is predicted what it is in train; empty for classes.
        facts: plain sentences about the inputs.
        columns: of a table.
        texts: a few with their answers.
        sketches: of a few images or sounds.
        remarks: what reading it had to say.
    """

    name: str
    inputs: Input
    target: Target
    examples: dict[str, int]
    counts: dict[str, dict[str, int]]
    values: dict[str, NumberSummary]
    facts: Annotated[tuple[str, ...], Field(strict=False)] = ()
    columns: Annotated[tuple[ColumnSummary, ...], Field(strict=False)] = ()
    texts: Annotated[tuple[TextExample, ...], Field(strict=False)] = ()
    sketches: Annotated[tuple[Sketch, ...], Field(strict=False)] = ()
    remarks: Remarks = ()
