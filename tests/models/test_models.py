"""What all model families have in common."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from nncli import models
from nncli.descriptions import ClassTarget, ImageInput
from nncli.models import CnnModel, MlpModel

INPUTS = ImageInput(shape=(6, 5, 3))
TARGET = ClassTarget(names=("a", "b", "c", "d"))


def test_short_forms() -> None:
    assert models.expand("cnn") == {"type": "cnn"}
    assert models.expand({"hidden_units": [3]}) == {"hidden_units": [3]}


@pytest.mark.parametrize(
    "settings", [MlpModel(hidden_units=(3,)), CnnModel(filters=(2,))], ids=["mlp", "cnn"]
)
class TestEveryFamily:
    def test_it_goes_from_images_to_one_logit_a_class(self, settings: Any) -> None:
        network = models.build(settings, INPUTS, TARGET)
        assert network.input_shape == (None, 6, 5, 3)
        assert network.output_shape == (None, 4)
        answers = network(np.ones((2, 6, 5, 3), "float32"))
        assert answers.shape == (2, 4)
        assert answers.dtype == "float32"
        last = network.layers[-1]
        assert last.activation is keras.activations.linear

    def test_the_seed_decides_the_first_weights(self, settings: Any) -> None:
        def weights(seed: int) -> list[Any]:
            keras.utils.set_random_seed(seed)
            found: list[Any] = models.build(settings, INPUTS, TARGET).get_weights()
            return found

        once, again, other = weights(1), weights(1), weights(2)
        assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
        assert not all(np.array_equal(a, b) for a, b in zip(once, other, strict=True))

    def test_it_is_not_compiled(self, settings: Any) -> None:
        assert not models.build(settings, INPUTS, TARGET).compiled

    def test_it_learns_which_half_is_bright(self, settings: Any) -> None:
        """Two classes of noise that differ only in where they are bright."""
        keras.utils.set_random_seed(0)
        pixels = np.random.default_rng(0).random((128, 6, 5, 3), "float32") / 2
        labels = np.arange(128) % 2
        pixels[labels == 0, :3] += 0.5
        network = models.build(settings, INPUTS, ClassTarget(names=("above", "below")))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        network.compile(keras.optimizers.Adam(0.02), loss)
        network.fit(pixels, labels, epochs=20, verbose=0)
        right = network.predict(pixels, verbose=0).argmax(axis=1) == labels
        assert right.mean() > 0.95
