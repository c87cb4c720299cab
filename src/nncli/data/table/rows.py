"""Single rows of a table as they stand in its files: where, and what other columns say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nncli.data.table.cells import numbers
from nncli.data.table.looking import LookedThrough, batches_of
from nncli.data.table.settings import TableDataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Rows"]

# What stands so is a code, and no number: its first zeros would be lost.
CODE = re.compile(r"[-+]?0[0-9]")


class Rows:
    """The rows of a split that became examples."""

    def __init__(
        self,
        settings: TableDataset,
        table: LookedThrough,
        split: str,
        filled: NDArray[np.bool_],
    ) -> None:
        """`filled` says which rows of the split have a target, shape (rows,)."""
        self.missing = {word.lower() for word in settings.missing_words}
        self.table = table
        self.split = split
        self.filled = filled

    def names(self, places: Sequence[int]) -> list[str]:
        """The file and the row, as a spreadsheet counts, of the examples at `places`."""
        import numpy as np

        rows = np.flatnonzero(self.filled)
        found = (self.table.row_of(self.split, int(rows[place])) for place in places)
        return [f"{path.name}:{number}" for path, number in found]

    def column(self, name: str) -> NDArray[Any]:
        """All cells of a column, shape (examples,): float64 with NaN for missing where all of them
        are numbers, else object with '' for missing.

        Raises:
            KeyError: there is no such column.
        """
        import numpy as np

        words: list[NDArray[Any]] = []
        values: list[NDArray[np.float64]] = []
        start = 0
        for path, batch in batches_of(self.table, self.split):
            chosen = self.filled[start : start + len(batch[name])]
            start += len(chosen)
            cells = batch[name].kept(chosen).strings.tolist()
            found = ["" if cell.lower() in self.missing else cell for cell in cells]
            words.append(np.array(found, object))
            values.append(
                numbers(
                    np.array([cell or "nan" for cell in found], object),
                    self.table.layouts[path].decimal,
                )
            )
        strings = np.concatenate(words)
        parsed = np.concatenate(values)
        is_missing = strings == ""
        all_numbers = not is_missing.all() and np.array_equal(np.isnan(parsed), is_missing)
        if all_numbers and not any(CODE.match(cell) for cell in strings.tolist()):
            return parsed
        return strings
