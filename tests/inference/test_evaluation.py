"""Evaluating .keras files: nncli's own, copied, foreign and hostile ones."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, recall_score

import nncli
from nncli.descriptions import ClassTarget
from nncli.errors import DataError, ModelFileError, NotFoundError, UsageError
from nncli.objectives import measure
from nncli.reporting import SilentReporter
from nncli.training import TrainingResult


class Listener(SilentReporter):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def notice(self, message: str) -> None:
        self.said.append(message)

    def warning(self, message: str) -> None:
        self.said.append(message)


def digits_arrays() -> tuple[np.ndarray, np.ndarray]:
    from nncli.data import DigitsDataset, load

    split = load(DigitsDataset(), seed=0, reporter=SilentReporter()).splits["test"]
    return np.asarray(split.inputs), split.labels


def foreign_model(path: Path, shape: tuple[int, ...], *, logits: bool, scale: bool) -> Path:
    """A model by plain Keras, trained a little, that wants pixels from 0 to 1 unless it scales."""
    from nncli.data import DigitsDataset, load

    keras.utils.set_random_seed(0)
    train = load(DigitsDataset(), seed=0, reporter=SilentReporter()).splits["train"]
    x = np.asarray(train.inputs)[train.indices].astype("float32").reshape(-1, *shape)
    layers = [keras.Input(shape)]
    layers += [keras.layers.Rescaling(1 / 16)] if scale else []
    layers += [keras.layers.Flatten(), keras.layers.Dense(32, activation="relu")]
    layers += [keras.layers.Dense(10, activation=None if logits else "softmax")]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(keras.optimizers.Adam(0.01), loss)
    model.fit(x if scale else x / 16, train.labels, epochs=8, verbose=0)
    model.save(path)
    return path


def test_evaluate_repeats_the_numbers_of_the_training(digits_run: TrainingResult) -> None:
    evaluation = nncli.evaluate(digits_run.model_path)
    assert evaluation.metrics == digits_run.metrics.test
    validation = nncli.evaluate(digits_run.model_path, split="validation").metrics
    recorded = digits_run.metrics.validation
    assert recorded is not None
    assert validation["loss"] == pytest.approx(recorded["loss"], abs=1e-5)
    assert validation["accuracy"] == pytest.approx(recorded["accuracy"], abs=1e-6)


def test_what_weights_cost_is_in_the_loss_of_every_split(tmp_path: Path) -> None:
    experiment = {
        "dataset": "digits",
        "model": {"type": "mlp", "hidden_units": [8], "l2": 0.1},
        "training": {"epochs": 1},
    }
    run = nncli.train(experiment, run_dir=tmp_path / "run")
    assert run.model_path is not None and run.metrics.validation is not None
    evaluation = nncli.evaluate(run.model_path, split="validation")
    recorded, found = run.metrics.validation["loss"], evaluation.metrics["loss"]
    assert found == pytest.approx(recorded, rel=1e-5)
    plain = evaluation.assessment.metrics["crossentropy"]
    assert plain is not None and found is not None and found > plain + 1
    low, high = evaluation.assessment.intervals["loss"]
    assert low < found < high
    assert nncli.evaluate(run.model_path).metrics == run.metrics.test


def test_a_copied_model_still_knows_its_dataset_and_classes(
    digits_run: TrainingResult, tmp_path: Path
) -> None:
    copied = shutil.copy(digits_run.model_path, tmp_path / "somewhere else.keras")
    evaluation = nncli.evaluate(copied)
    assert evaluation.dataset == "digits"
    assert [row.name for row in evaluation.per_class] == [str(digit) for digit in range(10)]
    assert sum(row.count for row in evaluation.per_class) == evaluation.examples == 359


def test_numbers_agree_with_scikit_learn(digits_run: TrainingResult) -> None:
    x, y = digits_arrays()
    probabilities = keras.saving.load_model(digits_run.model_path).predict(x, verbose=0)
    evaluation = nncli.evaluate(digits_run.model_path)
    said = probabilities.argmax(axis=1)
    assert evaluation.metrics["accuracy"] == accuracy_score(y, said)
    reference = log_loss(y, probabilities, labels=range(10))
    assert evaluation.metrics["loss"] == pytest.approx(reference, abs=1e-5)
    recalls = recall_score(y, said, average=None)
    assert [row.recall for row in evaluation.per_class] == pytest.approx(list(recalls))


def test_measure_of_certain_mistakes_is_finite() -> None:
    target = ClassTarget(names=("a", "b"))
    values = measure(target, np.array([[1.0, 0.0], [1.0, 0.0]], "float32"), np.array([0, 1]))
    assert values["accuracy"] == 0.5
    assert values["loss"] == pytest.approx(-np.log(np.finfo("float64").eps) / 2)


def test_another_dataset_must_have_the_same_inputs(
    digits_run: TrainingResult, prepared_mnist: Path
) -> None:
    with pytest.raises(ModelFileError, match=r"8 x 8 x 1 .*28 x 28 x 1"):
        nncli.evaluate(digits_run.model_path, dataset="mnist", data_dir=prepared_mnist)


@pytest.mark.parametrize(
    ("shape", "logits"), [((8, 8, 1), False), ((8, 8), True), ((64,), False)], ids=str
)
def test_a_foreign_model_works_with_a_dataset(
    tmp_path: Path, shape: tuple[int, ...], logits: bool
) -> None:
    path = foreign_model(tmp_path / "theirs.keras", shape, logits=logits, scale=False)
    x, y = digits_arrays()
    outputs = keras.saving.load_model(path).predict(x.reshape(-1, *shape) / 16, verbose=0)
    evaluation = nncli.evaluate(path, dataset="digits", pixel_range=(0, 1))
    assert evaluation.metrics["accuracy"] == accuracy_score(y, outputs.argmax(axis=1)) > 0.8
    probabilities = np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True) if logits else outputs
    reference = log_loss(y, probabilities, labels=range(10))
    assert evaluation.metrics["loss"] == pytest.approx(reference, abs=1e-5)


def test_a_foreign_model_without_scaling_is_warned_about(tmp_path: Path) -> None:
    unscaled = foreign_model(tmp_path / "a.keras", (8, 8, 1), logits=False, scale=False)
    scaled = foreign_model(tmp_path / "b.keras", (8, 8, 1), logits=False, scale=True)
    listener = Listener()
    nncli.evaluate(unscaled, dataset="digits", reporter=listener)
    assert any("--pixel-range 0,1" in said for said in listener.said)
    listener = Listener()
    evaluation = nncli.evaluate(scaled, dataset="digits", reporter=listener)
    assert not any("--pixel-range" in said for said in listener.said)
    assert (evaluation.metrics["accuracy"] or 0) > 0.8


def test_a_foreign_model_needs_a_dataset_that_fits(tmp_path: Path) -> None:
    path = foreign_model(tmp_path / "theirs.keras", (8, 8, 1), logits=False, scale=True)
    with pytest.raises(UsageError, match="does not say what it was trained on"):
        nncli.evaluate(path)
    model = keras.Sequential([keras.Input((5, 5, 1)), keras.layers.Flatten()])
    model.save(tmp_path / "small.keras")
    with pytest.raises(ModelFileError, match=r"\(5, 5, 1\)"):
        nncli.evaluate(tmp_path / "small.keras", dataset="digits")
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    model.save(tmp_path / "wide.keras")
    with pytest.raises(ModelFileError, match="64 numbers"):
        nncli.evaluate(tmp_path / "wide.keras", dataset="digits", pixel_range=(0, 1))


def test_code_in_a_model_is_never_run(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Lambda(lambda x: x), keras.layers.Flatten()]
    )
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(ModelFileError, match="Python code"):
        nncli.evaluate(tmp_path / "lambda.keras", dataset="digits")
    assert not witness.exists()


def test_the_folder_of_a_run_means_its_model(digits_run: TrainingResult) -> None:
    evaluation = nncli.evaluate(digits_run.folder)
    assert (evaluation.model_path, evaluation.folds) == (digits_run.model_path, None)
    assert evaluation.metrics == digits_run.metrics.test


@pytest.mark.parametrize("named", ["1", "digits-mlp", "latest", "best:test.accuracy"])
def test_a_run_is_named_as_on_the_command_line(
    digits_run: TrainingResult, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    runs_dir = digits_run.folder.parent
    pictures = Path("pictures.npy")
    np.save(pictures, np.zeros((2, 8, 8, 1), np.uint8))
    said = nncli.predict(named, pictures, runs_dir=runs_dir)
    assert len(said) == 2
    evaluation = nncli.evaluate(named, compare=named, runs_dir=runs_dir)
    assert evaluation.model_path == digits_run.model_path
    assert evaluation.document.comparison is not None
    assert evaluation.document.comparison.other == str(digits_run.model_path)
    monkeypatch.chdir(runs_dir.parent)
    assert nncli.evaluate(named).metrics == digits_run.metrics.test


def test_a_name_that_no_run_has_is_refused(digits_run: TrainingResult) -> None:
    runs_dir = digits_run.folder.parent
    for ask in (nncli.evaluate, nncli.predict):
        with pytest.raises(NotFoundError, match="no run coffee"):
            ask("coffee", runs_dir=runs_dir)
    with pytest.raises(NotFoundError, match="no run coffee"):
        nncli.evaluate("latest", compare="coffee", runs_dir=runs_dir)


def test_files_that_are_no_models_are_refused(digits_run: TrainingResult, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no file"):
        nncli.evaluate(tmp_path / "nothing.keras")
    with pytest.raises(NotFoundError, match="nor the folder of a run"):
        nncli.evaluate(tmp_path)
    whole = digits_run.model_path.read_bytes()
    for name, content in {"junk": b"junk", "cut": whole[: len(whole) // 2], "empty": b""}.items():
        path = tmp_path / f"{name}.keras"
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match="cannot be read"):
            nncli.evaluate(path)
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(ModelFileError, match="no Keras model"):
        nncli.evaluate(tmp_path / "other.keras")


def test_models_of_other_versions_are_refused_with_a_sentence(
    digits_run: TrainingResult, tmp_path: Path
) -> None:
    path = tmp_path / "future.keras"
    with zipfile.ZipFile(digits_run.model_path) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "nncli.json":
                content = json.dumps(json.loads(content) | {"format": 99}).encode()
            new.writestr(name, content)
    with pytest.raises(ModelFileError, match="another version of nncli"):
        nncli.evaluate(path)


def test_a_split_that_is_not_there_is_named(digits_run: TrainingResult) -> None:
    with pytest.raises(DataError, match="no split 'holdout'"):
        nncli.evaluate(digits_run.model_path, split="holdout")
    everything = nncli.evaluate(digits_run.model_path, split="all")
    assert everything.examples == 1797


def test_every_example_is_a_row_for_pandas(digits_run: TrainingResult) -> None:
    assert digits_run.model_path is not None
    evaluation = nncli.evaluate(digits_run.model_path)
    pandas = pytest.importorskip("pandas", reason="nncli does not need pandas")
    frame = evaluation.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 359
    right = (frame["truth"] == frame["prediction"]).mean()
    assert right == pytest.approx(evaluation.metrics["accuracy"])


def test_without_pandas_there_is_a_sentence(
    digits_run: TrainingResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert digits_run.model_path is not None
    evaluation = nncli.evaluate(digits_run.model_path)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="to_pandas needs pandas"):
        evaluation.to_pandas()
