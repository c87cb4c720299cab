"""The cells of a target: for every row a number, and each different word only once."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from nncli.data.table_cells import Cells, Decimal, numbers, numbers_among
from nncli.data.table_columns import Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MOST_CLASSES", "Answers"]

MOST_CLASSES = 10_000


class Answers:
    """The cells of one target in all splits; a row takes 13 bytes.

    Attributes:
        seen: what they look like.
        names: the different cells, in the order they came, the first `MOST_CLASSES` of them.
        too_many: whether there were more.
    """

    def __init__(self, missing: Collection[str]) -> None:
        self.missing = missing
        self.missing_numbers = numbers_among(missing)
        self.seen = Seen(missing)
        self.names: list[str] = []
        self.too_many = False
        self._places: dict[str, int] = {}
        self._codes: dict[str, list[NDArray[np.int32]]] = {}
        self._values: dict[str, list[NDArray[np.float64]]] = {}
        self._lacks: dict[str, list[NDArray[np.bool_]]] = {}

    def add(self, split: str, cells: Cells, decimal: Decimal) -> None:
        """Count a batch of `split`."""
        import numpy as np
        import pyarrow as pa

        self.seen.add(cells)
        encoded = pa.array(cells.strings, pa.string()).dictionary_encode()
        words = np.array(encoded.dictionary.to_pylist(), object)
        index = encoded.indices.to_numpy(zero_copy_only=False)
        values = numbers(words, decimal)
        lacks = np.array([word.lower() in self.missing for word in words.tolist()], bool)
        lacks |= np.isin(values, self.missing_numbers)
        self._values.setdefault(split, []).append(values[index])
        self._lacks.setdefault(split, []).append(lacks[index])
        codes = np.array([self._code(word) for word in words.tolist()], np.int32)
        self._codes.setdefault(split, []).append(codes[index])

    def _code(self, word: str) -> int:
        place = self._places.get(word)
        if place is None:
            if len(self.names) >= MOST_CLASSES:
                self.too_many = True
                return -1
            place = self._places[word] = len(self.names)
            self.names.append(word)
        return place

    def codes(self, split: str) -> NDArray[np.int32]:
        """Of every row the place of its cell in `names`; -1 where there were too many."""
        return _joined(self._codes.get(split, []), "int32")

    def values(self, split: str) -> NDArray[np.float64]:
        """Of every row the cell as a number, NaN where it is none."""
        return _joined(self._values.get(split, []), "float64")

    def lacks(self, split: str) -> NDArray[np.bool_]:
        """Which rows have no answer: an empty cell, a word that means so, or one of the few words
        among numbers."""
        import numpy as np

        lacks = _joined(self._lacks.get(split, []), "bool")
        if self.seen.words_for_missing and self.seen.numbers:
            return lacks | np.isnan(self.values(split))
        return lacks


def _joined(parts: list[Any], dtype: str) -> NDArray[Any]:
    """The batches as one array, kept as one from then on."""
    import numpy as np

    if len(parts) != 1:
        parts[:] = [np.concatenate(parts) if parts else np.empty(0, dtype)]
    result: NDArray[Any] = parts[0]
    return result
