"""Images in little, to find those that look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SIDE", "thumbnail", "thumbnails"]

SIDE = 16


def thumbnail(image: Any) -> NDArray[np.uint8]:
    """One image of Pillow of any size, as 16 x 16 grey pixels."""
    import numpy as np
    from PIL import Image

    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.uint8)


def thumbnails(batch: NDArray[Any], maximum: float) -> NDArray[np.uint8]:
    """Images of one size, shape (n, height, width, channels), as (n, 16, 16).

    Every pixel of the result is the mean of what it covers, edges counted by their share.
    """
    import numpy as np

    grey = batch.mean(axis=-1, dtype=np.float32) * np.float32(255.0 / maximum)
    rows, columns = _covered(batch.shape[1]), _covered(batch.shape[2])
    small: NDArray[np.uint8] = np.rint(rows @ grey @ columns.T).clip(0, 255).astype(np.uint8)
    return small


def _covered(size: int) -> NDArray[np.float32]:
    """Which share of each of `size` pixels falls to each of the 16, shape (16, size)."""
    import numpy as np

    edges = np.linspace(0, size, SIDE + 1)
    pixels = np.arange(size)
    upper = np.minimum(edges[1:, None], pixels[None, :] + 1)
    lower = np.maximum(edges[:-1, None], pixels[None, :])
    part = np.clip(upper - lower, 0, None)
    shares: NDArray[np.float32] = (part / part.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
