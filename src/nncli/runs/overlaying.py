"""The learning curves of several runs in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nncli.drawing.overlays import MetricDrawn, RunDrawn, draw_overlay
from nncli.drawing.saving import kind_of
from nncli.errors import DataError
from nncli.files import open_atomically
from nncli.reporting import counted, listed
from nncli.runs.comparing import labels_of
from nncli.runs.histories import History, NoHistoryError, histories_of
from nncli.runs.listing import RunRow
from nncli.runs.selecting import is_best_when_highest

__all__ = ["overlay"]

PREFIXES = ("train_", "validation_")


def overlay(rows: Sequence[RunRow], picture: Path) -> Sequence[str]:
    """Draw the metrics that all runs with a history share, the loss first, over their epochs.

    Args:
        rows: the runs.
        picture: a file that ends in .png or .svg; overwritten.

    Returns:
        Sentences about what is not in the picture.

    Raises:
        DataError: there is nothing to draw.
        StorageError: the file cannot be written.
    """
    remarks = []
    found: list[tuple[RunRow, list[History]]] = []
    for row in rows:
        try:
            found.append((row, histories_of(row)))
        except NoHistoryError as reason:
            remarks.append(f"{row.name} is not drawn: it {reason}.")
    if not found:
        raise DataError("None of the runs has a history to draw.", hint="\n".join(remarks))
    measured = [_measured(histories) for _, histories in found]
    shared = [name for name in measured[0] if all(name in some for some in measured)]
    if not shared:
        raise DataError(
            "The runs have no metric in common that could be drawn.",
            hint="\n".join(
                f"{row.name}: {', '.join(some) or 'none'}"
                for (row, _), some in zip(found, measured, strict=True)
            ),
        )
    for name in dict.fromkeys(name for some in measured for name in some):
        lacking = [r.name for (r, _), some in zip(found, measured, strict=True) if name not in some]
        if lacking:
            remarks.append(f"{name} is not drawn: {listed(lacking)} did not measure it.")
    labels = labels_of([row for row, _ in found])
    drawn = [
        RunDrawn(
            label if len(histories) == 1 else f"{label} ({counted(len(histories), 'fold')})",
            [one.rows for one in histories],
            histories[0].kept_epoch if len(histories) == 1 else None,
        )
        for label, (_, histories) in zip(labels, found, strict=True)
    ]
    metrics = [MetricDrawn(name, not is_best_when_highest(name)) for name in shared]
    title = f"{counted(len(drawn), 'run')} on {listed(_datasets(found))}"
    with open_atomically(picture) as temporary:
        draw_overlay(drawn, metrics, temporary, title=title, kind=kind_of(picture))
    return remarks


def _measured(histories: Sequence[History]) -> list[str]:
    """The metrics of which there is a number, the loss first."""
    names = dict.fromkeys(
        column.removeprefix(prefix)
        for history in histories
        for row in history.rows
        for column, value in row.items()
        for prefix in PREFIXES
        if value is not None and column.startswith(prefix)
    )
    return sorted(names, key=lambda name: name != "loss")


def _datasets(found: Sequence[tuple[RunRow, list[History]]]) -> list[str]:
    return list(dict.fromkeys(row.dataset or "unknown data" for row, _ in found))
