"""Networks of keras.applications: their names, their pixels, their weights."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import nncli
from nncli.config import Layer, load_experiment
from nncli.data.network import offline
from nncli.descriptions import ClassTarget, Features
from nncli.errors import ExperimentError, ModelFileError, UsageError
from nncli.models import PretrainedModel, application_table, build, let_base_learn
from nncli.models.application_pixels import as_wanted
from nncli.training.fetching import check_weights, fetch_weights

pytestmark = pytest.mark.usefixtures("shared_cache")

SMALL = Features(kind="image", shape=(8, 8, 1))
COLOUR = Features(kind="image", shape=(40, 36, 3))
TEN = ClassTarget(names=tuple("0123456789"))


@pytest.fixture(scope="module")
def mobilenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a MobileNet that differ from those that it begins with."""
    folder = tmp_path_factory.mktemp("weights")
    keras.utils.set_random_seed(3)
    base = keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(32, 32, 3), name="base"
    )
    base.set_weights([array + 0.01 for array in base.get_weights()])
    base.save_weights(folder / "mobilenet.weights.h5")
    base.save(folder / "mobilenet.keras")
    return folder


@pytest.fixture
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where Keras looks for weights."""
    home = tmp_path / "keras"
    monkeypatch.setenv("KERAS_HOME", str(home))
    return home


def weights_of_base(network: Any) -> list[Any]:
    found: list[Any] = network.get_layer("base").get_weights()
    return found


def test_the_table_is_that_of_the_installed_keras() -> None:
    """If not: python docs/generate_applications.py."""
    shipped = Path(application_table.__file__).with_name(application_table.PLACE)
    assert json.loads(shipped.read_text()) == application_table.of_keras()


@pytest.mark.parametrize("name", ["mobilenet_v2", "MobileNetV2", "mobilenetv2", "mobilenet-v2"])
def test_a_name_may_be_written_in_several_ways(name: str) -> None:
    assert PretrainedModel(name=name).name == "MobileNetV2"
    experiment = load_experiment([], Layer({"model": name}))
    assert experiment.model == PretrainedModel(name="MobileNetV2")


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        (
            {"name": "mobilnet_v2"},
            "'mobilnet_v2' is no network of keras.applications; did you mean MobileN",
        ),
        ({"weights": "imagnet"}, "model.weights: 'imagnet' must be imagenet, preset, none,"),
        ({"weights": "none", "unfreeze_at": 2}, "unfreeze_at is for what was learned before"),
        ({"fine_tuning_rate": 0.1}, "fine_tuning_rate needs unfreeze_at"),
    ],
)
def test_mistakes(given: dict[str, Any], mistake: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        load_experiment([], Layer({"model": {"type": "pretrained", "name": "vgg16", **given}}))
    assert mistake in caught.value.problems[0]


@pytest.mark.parametrize("name", application_table.names())
def test_pixels_are_what_preprocess_input_makes_of_them(name: str) -> None:
    application = application_table.found(name)
    assert application is not None
    start = keras.Input((5, 4, 3))
    base = keras.Sequential([keras.Input((5, 4, 3))])
    model = keras.Model(start, as_wanted(application, base, start, (5, 4)))
    pixels = np.random.default_rng(0).random((2, 5, 4, 3), "float32")
    builder = getattr(keras.applications, name)
    wanted = sys.modules[builder.__module__].preprocess_input(255 * pixels)
    np.testing.assert_allclose(model(pixels), wanted, rtol=1e-4, atol=1e-4)


def test_grey_and_small_images_are_brought_to_what_the_network_takes(reporter: Any) -> None:
    network = build(PretrainedModel(name="mobilenet", weights="none"), SMALL, TEN, reporter)
    assert network.input_shape == (None, 8, 8, 1)
    assert network.get_layer("base").input_shape == (None, 32, 32, 3)
    assert network.output_shape == (None, 10)
    [notice] = reporter.notices
    assert "8 x 8 are enlarged to 32 x 32" in notice and "224" in notice
    settings = PretrainedModel(name="mobilenet", weights="none", image_size=(48, 64))
    network = build(settings, COLOUR, TEN, reporter)
    assert network.get_layer("base").input_shape == (None, 48, 64, 3)
    assert len(reporter.notices) == 1


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (Features(kind="vector", shape=(5,)), "is for pictures or texts and cannot take the col"),
        (
            Features(kind="tokens", shape=(5,), vocabulary=9),
            "looks at images and cannot take texts",
        ),
        (Features(kind="image", shape=(40, 40, 4)), "grey or of three colours"),
    ],
)
def test_what_is_no_picture_is_refused(inputs: Features, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(PretrainedModel(name="mobilenet", weights="none"), inputs, TEN)


def test_an_image_size_below_the_smallest_is_refused() -> None:
    settings = PretrainedModel(name="xception", weights="none", image_size=(70, 70))
    with pytest.raises(UsageError, match="71 x 71 or more"):
        build(settings, COLOUR, TEN)


@pytest.mark.parametrize("file", ["mobilenet.weights.h5", "mobilenet.keras"])
def test_weights_come_from_a_file_and_are_frozen(mobilenet: Path, file: str) -> None:
    network = build(PretrainedModel(name="mobilenet", weights=str(mobilenet / file)), COLOUR, TEN)
    wanted = keras.saving.load_model(mobilenet / "mobilenet.keras").get_weights()
    for one, other in zip(weights_of_base(network), wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [weight.path for weight in network.trainable_weights] == ["logits/kernel", "logits/bias"]


def test_batch_normalization_keeps_its_moments(mobilenet: Path) -> None:
    learned = PretrainedModel(name="mobilenet", weights=str(mobilenet / "mobilenet.weights.h5"))
    random = PretrainedModel(name="mobilenet", weights="none")
    pixels = np.random.default_rng(0).random((4, 40, 36, 3), "float32")
    for settings, kept in ((learned, True), (random, False)):
        network = build(settings, COLOUR, TEN)
        let_base_learn(network, True)
        assert len(network.get_layer("base").trainable_weights) > 20
        inside = keras.Model(network.inputs[0], network.get_layer("pooling").output)
        said = inside(pixels, training=True), inside(pixels, training=False)
        assert np.array_equal(*map(np.asarray, said)) == kept


@pytest.mark.slow
def test_weights_out_of_a_run() -> None:
    """What somebody has trained with nncli is a file of weights too."""
    model = {"type": "pretrained", "name": "mobilenet", "weights": "none"}
    training = {"epochs": 1, "max_minutes": 1e-6}  # a step
    first = nncli.train({"dataset": "digits", "model": model, "training": training}, run_dir="1")
    settings = PretrainedModel(name="mobilenet", weights=str(first.model_path))
    saved = keras.saving.load_model(first.model_path).get_layer("network")
    network = build(settings, SMALL, TEN)
    for one, other in zip(weights_of_base(network), weights_of_base(saved), strict=True):
        np.testing.assert_array_equal(one, other)
    assert nncli.evaluate(first.model_path or "").metrics == first.metrics.test


def test_a_file_of_another_network_is_refused(mobilenet: Path, tmp_path: Path) -> None:
    for file in ("mobilenet.weights.h5", "mobilenet.keras"):
        with pytest.raises(ModelFileError, match="does not hold the weights of VGG16"):
            build(PretrainedModel(name="vgg16", weights=str(mobilenet / file)), COLOUR, TEN)
    (tmp_path / "damaged.h5").write_bytes(b"no weights")
    with pytest.raises(ModelFileError, match=r"damaged.h5 does not hold the weights of MobileNet"):
        build(PretrainedModel(name="mobilenet", weights=str(tmp_path / "damaged.h5")), COLOUR, TEN)


def test_a_missing_file_is_known_from_the_experiment(run_cli: Callable[..., Any]) -> None:
    text = "{type: pretrained, name: mobilenet, weights: nowhere.weights.h5}"
    done = run_cli(["train", "--dataset", "digits", "--set", f"model={text}"])
    assert done.exit_code == 2
    assert "there is no file" in done.stderr


@pytest.mark.usefixtures("no_network")
def test_without_a_network_it_is_said_where_the_weights_belong(keras_home: Path) -> None:
    began = time.perf_counter()
    with pytest.raises(ModelFileError, match="not on this machine, and cannot be down") as caught:
        check_weights(PretrainedModel(name="ResNet50"))
    assert time.perf_counter() - began < 3
    hint = caught.value.hint or ""
    file = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert f"keras-applications/resnet/{file}" in hint
    assert str(keras_home / "models" / file) in hint
    assert "model.weights=none" in hint
    with offline(), pytest.raises(ModelFileError, match="the network is not to be used"):
        check_weights(PretrainedModel(name="ResNet50"))


@pytest.mark.usefixtures("no_network")
def test_weights_in_the_folder_of_keras_are_found(mobilenet: Path, keras_home: Path) -> None:
    (keras_home / "models").mkdir(parents=True)
    place = keras_home / "models" / "mobilenet_1_0_224_tf_no_top.h5"
    keras.saving.load_model(mobilenet / "mobilenet.keras").save_weights("m.weights.h5")
    base = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3))
    base.load_weights("m.weights.h5")
    from keras.src.legacy.saving import legacy_h5_format

    legacy = pytest.importorskip("h5py").File(place, "w")
    legacy_h5_format.save_weights_to_hdf5_group(legacy, base)  # as the files on the network are
    legacy.close()
    settings = PretrainedModel(name="mobilenet")
    check_weights(settings)
    fetch_weights(settings, COLOUR, reporter=nncli_reporter())
    network = build(settings, COLOUR, TEN)
    for one, other in zip(weights_of_base(network), base.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    # Images of 128 x 128 have weights of their own, which are not there.
    larger = settings.model_copy(update={"image_size": (128, 128)})
    with pytest.raises(ModelFileError) as caught:
        fetch_weights(larger, COLOUR, reporter=nncli_reporter())
    assert "mobilenet_1_0_128_tf_no_top.h5" in (caught.value.hint or "")


def nncli_reporter() -> Any:
    from nncli.reporting import SilentReporter

    return SilentReporter()


@pytest.mark.slow
def test_the_first_efficientnets_see_what_they_were_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras adds a layer inside where it loads the weights of ImageNet by itself."""
    plain = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    [own] = [layer for layer in plain.layers if isinstance(layer, keras.layers.Normalization)]
    own.set_weights([np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]), np.array(9)])
    file = tmp_path / "b0.weights.h5"
    plain.save_weights(file)
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(file))
    theirs = keras.applications.EfficientNetB0(include_top=False, input_shape=(32, 32, 3))
    features = Features(kind="image", shape=(32, 32, 3))
    network = build(PretrainedModel(name="efficientnet_b0", weights=str(file)), features, TEN)
    ours = keras.Model(network.inputs[0], network.get_layer("pooling").output)
    pixels = np.random.default_rng(0).random((2, 32, 32, 3), "float32")
    wanted = keras.ops.mean(theirs(255 * pixels), axis=(1, 2))
    np.testing.assert_allclose(ours(pixels), wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ConvNeXtTiny", "InceptionResNetV2", "MobileNetV3Small"])
def test_plain_keras_opens_what_is_saved(name: str) -> None:
    network = build(PretrainedModel(name=name, weights="none"), COLOUR, TEN)
    network.save("saved.keras")
    opened = keras.saving.load_model("saved.keras")
    pixels = np.random.default_rng(0).random((1, 40, 36, 3), "float32")
    np.testing.assert_allclose(opened(pixels), network(pixels), rtol=1e-4, atol=1e-5)
