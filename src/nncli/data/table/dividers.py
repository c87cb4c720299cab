"""The column of a table that its splits are divided by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.data.dividers import group_numbers
from nncli.data.table.cells import Cells, days, numbers
from nncli.data.table.layout import Layout
from nncli.data.table.looking import LookedThrough, batches_of
from nncli.data.table.settings import TableDataset
from nncli.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["divider_of"]


def divider_of(
    settings: TableDataset, table: LookedThrough, split: str, filled: NDArray[np.bool_]
) -> NDArray[Any]:
    """The group or time of each row of a split that has a target, as `nncli.data.Split` has it.

    Args:
        settings: which name the column.
        table: looked through.
        split: train, validation or test.
        filled: which rows have a target, shape (rows,).

    Raises:
        DataError: a row lacks it, or it is no time.
    """
    import numpy as np

    assert settings.divided_by is not None
    parts = [
        _values(settings, batch[settings.divided_by], table.layouts[path])
        for path, batch in batches_of(table, split)
    ]
    lacks = np.concatenate([lacking for _, lacking in parts]) & filled
    if lacks.any():
        row = int(lacks.argmax())
        what = "is no date and no number" if settings.by == "time" else "is missing"
        raise DataError(
            f"{table.place(split, row)}: {settings.divided_by} {what}, "
            f"so that dataset.{settings.by} cannot divide by it ({int(lacks.sum()):,} such rows).",
            hint="Fill it in, or remove these rows.",
        )
    return np.concatenate([values for values, _ in parts])[filled]


def _values(
    settings: TableDataset, cells: Cells, layout: Layout
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The values of a batch, and where there are none."""
    import numpy as np

    strings = cells.strings
    missing = np.array([name.lower() in settings.missing_words for name in strings.tolist()], bool)
    if settings.by == "group":
        return group_numbers(strings), missing
    values = numbers(np.where(missing, "nan", strings), layout.decimal)
    if np.isnan(values).any():
        as_days = days(np.where(missing, "", strings), day_first=layout.day_first)
        if np.isnan(as_days).sum() < np.isnan(values).sum():
            values = as_days
    return values, np.isnan(values)
