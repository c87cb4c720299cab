"""What a table is to answer: its targets, examined row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.data.checking.finding import Finding, share, some
from nncli.data.skipping import Gathered
from nncli.data.table import TableDataset
from nncli.data.table.looking import LookedThrough
from nncli.data.table.targets import rows_lacking, target_of, ways_out
from nncli.descriptions import LabelsTarget, Target
from nncli.errors import DataError
from nncli.reporting import SilentReporter, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Answered", "answered", "place_in"]

LISTED = 1000


@dataclass(frozen=True)
class Answered:
    """The targets of a table, as far as they are known.

    Attributes:
        target: what is to be predicted; None if that is not known.
        filled: of each split which rows have an answer, shape (rows,); all without a target.
        targets: of each split the answers of those rows, as `nncli.data.Split` has them.
    """

    target: Target | None
    filled: Mapping[str, NDArray[np.bool_]]
    targets: Mapping[str, NDArray[Any]]


def answered(
    settings: TableDataset, table: LookedThrough, gathered: Gathered, findings: list[Finding]
) -> Answered:
    """Read the targets as training does, and add what is wrong with them to `findings`."""
    import numpy as np

    heard = _Heard()
    if not settings.targets:
        names = table.columns
        findings.append(
            Finding(
                "fail",
                "target",
                f"which column is to be predicted? There are {some(names)}",
                f"Say so:\n--set 'dataset.target={names[-1]}'",
            )
        )
    blank = {split: rows_lacking(table, split) for split in table.files}
    for split, lacks in blank.items():
        if lacks.any():
            findings.append(_blank(settings, table, split, lacks))
    readable = [name for name, one in table.answers.items() if not one.seen.unreadable]
    if not readable or len(readable) < len(settings.targets):
        return _unknown(blank)
    try:
        target, targets = target_of(settings, table, blank, gathered, heard)
    except DataError as error:
        gathered.refuse(error, "target")
        return _unknown(blank)
    findings += [Finding("warn", "target", said) for said in heard.warnings]
    filled = {split: ~lacks for split, lacks in blank.items()}
    for split, values in targets.items():
        wrong = np.isnan(values.reshape(len(values), -1)).any(axis=1)
        if wrong.any():
            rows_of_values = np.flatnonzero(filled[split])
            findings.append(_wrong(table, split, rows_of_values[wrong], target))
            filled[split][rows_of_values[wrong]] = False
            targets[split] = values[~wrong]
    return Answered(target, filled, targets)


def _unknown(blank: Mapping[str, NDArray[np.bool_]]) -> Answered:
    """Every row, none of them with an answer."""
    import numpy as np

    filled = {split: np.ones(len(lacks), bool) for split, lacks in blank.items()}
    targets = {split: np.zeros(len(lacks), np.int64) for split, lacks in blank.items()}
    return Answered(None, filled, targets)


class _Heard(SilentReporter):
    """Keeps what training would warn of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, message: str) -> None:
        """Keep it."""
        self.warnings.append(message)


def place_in(table: LookedThrough, split: str, row: int) -> str:
    """A row as a line of a finding names it."""
    path, number = table.row_of(split, row)
    return f"{path.name}, row {number:,}"


def _places(table: LookedThrough, split: str, rows: NDArray[Any]) -> Iterator[tuple[int, str]]:
    for row in rows[:LISTED].tolist():
        yield row, place_in(table, split, row)


def _blank(
    settings: TableDataset, table: LookedThrough, split: str, lacks: NDArray[np.bool_]
) -> Finding:
    import numpy as np

    count = int(lacks.sum())
    return Finding(
        "warn" if settings.on_error == "skip" else "fail", "target",
        f"{counted(count, 'row')} of {split} ({share(count, len(lacks))}) without "
        f"{some(table.answers)}",
        ways_out(table, split),
        [place for _, place in _places(table, split, np.flatnonzero(lacks))],
    )  # fmt: skip


def _wrong(table: LookedThrough, split: str, rows: NDArray[Any], target: Target) -> Finding:
    """Rows of which some answer is no number, or no label."""
    listed = []
    for row, place in _places(table, split, rows):
        cells = [answers.cell(split, row) for answers in table.answers.values()]
        listed.append(f"{place}: {', '.join(cell for cell in cells if cell is not None)}")
    what = "neither 0 nor 1" if isinstance(target, LabelsTarget) else "no number"
    return Finding(
        "fail", "target", f"{counted(len(rows), 'row')} of {split} where the target is {what}",
        "If it names classes:\n--set dataset.task=classes", listed,
    )  # fmt: skip
