"""How runs learned: the rows of their epochs, whatever lies in their folders."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

from nncli.runs.folder import RunFolder, history_rows
from nncli.runs.listing import RunRow, read_run
from nncli.runs.metrics import EpochRow
from nncli.runs.small_files import MissingError, UnreadableError, read_small

__all__ = ["History", "NoHistoryError", "histories_of"]


class NoHistoryError(Exception):
    """A run has no epochs to look at; the text says why, as what follows its name."""


@dataclass(frozen=True)
class History:
    """The rows of one training, at least one, each with its `epoch`.

    `fold` is None, or of a cross-validation the number of the fold, counted from 1; `kept_epoch` is
    the epoch whose weights are in the model, if that is known.
    """

    rows: Sequence[EpochRow]
    fold: int | None = None
    kept_epoch: int | None = None


def histories_of(row: RunRow) -> list[History]:
    """The history of a run, or of a cross-validation that of every fold which has one.

    Raises:
        NoHistoryError: there is none, or it is not nncli's.
    """
    folds = _folds(row.folder)
    if not folds:
        if row.is_cross_validation:
            raise NoHistoryError("has lost its folds")
        return [History(_rows(row), kept_epoch=row.count("kept_epoch"))]
    found = []
    for number, fold in enumerate(folds, start=1):
        try:
            found.append(History(_rows(fold), number, fold.count("kept_epoch")))
        except NoHistoryError:
            continue
    if not found:
        raise NoHistoryError("has no fold with a history")
    return found


def _folds(folder: RunFolder) -> list[RunRow]:
    found: list[RunRow] = []
    # `Path.is_dir` raises where looking is forbidden.
    while os.path.isdir(path := folder.fold(len(found) + 1).path):  # noqa: PTH112
        found.append(read_run(path))
    return found


def _rows(row: RunRow) -> list[EpochRow]:
    try:
        rows = history_rows(read_small(row.folder.history)[0])
    except MissingError:
        if row.count("epochs"):
            raise NoHistoryError(f"has lost its {row.folder.history.name}") from None
        raise NoHistoryError("completed no epoch") from None
    except UnreadableError as error:
        raise NoHistoryError(f"has no history: {error}") from None
    except ValueError:
        raise NoHistoryError("has a history.csv that is not nncli's") from None
    if not rows:
        raise NoHistoryError("completed no epoch")
    epochs = [row.get("epoch") for row in rows]
    if not all(epoch is not None and math.isfinite(epoch) for epoch in epochs):
        raise NoHistoryError("has a history.csv that is not nncli's")
    return rows
