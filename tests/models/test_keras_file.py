"""Going on from a .keras file: of nncli, with its preprocessing, or of plain Keras."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import nncli
from nncli.backend import is_installed
from nncli.config import Layer, load_experiment
from nncli.descriptions import ClassTarget, Features
from nncli.errors import ModelFileError, NncliError, UsageError
from nncli.models import KerasModel, build
from nncli.preprocessing import archive
from nncli.training import TrainingResult, resume

pytestmark = pytest.mark.usefixtures("shared_cache")

IMAGES = Features(kind="image", shape=(8, 8, 1))
TEN = ClassTarget(names=tuple("0123456789"))


def described(path: Path | None, **model: Any) -> dict[str, Any]:
    return {"type": "keras", "path": str(path), **model}


def go_on(path: Path | None, dataset: Any, folder: str, **settings: Any) -> TrainingResult:
    """One epoch with steps so small that nothing is unlearned, from the file `path`."""
    training = {"epochs": 1, **settings.pop("training", {})}
    rate = settings.pop("learning_rate", 1e-9)
    model = described(path, **settings)
    experiment = {
        "dataset": dataset,
        "model": model,
        "optimizer": {"learning_rate": rate},
        "training": training,
    }
    return nncli.train(experiment, run_dir=folder)


def network_of(result: TrainingResult) -> Any:
    return keras.saving.load_model(result.model_path).get_layer("network")


def table(name: str, rows: int, *, seed: int, shift: float = 0.0) -> dict[str, str]:
    """A file of two columns of numbers whose sum's sign is the class, as a dataset."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 2))
    names = np.where(numbers.sum(axis=1) > 0, "high", "low")
    lines = (
        f"{a + shift:.5f},{b + shift:.5f},{c}" for (a, b), c in zip(numbers, names, strict=True)
    )
    Path(name).write_text("\n".join(["a,b,class", *lines]) + "\n")
    return {"path": name, "target": "class"}


def test_training_goes_on_where_the_file_was(digits_run: TrainingResult) -> None:
    result = go_on(digits_run.model_path, "digits", "on")
    before, after = digits_run.metrics, result.metrics
    assert before.validation is not None and after.validation is not None
    assert after.validation["accuracy"] == before.validation["accuracy"]
    assert after.validation["loss"] == pytest.approx(before.validation["loss"], rel=1e-5)
    saved = keras.saving.load_model(result.model_path)
    assert [layer.name for layer in saved.layers] == ["pixels", "scale", "network", "answer"]
    other = go_on(digits_run.model_path, "digits", "other", learning_rate=1e-3)
    assert other.metrics.validation is not None
    assert other.metrics.validation["loss"] < before.validation["loss"]


def test_a_table_is_preprocessed_as_it_was() -> None:
    first = nncli.train(
        {"dataset": table("first.csv", 400, seed=0), "training": {"epochs": 20}}, run_dir="first"
    )
    assert first.model_path is not None
    shifted = table("second.csv", 100, seed=1, shift=3.0)
    second = go_on(first.model_path, shifted, "second")
    old, new = (archive.describe(path) for path in (first.model_path, second.model_path or Path()))
    assert old is not None and new is not None
    assert new.preprocessing == old.preprocessing
    # All sums are shifted by 6: to the network of the first file nearly all of them are high.
    measured = nncli.evaluate(second.model_path or "", split="all")
    there = Path("second.csv").read_text()
    share = there.count("high") / (there.count("high") + there.count("low"))
    assert measured.metrics["accuracy"] == pytest.approx(share, abs=0.1)


def test_a_table_with_other_columns_is_refused() -> None:
    first = nncli.train({"dataset": table("first.csv", 60, seed=0)}, run_dir="first")
    Path("other.csv").write_text("a,c,class\n" + "1,2,high\n2,1,low\n" * 20)
    with pytest.raises(NncliError, match="column") as caught:
        go_on(first.model_path, {"path": "other.csv", "target": "class"}, "second")
    assert "b" in caught.value.message


def test_classes_in_another_order_keep_what_was_learned(tmp_path: Path) -> None:
    first = nncli.train(
        {"dataset": table("first.csv", 400, seed=0), "training": {"epochs": 20}}, run_dir="first"
    )
    assert first.metrics.test is not None and (first.metrics.test["accuracy"] or 0) > 0.9
    settings = KerasModel(path=first.model_path or Path())
    features = Features(kind="vector", shape=(2,))
    straight = build(settings, features, ClassTarget(names=("high", "low")))
    turned = build(settings, features, ClassTarget(names=("low", "high")))
    numbers = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_array_equal(straight(numbers), np.array(turned(numbers))[:, ::-1])


def test_values_stay_on_the_scale_that_they_had() -> None:
    def written(name: str, seed: int, shift: float) -> str:
        numbers = np.random.default_rng(seed).normal(size=(300, 2)) + shift
        rows = (f"{a:.5f},{b:.5f},{100 + 10 * a:.5f}" for a, b in numbers)
        Path(name).write_text("\n".join(["a,b,target", *rows]) + "\n")
        return name

    first = nncli.train(
        {"dataset": {"path": written("1.csv", 0, 0.0), "target": "target"},
         "training": {"epochs": 30}},
        run_dir="first",
    )  # fmt: skip
    second = go_on(first.model_path, {"path": written("2.csv", 1, 0.5), "target": "target"}, "on")
    assert first.metrics.test is not None and second.metrics.test is not None
    error = first.metrics.test["mae"] or 0.0
    assert error < 3
    assert second.metrics.test["mae"] == pytest.approx(error, abs=2)


def test_other_classes_get_a_new_output(
    digits_run: TrainingResult, reporter: Any, tmp_path: Path
) -> None:
    settings = KerasModel(path=digits_run.model_path or Path())
    network = build(settings, IMAGES, ClassTarget(names=("0", "cat")), reporter)
    assert network.output_shape == (None, 2)
    [notice] = reporter.notices
    assert "one of 10 classes" in notice and "cat is new" in notice
    old = build(settings, IMAGES, TEN, reporter)
    assert len(reporter.notices) == 1
    assert np.array_equal(network.layers[2].kernel, old.layers[2].kernel)
    again = build(settings.model_copy(update={"new_head": "always"}), IMAGES, TEN)
    assert not np.array_equal(again.layers[-1].kernel, old.layers[-1].kernel)
    with pytest.raises(ModelFileError, match="asks for one of 2 classes"):
        build(
            settings.model_copy(update={"new_head": "never"}), IMAGES, ClassTarget(names=("a", "b"))
        )


def test_frozen_trains_the_output_alone(digits_run: TrainingResult) -> None:
    before = keras.saving.load_model(digits_run.model_path).get_layer("network")
    result = go_on(digits_run.model_path, "digits", "frozen", frozen=True, learning_rate=0.1)
    after = network_of(result)
    changed = [
        not np.array_equal(a, b)
        for a, b in zip(before.get_weights(), after.get_weights(), strict=True)
    ]
    assert changed == [False, False, True, True]
    # What goes on from that file trains everything again.
    result = go_on(result.model_path, "digits", "all", learning_rate=0.1)
    assert not np.array_equal(network_of(result).get_weights()[0], after.get_weights()[0])


def test_evaluate_finds_the_preprocessing_in_the_file() -> None:
    first = nncli.train({"dataset": table("first.csv", 100, seed=0)}, run_dir="first")
    second = go_on(first.model_path, table("second.csv", 100, seed=1, shift=2.0), "second")
    assert second.metrics.test is not None
    measured = nncli.evaluate(second.model_path or "").metrics
    assert measured == second.metrics.test


def test_a_resumed_run_needs_the_file_and_is_exact(digits_run: TrainingResult) -> None:
    whole = go_on(digits_run.model_path, "digits", "whole", training={"epochs": 2})
    go_on(digits_run.model_path, "digits", "parts", training={"epochs": 1})
    parts = resume("parts", Layer({"training": {"epochs": 2}}))
    for one, other in zip(
        network_of(whole).get_weights(), network_of(parts).get_weights(), strict=True
    ):
        assert np.array_equal(one, other)


class TestFilesOfPlainKeras:
    def saved(self, *layers: Any, shape: tuple[int, ...] = (8, 8, 1)) -> KerasModel:
        model = keras.Sequential([keras.Input(shape), *layers])
        model.save("plain.keras")
        self.model = model
        return KerasModel(path=Path("plain.keras"))

    def test_its_output_is_kept_if_it_is_of_as_many_classes(self, reporter: Any) -> None:
        flatten, dense = keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")
        network = build(self.saved(flatten, dense), IMAGES, TEN, reporter)
        pixels = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
        said = keras.ops.softmax(network(pixels))
        np.testing.assert_allclose(said, self.model(pixels), rtol=1e-5)
        assert "by position" in reporter.notices[0]

    def test_one_that_scales_its_pixels_gets_them_unscaled(self, reporter: Any) -> None:
        scale = keras.layers.Rescaling(1 / 255)
        settings = self.saved(scale, keras.layers.Flatten(), keras.layers.Dense(10))
        network = build(settings, IMAGES, TEN, reporter)
        pixels = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
        np.testing.assert_allclose(network(pixels), self.model(255 * pixels), rtol=1e-5)
        [notice] = [notice for notice in reporter.notices if "0 to 255" in notice]
        assert notice.endswith("For another range: --set model.pixel_range=0,1")
        typed = Layer.of_texts([("--set", ("model", "pixel_range"), "0,1")])
        as_typed = load_experiment([], Layer({"model": "plain.keras"}), typed).model
        assert isinstance(as_typed, KerasModel) and as_typed.pixel_range == (0.0, 1.0)
        ranged = settings.model_copy(update={"pixel_range": (-1.0, 1.0)})
        network = build(ranged, IMAGES, TEN)
        np.testing.assert_allclose(network(pixels), self.model(2 * pixels - 1), rtol=1e-5)

    def test_another_output_is_replaced(self, reporter: Any) -> None:
        hidden, dense = keras.layers.Dense(5), keras.layers.Dense(1000, activation="softmax")
        settings = self.saved(keras.layers.Flatten(), hidden, dense)
        network = build(settings, IMAGES, TEN, reporter)
        assert network.layers[-1].input.shape == (None, 5)
        assert network.output_shape == (None, 10)
        assert "new output" in reporter.notices[0]

    def test_flattened_pixels_and_a_missing_channel_fit(self) -> None:
        pixels = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
        for shape in ((64,), (8, 8)):
            settings = self.saved(keras.layers.Flatten(), keras.layers.Dense(10), shape=shape)
            said = self.model(pixels.reshape(4, *shape))
            np.testing.assert_allclose(build(settings, IMAGES, TEN)(pixels), said, rtol=1e-5)

    def test_other_shapes_are_refused(self) -> None:
        settings = self.saved(keras.layers.Flatten(), keras.layers.Dense(10), shape=(9, 9, 1))
        with pytest.raises(ModelFileError, match=r"\(9, 9, 1\); the dataset's are \(8, 8, 1\)"):
            build(settings, IMAGES, TEN)

    @pytest.mark.slow
    def test_it_trains_and_what_comes_of_it_goes_on(self) -> None:
        scale = keras.layers.Rescaling(1 / 255)
        self.saved(scale, keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax"))
        first = go_on(Path("plain.keras"), "digits", "1", learning_rate=0.01)
        second = go_on(first.model_path, "digits", "2", learning_rate=0.01)
        third = go_on(second.model_path, "digits", "3", new_head="always")
        assert first.metrics.validation is not None and second.metrics.validation is not None
        assert third.metrics.validation is not None
        losses = [r.metrics.validation["loss"] for r in (first, second, third)]
        assert losses[1] < losses[0] < losses[2]


def test_a_missing_file_is_known_at_once(run_cli: Callable[..., Any]) -> None:
    text = "{type: keras, path: nowhere.keras}"
    done = run_cli(["train", "--dataset", "digits", "--set", f"model={text}"])
    assert done.exit_code == 2
    assert "There is no file" in done.stderr and "nowhere.keras" in done.stderr


def test_a_path_alone_is_short_for_it(digits_run: TrainingResult, tmp_path: Path) -> None:
    Path("a.keras").write_bytes((digits_run.model_path or Path()).read_bytes())
    Path("a.yaml").write_text("model: a.keras\n")
    assert load_experiment([Path("a.yaml")]).model == KerasModel(path=Path("a.keras").absolute())


def test_pixel_range_is_not_for_files_of_nncli(digits_run: TrainingResult) -> None:
    settings = KerasModel(path=digits_run.model_path or Path(), pixel_range=(0.0, 1.0))
    with pytest.raises(UsageError, match="scales its pixels itself"):
        build(settings, IMAGES, TEN)


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed: nncli[jax]")
def test_it_is_the_same_on_jax(digits_run: TrainingResult) -> None:
    code = (
        "import sys, nncli\n"
        "model = {'type': 'keras', 'path': sys.argv[1]}\n"
        "described = {'dataset': 'digits', 'model': model, 'optimizer': {'learning_rate': 1e-9},\n"
        "             'training': {'epochs': 1, 'backend': 'jax'}}\n"
        "print(nncli.train(described, run_dir='jax').metrics.validation['accuracy'])\n"
    )
    command = [sys.executable, "-c", code, str(digits_run.model_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert digits_run.metrics.validation is not None
    assert float(done.stdout) == pytest.approx(digits_run.metrics.validation["accuracy"], abs=0.01)
