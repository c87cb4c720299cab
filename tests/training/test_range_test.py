"""The learning-rate range test: on real trainings."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncli
from nncli.config import Layer, load_experiment
from nncli.errors import TrainingError
from nncli.training import range_test
from nncli.training.range_test import RangeTest, find_learning_rate

pytestmark = pytest.mark.usefixtures("shared_cache")


def found_for(reporter: Any = None, picture: Path | None = None, **values: Any) -> RangeTest:
    experiment = load_experiment([], Layer({"dataset": "digits", **values}))
    return find_learning_rate(experiment, picture=picture, reporter=reporter)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the steps, from a rate that already matters."""
    monkeypatch.setattr(range_test, "STEPS", 20)
    monkeypatch.setattr(range_test, "LOWEST_RATE", 1e-3)


def test_the_same_experiment_gets_the_same_answer(own_folders: Path) -> None:
    model = {"type": "mlp", "dropout": 0.2}
    first = found_for(model=model, picture=Path("curve.png"))
    assert first == found_for(model=model)
    assert first.rates[:2] == pytest.approx([1e-7, 1.097e-7], rel=1e-3)
    assert first.ended == "diverged" and len(first.rates) < 200
    assert first.smoothed[-1] > 4 * min(first.smoothed[25:]) >= first.smoothed[-2]
    assert first.suggestion < first.lowest
    assert [path.name for path in own_folders.iterdir()] == ["curve.png"]
    assert Path("curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_first_losses_are_those_of_the_network_before_it_learns(short: None) -> None:
    """The test sees the batches of a training in its order, whole ones alone."""
    values = {"training": {"batch_size": 600}, "optimizer": "sgd"}
    losses = _measured(values)
    trained = nncli.train(
        {
            "dataset": "digits",
            "training": {"batch_size": 600, "epochs": 1, "steps_per_execution": 1},
            "optimizer": {"type": "sgd", "learning_rate": 1e-12},
        }
    )
    first, second = losses[:2]  # the second at a rate that changes it by a thousandth
    whole = trained.history[0]["train_loss"]
    assert whole is not None
    last_share = 94 / 1294  # the smaller last batch, which the test leaves out
    assert math.isclose((first + second) / 2, whole, abs_tol=0.01 + 0.1 * last_share)


@pytest.mark.parametrize(
    "values",
    [
        {"training": {"class_weight": {"3": 50.0}}},
        {"training": {"loss": "focal"}},
        {"training": {"batch_size": 32}},
        {"training": {"clipnorm": 1e-4}},
        {"training": {"gradient_accumulation_steps": 3}},
        {"optimizer": {"type": "adamw", "weight_decay": 0.5}},
        {"optimizer": {"type": "sgd", "momentum": 0.9}},
        {"dataset": {"type": "digits", "augment": {"rotation": 0.5}}},
        {"dataset": {"type": "digits", "augment": {"mixup": 0.4}}},
    ],
    ids=str,
)
def test_what_the_experiment_says_is_in_the_test(short: None, values: dict[str, Any]) -> None:
    plain = _measured({"optimizer": {"type": values.get("optimizer", {}).get("type", "adam")}})
    assert not np.allclose(_measured(values), plain, rtol=1e-4)


def _measured(values: dict[str, Any]) -> list[float]:
    """The first losses, whatever they lead to."""
    from nncli.reporting import SilentReporter
    from nncli.training.preparing import prepare

    experiment = load_experiment([], Layer({"dataset": "digits", **values}))
    return range_test._measure(prepare(experiment, SilentReporter()), SilentReporter())[1][:8]


def test_rate_schedule_and_averages_play_no_part(reporter: Any) -> None:
    plain = found_for()
    schedule = {"type": "cosine", "initial_learning_rate": 0.5, "warmup_epochs": 1}
    optimizer = {"type": "adam", "learning_rate": schedule, "use_ema": True, "ema_momentum": 0.5}
    other = found_for(reporter, optimizer=optimizer)
    assert (other.suggestion, other.losses) == (plain.suggestion, plain.losses)
    assert reporter.notices == [
        "The schedule (cosine) plays no part: what is looked for is its initial rate.",
        "The averages of optimizer.use_ema play no part in the test.",
    ]


def test_a_table_of_one_class_is_a_sentence(tmp_path: Path) -> None:
    table = tmp_path / "same.csv"
    table.write_text("x,y\n" + "".join(f"{0.3 * number:.1f},a\n" for number in range(40)))
    dataset = {"type": "table", "path": str(table), "target": "y", "validation": 0}
    with pytest.raises((TrainingError, nncli.errors.NncliError)) as caught:
        found_for(dataset=dataset, picture=Path("curve.png"))
    assert "class" in caught.value.message or "No learning rate made the loss" in str(caught.value)


def test_nothing_to_learn_is_a_sentence(tmp_path: Path) -> None:
    """Two classes, and an input that says nothing about them."""
    table = tmp_path / "noise.csv"
    numbers = np.random.default_rng(0).integers(0, 2, 400)
    table.write_text("x,y\n" + "".join(f"k,{'ab'[number]}\n" for number in numbers))
    dataset = {"type": "table", "path": str(table), "target": "y", "columns": {"x": "category"}}
    with pytest.raises(TrainingError, match="No learning rate made the loss fall: it was ") as told:
        found_for(dataset=dataset, picture=Path("curve.png"))
    assert "The curve is in curve.png." in str(told.value.hint)
    assert Path("curve.png").is_file()


def test_three_examples_are_enough(tmp_path: Path) -> None:
    table = tmp_path / "three.csv"
    table.write_text("x,y\n1,a\n2,b\n3,a\n")
    found = found_for(
        dataset={"type": "table", "path": str(table), "target": "y", "validation": 0, "test": 0}
    )
    assert 1e-5 < found.suggestion < 1


def test_a_loss_that_is_no_number_at_first_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(range_test, "_loss_of_step", lambda *_: math.nan)
    with pytest.raises(TrainingError, match="not a finite number in the first step already"):
        found_for()


def test_a_loss_that_stops_being_a_number_ends_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    true_loss = range_test._loss_of_step

    def cut(model: Any, rate: float, batches: Any) -> float:
        return true_loss(model, rate, batches) if rate < 0.05 else math.nan

    monkeypatch.setattr(range_test, "_loss_of_step", cut)
    found = found_for()
    assert found.ended == "not_finite" and found.rates[-1] < 0.05
    assert all(math.isfinite(loss) for loss in found.smoothed)


JAX = """
import json
from nncli.config import Layer, load_experiment
from nncli.training.range_test import find_learning_rate
experiment = load_experiment([], Layer({"dataset": "digits", "training": {"backend": "jax"}}))
first, second = find_learning_rate(experiment), find_learning_rate(experiment)
print(json.dumps([first.suggestion, first == second]))
"""


@pytest.mark.slow
def test_jax_finds_about_the_same() -> None:
    """In a process of its own, for Keras has one backend."""
    pytest.importorskip("jax")
    ran = subprocess.run([sys.executable, "-c", JAX], capture_output=True, text=True, check=True)
    suggestion, repeats = json.loads(ran.stdout.splitlines()[-1])
    assert repeats
    assert 0.2 < suggestion / found_for().suggestion < 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [{"optimizer": "adam"}, {"optimizer": "sgd"}, {"optimizer": "adam", "model": "cnn"}],
    ids=str,
)
def test_training_at_the_suggested_rate_is_better_than_far_from_it(values: Any) -> None:
    rate = found_for(**values).suggestion
    losses = {}
    for times in (0.01, 1, 100):
        optimizer = {"type": values["optimizer"], "learning_rate": times * rate}
        experiment = {"dataset": "digits", **values, "optimizer": optimizer}
        try:
            metrics = nncli.train(experiment).metrics
        except TrainingError:  # no number any more: as bad as can be
            losses[times] = math.inf
            continue
        losses[times] = (metrics.validation or {})["loss"] or math.inf
    assert losses[1] < 0.5 * min(losses[0.01], losses[100])
