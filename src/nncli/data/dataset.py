"""What a loader returns: named splits of typed arrays, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nncli.data.remarks import Remark
from nncli.data.rows import DiskRows
from nncli.descriptions import Input, Target
from nncli.objectives import encoded
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nncli.data.recording import Recorded

__all__ = ["Batches", "Dataset", "DecodedDataset", "DecodedSplit", "Source", "Split", "rows_of"]

Batches = Callable[[], Iterator["tuple[Any, NDArray[Any]]"]]


@dataclass(frozen=True)
class Split:
    """Examples of one split: a view of arrays that may be shared with other splits.

    Attributes:
        inputs: preprocessed, shape (stored, ...): pixels as an unsigned integer dtype, tokens as
            int32, all else float32; in memory, or on disk and read by index.
        targets: class indices, shape (stored,), int64; labels as 0 and 1 or values, shape
            (stored, labels or values), float32.
        indices: which of the stored examples belong to this split, in order, shape (size,),
            int64; None for all of them.
        divider: what the splits are divided by, where that is not chance: the number of each
            stored example's group, int64, or its time, float64; shape (stored,).
        stored: the name of the published split that `indices` count in.
        parts: the splits that were put together, in their order, where this is several of them.
    """

    inputs: NDArray[Any] | DiskRows
    targets: NDArray[Any]
    indices: NDArray[np.int64] | None = None
    divider: NDArray[Any] | None = None
    stored: str = "train"
    parts: tuple[Split, ...] = ()

    def __len__(self) -> int:
        return len(self.targets if self.indices is None else self.indices)

    @property
    def labels(self) -> NDArray[Any]:
        """The targets of this split alone, shape (size, ...)."""
        return self.targets if self.indices is None else self.targets[self.indices]

    @property
    def dividers(self) -> NDArray[Any]:
        """The divider of this split alone, shape (size,)."""
        assert self.divider is not None, "nothing divides it"
        return self.divider if self.indices is None else self.divider[self.indices]

    def taking(self, places: NDArray[np.int64]) -> Split:
        """The examples of this split at `places`, shape (n,), counted within it."""
        return replace(self, indices=places if self.indices is None else self.indices[places])

    def origins(self) -> list[tuple[str, NDArray[np.int64]]]:
        """Where the examples of this split are stored, in order: the name of a published split and
        indices that count in it; several pairs where splits were put together.

        A joined split is told in the order of its parts, and only whole.
        """
        import numpy as np

        if self.parts:
            assert self.indices is None, "some places of a joined split are asked for one by one"
            return [pair for part in self.parts for pair in part.origins()]
        indices = np.arange(len(self)) if self.indices is None else self.indices
        return [(self.stored, indices)]

    @property
    def examples(self) -> NDArray[Any]:
        """The inputs of this split alone, shape (size, ...), all of them in memory."""
        import numpy as np

        if self.indices is None and not isinstance(self.inputs, DiskRows):
            return self.inputs
        indices = np.arange(len(self)) if self.indices is None else self.indices
        return self.inputs[indices]


def rows_of(inputs: Any, chosen: Any) -> Any:
    """Some examples of recorded inputs: of an array, or of a table's mapping of columns to arrays;
    `chosen` is what NumPy takes for an index."""
    if isinstance(inputs, Mapping):
        return {name: values[chosen] for name, values in inputs.items()}
    return inputs[chosen]


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Dataset:
    """A named dataset with its splits (`train`, and where they exist `validation`, `test`).

    `inputs` describes what was recorded, `preprocessing` how the arrays were made of it; `found`
    are the settings that reading it found out, and `recorded` reads what is remembered of the
    inputs as they were. `left_out` counts the rows or files that could not be read, and `remarks`
    are what was said about it.
    """

    name: str
    inputs: Input
    target: Target
    preprocessing: Preprocessing
    splits: Mapping[str, Split]
    found: Mapping[str, Any] = field(default_factory=dict)
    recorded: Callable[[], Recorded | None] = _nothing
    left_out: int = 0
    remarks: tuple[Remark, ...] = ()

    def with_splits(self, splits: Mapping[str, Split]) -> Dataset:
        """The same dataset, divided differently."""
        return replace(self, splits=splits)

    def encoded(self) -> Dataset:
        """The same dataset with the targets that the network is trained on."""
        splits = {
            name: replace(split, targets=encoded(self.target, split.targets))
            for name, split in self.splits.items()
        }
        return self.with_splits(splits)

    def with_target(self, target: Target) -> Dataset:
        """The same dataset, its target described better."""
        return replace(self, target=target)


@dataclass(frozen=True)
class DecodedSplit:
    """A split on its way into the cache: `batches()` yields (inputs, targets) in a fixed order.

    The inputs of a table are a mapping of column names to arrays, all others an array.
    """

    size: int
    batches: Batches
    targets: NDArray[Any] | None = None  # where they are known without reading the inputs
    divider: Callable[[], NDArray[Any]] | None = None  # reads `Split.divider`
    # What is seen of some examples, images or spectrograms, where they are read without the others.
    pick: Callable[[Sequence[int]], Sequence[NDArray[Any]]] | None = None
    # Some examples as they were recorded, where they are read without the others: pixels in their
    # own size, a text, samples at the rate of the inputs.
    original: Callable[[Sequence[int]], Sequence[Any]] | None = None
    # What some examples are called: their file, or their row; default: split and number.
    names: Callable[[Sequence[int]], Sequence[str]] | None = None
    # All cells of a column that may be no input, as text, shape (size,), object, '' for missing.
    column: Callable[[str], NDArray[Any]] | None = None


@dataclass(frozen=True)
class DecodedDataset:
    """A dataset that is read batch by batch, to be cached.

    `preprocessing` is None where it is fitted on the training split; `recorded` says something
    when the batches of the first split were read. `found`, `left_out` and `remarks` are those of
    `Dataset`; whoever opens a source notes the last.
    """

    name: str
    inputs: Input
    target: Target
    splits: Mapping[str, DecodedSplit]
    preprocessing: Preprocessing | None = None
    found: Mapping[str, Any] = field(default_factory=dict)
    recorded: Callable[[], Recorded | None] = _nothing
    left_out: int = 0
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Source:
    """A dataset that could be read.

    Attributes:
        key: everything that its content depends on; names it in the cache.
        read: opens it. A preprocessing that is given decides the size that images and sound are
            brought to; without one it is found out.
        skim: opens it for whoever looks at it and needs only some of its examples, without
            TensorFlow; None where that cannot be done, which is said without opening it, or by
            what it returns.
    """

    key: Mapping[str, Any]
    read: Callable[[Preprocessing | None, Reporter], DecodedDataset]
    skim: Callable[[Reporter], DecodedDataset | None] | None = None
