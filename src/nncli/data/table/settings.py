"""What users may say about a table of their own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nncli.data.files import DataPath, label_of
from nncli.data.inputs import InputSettings
from nncli.data.skipping import OnError
from nncli.data.splits import Apart, Division, HeldOutShares
from nncli.data.table.cells import Decimal
from nncli.data.table.columns import MISSING, Kind
from nncli.data.units import Measured
from nncli.data.words import Word, Words

__all__ = ["TABLE_ENDINGS", "TableDataset", "Task"]

TABLE_ENDINGS = (
    ".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".parquet", ".pq", ".jsonl", ".ndjson",
    ".jsonl.gz", ".ndjson.gz",
)  # fmt: skip

Task = Literal["classes", "labels", "values"]


class TableDataset(InputSettings, Measured, Apart, HeldOutShares):
    """A table: CSV, TSV, Parquet or JSON Lines, one column of which is to be predicted."""

    type: Literal["table"] = Field(default="table", description="A file of rows and columns.")
    path: DataPath = Field(
        strict=False, description="The file; data-*.csv means all such files together."
    )
    validation_path: DataPath | None = Field(
        default=None, strict=False, description="A file of its own for validation."
    )
    test_path: DataPath | None = Field(
        default=None, strict=False, description="A file of its own for the final test."
    )
    target: Words = Field(
        default=None,
        description="The column to predict, or several: [a, b]. There is no default.",
    )
    task: Task | None = Field(
        default=None,
        description=(
            "What the target is: classes, labels (several columns of 0 and 1) or values; "
            "default: what its cells look like."
        ),
    )
    columns: dict[Word, Kind] = Field(
        default={},
        description=(
            "What columns are, where nncli is wrong: {name: number, category, text, date or "
            "ignore}; the target is a number or a category."
        ),
    )
    header: bool | None = Field(
        default=None,
        description="Whether the first row names the columns; default: whether it looks so.",
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description=(
            "What parts the cells of a text file, a space for any white space; default: what fits "
            "the first rows."
        ),
    )
    skip_lines: int | None = Field(
        default=None,
        ge=0,
        description=(
            "Lines in front of the table that are no part of it; default: comments, and lines "
            "with fewer cells than the table."
        ),
    )
    decimal: Decimal | None = Field(
        default=None,
        description="What stands before the decimals; default: what fits the first rows.",
    )
    day_first: bool | None = Field(
        default=None,
        description="Whether 03/04/2024 is in April; default: whether a first number exceeds 12.",
    )
    encoding: str | None = Field(
        default=None, description="Of a text file, such as cp1252; default: utf-8 or its mark."
    )
    missing: Annotated[tuple[Word, ...], Field(strict=False)] = Field(
        default=(),
        description=(
            "Words and numbers for missing cells, such as [-999], beside NA, n/a, nan, null, none, "
            "? and nothing."
        ),
    )
    on_error: OnError = Field(
        default="fail",
        description="Rows that cannot be read: fail at the first, or skip, count and list them.",
    )

    @property
    def label(self) -> str:
        """The name that runs and reports give to this dataset."""
        return label_of(self.path)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict."""
        if self.target is None:
            return ()
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def division(self) -> Division:
        """How splits are made of the training split."""
        return self.division_of(self.validation, self.test, self.by)

    @property
    def missing_words(self) -> frozenset[str]:
        """What stands for a missing cell, in lower case."""
        return MISSING | self._own_words

    def words_for_no_answer(self, target: str) -> frozenset[str]:
        """What stands for a missing target, in lower case; `none` can be a class, and every word
        is one of what was said to be a category."""
        usual = {""} if self.columns.get(target) == "category" else MISSING - {"none"}
        return frozenset(usual) | self._own_words

    @property
    def _own_words(self) -> frozenset[str]:
        return frozenset(word.strip().lower() for word in self.missing)
