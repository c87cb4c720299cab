"""Losses: the same numbers as Keras and scikit-learn, in a training as in an evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import mean_pinball_loss

import nncli
from nncli.config import Layer, load_experiment, resolve
from nncli.descriptions import ClassTarget, LabelsTarget, ValueTarget
from nncli.errors import ExperimentError
from nncli.objectives import add_answer, compile_for_training, default_loss, losses, measure
from nncli.objectives.losses import (
    BinaryCrossEntropy,
    BinaryFocal,
    CrossEntropy,
    Focal,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Quantile,
    expand,
    fitting,
    loss_types,
)

CLASSES = ClassTarget(names=("a", "b", "c"))
LABELS = LabelsTarget(names=("a", "b", "c"))
VALUES = ValueTarget(names=("x", "y", "z"), means=(1.0, -5.0, 0.0), deviations=(2.0, 0.5, 10.0))
random = np.random.default_rng(0)
OUTPUTS = random.normal(size=(50, 3), scale=2).astype("float32")
INDICES = random.integers(0, 3, 50)
SHARES = np.eye(3, dtype="float32")[INDICES]
TRUE = random.integers(0, 2, (50, 3)).astype("float32")
STANDARDIZED = random.normal(size=(50, 3)).astype("float32")
TRUTH: dict[str, Any] = {"class": INDICES, "labels": TRUE, "value": STANDARDIZED}
TARGETS: dict[str, Any] = {"class": CLASSES, "labels": LABELS, "value": VALUES}
keras_losses = keras.losses
# Every loss, and what says the same about OUTPUTS and SHARES, TRUE or STANDARDIZED.
EVERY: list[tuple[Any, Any]] = [
    (CrossEntropy(), keras_losses.CategoricalCrossentropy(from_logits=True)),
    (
        CrossEntropy(label_smoothing=0.2),
        keras_losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
    ),
    (Focal(), keras_losses.CategoricalFocalCrossentropy(from_logits=True)),
    (
        Focal(gamma=1.5, alpha=0.75),
        keras_losses.CategoricalFocalCrossentropy(gamma=1.5, alpha=0.75, from_logits=True),
    ),
    (BinaryCrossEntropy(), keras_losses.BinaryCrossentropy(from_logits=True)),
    (
        BinaryCrossEntropy(label_smoothing=0.2),
        keras_losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
    ),
    (BinaryFocal(), keras_losses.BinaryFocalCrossentropy(from_logits=True)),
    (
        BinaryFocal(gamma=1.0, alpha=0.8),
        keras_losses.BinaryFocalCrossentropy(
            gamma=1.0, alpha=0.8, apply_class_balancing=True, from_logits=True
        ),
    ),
    (MeanSquaredError(), keras_losses.MeanSquaredError()),
    (MeanAbsoluteError(), keras_losses.MeanAbsoluteError()),
    (Huber(), keras_losses.Huber()),
    (Huber(delta=0.3), keras_losses.Huber(0.3)),
    (LogCosh(), keras_losses.LogCosh()),
    (Quantile(quantile=0.9), lambda y, said: mean_pinball_loss(y, said, alpha=0.9)),
]
CASES = [pytest.param(*case, id=f"{case[0].type}-{n}") for n, case in enumerate(EVERY)]


def identity(target: Any, *, answers: bool = False) -> Any:
    """A network that says its inputs."""
    start = keras.Input((3,))
    outputs = keras.layers.Identity()(start)
    return keras.Model(start, add_answer(outputs, target) if answers else outputs)


def trained_with(loss: Any, truth: Any, weights: Any = None, *, mixed: bool = False) -> float:
    """What a network that says OUTPUTS is told that it loses."""
    network = identity(TARGETS[loss.kind])
    optimizer = keras.optimizers.SGD()
    compile_for_training(network, optimizer, TARGETS[loss.kind], loss=loss, mixed=mixed)
    return float(network.loss(truth, OUTPUTS, sample_weight=weights))


def test_every_loss_is_compared() -> None:
    assert {type(loss) for loss, _ in EVERY} == set(get_args(get_args(losses.LossSettings)[0]))


@pytest.mark.parametrize(("loss", "reference"), CASES)
def test_a_training_has_the_loss_of_keras(loss: Any, reference: Any) -> None:
    truth = SHARES if loss.kind == "class" else TRUTH[loss.kind]
    expected = float(reference(truth, OUTPUTS))
    assert trained_with(loss, TRUTH[loss.kind]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("loss", [pytest.param(case.values[0], id=case.id) for case in CASES])
def test_an_evaluation_has_the_loss_of_the_training(loss: Any) -> None:
    target, truth = TARGETS[loss.kind], TRUTH[loss.kind]
    if loss.kind == "value":  # an evaluation sees values in their unit
        truth = truth * np.array(VALUES.deviations) + np.array(VALUES.means)
    answers = np.asarray(identity(target, answers=True)(OUTPUTS))
    measured = measure(target, answers, truth, loss=loss)["loss"]
    assert measured == pytest.approx(trained_with(loss, TRUTH[loss.kind]), rel=1e-4)
    if loss == default_loss(target):
        assert measure(target, answers, truth)["loss"] == measured


@pytest.mark.parametrize("loss", [CrossEntropy(label_smoothing=0.2), Focal()])
def test_mixed_classes_have_shares(loss: Any) -> None:
    whole = trained_with(loss, SHARES, mixed=True)
    assert whole == pytest.approx(trained_with(loss, INDICES), rel=1e-6)
    half = trained_with(loss, (SHARES + SHARES[::-1]) / 2, mixed=True)
    both = (whole + trained_with(loss, INDICES[::-1].copy())) / 2
    assert half == pytest.approx(both, rel=1e-5)


@pytest.mark.parametrize("loss", [pytest.param(case.values[0], id=case.id) for case in CASES])
def test_examples_are_weighted(loss: Any) -> None:
    """Keras divides by the number of examples, whatever they weigh."""
    truth, chosen = TRUTH[loss.kind], (0, 7, 21)
    alone = [trained_with(loss, truth, np.eye(50)[number]) for number in chosen]
    together = trained_with(loss, truth, 2.0 * np.isin(np.arange(50), chosen))
    assert together == pytest.approx(2 * sum(alone), rel=1e-4)


@pytest.mark.parametrize(
    "loss", [CrossEntropy(label_smoothing=0.1), Focal(gamma=0.5), BinaryFocal(gamma=0.5, alpha=0.3)]
)
def test_a_certain_answer_has_a_finite_loss_and_slope(loss: Any) -> None:
    from nncli.objectives.training_loss import TrainingLoss

    target, truth = TARGETS[loss.kind], np.array([1, 0])
    if loss.kind == "labels":
        truth = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    said = tf.constant([[300.0, -300.0, 0.0], [-300.0, 300.0, 300.0]])
    with tf.GradientTape() as tape:
        tape.watch(said)
        lost = TrainingLoss(loss, target, mixed=False)(truth, said)
    slope = tape.gradient(lost, said)
    assert np.isfinite(float(lost)) and float(lost) > 1
    assert np.isfinite(slope.numpy()).all() and np.abs(slope.numpy()).max() > 0


def test_the_loss_is_exact_where_probabilities_would_be_0() -> None:
    from nncli.objectives.training_loss import TrainingLoss

    said = keras.ops.convert_to_tensor([[400.0, 0.0, 0.0]])
    lost = TrainingLoss(Focal(alpha=1.0), CLASSES, mixed=False)(np.array([1]), said)
    assert float(lost) == pytest.approx(400.0)


def table(answer: Any) -> dict[str, Any]:
    """A table with one column that decides nothing, and the values of `answer`."""
    rows = [f"{random.normal():.3f},{answer(random)}" for _ in range(400)]
    Path("t.csv").write_text("size,answer\n" + "\n".join(rows))
    return {"type": "table", "path": str(Path("t.csv").absolute()), "target": "answer"}


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_quantile_is_learned(share: float) -> None:
    dataset = table(lambda random: f"{50 + 10 * random.normal():.3f}")
    described = {
        "dataset": dataset,
        "model": {"hidden_units": []},
        "optimizer": {"type": "adam", "learning_rate": 0.05},
        "training": {
            "loss": {"type": "quantile", "quantile": share},
            "epochs": 30,
            "batch_size": 64,
        },
    }
    model = keras.saving.load_model(nncli.train(described).model_path)
    rows = [line.split(",") for line in Path("t.csv").read_text().splitlines()[1:]]
    sizes, values = np.array(rows, float).T
    said = np.asarray(model({"size": tf.constant(sizes, "float32")}))[:, 0]
    assert np.mean(values <= said) == pytest.approx(share, abs=0.06)


RUNS: dict[str, Any] = {
    "smoothed": {"loss": {"type": "crossentropy", "label_smoothing": 0.3}},
    "focal": {"loss": "focal", "class_weight": "balanced"},
    "mixed": {"loss": {"type": "focal", "gamma": 1.0}, "augment": {"mixup": 0.3}},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(RUNS))
def test_history_and_evaluation_agree(shared_cache: Path, name: str) -> None:
    training = {**RUNS[name], "epochs": 2}
    augment = training.pop("augment", None)
    dataset = {"type": "digits", "augment": augment}
    result = nncli.train({"dataset": dataset, "training": training}, run_dir="run")
    assert result.metrics.validation is not None and result.model_path is not None
    kept = result.metrics.validation["loss"]
    assert nncli.evaluate(result.model_path, split="validation").metrics["loss"] == pytest.approx(
        kept, rel=1e-4
    )
    assert nncli.evaluate(result.model_path).metrics == result.metrics.test
    plain = nncli.train(
        {"dataset": dataset, "training": {**training, "loss": None}}, run_dir="plain"
    )
    assert plain.metrics.validation is not None
    assert abs(plain.metrics.validation["loss"] - kept) > 0.01  # it is another loss
    compiled = keras.saving.load_model(result.model_path).get_compile_config()
    assert compiled["loss"] == "sparse_categorical_crossentropy"


def test_a_loss_of_another_target_is_refused_before_the_training(run_cli: Any) -> None:
    result = run_cli(["train", "--dataset", "digits", "--set", "training.loss=huber"])
    assert result.exit_code == 2
    assert "training.loss: huber is for values; digits is one of 10 classes" in result.stderr
    assert "Take crossentropy or focal; crossentropy is the default." in result.stderr
    assert not Path("runs").exists()


def test_the_losses_of_each_target() -> None:
    assert fitting(CLASSES) == ["crossentropy", "focal"]
    assert fitting(LABELS) == ["binary_crossentropy", "binary_focal"]
    assert fitting(VALUES) == [
        "mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "quantile",
    ]  # fmt: skip


def loss_of(text: str) -> Any:
    Path("e.yaml").write_text(f"training:\n  loss: {text}\n")
    return load_experiment([Path("e.yaml")]).training.loss


def test_every_name_means_a_loss() -> None:
    for name in loss_types():
        assert loss_of(name).type in expand(name).values()
        assert loss_of(f"{{type: {name}}}") == loss_of(name)
    assert loss_of("mse") == MeanSquaredError()
    assert loss_of("sparse_categorical_crossentropy") == CrossEntropy()
    assert loss_of("{type: huber, delta: 0.5}") == Huber(delta=0.5)
    assert loss_of("null") is None


def test_an_argument_can_be_laid_over_a_name() -> None:
    Path("e.yaml").write_text("training: {loss: categorical_crossentropy}\n")
    over = Layer.of([("--set", ("training", "loss", "label_smoothing"), 0.1)])
    resolved = resolve([Path("e.yaml")], over)
    assert resolved.experiment.training.loss == CrossEntropy(label_smoothing=0.1)
    other = Layer({"training": {"loss": "focal"}})
    assert resolve([Path("e.yaml")], over, other).experiment.training.loss == Focal()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("focl", "training.loss: there is no type 'focl'; did you mean focal?"),
        ("{type: focl}", "training.loss: there is no type 'focl'; did you mean focal?"),
        (
            "{type: focal, gama: 1}",
            "training.loss.gama: unknown key; did you mean gamma?",
        ),
        (
            "{type: focal, label_smoothing: 0.1}",
            "training.loss.label_smoothing: unknown key; label_smoothing belongs to training.loss "
            "types crossentropy and binary_crossentropy; this one is focal",
        ),
        (
            "{label_smoothing: 0.1}",
            "training.loss: a type is missing; the types are crossentropy, focal,",
        ),
        ("3", "training.loss: must be a mapping (key: value), not 3; it is like huber or {type:"),
        (
            "{type: quantile, quantile: 1}",
            "training.loss.quantile: must be less than 1, not 1",
        ),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        loss_of(text)
    assert message in str(caught.value)


def test_a_run_keeps_its_loss(shared_cache: Path) -> None:
    training = {"epochs": 1, "loss": {"type": "crossentropy", "label_smoothing": 0.1}}
    nncli.train({"dataset": "digits", "training": training}, run_dir="run")
    again = load_experiment([Path("run/config.yaml")])
    assert again.training.loss == CrossEntropy(label_smoothing=0.1)
    assert json.loads(Path("run/metrics.json").read_text())["outcome"] == "completed"
