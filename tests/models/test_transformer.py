"""The transformer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from nncli import models
from nncli.descriptions import ClassTarget, Features
from nncli.errors import UsageError
from nncli.models import TransformerModel
from nncli.models.pieces import joined, patches

TARGET = ClassTarget(names=("one", "other"))
TEXT = Features(kind="tokens", shape=(12,), vocabulary=12)


def built(features: Features = TEXT, **settings: Any) -> Any:
    return models.build(TransformerModel(**settings), features, TARGET)


def without_places(network: Any) -> Any:
    """The embeddings of all places are the same and stay it."""
    layer = network.get_layer("pieces_and_places")
    layer.bias.assign(layer.bias * 0)
    layer.bias.trainable = False
    return network


@pytest.mark.slow
def test_it_finds_which_word_comes_first_and_without_places_it_does_not(
    monkeypatch: pytest.MonkeyPatch, score: Any, sentences: Any
) -> None:
    tokens, labels = sentences(count=1200)
    settings = TransformerModel(units=32, embedding_units=16, dropout=0.05)
    assert score(settings, TEXT, tokens, labels, epochs=25) > 0.9
    build = models.build
    monkeypatch.setattr(models, "build", lambda *given: without_places(build(*given)))
    assert score(settings, TEXT, tokens, labels, epochs=8) < 0.65


def test_padding_is_neither_attended_to_nor_counted(tmp_path: Path, saved_and_loaded: Any) -> None:
    """The same words say the same in a longer window; without a word the answer is a number."""
    network = built()
    longer = built(Features(kind="tokens", shape=(30,), vocabulary=12))
    weights = network.get_weights()
    place = next(i for i, array in enumerate(weights) if array.shape == (12, 64) and i > 0)
    weights[place] = np.concatenate([weights[place], np.ones((18, 64), np.float32)])
    longer.set_weights(weights)
    tokens = np.zeros((3, 30), np.int32)
    tokens[0, :4], tokens[1, :12] = [3, 4, 5, 6], np.arange(12) % 9 + 2
    said = np.asarray(network(tokens[:, :12]))
    np.testing.assert_allclose(np.asarray(longer(tokens)), said, atol=1e-5)
    assert np.isfinite(said).all()
    loaded = saved_and_loaded(network, tmp_path)
    np.testing.assert_allclose(np.asarray(loaded(tokens[:, :12])), said, atol=1e-6)


def test_half_precision_ignores_padding_too() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        said = np.asarray(built()(np.zeros((2, 12), np.int32)), np.float32)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(said).all()


def test_squares_are_cut_row_by_row_and_filled_with_zeros() -> None:
    images = np.arange(2 * 3 * 5 * 2, dtype=np.float32).reshape(2, 3, 5, 2)
    start = keras.Input((3, 5, 2))
    cut = np.asarray(keras.Model(start, patches(start, 2))(images))
    assert cut.shape == (2, 2 * 3, 2 * 2 * 2)
    np.testing.assert_array_equal(cut[1, 1], images[1, 0:2, 2:4].ravel())
    last = np.zeros((2, 2, 2), np.float32)
    last[0, 0] = images[1, 2, 4]
    np.testing.assert_array_equal(cut[1, 5], last.ravel())


def test_steps_are_joined_in_their_order() -> None:
    steps = np.arange(10, dtype=np.float32).reshape(1, 5, 2)
    start = keras.Input((5, 2))
    said = np.asarray(keras.Model(start, joined(start, 2))(steps))
    np.testing.assert_array_equal(said, [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 0]]])


@pytest.mark.parametrize(
    ("features", "pieces"),
    [
        (Features(kind="image", shape=(8, 8, 1)), 64),
        (Features(kind="image", shape=(28, 28, 1)), 49),
        (Features(kind="image", shape=(224, 224, 3)), 64),
        (Features(kind="image", shape=(3, 2, 1)), 6),
        (Features(kind="sequence", shape=(128, 2)), 128),
        (Features(kind="sequence", shape=(1000, 2)), 125),
        (Features(kind="spectrogram", shape=(40, 101, 1)), 101),
        (TEXT, 12),
    ],
    ids=str,
)
def test_pieces_are_few_by_default(features: Features, pieces: int) -> None:
    assert built(features).get_layer("pieces_and_places").output.shape == (None, pieces, 64)


def test_patches_are_as_large_as_is_said() -> None:
    network = built(Features(kind="image", shape=(28, 28, 1)), patch_size=7)
    assert network.get_layer("pieces_and_places").output.shape[1] == 16
    with pytest.raises(UsageError, match="patch_size is for images"):
        built(patch_size=2)


def test_heads_that_do_not_divide_the_units_are_refused() -> None:
    with pytest.raises(ValidationError, match="heads: 5 does not divide units: 64"):
        TransformerModel(heads=5)
