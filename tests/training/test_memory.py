"""What is said when there is not enough memory."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from nncli.descriptions import ImageInput, SoundInput
from nncli.errors import TrainingError
from nncli.preprocessing import ImagePreprocessing, SoundPreprocessing, cached_input
from nncli.training.memory import explained_exhaustion, explained_size

SOUND = SoundPreprocessing(
    inputs=SoundInput(sample_rate=8000), samples=80_000, mel_bins=64
)  # a picture, but none whose size can be chosen


def test_weights_that_cannot_be_made_are_a_sentence() -> None:
    """The array is larger than any address space: no machine tries to make it in earnest."""
    with pytest.raises(TrainingError, match="not enough memory") as error, explained_size(None):
        np.zeros(2**61, np.uint8)
    assert "image_size" not in str(error.value.hint)
    with pytest.raises(TrainingError) as error, explained_size((600, 801)):
        np.zeros(2**61, np.uint8)
    assert error.value.hint is not None
    assert error.value.hint.splitlines()[-1] == (
        "Smaller images than 600 x 801 take less: --set 'dataset.image_size=[300, 401]'"
    )


@pytest.mark.parametrize(
    ("prepared", "is_named"),
    [
        (ImagePreprocessing(inputs=ImageInput(shape=(200, 100, 3))), True),
        (ImagePreprocessing(inputs=ImageInput(shape=(28, 28, 1))), False),
        (SOUND, False),
    ],
)
def test_a_batch_of_images_that_does_not_fit_names_their_size(
    prepared: ImagePreprocessing | SoundPreprocessing, is_named: bool
) -> None:
    start = cached_input(prepared)
    network = keras.Model(start, keras.layers.Flatten()(start))
    refused = pytest.raises(TrainingError, match="batches of 128")
    with refused as error, explained_exhaustion(network, 128):
        raise MemoryError
    assert ("--set 'dataset.image_size=[100, 50]'" in str(error.value.hint)) == is_named


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(KeyError), explained_size(None):
        raise KeyError("something else")
