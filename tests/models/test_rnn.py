"""The recurrent network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from nncli import models
from nncli.descriptions import ClassTarget, Features
from nncli.models import MlpModel, RnnModel

TARGET = ClassTarget(names=("one", "other"))
TEXT = Features(kind="tokens", shape=(12,), vocabulary=12)


def built(features: Features = TEXT, **settings: Any) -> Any:
    return models.build(RnnModel(**settings), features, TARGET)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_it_finds_which_word_comes_first(
    cell: str, bidirectional: bool, score: Any, sentences: Any
) -> None:
    tokens, labels = sentences()
    settings = RnnModel(
        cell=cell, bidirectional=bidirectional, hidden_units=(16,), embedding_units=16, dropout=0.1
    )
    assert score(settings, TEXT, tokens, labels, learning_rate=0.02) > 0.9


def test_a_mean_of_words_cannot_find_it(score: Any, sentences: Any) -> None:
    tokens, labels = sentences()
    assert score(MlpModel(), TEXT, tokens, labels, learning_rate=0.01) < 0.65


@pytest.mark.parametrize("settings", [{}, {"hidden_units": (5, 4), "cell": "lstm"}], ids=str)
def test_it_stops_at_the_last_word_also_from_a_file(
    tmp_path: Path, settings: dict[str, Any], saved_and_loaded: Any
) -> None:
    """The same words in a longer window, with more padding behind them, say the same."""
    network = built(**settings)
    longer = built(Features(kind="tokens", shape=(30,), vocabulary=12), **settings)
    longer.set_weights(network.get_weights())
    tokens = np.zeros((3, 30), np.int32)
    tokens[0, :4], tokens[1, :12] = [3, 4, 5, 6], np.arange(12) % 9 + 2
    said = np.asarray(network(tokens[:, :12]))
    np.testing.assert_allclose(np.asarray(longer(tokens)), said, atol=1e-6)
    np.testing.assert_allclose(
        np.asarray(saved_and_loaded(network, tmp_path)(tokens[:, :12])), said, atol=1e-6
    )
    assert np.isfinite(said).all(), "a text without words is an answer, too"
    nothing = network.layers[-1].get_weights()[1]
    np.testing.assert_allclose(said[2], nothing, atol=1e-6)


def test_cudnn_is_not_used_for_texts() -> None:
    """It fails for a text without words."""
    assert built(bidirectional=False).get_layer("recurrent_1").use_cudnn is False
    sequence = Features(kind="sequence", shape=(9, 2))
    assert built(sequence, bidirectional=False).get_layer("recurrent_1").use_cudnn == "auto"


def test_frames_of_sound_are_read_in_the_order_of_time() -> None:
    """A step is a column of the spectrogram: the frequencies of one moment."""
    network = built(Features(kind="spectrogram", shape=(5, 7, 1)))
    inside = keras.Model(network.input, network.get_layer("frames").output)
    picture = np.random.default_rng(0).random((1, 5, 7, 1)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(inside(picture))[0], picture[0, :, :, 0].T)


def test_layers_follow_each_other_with_dropout_around_them() -> None:
    network = built(hidden_units=(5, 4), bidirectional=False, dropout=0.2)
    names = [layer.name for layer in network.layers]
    kept = [name for name in names if name.startswith(("dropout", "recurrent", "logits"))]
    assert kept == [
        "dropout_1", "recurrent_1", "dropout_2", "recurrent_2", "dropout_output", "logits",
    ]  # fmt: skip
    assert not any("dropout" in layer.name for layer in built(dropout=0.0).layers)
    both = built(hidden_units=(5, 4)).get_layer("recurrent_1_both_ways")
    assert both.output.shape == (None, 12, 10)


@pytest.mark.parametrize("settings", [{"hidden_units": ()}, {"cell": "rnn"}, {"dropout": 1.0}])
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RnnModel(**settings)
