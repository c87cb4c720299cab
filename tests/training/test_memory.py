"""What is said when there is not enough memory."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from nncli import backend
from nncli.descriptions import ImageInput, SoundInput
from nncli.errors import TrainingError
from nncli.preprocessing import ImagePreprocessing, SoundPreprocessing, cached_input
from nncli.training.memory import check_batch_size, explained_exhaustion, explained_size

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
    "said", ["RESOURCE_EXHAUSTED: 3 bytes", "INTERNAL: Error: Out of memory allocating 144 bytes"]
)
def test_what_xla_says_of_too_many_weights_is_a_sentence(said: str) -> None:
    with pytest.raises(TrainingError, match="for the weights of this model"), explained_size(None):
        raise RuntimeError(said)


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


def test_a_batch_is_refused_if_the_gradient_of_the_largest_layer_has_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A convolution over photographs: outputs and their gradient, 4 bytes a number."""
    network = keras.Sequential(
        [keras.Input((120, 160, 3)), keras.layers.Conv2D(32, 3, padding="same")]
    )
    outputs = 4 * 32 * 120 * 160 * 10  # of ten examples
    weights = 2 * 4 * (3 * 3 * 3 * 32 + 32)
    monkeypatch.setattr(backend, "has_accelerator", lambda: False)
    monkeypatch.setattr(backend, "memory_bytes", lambda: 2 * outputs + weights)
    check_batch_size(network, 10)
    with pytest.raises(TrainingError, match="batches of 11 examples") as error:
        check_batch_size(network, 11)
    assert "image_size" not in str(error.value.hint)  # whose input is none of nncli's


def test_numbers_of_16_bits_take_half_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    network = keras.Sequential([keras.Input((100,)), keras.layers.Dense(1000)])
    weights = 2 * 4 * (100 * 1000 + 1000)
    monkeypatch.setattr(backend, "has_accelerator", lambda: False)
    monkeypatch.setattr(backend, "memory_bytes", lambda: 4 * 1000 * 500 + weights)
    with pytest.raises(TrainingError):
        check_batch_size(network, 500)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        check_batch_size(network, 500)
    finally:
        keras.config.set_dtype_policy("float32")


def test_weights_that_leave_no_room_are_not_blamed_on_the_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = keras.Sequential([keras.Input((100,)), keras.layers.Dense(1000)])
    weights = 2 * 4 * (100 * 1000 + 1000)
    monkeypatch.setattr(backend, "has_accelerator", lambda: False)
    monkeypatch.setattr(backend, "memory_bytes", lambda: weights)
    with pytest.raises(TrainingError, match="not enough memory for the weights of this model"):
        check_batch_size(network, 500)
    monkeypatch.setattr(backend, "memory_bytes", lambda: weights + 500_000)
    with pytest.raises(TrainingError, match="for batches of 500") as error:
        check_batch_size(network, 500)
    assert "--batch-size 16" in str(error.value.hint)  # half of what the weights leave


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(KeyError), explained_size(None):
        raise KeyError("something else")
