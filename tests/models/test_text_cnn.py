"""Convolutions over words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from nncli import models
from nncli.descriptions import ClassTarget, Features
from nncli.models import TextCnnModel

TARGET = ClassTarget(names=("one", "other"))
TEXT = Features(kind="tokens", shape=(12,), vocabulary=12)


@pytest.mark.slow
def test_it_finds_phrases_and_with_filters_of_one_word_it_does_not(
    score: Any, sentences: Any
) -> None:
    """The two words stand beside each other; their order is the class."""
    tokens, labels = sentences(gap=1)
    small: dict[str, Any] = {"filters_per_size": 16, "embedding_units": 16, "dropout": 0.2}
    phrases = TextCnnModel(kernel_sizes=(2, 3), **small)
    assert score(phrases, TEXT, tokens, labels) > 0.95
    words = TextCnnModel(kernel_sizes=(1,), **small)
    assert score(words, TEXT, tokens, labels) < 0.65


def test_every_length_of_phrase_has_its_filters() -> None:
    network = models.build(TextCnnModel(kernel_sizes=(2, 5), filters_per_size=7), TEXT, TARGET)
    assert network.get_layer("convolution_2").kernel.shape == (5, 128, 7)
    assert network.get_layer("phrases").output.shape == (None, 14)


def test_padding_finds_nothing(tmp_path: Path, saved_and_loaded: Any) -> None:
    """Filters that like everything are silent where there is no word."""
    settings = TextCnnModel(kernel_sizes=(3,), filters_per_size=2)
    network = models.build(settings, TEXT, TARGET)
    layer = network.get_layer("convolution_1")
    layer.set_weights([layer.get_weights()[0], np.ones(2, np.float32)])
    tokens = np.array([[0] * 12, [4, 5] + [0] * 10], np.int32)
    said = np.asarray(network(tokens))
    head = network.layers[-1].get_weights()
    np.testing.assert_allclose(said[0], head[1], atol=1e-6)
    assert not np.allclose(said[1], head[1])
    np.testing.assert_allclose(np.asarray(saved_and_loaded(network, tmp_path)(tokens)), said)


@pytest.mark.parametrize("settings", [{"kernel_sizes": ()}, {"kernel_sizes": (0,)}])
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TextCnnModel(**settings)
