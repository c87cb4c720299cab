"""What splits are divided by, beside chance: groups and times as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["group_numbers"]


def group_numbers(names: NDArray[Any]) -> NDArray[np.int64]:
    """A number for each group that depends on its name alone, so that the same group has the same
    number in every file and split: 8 bytes of its BLAKE2 digest, shape (n,), int64."""
    import hashlib

    import numpy as np

    known = {
        name: int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
        for name in set(names.tolist())
    }
    return np.array([known[name] for name in names.tolist()], np.int64)
