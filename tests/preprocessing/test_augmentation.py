"""Random changes of training examples: what each does, and to whom it may be done."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from nncli.descriptions import Features, ImageInput, Input, SoundInput, TextInput
from nncli.errors import DataError
from nncli.preprocessing.augmentation import Augmentation, augmented

PICTURES = np.random.default_rng(0).random((16, 12, 10, 3)).astype(np.float32)


def changed(described: dict[str, Any], pictures: Any, *, training: bool = True) -> Any:
    """`pictures` as the network sees them in training."""
    keras.utils.set_random_seed(0)
    features = Features(kind="image", shape=pictures.shape[1:])
    start = keras.Input(pictures.shape[1:])
    model = keras.Model(start, augmented(Augmentation(**described), features, start))
    return np.asarray(model(pictures, training=training))


@pytest.mark.parametrize(
    "described",
    [
        {"flip": "horizontal"},
        {"flip": "vertical"},
        {"flip": "both"},
        {"crop": 3},
        {"translation": 0.2},
        {"rotation": 30.0},
        {"zoom": 0.3},
        {"brightness": 0.3},
        {"contrast": 0.5},
        {"rand_augment": {}},
        {"noise": 0.1},
    ],
    ids=str,
)
def test_every_change_changes_training_alone(described: dict[str, Any]) -> None:
    result = changed(described, PICTURES)
    assert result.shape == PICTURES.shape and np.isfinite(result).all()
    assert not np.allclose(result, PICTURES)
    assert np.array_equal(changed(described, PICTURES, training=False), PICTURES)


def test_a_flip_mirrors_about_half_of_the_images() -> None:
    pictures = np.repeat(PICTURES, 8, axis=0)
    result = changed({"flip": "horizontal"}, pictures)
    mirrored = np.array([np.allclose(a, b[:, ::-1]) for a, b in zip(result, pictures, strict=True)])
    kept = np.array([np.allclose(a, b) for a, b in zip(result, pictures, strict=True)])
    assert (mirrored | kept).all() and 0.3 < mirrored.mean() < 0.7


def test_a_crop_is_a_piece_of_the_image_with_a_black_edge_and_differs_within_a_batch() -> None:
    padded = np.pad(PICTURES, ((0, 0), (3, 3), (3, 3), (0, 0)))
    places = set()
    for result, whole in zip(changed({"crop": 3}, PICTURES), padded, strict=True):
        found = [
            (top, left)
            for top in range(7)
            for left in range(7)
            if np.array_equal(result, whole[top : top + 12, left : left + 10])
        ]
        assert len(found) == 1
        places.add(found[0])
    assert len(places) > 5


def test_grey_pictures_stay_grey_under_rand_augment() -> None:
    result = changed({"rand_augment": {"operations": 3}}, PICTURES[..., :1])
    assert result.shape == (16, 12, 10, 1) and not np.allclose(result, PICTURES[..., :1])


def test_spec_augment_blanks_stripes_no_wider_than_wanted() -> None:
    sounds = np.ones((64, 40, 50, 1), np.float32)
    blank = changed({"spec_augment": {"masks": 1, "frequency": 0.25, "time": 0.1}}, sounds) == 0
    rows = blank.all(axis=(2, 3)).sum(axis=1)
    columns = blank.all(axis=(1, 3)).sum(axis=1)
    assert rows.max() <= 10 and columns.max() <= 5
    assert len(set(rows.tolist())) > 4 and len(set(columns.tolist())) > 3
    # Nothing but whole stripes is blank.
    expected = rows * 50 + columns * 40 - rows * columns
    assert blank.sum(axis=(1, 2, 3)).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("inputs", "described", "words"),
    [
        (SoundInput(sample_rate=8000), {"flip": "both"}, "spec_augment, noise, mixup, cutmix"),
        (TextInput(), {"noise": 0.1}, "cannot be augmented"),
        (ImageInput(shape=(8, 8, 1)), {"spec_augment": {}}, "flip, crop"),
        (ImageInput(shape=(8, 8, 1)), {"crop": 8}, "fewer"),
    ],
)
def test_what_does_not_apply_is_refused(
    inputs: Input, described: dict[str, Any], words: str
) -> None:
    features = Features(kind="image", shape=(8, 8, 1))
    with pytest.raises(DataError) as caught:
        Augmentation(**described).check("x", inputs, features)
    assert "dataset.augment." in caught.value.message and words in (caught.value.hint or "")
