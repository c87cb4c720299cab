"""What a loader returns: named splits of typed arrays, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nncli.data.rows import DiskRows
from nncli.descriptions import ClassTarget, ImageInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Batches", "Dataset", "DecodedDataset", "DecodedSplit", "Split"]

Batches = Callable[[], Iterator["tuple[NDArray[Any], NDArray[np.int64]]"]]


@dataclass(frozen=True)
class Split:
    """Examples of one split: a view of arrays that may be shared with other splits.

    Attributes:
        inputs: pixels, shape (stored, height, width, channels), an unsigned integer dtype; in
            memory, or on disk and read by index.
        targets: class indices, shape (stored,), int64.
        indices: which of the stored examples belong to this split, in order, shape (size,),
            int64; None for all of them.
    """

    inputs: NDArray[Any] | DiskRows
    targets: NDArray[np.int64]
    indices: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.targets if self.indices is None else self.indices)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The targets of this split alone, shape (size,), int64."""
        return self.targets if self.indices is None else self.targets[self.indices]

    @property
    def examples(self) -> NDArray[Any]:
        """The inputs of this split alone, shape (size, ...), all of them in memory."""
        import numpy as np

        if self.indices is None and not isinstance(self.inputs, DiskRows):
            return self.inputs
        indices = np.arange(len(self)) if self.indices is None else self.indices
        return self.inputs[indices]


@dataclass(frozen=True)
class Dataset:
    """A named dataset with its splits (`train`, and where they exist `validation`, `test`).

    `image_size` is the (height, width) that images of varying size were brought to, None where
    the arrays hold the pixels as they were recorded.
    """

    name: str
    inputs: ImageInput
    target: ClassTarget
    splits: Mapping[str, Split]
    image_size: tuple[int, int] | None = None

    def with_splits(self, splits: Mapping[str, Split]) -> Dataset:
        """The same dataset, divided differently."""
        return replace(self, splits=splits)


@dataclass(frozen=True)
class DecodedSplit:
    """A split on its way into the cache: `batches()` yields (inputs, targets) in a fixed order."""

    size: int
    batches: Batches


@dataclass(frozen=True)
class DecodedDataset:
    """A dataset that is read once, batch by batch, to be cached."""

    name: str
    inputs: ImageInput
    target: ClassTarget
    splits: Mapping[str, DecodedSplit]
    image_size: tuple[int, int] | None = None
