"""Running experiments: what is in the run folder, and that it can be trusted."""

from __future__ import annotations

import csv
import json
import logging
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import nncli
from nncli.errors import ExperimentError, InterruptedRunError, TrainingError, UsageError
from nncli.reporting import FitPlan, SilentReporter
from nncli.runs import Metrics
from nncli.training import TrainingResult

SMALL = {"dataset": "digits", "model": {"hidden_units": [16]}, "training": {"epochs": 2}}


def test_a_run_leaves_every_documented_file(digits_run: TrainingResult) -> None:
    names = {str(p.relative_to(digits_run.folder)) for p in digits_run.folder.rglob("*.*")}
    assert names == {
        "config.yaml",
        "model.keras",
        "metrics.json",
        "history.csv",
        "environment.json",
        "plots/learning_curves.png",
        "report.html",
        "log.txt",
        "checkpoints/epoch-000001-step-000000000.npz",
        "checkpoints/epoch-000002-step-000000000.npz",
    }
    picture = (digits_run.folder / "plots/learning_curves.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 5_000
    environment = json.loads((digits_run.folder / "environment.json").read_text())
    assert environment["versions"]["keras"] == keras.__version__
    assert environment["devices"] and environment["cores"] >= 1


def test_metrics_are_those_of_the_kept_epoch(digits_run: TrainingResult) -> None:
    document = json.loads((digits_run.folder / "metrics.json").read_text())
    assert Metrics.model_validate(document) == digits_run.metrics
    assert document["schema"] == 1 and document["outcome"] == "completed"
    kept = digits_run.history[document["kept_epoch"] - 1]
    assert kept["validation_loss"] == min(row["validation_loss"] or 9 for row in digits_run.history)
    assert document["train"] == {"loss": kept["train_loss"], "accuracy": kept["train_accuracy"]}
    assert document["dataset"] == {
        "name": "digits",
        "requested": "digits",
        "fallback": False,
        "examples": {"train": 1294, "validation": 144, "test": 359},
        "classes": 10,
        "left_out": 0,
    }


def test_rows_that_were_left_out_are_counted_in_the_metrics(tmp_path: Path) -> None:
    rows = [f"{n},{n % 3},{'ab'[n % 2] if n % 20 else ''}" for n in range(80)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,label", *rows, "1,2,a,too many"]))
    dataset = {"path": str(tmp_path / "t.csv"), "target": "label", "on_error": "skip"}
    experiment = SMALL | {"dataset": dataset, "training": {"epochs": 1}}
    for run in (1, 2):  # the second reads the cache
        result = nncli.train(experiment, runs_dir=tmp_path / "runs")
        document = json.loads((result.folder / "metrics.json").read_text())
        assert document["dataset"]["left_out"] == 4 + 1, f"run {run}"
        assert sum(document["dataset"]["examples"].values()) == 76


def test_history_has_a_row_an_epoch(digits_run: TrainingResult) -> None:
    with (digits_run.folder / "history.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [
        "epoch",
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "learning_rate",
        "seconds",
    ]
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert rows[0]["learning_rate"] == "0.001"


def test_the_model_opens_in_plain_keras_and_takes_raw_pixels(digits_run: TrainingResult) -> None:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    model = keras.saving.load_model(digits_run.model_path)
    assert model.input_shape == (None, 8, 8, 1)
    answers = model.predict(images.reshape(-1, 8, 8, 1).astype("uint8"), verbose=0)
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert (answers.argmax(axis=1) == labels).mean() > 0.7
    with zipfile.ZipFile(digits_run.model_path) as archive:
        config = archive.read("config.json").decode()
        assert "nncli" not in config  # no class of ours in what Keras reads
        assert "nncli.json" in archive.namelist()


def test_the_same_experiment_gives_the_same_weights(tmp_path: Path) -> None:
    model = {"type": "mlp", "hidden_units": [16], "dropout": 0.3}
    experiment = SMALL | {"model": model, "seed": 5}
    first = nncli.train(experiment, runs_dir=tmp_path)
    second = nncli.train(experiment, runs_dir=tmp_path)
    other = nncli.train(experiment | {"seed": 6}, runs_dir=tmp_path)
    weights = [keras.saving.load_model(r.model_path).get_weights() for r in (first, second, other)]
    assert all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights[0], weights[2], strict=True))
    assert first.metrics.test == second.metrics.test
    assert (first.folder.name, second.folder.name) == ("1-digits-mlp", "2-digits-mlp")


def test_config_of_a_run_repeats_it(digits_run: TrainingResult, tmp_path: Path) -> None:
    again = nncli.train(digits_run.folder / "config.yaml", runs_dir=tmp_path)
    assert again.metrics.test == digits_run.metrics.test
    before = (digits_run.folder / "config.yaml").read_text().splitlines()[2:]
    assert (again.folder / "config.yaml").read_text().splitlines()[2:] == before


def test_the_best_epoch_is_kept_not_the_last(tmp_path: Path) -> None:
    # This learning rate overshoots: some epoch before the last one is the best.
    optimizer = {"type": "adam", "learning_rate": 0.05}
    training = {"epochs": 12, "batch_size": 16, "monitor": "validation_accuracy"}
    experiment = SMALL | {"optimizer": optimizer, "training": training}
    result = nncli.train(experiment, runs_dir=tmp_path)
    accuracies = [row["validation_accuracy"] or 0 for row in result.history]
    best = int(np.argmax(accuracies)) + 1
    assert best < 12, "the experiment no longer overshoots: choose another"
    assert result.metrics.kept_epoch == best
    evaluated = nncli.evaluate(result.model_path, split="validation").metrics["accuracy"]
    assert evaluated == pytest.approx(max(accuracies), abs=1e-6)


def test_without_validation_the_training_loss_is_monitored(tmp_path: Path) -> None:
    result = nncli.train(
        SMALL | {"dataset": {"type": "digits", "validation": 0.0}}, runs_dir=tmp_path
    )
    assert result.metrics.validation is None
    assert result.metrics.monitor == "train_loss"
    with pytest.raises(UsageError, match="no validation_accuracy") as error:
        nncli.train(
            SMALL
            | {
                "dataset": {"type": "digits", "validation": 0.0},
                "training": {"monitor": "validation_accuracy"},
            },
            runs_dir=tmp_path / "none",
        )
    assert "train_accuracy" in str(error.value)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_diverging_run_fails_with_advice(tmp_path: Path, precision: str) -> None:
    """In half precision Keras wraps the optimizer in one that scales the loss."""
    experiment = SMALL | {"optimizer": {"type": "sgd", "learning_rate": 1e30}}
    experiment["training"] = {**SMALL["training"], "precision": precision}
    with pytest.raises(TrainingError, match="not a finite number") as error:
        nncli.train(experiment, runs_dir=tmp_path)
    assert "--learning-rate 0.01" in str(error.value)
    document = json.loads((tmp_path / "1-digits-mlp" / "metrics.json").read_text())
    assert document["outcome"] == "failed"
    assert "not a finite number" in document["error"]
    assert not (tmp_path / "1-digits-mlp" / "lock").exists()


class StepCounter(SilentReporter):
    """Remembers the last step that went well."""

    step = 0

    def step_ended(self, step: int, values: object) -> None:
        self.step = step


def test_the_step_at_which_the_loss_breaks_is_named_however_many_are_one_call(
    tmp_path: Path,
) -> None:
    layer = {"type": "mlp", "hidden_units": [8, 8, 8], "activation": "leaky_relu"}
    experiment = SMALL | {"model": layer, "optimizer": {"type": "sgd", "learning_rate": 20.0}}
    said = []
    for at_once in (1, 7, 50):
        experiment["training"] = {
            "epochs": 3,
            "batch_size": 32,
            "steps_per_execution": at_once,
        }
        counter = StepCounter()
        with pytest.raises(TrainingError, match="not a finite number") as error:
            nncli.train(experiment, runs_dir=tmp_path, reporter=counter)
        said.append(error.value.message)
        if at_once == 1:
            assert counter.step > 1
            assert f"(epoch 1, step {counter.step + 1})" in error.value.message
    assert len(set(said)) == 1


class Impatient(SilentReporter):
    """Presses Ctrl-C when epoch 2 is done."""

    def __init__(self) -> None:
        self.plan: FitPlan | None = None

    def fit_started(self, plan: FitPlan) -> None:
        self.plan = plan

    def epoch_ended(self, epoch: int, values: object) -> None:
        if epoch == 2:
            raise KeyboardInterrupt


def test_an_interrupted_run_keeps_its_best_epoch(tmp_path: Path) -> None:
    reporter = Impatient()
    with pytest.raises(InterruptedRunError) as error:
        nncli.train(SMALL | {"training": {"epochs": 50}}, runs_dir=tmp_path, reporter=reporter)
    assert error.value.exit_code == 130
    assert reporter.plan == FitPlan(epochs=50, steps_per_epoch=11, batch_size=128, examples=1294)
    folder = tmp_path / "1-digits-mlp"
    document = json.loads((folder / "metrics.json").read_text())
    assert (document["outcome"], document["epochs"], document["test"]) == ("interrupted", 2, None)
    evaluated = nncli.evaluate(folder / "model.keras", split="validation").metrics["loss"]
    assert evaluated == pytest.approx(document["validation"]["loss"], abs=1e-5)


def test_a_mistake_leaves_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"training\.epochs"):
        nncli.train({"training": {"epochs": 0}}, runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_log_ends_with_the_run(tmp_path: Path) -> None:
    nncli.train(SMALL | {"training": {"epochs": 1}}, runs_dir=tmp_path)
    assert not logging.getLogger("nncli").handlers


def test_images_of_varying_size_are_resized_inside_the_model(tmp_path: Path) -> None:
    """The saved model gives on recorded pixels what the trained one gives on cached ones."""
    from nncli.data import Dataset, Split
    from nncli.descriptions import ClassTarget, ImageInput
    from nncli.models import MlpModel
    from nncli.preprocessing.image import ImagePreprocessing, resize_layer
    from nncli.training import networks

    generator = np.random.default_rng(0)
    inputs = ImageInput(shape=(None, None, 3))
    recorded = generator.integers(0, 256, (1, 30, 40, 3), dtype=np.uint8)
    prepared = ImagePreprocessing(inputs=inputs, size=(16, 16))
    cached = np.asarray(resize_layer(prepared)(recorded))
    dataset = Dataset(
        "made up",
        inputs,
        ClassTarget(names=("a", "b", "c")),
        prepared,
        {"train": Split(cached, np.zeros(1, np.int64))},
    )
    built = networks.build(MlpModel(hidden_units=(4,)), dataset, None)
    assert cached.shape == (1, 16, 16, 3) and cached.dtype == np.uint8
    expected = built.answering.predict(cached, verbose=0)
    assert np.allclose(built.saved.predict(recorded, verbose=0), expected, atol=1e-6)


def test_history_has_the_learning_rate_of_the_last_step(tmp_path: Path) -> None:
    rate = {"type": "piecewise", "boundaries": [1, 2], "values": [0.1, 0.01, 0.001]}
    result = nncli.train(
        SMALL | {"training": {"epochs": 3}, "optimizer": {"type": "sgd", "learning_rate": rate}},
        runs_dir=tmp_path,
    )
    assert [row["learning_rate"] for row in result.history] == [0.1, 0.01, 0.001]


def test_accumulation_over_more_than_the_whole_training_is_refused(tmp_path: Path) -> None:
    training = {"epochs": 1, "gradient_accumulation_steps": 100}
    with pytest.raises(UsageError, match="100 is more than the 11 steps of this training"):
        nncli.train(SMALL | {"training": training}, runs_dir=tmp_path)
