"""The examples behind the arrays: what they are called, and what was recorded of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from nncli import data
from nncli.data.dataset import Dataset, DecodedDataset, Split, rows_of
from nncli.data.folder import FolderDataset
from nncli.data.table import TableDataset
from nncli.descriptions import ImageInput, TableInput
from nncli.errors import DataError
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter, SilentReporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Originals"]


class Originals:
    """What a loaded dataset was made of, read again when asked for, as little as that takes.

    The splits are those of the dataset, or all of them joined; `places` count within a split.
    """

    def __init__(
        self,
        settings: data.DatasetSettings,
        dataset: Dataset,
        *,
        reporter: Reporter,
        given: Preprocessing | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            settings: how the dataset is read.
            dataset: as `nncli.data.load` returned it.
            reporter: told what takes its time.
            given: the preprocessing it was loaded with; default: what was fitted on it.
        """
        self.settings = settings
        self.dataset = dataset
        self.given = given or dataset.preprocessing
        self.reporter = reporter

    def names(self, split: Split, places: Sequence[int]) -> list[str]:
        """What the examples at `places` are called.

        The path of a file from the folder of the dataset on; the file of a table or of lines, and
        the row or line as people count (`adult.csv:123`); of all else the published split and the
        index in it, counted from 0 (`test:123`).
        """
        origins = _origins(split, places)
        if not isinstance(self.settings, FolderDataset | TableDataset):
            return [f"{stored}:{index}" for stored, index in origins]
        return self._by_split(origins, lambda stored, at: self._names(stored, at))

    def _names(self, stored: str, indices: Sequence[int]) -> Sequence[str]:
        named = self._decoded.splits[stored].names
        assert named is not None, "files and rows have names"
        return named(indices)

    def at(self, split: Split, places: Sequence[int]) -> list[Any]:
        """The examples at `places` as they were recorded.

        Images: shape (height, width, channels), in the size of their file where they are files,
        else in that of the network. Sound: shape (samples,), float32, of the length that the
        network hears, at the rate of the model's inputs. Texts: strings. Rows of a table: mappings
        of the columns that are read to numbers (NaN for missing) and strings ('' for missing).
        Arrays: as their input is described, NaN for missing.

        Raises:
            DataError: the files cannot be read any more, or are others than they were.
        """
        import numpy as np

        is_image = isinstance(self.dataset.inputs, ImageInput)
        if is_image and not isinstance(self.settings, FolderDataset):
            return list(split.taking(np.asarray(places, np.int64)).examples)
        return self._by_split(_origins(split, places), self._at)

    def _at(self, stored: str, indices: Sequence[int]) -> Sequence[Any]:
        source = self._decoded.splits[stored]
        if source.original is not None:
            return source.original(indices)
        wanted = sorted(set(indices))
        found: dict[int, Any] = {}
        start = 0
        for inputs, targets in source.batches():
            for index in wanted[len(found) :]:
                if index >= start + len(targets):
                    break
                found[index] = _row(inputs, index - start)
            start += len(targets)
            if len(found) == len(wanted):
                break
        return [found[index] for index in indices]

    def column(self, split: Split, name: str) -> NDArray[Any]:
        """One column of a table for a whole split, whether it is an input or not, shape (size,):
        float64 with NaN for missing where it has numbers, else object with '' for missing.

        Raises:
            DataError: there is no such column.
        """
        import numpy as np

        whole: dict[str, NDArray[Any]] = {}
        for stored, _ in split.origins():
            if stored not in whole:
                whole[stored] = self._column(stored, name)
        parts = [whole[stored][indices] for stored, indices in split.origins()]
        if len({part.dtype for part in parts}) > 1:  # words in one split, numbers alone in another
            parts = [_as_words(part) for part in parts]
        return np.concatenate(parts)

    def _column(self, stored: str, name: str) -> NDArray[Any]:
        import numpy as np

        source = self._decoded.splits[stored]
        try:
            if source.column is not None:
                return source.column(name)
            if not isinstance(self._decoded.inputs, TableInput):
                raise KeyError(name)
            cells = np.concatenate([inputs[name] for inputs, _ in source.batches()])
        except KeyError:
            raise DataError(f"{self.dataset.name} has no column {name!r}.") from None
        return cells if cells.dtype == object else cells.astype(np.float64)

    def folders(self, split: Split) -> list[str]:
        """The folder that each example of a split lies in, from that of the dataset on."""
        names = self.names(split, range(len(split)))
        return [PurePosixPath(name).parent.as_posix() for name in names]

    def batches(self, split: Split) -> Iterator[Any]:
        """The inputs of a split as they were recorded, in its order, as the preprocessing takes
        them: an array, or for a table a mapping of column names to arrays.

        Raises:
            ValueError: the split is not in the order in which it is stored.
        """
        import numpy as np

        for stored, indices in split.origins():
            if (np.diff(indices) <= 0).any():
                raise ValueError("a split is read in the order in which it is stored")
            start = 0
            for inputs, targets in self._decoded.splits[stored].batches():
                stop = start + len(targets)
                first, last = np.searchsorted(indices, (start, stop))
                if first < last:
                    yield rows_of(inputs, indices[first:last] - start)
                start = stop
                if last == len(indices):
                    break

    @cached_property
    def _decoded(self) -> DecodedDataset:
        quiet = SilentReporter()  # all there is to say was said when it was loaded
        with self.reporter.task(f"Reading {self.dataset.name} as it was recorded"):
            decoded = data.source_of(self.settings, reporter=quiet).read(self.given, quiet)
        for split in self.dataset.splits.values():
            for stored, indices in split.origins():
                known = decoded.splits.get(stored)
                if known is None or (len(indices) and indices.max() >= known.size):
                    raise DataError(
                        f"{self.dataset.name} changed while it was looked at.", hint="Try again."
                    )
        return decoded

    def _by_split(self, origins: Sequence[tuple[str, int]], read: Any) -> list[Any]:
        """What `read` finds at each origin, of each stored split at once."""
        found: list[Any] = [None] * len(origins)
        for name in dict.fromkeys(stored for stored, _ in origins):
            chosen = [place for place, (stored, _) in enumerate(origins) if stored == name]
            for place, value in zip(
                chosen, read(name, [origins[place][1] for place in chosen]), strict=True
            ):
                found[place] = value
        return found


def _origins(split: Split, places: Sequence[int]) -> list[tuple[str, int]]:
    """The stored split and the index in it of each place."""
    pairs = split.origins()
    found = []
    for place in places:
        rest = int(place)
        for stored, indices in pairs:
            if rest < len(indices):
                found.append((stored, int(indices[rest])))
                break
            rest -= len(indices)
        else:
            raise IndexError(place)
    return found


def _row(inputs: Any, row: int) -> Any:
    if isinstance(inputs, dict):
        return {name: _plain(values[row]) for name, values in inputs.items()}
    return _plain(inputs[row])


def _plain(value: Any) -> Any:
    """A number or string of NumPy as Python has it; arrays as they are."""
    return value.item() if getattr(value, "shape", None) == () else value


def _as_words(values: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    if values.dtype == object:
        return values
    return np.array(["" if value != value else f"{value:g}" for value in values.tolist()], object)
