"""What is kept of every example while a dataset is examined: little enough for millions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nncli.data.checking.finding import Finding
from nncli.data.dataset import Split
from nncli.data.splits import Division, divided
from nncli.data.table.columns import Kind, Seen
from nncli.descriptions import Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NOUNS", "Collected", "Examined", "Examples", "digest", "row_digests"]

# What one example of each kind of input is called.
NOUNS = {
    "image": "image", "table": "row", "text": "text", "sound": "recording", "array": "row",
}  # fmt: skip


@dataclass(frozen=True)
class Examples:
    """Every example that could be read.

    Attributes:
        kind: of the input: image, table, text, sound or array.
        splits: their names; `train` is the first.
        split: place in `splits` of each example, shape (n,).
        digests: equal for equal inputs as they were recorded, shape (n,), uint64.
        target: what is to be predicted; None if that is not known.
        targets: as `nncli.data.Split` has them, shape (n,) or (n, values).
        place: where the example with a number lies: a file, a row.
        thumbnails: of images, shape (n, 16, 16), uint8.
        dividers: what splits are divided by where that is not chance, shape (n,).
        held_out: the splits that training makes itself.
    """

    kind: str
    splits: tuple[str, ...]
    split: NDArray[np.int8]
    digests: NDArray[np.uint64]
    target: Target | None
    targets: NDArray[Any]
    place: Callable[[int], str]
    thumbnails: NDArray[np.uint8] | None = None
    dividers: NDArray[Any] | None = None
    held_out: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.split)

    @property
    def noun(self) -> str:
        """What one example is called."""
        return NOUNS[self.kind]

    def within(self, name: str) -> NDArray[np.bool_]:
        """Which examples a split has, shape (n,)."""
        place = self.splits.index(name) if name in self.splits else -1
        within: NDArray[np.bool_] = self.split == place
        return within

    def sizes(self) -> dict[str, int]:
        """How many examples each split has."""
        return {name: int(self.within(name).sum()) for name in self.splits}

    def divided_for_training(self, division: Division, seed: int) -> Examples:
        """The same examples, with the splits that training makes of them.

        Raises:
            DataError: a share leaves a split without examples.
        """
        import numpy as np

        if division.by is not None and self.dividers is None:
            return self  # what they are divided by cannot be read
        numbers = {name: np.flatnonzero(self.within(name)) for name in self.splits}
        published = {name: self._as_split(places) for name, places in numbers.items()}
        result = divided("The dataset", published, division, seed=seed)
        split = np.full(len(self), -1, np.int8)
        for number, (name, part) in enumerate(result.items()):
            origin = numbers["train" if part.targets is published["train"].targets else name]
            split[origin if part.indices is None else origin[part.indices]] = number
        held = frozenset(name for name, part in result.items() if part.indices is not None)
        divided_up = replace(self, splits=tuple(result), split=split, held_out=held - {"train"})
        return divided_up.taking(np.flatnonzero(split >= 0))  # folds leave a test split out

    def _as_split(self, places: NDArray[np.int64]) -> Split:
        import numpy as np

        divider = None if self.dividers is None else self.dividers[places]
        return Split(np.empty(0), self.targets[places], divider=divider)

    def taking(self, places: NDArray[np.int64]) -> Examples:
        """The examples at `places`, shape (n,)."""
        if len(places) == len(self):
            return self
        return replace(
            self,
            split=self.split[places],
            digests=self.digests[places],
            targets=self.targets[places],
            place=lambda number: self.place(int(places[number])),
            thumbnails=None if self.thumbnails is None else self.thumbnails[places],
            dividers=None if self.dividers is None else self.dividers[places],
        )


@dataclass(frozen=True)
class Examined:
    """What reading a dataset brought to light.

    Attributes:
        examples: None where nothing could be read.
        findings: about the reading itself.
        columns: of tables, what the cells of each column look like.
        kinds: of tables, what training takes the columns for, where that is known.
        sample: of tables, some rows of training: columns by name, and their targets.
        ignored: columns of the sample that are no inputs, but may say which rows belong together.
    """

    examples: Examples | None
    findings: Sequence[Finding] = ()
    columns: Mapping[str, Seen] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    sample: tuple[Mapping[str, NDArray[Any]], NDArray[Any]] | None = None
    ignored: frozenset[str] = frozenset()


class Collected:
    """Gathers examples batch by batch."""

    def __init__(self, kind: str, splits: Sequence[str]) -> None:
        self.kind, self.splits = kind, tuple(splits)
        self.split: list[NDArray[Any]] = []
        self.digests: list[NDArray[Any]] = []
        self.targets: list[NDArray[Any]] = []
        self.thumbnails: list[NDArray[Any]] = []

    def add(
        self,
        split: str,
        digests: NDArray[np.uint64],
        targets: NDArray[Any],
        thumbnails: NDArray[np.uint8] | None = None,
    ) -> None:
        """Keep a batch of one split."""
        import numpy as np

        self.split.append(np.full(len(digests), self.splits.index(split), np.int8))
        self.digests.append(digests)
        self.targets.append(targets)
        if thumbnails is not None:
            self.thumbnails.append(thumbnails)

    def examples(
        self,
        target: Target | None,
        place: Callable[[int], str],
        dividers: Sequence[NDArray[Any]] | None = None,
    ) -> Examples | None:
        """All that was gathered; None if that is nothing."""
        import numpy as np

        if not sum(map(len, self.split)):
            return None
        return Examples(
            kind=self.kind,
            splits=self.splits,
            split=np.concatenate(self.split),
            digests=np.concatenate(self.digests),
            target=target,
            targets=np.concatenate(self.targets),
            place=place,
            thumbnails=np.concatenate(self.thumbnails) if self.thumbnails else None,
            dividers=None if dividers is None else np.concatenate(dividers),
        )


def digest(*parts: bytes) -> int:
    """A number of 64 bits that is the same for the same bytes, and hardly ever for others."""
    import hashlib

    made = hashlib.blake2b(digest_size=8)
    for part in parts:
        made.update(part)
    return int.from_bytes(made.digest())


def row_digests(inputs: Any) -> NDArray[np.uint64]:
    """The digest of each example of a batch: an array, texts, or a mapping of columns."""
    import numpy as np

    if isinstance(inputs, Mapping):
        columns = [_cells(values) for values in inputs.values()]
        return _numbers(digest("\x1f".join(row).encode()) for row in zip(*columns, strict=True))
    values = np.asarray(inputs)
    if values.dtype == object:
        return _numbers(digest(str(text).encode("utf-8", "replace")) for text in values)
    flat = np.ascontiguousarray(values).reshape(len(values), -1)
    return _numbers(digest(row.tobytes()) for row in flat)


def _cells(values: NDArray[Any]) -> list[str]:
    if values.dtype == object:
        return [str(value) for value in values.tolist()]
    return [repr(value) for value in values.tolist()]


def _numbers(digests: Iterable[int]) -> NDArray[np.uint64]:
    import numpy as np

    return np.fromiter(digests, np.uint64)
