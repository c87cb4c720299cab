"""The embedded dataset: scikit-learn's 1,797 handwritten digits of 8 x 8 pixels.

Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository, https://doi.org/10.24432/C50P49 (the test part, as scikit-learn ships it).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from nncli.data.dataset import DecodedDataset, DecodedSplit, Source
from nncli.data.inputs import Augmented
from nncli.data.partition import stratified_hold_out
from nncli.data.splits import HeldOutValidation
from nncli.descriptions import ClassTarget, ImageInput
from nncli.preprocessing import ImagePreprocessing, Preprocessing
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DigitsDataset", "source"]

# The same division for every experiment, so that scores can be compared: not the user's seed.
TEST_SHARE = 0.2
TEST_SEED = 0


class DigitsDataset(Augmented, HeldOutValidation):
    """scikit-learn's 1,797 handwritten digits: always there, no network."""

    type: Literal["digits"] = Field(default="digits", description="The embedded digits.")

    @property
    def label(self) -> str:
        """The name that runs and reports give to this dataset."""
        return "digits"


def source(settings: DigitsDataset) -> Source:
    """The digits: pixels 0 to 16, shape (n, 8, 8, 1), uint8; a stratified fifth is test.

    The cache also spares the second that importing scikit-learn takes.
    """
    key = {"name": settings.label, "test_share": TEST_SHARE, "test_seed": TEST_SEED}

    def read(given: Preprocessing | None, reporter: Reporter) -> DecodedDataset:
        return _decode()

    return Source(key, read, partial(read, None))


def _decode() -> DecodedDataset:
    import numpy as np
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = pixels.reshape(-1, 8, 8, 1).astype(np.uint8)
    targets = labels.astype(np.int64)
    train, test = stratified_hold_out(targets, TEST_SHARE, seed=TEST_SEED)
    inputs = ImageInput(shape=(8, 8, 1), maximum=16.0)
    return DecodedDataset(
        name="digits",
        inputs=inputs,
        preprocessing=ImagePreprocessing(inputs=inputs),
        target=ClassTarget(names=tuple(str(digit) for digit in range(10))),
        splits={
            name: DecodedSplit(
                len(places),
                partial(_whole, images[places], targets[places]),
                targets[places],
                pick=images[places].__getitem__,
            )
            for name, places in (("train", train), ("test", test))
        },
    )


def _whole(images: NDArray[Any], targets: NDArray[Any]) -> Iterator[Any]:
    """All in one batch."""
    yield images, targets
