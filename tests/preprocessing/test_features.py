"""What a network is told of its inputs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from nncli import preprocessing
from nncli.descriptions import (
    ArrayInput,
    Block,
    Column,
    Features,
    ImageInput,
    SoundInput,
    TableInput,
)
from nncli.preprocessing import (
    ArrayPreprocessing,
    ImagePreprocessing,
    SoundPreprocessing,
    table,
)
from nncli.preprocessing.applying import Applied
from nncli.preprocessing.sound import spectrogram_array

COLUMNS = (
    Column(name="sort", kind="category"),
    Column(name="size", kind="number"),
    Column(name="note", kind="text"),
    Column(name="day", kind="date"),
    Column(name="grade", kind="category"),
)


def rows() -> dict[str, Any]:
    """Three rows; a size and a grade are missing."""
    return {
        "sort": np.array(["a", "b", "c"], object),
        "size": np.array([1.0, np.nan, 3.0], np.float32),
        "note": np.array(["red green", "red", "blue"], object),
        "day": np.array([1.0, 2.0, 3.0], np.float32),
        "grade": np.array(["x", "", "y"], object),
    }


def test_the_blocks_of_a_table_are_where_its_categories_and_words_are() -> None:
    """Beyond the numbers each block has one 1 a row, or one for every word."""
    fitted = table.fit(TableInput(columns=COLUMNS), iter([rows()]))
    features = preprocessing.features(fitted)
    # size, day, whether the size is missing, four waves of the day.
    assert features.categories == (
        Block(start=7, width=3),  # a, b, c
        Block(start=10, width=3),  # missing, x, y
        Block(start=13, width=4),  # unknown, red, green, blue
    )
    vectors = Applied(fitted)(rows())
    assert vectors.shape == (3, *features.shape)
    sums = [
        vectors[:, block.start : block.start + block.width].sum(axis=1).tolist()
        for block in features.categories
    ]
    assert sums == [[1, 1, 1], [1, 1, 1], [2, 1, 1]]
    assert Counter(vectors[:, 7:10].argmax(axis=1).tolist()) == Counter([0, 1, 2])


def test_numbers_alone_have_no_blocks() -> None:
    only = TableInput(columns=(Column(name="size", kind="number"),))
    fitted = table.fit(only, iter([{"size": rows()["size"]}]))
    assert preprocessing.features(fitted) == Features(kind="vector", shape=(2,))


@pytest.mark.parametrize(
    ("settings", "kind", "shape"),
    [
        (SoundPreprocessing(inputs=SoundInput(sample_rate=8000), samples=800, mel_bins=20),
         "spectrogram", (20, 11, 1)),
        (ImagePreprocessing(inputs=ImageInput(shape=(4, 3, 1))), "image", (4, 3, 1)),
        (ArrayPreprocessing(inputs=ArrayInput(shape=(5, 2)), means=(0, 0), deviations=(1, 1)),
         "sequence", (5, 2)),
    ],
)  # fmt: skip
def test_sound_is_a_picture_with_time_and_an_image_is_one_without(
    settings: Any, kind: str, shape: tuple[int, ...]
) -> None:
    features = preprocessing.features(settings)
    assert (features.kind, features.shape, features.categories) == (kind, shape, ())


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_a_spectrogram_in_numpy_is_that_of_the_model(rate: int) -> None:
    """Two tones in noise, the second half silent: no bin may be shifted."""
    settings = SoundPreprocessing(inputs=SoundInput(sample_rate=rate), samples=rate, mel_bins=40)
    times = np.arange(rate) / rate
    sound = np.sin(2 * np.pi * 440 * times) + 0.3 * np.sin(2 * np.pi * 0.2 * rate * times)
    sound += np.random.default_rng(0).normal(0, 0.01, rate)
    sound[rate // 2 :] = 0
    samples = sound.astype(np.float32)
    drawn = spectrogram_array(settings, samples)
    assert drawn.shape == preprocessing.features(settings).shape
    np.testing.assert_allclose(drawn, Applied(settings)(samples[np.newaxis])[0], atol=2e-3)
