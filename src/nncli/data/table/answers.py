"""The cells of a target: for every row a number, and each different word only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from nncli.data.table.cells import Cells, Decimal, numbers, numbers_among
from nncli.data.table.columns import Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MOST_CLASSES", "Answers"]

MOST_CLASSES = 10_000


class Answers:
    """The cells of one target in all splits; a row takes 4 bytes, and 8 more where the cells are
    too many to be classes.

    Attributes:
        seen: what they look like.
        names: the different cells, in the order they came, the first `MOST_CLASSES` of them.
        too_many: whether there were more.
    """

    def __init__(
        self, missing: Collection[str], decimal: Decimal, *, as_words: bool = False
    ) -> None:
        """`as_words`: a few words among numbers are answers too, and do not mean missing."""
        self.missing = missing
        self.as_words = as_words
        self.missing_numbers = numbers_among(missing)
        self.decimal: Decimal = decimal
        self.seen = Seen(missing)
        self.names: list[str] = []
        self.too_many = False
        self._places: dict[str, int] = {}
        self._codes: dict[str, list[NDArray[np.int32]]] = {}
        # Only of the batches in which not every cell has a code.
        self._values: dict[str, list[tuple[int, NDArray[np.float64]]]] = {}
        self._rows: Counter[str] = Counter()

    def add(self, split: str, cells: Cells, decimal: Decimal) -> None:
        """Count a batch of `split`, whose file has `decimal` before the decimals."""
        import numpy as np
        import pyarrow as pa

        self.seen.add(cells)
        encoded = pa.array(cells.strings, pa.string()).dictionary_encode()
        words = encoded.dictionary.to_pylist()
        index = encoded.indices.to_numpy(zero_copy_only=False)
        codes = np.array([self._code(word) for word in words], np.int32)
        self._codes.setdefault(split, []).append(codes[index])
        if decimal != self.decimal or (codes < 0).any():
            values = numbers(np.array(words, object), decimal)
            values[self._lack(words, values)] = np.inf  # which `numbers` never gives
            start = self._rows[split]
            self._values.setdefault(split, []).append((start, values[index]))
        self._rows[split] += len(index)

    def _code(self, word: str) -> int:
        place = self._places.get(word)
        if place is None:
            if len(self.names) >= MOST_CLASSES:
                self.too_many = True
                return -1
            place = self._places[word] = len(self.names)
            self.names.append(word)
        return place

    def _lack(self, words: list[str], values: NDArray[np.float64]) -> NDArray[np.bool_]:
        import numpy as np

        lacks = np.array([word.lower() in self.missing for word in words], bool)
        return lacks | np.isin(values, self.missing_numbers)

    def codes(self, split: str) -> NDArray[np.int32]:
        """Of every row the place of its cell in `names`; -1 where there were too many."""
        import numpy as np

        parts = self._codes.get(split, [])
        if len(parts) != 1:
            parts[:] = [np.concatenate(parts) if parts else np.empty(0, np.int32)]
        return parts[0]

    def cell(self, split: str, row: int) -> str | None:
        """One of the cells; None if it came behind too many others."""
        code = self.codes(split)[row]
        return self.names[code] if code >= 0 else None

    def values(self, split: str) -> NDArray[np.float64]:
        """Of every row the cell as a number, NaN where it is none."""
        import numpy as np

        values = self._marked(split)
        values[np.isinf(values)] = np.nan
        return values

    def lacks(self, split: str) -> NDArray[np.bool_]:
        """Which rows have no answer: an empty cell, a word that means so, or one of the few words
        among numbers."""
        import numpy as np

        words = bool(self.seen.words_for_missing and self.seen.numbers) and not self.as_words
        if not self.too_many and not words:
            lack = self._lack(self.names, numbers(np.array(self.names, object), self.decimal))
            chosen: NDArray[np.bool_] = lack[self.codes(split)]
            return chosen
        values = self._marked(split)
        return ~np.isfinite(values) if words else np.isinf(values)

    def _marked(self, split: str) -> NDArray[np.float64]:
        """The cells as numbers, infinity where there is no answer."""
        import numpy as np

        codes = self.codes(split)
        known = numbers(np.array(self.names, object), self.decimal)
        known[self._lack(self.names, known)] = np.inf
        marked: NDArray[np.float64] = np.append(known, np.nan)[codes]
        for start, values in self._values.get(split, []):
            marked[start : start + len(values)] = values
        return marked
