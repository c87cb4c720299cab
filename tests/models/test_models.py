"""What all model families have in common."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest

from nncli import models
from nncli.descriptions import Block, ClassTarget, FeatureKind, Features
from nncli.errors import UsageError
from nncli.models import CnnModel, MlpModel, ModelSettings, RnnModel

INPUTS = Features(kind="image", shape=(6, 5, 3))
TARGET = ClassTarget(names=("a", "b", "c", "d"))


def test_short_forms() -> None:
    assert models.expand("cnn") == {"type": "cnn"}
    assert models.expand({"hidden_units": [3]}) == {"hidden_units": [3]}


FEATURES = {
    "image": INPUTS,
    "spectrogram": Features(kind="spectrogram", shape=(6, 5, 1)),
    "vector": Features(kind="vector", shape=(7,), categories=(Block(start=4, width=3),)),
    "sequence": Features(kind="sequence", shape=(6, 2)),
    "tokens": Features(kind="tokens", shape=(6,), vocabulary=9),
}
PAIRS = [(name, kind) for kind in get_args(FeatureKind) for name in models.families_for(kind)]
# Those that need no setting: the others have tests of their own.
SETTINGS = {
    member.model_fields["type"].default: member
    for member in get_args(get_args(ModelSettings)[0])
    if member.model_fields["type"].default in dict(PAIRS)
}


def example(kind: str, count: int = 2) -> Any:
    """Inputs of that kind; of tokens the last half is padding."""
    features = FEATURES[kind]
    values = np.random.default_rng(0).random((count, *features.shape), np.float32)
    if kind == "tokens":
        tokens = (values * 8 + 1).astype(np.int32)
        tokens[:, 3:] = 0
        return tokens
    return values


def test_every_kind_of_input_has_a_family_and_tables_have_theirs() -> None:
    assert models.families_for("vector") == ["linear", "mlp", "tabular"]
    assert models.families_for("tokens") == [
        "linear", "mlp", "cnn", "rnn", "text_cnn", "transformer",
    ]  # fmt: skip
    assert all(models.families_for(kind) for kind in get_args(FeatureKind))


@pytest.mark.parametrize("name", list(SETTINGS))
@pytest.mark.parametrize("kind", get_args(FeatureKind))
def test_what_a_family_cannot_take_is_refused_with_the_families_that_can(
    name: str, kind: FeatureKind
) -> None:
    settings = SETTINGS[name]()
    if kind in models.families()[name]:
        assert models.build(settings, FEATURES[kind], TARGET).output_shape == (None, 4)
        return
    with pytest.raises(UsageError, match=f"model: {name} .* and cannot take ") as caught:
        models.build(settings, FEATURES[kind], TARGET)
    assert caught.value.hint is not None
    assert name not in caught.value.hint
    assert all(other in caught.value.hint for other in models.families_for(kind))


def test_the_refusal_is_a_sentence() -> None:
    with pytest.raises(UsageError) as caught:
        models.build(RnnModel(), FEATURES["vector"], TARGET)
    assert caught.value.message == (
        "model: rnn reads steps in their order and cannot take the columns of a table or vector."
    )
    assert caught.value.hint == "Families that fit: linear, mlp, tabular."


@pytest.mark.parametrize(
    "settings",
    [
        *(settings() for settings in SETTINGS.values()),
        MlpModel(hidden_units=(4,) * 6, residual=True),
    ],
    ids=[*SETTINGS, "residual mlp"],
)
def test_it_can_be_built_again_and_again_in_one_process(settings: Any) -> None:
    """Keras counts the operations of a process in their names, which must not meet ours."""
    keras.utils.clear_session()
    for kind in models.families()[settings.type]:
        for _ in range(5):
            models.build(settings, FEATURES[kind], TARGET)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
class TestEveryPair:
    def test_it_goes_from_inputs_to_one_logit_a_class(self, name: str, kind: str) -> None:
        network = models.build(SETTINGS[name](), FEATURES[kind], TARGET)
        assert network.input_shape == (None, *FEATURES[kind].shape)
        answers = network(example(kind))
        assert answers.shape == (2, 4) and answers.dtype == "float32"
        assert np.isfinite(np.asarray(answers)).all()
        assert network.layers[-1].activation is keras.activations.linear
        assert not network.compiled

    def test_a_file_that_plain_keras_reads_says_the_same(
        self, name: str, kind: str, tmp_path: Path, saved_and_loaded: Any
    ) -> None:
        network = models.build(SETTINGS[name](), FEATURES[kind], TARGET)
        loaded = saved_and_loaded(network, tmp_path)
        inputs = example(kind)
        np.testing.assert_allclose(
            np.asarray(loaded(inputs)), np.asarray(network(inputs)), atol=1e-6
        )
        with zipfile.ZipFile(tmp_path / "network.keras") as archive:
            assert b"nncli" not in archive.read("config.json")

    def test_the_answer_to_an_example_does_not_depend_on_the_others(
        self, name: str, kind: str
    ) -> None:
        network = models.build(SETTINGS[name](), FEATURES[kind], TARGET)
        inputs = example(kind, 5)
        np.testing.assert_allclose(
            np.asarray(network(inputs[:1])), np.asarray(network(inputs))[:1], atol=1e-5
        )

    def test_the_seed_decides_the_first_weights(self, name: str, kind: str) -> None:
        def weights(seed: int) -> list[Any]:
            keras.utils.set_random_seed(seed)
            network = models.build(SETTINGS[name](), FEATURES[kind], TARGET)
            found: list[Any] = network.get_weights()
            return found

        once, again, other = weights(1), weights(1), weights(2)
        assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
        assert not all(np.array_equal(a, b) for a, b in zip(once, other, strict=True))


@pytest.mark.parametrize(
    "settings", [MlpModel(hidden_units=(3,)), CnnModel(filters=(2,))], ids=["mlp", "cnn"]
)
def test_it_learns_which_half_is_bright(settings: Any) -> None:
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
