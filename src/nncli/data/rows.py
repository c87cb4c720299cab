"""Examples that stay on disk and are read as they are needed."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DiskRows", "PickedRows"]


class DiskRows:
    """The rows of an .npy file, read by index; a row that is not asked for takes no memory.

    Reads into buffers instead of mapping the file: what a process has mapped and touched counts
    as its memory, up to the size of the file.

    Attributes:
        shape: (rows, ...), as of the array in the file.
        dtype: its dtype.
        nbytes: its size in bytes.
    """

    def __init__(self, mapped: np.memmap[Any, Any]) -> None:
        """`mapped`: the file, opened with `numpy.load(..., mmap_mode="r")`."""
        self.shape = mapped.shape
        self.dtype = mapped.dtype
        self.nbytes = mapped.nbytes
        self.row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        self.offset = int(mapped.offset)
        self.path = Path(str(mapped.filename))
        self.descriptor = os.open(self.path, os.O_RDONLY)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)

    def __getitem__(self, indices: NDArray[Any]) -> NDArray[Any]:
        """The rows at `indices`, shape (n, ...).

        Raises:
            DataError: the file became shorter, or cannot be read any more.
        """
        import numpy as np

        rows = np.empty((len(indices), *self.shape[1:]), self.dtype)
        if not len(indices):
            return rows
        flat = memoryview(rows.data).cast("B")
        for number, index in enumerate(indices.tolist()):
            target = flat[number * self.row_bytes : (number + 1) * self.row_bytes]
            try:
                read = os.preadv(self.descriptor, [target], self.offset + index * self.row_bytes)
            except OSError as error:
                raise DataError(f"{self.path} cannot be read: {error.strerror}.") from error
            if read != self.row_bytes:
                raise DataError(f"{self.path} is shorter than it was.")
        return rows


class PickedRows:
    """Images or spectrograms that are read from their source when somebody asks for them.

    Attributes:
        nbytes: what they take in memory: nothing, until they are asked for.
    """

    nbytes = 0

    def __init__(self, pick: Callable[[Sequence[int]], Sequence[NDArray[Any]]]) -> None:
        self.pick = pick

    def __getitem__(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """Those at `indices`, shape (n, height, width, channels)."""
        import numpy as np

        return np.stack(self.pick(indices.tolist()))
