"""Networks of KerasHub, from small presets that are made here."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import nncli
from nncli.backend import is_installed
from nncli.descriptions import ClassTarget, Features
from nncli.errors import InterruptedRunError, ModelFileError, UsageError
from nncli.inference import evaluate
from nncli.models import PretrainedModel, build, let_base_learn
from nncli.reporting import SilentReporter
from processes import run_on_jax
from stopping import Stopping

keras_hub = pytest.importorskip("keras_hub", reason="KerasHub is not installed: nncli[hub]")
pytestmark = pytest.mark.usefixtures("shared_cache")

SMALL = Features(kind="image", shape=(8, 8, 1))
COLOUR = Features(kind="image", shape=(20, 16, 3))
TEN = ClassTarget(names=tuple("0123456789"))
SCALE, OFFSET = [0.02, 0.016, 0.014], [-2.0, -1.9, -1.8]


def resnet() -> Any:
    """Layers of Keras alone."""
    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64],
        stackwise_num_blocks=[1],
        stackwise_num_strides=[1],
        block_type="basic_block",
    )


def vit() -> Any:
    """Layers of KerasHub, for images of one size; it answers patches."""
    return keras_hub.models.ViTBackbone(
        image_shape=(24, 24, 3), patch_size=8, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=8
    )


def saved(backbone: Any, folder: Path) -> Path:
    backbone.save_to_preset(str(folder))
    converter = keras_hub.layers.ImageConverter(image_size=(24, 24), scale=SCALE, offset=OFFSET)
    converter.save_to_preset(str(folder))
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(5)
    return saved(resnet(), tmp_path_factory.mktemp("presets") / "tiny")


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(5)
    return saved(vit(), tmp_path_factory.mktemp("presets") / "patches")


def settings(folder: Path, **more: Any) -> PretrainedModel:
    return PretrainedModel.model_validate({"preset": str(folder), **more})


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_it_sees_and_says_what_keras_hub_does(tiny: Path, pooling: str) -> None:
    network = build(settings(tiny, pooling=pooling), COLOUR, TEN)
    ours = keras.Model(network.inputs[0], network.get_layer("pooling").output)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 20, 16, 3)).astype("float32")
    converter = keras_hub.layers.ImageConverter.from_preset(str(tiny))
    features = keras_hub.models.Backbone.from_preset(str(tiny))(converter(pixels))
    pooled = {"average": keras.ops.mean, "max": keras.ops.max}[pooling](features, axis=(1, 2))
    assert converter(pixels).shape == (2, 24, 24, 3)
    np.testing.assert_allclose(ours(pixels / 255), pooled, rtol=1e-3, atol=1e-4)


def test_patches_are_pooled(patches: Path) -> None:
    network = build(settings(patches), SMALL, TEN)
    ours = keras.Model(network.inputs[0], network.get_layer("pooling").output)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1)).astype("float32")
    seen = keras_hub.layers.ImageConverter.from_preset(str(patches))(np.repeat(pixels, 3, -1))
    wanted = keras.ops.mean(keras_hub.models.Backbone.from_preset(str(patches))(seen), axis=1)
    np.testing.assert_allclose(ours(pixels / 255), wanted, rtol=1e-3, atol=1e-4)


def test_the_size_may_be_set_where_the_network_takes_any(tiny: Path, patches: Path) -> None:
    assert build(settings(tiny, image_size=(32, 16)), SMALL, TEN).get_layer("base").input_shape == (
        None, 32, 16, 3,
    )  # fmt: skip
    with pytest.raises(UsageError, match="takes images of 24 x 24 and of no other size"):
        build(settings(patches, image_size=(32, 32)), SMALL, TEN)


def test_what_was_learned_is_frozen_and_batch_normalization_stays_so(tiny: Path) -> None:
    network = build(settings(tiny), SMALL, TEN)
    assert [weight.path for weight in network.trainable_weights] == ["logits/kernel", "logits/bias"]
    let_base_learn(network, True)
    base = network.get_layer("base")
    assert base.trainable_weights
    norms = [one for one in base.layers if isinstance(one, keras.layers.BatchNormalization)]
    assert norms and not any(one.trainable for one in norms)


def test_batch_normalization_inside_a_layer_stays_frozen_too() -> None:
    class Block(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.norm = keras.layers.BatchNormalization()

        def call(self, inputs: Any) -> Any:
            return self.norm(inputs)

    from nncli.models.freezing import freeze, unfreeze

    start = keras.Input((3,))
    block = Block()
    model = keras.Model(start, keras.layers.Dense(2)(block(start)))
    freeze(model)
    unfreeze(model)
    assert not block.norm.trainable
    assert len(model.trainable_weights) == 2


def test_weights_at_random_and_out_of_a_file(tiny: Path, patches: Path, tmp_path: Path) -> None:
    learned = keras_hub.models.Backbone.from_preset(str(tiny))
    none = build(settings(tiny, weights="none"), SMALL, TEN).get_layer("base")
    assert none.trainable_weights  # everything is trained
    assert not np.array_equal(none.get_weights()[0], learned.get_weights()[0])
    learned.set_weights([array + 1 for array in learned.get_weights()])
    file = tmp_path / "other.weights.h5"
    learned.save_weights(file)
    base = build(settings(tiny, weights=str(file)), SMALL, TEN).get_layer("base")
    for one, other in zip(base.get_weights(), learned.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ModelFileError, match="does not hold the weights of"):
        build(settings(patches, weights=str(file)), SMALL, TEN)


class Warned(SilentReporter):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, message: str) -> None:
        self.warnings.append(message)


def test_a_preset_without_a_converter_is_told(tmp_path: Path) -> None:
    resnet().save_to_preset(str(tmp_path / "bare"))
    reporter = Warned()
    network = build(settings(tmp_path / "bare"), SMALL, TEN, reporter)
    assert ["0 to 255" in warning for warning in reporter.warnings] == [True]
    assert network.get_layer("base").input_shape == (None, 8, 8, 3)


def test_a_damaged_preset_is_a_sentence(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((tiny / "config.json").read_bytes())
    (tmp_path / "model.weights.h5").write_text("no weights")
    with pytest.raises(ModelFileError, match="cannot be read as a preset of KerasHub"):
        build(settings(tmp_path), SMALL, TEN)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ModelFileError, match="cannot be read as a preset of KerasHub"):
        build(settings(tmp_path), SMALL, TEN)


def described(folder: Path, backend: str = "tensorflow") -> dict[str, Any]:
    """An epoch of the output and one of everything, 6 steps each."""
    return {
        "dataset": "digits",
        "model": {"type": "pretrained", "preset": str(folder), "unfreeze_at": 1},
        "training": {
            "epochs": 2, "batch_size": 256, "steps_per_execution": 1, "backend": backend,
        },
    }  # fmt: skip


def weights_of(result: Any) -> list[bytes]:
    model = nncli_open(result.model_path)
    return [array.tobytes() for array in model.get_weights()]


def nncli_open(path: Path) -> Any:
    from nncli.preprocessing import archive

    return archive.open_model(path)


def check_exact(folder: Path, backend: str = "tensorflow") -> None:
    """Interrupted in both phases, it ends as it does without; and reloads to what it said."""
    whole = nncli.train(described(folder, backend), run_dir="whole")
    with pytest.raises(InterruptedRunError):
        nncli.train(described(folder, backend), run_dir="run", reporter=Stopping(steps=2))
    with pytest.raises(InterruptedRunError):
        nncli.resume("run", reporter=Stopping(steps=6))
    again = nncli.resume("run")
    assert weights_of(again) == weights_of(whole)
    model = nncli_open(Path("whole/model.keras"))
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1)).astype("uint8")
    said = np.asarray(model(pixels))
    np.testing.assert_allclose(nncli_open(Path("run/model.keras"))(pixels), said, atol=1e-6)
    test = whole.metrics.test
    assert test is not None
    assert evaluate(Path("whole/model.keras")).metrics["loss"] == pytest.approx(
        test["loss"], abs=1e-6
    )


@pytest.mark.slow
def test_training_resumes_exactly(patches: Path) -> None:
    check_exact(patches)
    with zipfile.ZipFile("whole/model.keras") as opened:
        assert b'"keras_hub' in opened.read("config.json")


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed: nncli[jax]")
def test_it_is_exact_on_jax_too(patches: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "import test_hub_backbone as here\nhere.check_exact(Path(sys.argv[1]), 'jax')\n"
    )
    run_on_jax(code, str(patches), beside=__file__)


def test_a_file_without_layers_of_keras_hub_needs_it_not(tiny: Path) -> None:
    build(settings(tiny), SMALL, TEN).save("plain.keras")
    code = (
        "import sys; sys.modules['keras_hub'] = None\n"
        "import keras; keras.saving.load_model('plain.keras')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
