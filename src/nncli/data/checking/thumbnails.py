"""Images in little, to find those that look alike.

The pixels around count smoothly less the further away they are (bicubic): the mean of what a pixel
covers jumps where another size of the same image has its pixels elsewhere, so that of copies of a
32 x 32 image in 20 x 20 one in fourteen was found, and now nearly all are.
"""

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

    # Of a photograph whole pixels are joined first, which is faster and gives the same.
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=4.0)
    return np.asarray(small, np.uint8)


def thumbnails(batch: NDArray[Any], maximum: float) -> NDArray[np.uint8]:
    """Images of one size, shape (n, height, width, channels), as (n, 16, 16), like `thumbnail`."""
    import numpy as np

    grey = batch.mean(axis=-1, dtype=np.float32) * np.float32(255.0 / maximum)
    rows, columns = _shares(batch.shape[1]), _shares(batch.shape[2])
    small: NDArray[np.uint8] = np.rint(rows @ grey @ columns.T).clip(0, 255).astype(np.uint8)
    return small


def _shares(size: int) -> NDArray[np.float32]:
    """What each of `size` pixels in a row adds to each of the 16, shape (16, size)."""
    import numpy as np
    from PIL import Image

    each = Image.fromarray(np.eye(size, dtype=np.float32))
    return np.asarray(each.resize((size, SIDE), Image.Resampling.BICUBIC), np.float32)
