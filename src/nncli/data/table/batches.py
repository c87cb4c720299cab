"""The rows of a table as arrays, a batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nncli.data.table.cells import Cells, days, numbers, numbers_among
from nncli.data.table.layout import Layout
from nncli.data.table.looking import LookedThrough, batches_of
from nncli.data.table.settings import TableDataset
from nncli.descriptions import Column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TypedBatches", "typed"]


class TypedBatches:
    """Reads a split anew each time it is called: columns as their kinds have them, and targets."""

    def __init__(
        self,
        settings: TableDataset,
        table: LookedThrough,
        split: str,
        columns: Sequence[Column],
        alone: bool,
        filled: NDArray[np.bool_],
        targets: NDArray[Any],
    ) -> None:
        self.table = table
        self.split = split
        self.columns = columns
        self.alone = alone
        self.filled = filled
        self.targets = targets
        words = {name: seen.words_for_missing for name, seen in table.seen.items()}
        self.missing = {
            name: {*settings.missing_words, *(word.lower() for word in words.get(name, ()))}
            for name in (column.name for column in columns)
        }

    def __call__(self) -> Iterator[tuple[Any, NDArray[Any]]]:
        start = done = 0
        for path, batch in batches_of(self.table, self.split):
            layout = self.table.layouts[path]
            chosen = self.filled[start : start + len(next(iter(batch.values())))]
            start += len(chosen)
            values = {
                column.name: typed(
                    batch[column.name].kept(chosen), column.kind, self.missing[column.name], layout
                )
                for column in self.columns
            }
            targets = self.targets[done : done + int(chosen.sum())]
            done += len(targets)
            yield next(iter(values.values())) if self.alone else values, targets


def typed(cells: Cells, kind: str, missing: Collection[str], layout: Layout) -> NDArray[Any]:
    """The cells of a column as its kind has them (see `nncli.descriptions.Column`)."""
    import numpy as np

    if kind == "number":
        values = cells.plain_numbers if layout.decimal == "." else None
        if values is None:
            words = np.where(cells.lacking(missing), "nan", cells.strings)
            values = numbers(words, layout.decimal)
        for number in numbers_among(missing):
            values = np.where(values == number, np.nan, values)
        return values.astype(np.float32)
    strings = np.where(cells.lacking(missing), "", cells.strings)
    if kind == "date":
        return days(strings, day_first=layout.day_first).astype(np.float32)
    return strings
