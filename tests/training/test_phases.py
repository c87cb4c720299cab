"""Fine-tuning: the output is trained first, then everything, and interruptions change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import nncli
from nncli.backend import is_installed
from nncli.config import Layer, load_experiment
from nncli.errors import InterruptedRunError
from nncli.training import TrainingResult, checkpoints
from nncli.training.rehearsal import rehearse
from processes import run_on_jax
from stopping import Stopping

pytestmark = pytest.mark.usefixtures("shared_cache", "weights")


def small(include_top: bool, weights: Any, input_shape: Any, name: str = "base") -> Any:
    """Stands for a large network: what fine-tuning has to mind, in little."""
    layers = keras.layers
    start = keras.Input(input_shape)
    features = layers.Conv2D(4, 3, strides=4, use_bias=False, name="first")(start)
    features = layers.BatchNormalization(name="normalized")(features)
    features = layers.Dropout(0.3, name="silenced")(features)
    features = layers.Conv2D(6, 3, activation="relu", name="second")(features)
    return keras.Model(start, features, name=name)


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setattr(keras.applications, "MobileNet", small)
    keras.utils.set_random_seed(1)
    file = tmp_path / "small.weights.h5"
    small(False, None, (32, 32, 3)).save_weights(file)
    return str(file)


def described(weights: str, **changes: Any) -> dict[str, Any]:
    """Two epochs of the output and two of everything, 21 steps each, 4 a call."""
    return {
        "dataset": "digits",
        "model": {
            "type": "pretrained",
            "name": "mobilenet",
            "weights": weights,
            "unfreeze_at": 2,
            **changes.pop("model", {}),
        },
        "optimizer": changes.pop("optimizer", {}),
        "training": {
            "epochs": 4,
            "batch_size": 64,
            "steps_per_execution": 4,
            **changes.pop("training", {}),
        },
    }


def base_of(result: TrainingResult) -> Any:
    return keras.saving.load_model(result.model_path).get_layer("network").get_layer("base")


def last(result: TrainingResult) -> Any:
    found = checkpoints.newest(result.folder / "checkpoints").checkpoint
    assert found is not None
    return found


def everything(result: TrainingResult) -> dict[str, Any]:
    """Every number of a run but the times."""
    weights = keras.saving.load_model(result.model_path).get_weights()
    arrays = {name: [array.tobytes() for array in g] for name, g in last(result).arrays.items()}
    metrics = json.loads((result.folder / "metrics.json").read_text())
    return {
        "weights": [array.tobytes() for array in weights],
        "checkpoint": arrays,
        "history": [{k: v for k, v in row.items() if k != "seconds"} for row in result.history],
        "metrics": {key: value for key, value in metrics.items() if key != "timing"},
    }


def test_the_output_is_trained_first_and_then_everything(weights: str) -> None:
    changes: dict[str, Any] = {"model": {"fine_tuning_rate": 0.0002}}
    reporter = Stopping()
    result = nncli.train(described(weights, **changes), run_dir="run", reporter=reporter)
    assert [row["learning_rate"] for row in result.history] == [0.001, 0.001, 0.0002, 0.0002]
    assert any("Fine-tuning" in notice and "0.0002" in notice for notice in reporter.notices)
    short = described(weights, **changes, training={"epochs": 2, "batch_size": 64})
    first = nncli.train(short, run_dir="first", reporter=reporter)
    begun = small(False, None, (32, 32, 3))
    begun.load_weights(weights)
    names = [weight.path for weight in begun.weights]
    before, tuned = base_of(first).get_weights(), base_of(result).get_weights()
    for name, one, other, after in zip(names, begun.get_weights(), before, tuned, strict=True):
        assert np.array_equal(one, other), name
        assert np.array_equal(one, after) == ("normalized" in name), name


def test_a_tenth_of_the_first_rate_is_the_default(weights: str) -> None:
    schedule = {"learning_rate": {"type": "cosine", "initial_learning_rate": 0.02}}
    result = nncli.train(described(weights, optimizer=schedule), run_dir="run")
    rates = [row["learning_rate"] for row in result.history]
    # The schedule ends with its phase.
    assert rates[1] == pytest.approx(0.0, abs=0.001) and rates[0] == pytest.approx(0.01, rel=0.1)
    assert rates[2:] == pytest.approx([0.002, 0.002])


VARIANTS: dict[str, dict[str, Any]] = {
    "a schedule": {"optimizer": {"learning_rate": {"type": "cosine", "warmup_epochs": 0.5}}},
    "averages": {"optimizer": {"use_ema": True, "ema_momentum": 0.9}},
    "plateau": {
        "optimizer": {
            "learning_rate": {"type": "reduce_on_plateau", "patience": 1, "min_delta": 9.0}
        }
    },
    "from the beginning": {"model": {"unfreeze_at": 0}},
}


@pytest.mark.slow
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_interruptions_in_both_phases_and_between_them_change_nothing(
    weights: str, variant: str
) -> None:
    settings = described(weights, **VARIANTS[variant])
    whole = nncli.train(settings, run_dir="whole")
    with pytest.raises(InterruptedRunError):
        nncli.train(settings, run_dir="run", reporter=Stopping(steps=2))
    # Inside the first epoch, at the border, and inside the third epoch.
    moments = [(0, 8), (2, 0), (2, 12)]
    for moment, stop in zip(moments[1:], ({"epochs": 2}, {"steps": 3}), strict=True):
        with pytest.raises(InterruptedRunError):
            nncli.resume("run", reporter=Stopping(**stop))
        found = checkpoints.newest(Path("run/checkpoints")).checkpoint
        assert found is not None and (found.epoch, found.step) == moment
    assert everything(nncli.resume("run")) == everything(whole)


def test_early_stopping_watches_the_last_phase_alone(weights: str) -> None:
    stopping = {"early_stopping": {"patience": 1, "min_delta": 1000.0}, "epochs": 6}
    result = nncli.train(described(weights, training=stopping), run_dir="run")
    # The first epoch of fine-tuning is the best of its phase, and the second no better.
    assert len(result.history) == 4
    assert result.metrics.outcome == "stopped_early"


def test_a_rehearsal_tries_the_larger_phase(weights: str) -> None:
    def needed(**model: Any) -> int:
        settings = described(weights, model=model)
        return rehearse(load_experiment([], Layer(settings))).weight_bytes

    base = small(False, None, (32, 32, 3))
    learning = (w for w in base.trainable_weights if "normalized" not in w.path)
    trained = sum(np.asarray(weight).nbytes for weight in learning)
    # A gradient, and the two moments of Adam.
    assert needed() - needed(unfreeze_at=None) == 3 * trained


def test_fine_tuning_that_never_comes_is_said(weights: str, reporter: Any) -> None:
    settings = described(weights, training={"epochs": 2, "max_minutes": 1e-6})
    nncli.train(settings, run_dir="run", reporter=reporter)
    assert any("only the output is trained" in warning for warning in reporter.warnings)


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed: nncli[jax]")
def test_it_is_exact_on_jax_too(weights: str) -> None:
    code = (
        "import sys, keras, nncli, pytest\n"
        "import test_phases as here\n"
        "keras.applications.MobileNet = here.small\n"
        "changes = {'training': {'backend': 'jax'}, 'optimizer': {'use_ema': True}}\n"
        "whole = nncli.train(here.described(sys.argv[1], **dict(changes)), run_dir='whole')\n"
        "for stop in ({'steps': 2}, {'epochs': 2}, {'steps': 3}):\n"
        "    with pytest.raises(here.InterruptedRunError):\n"
        "        if stop == {'steps': 2}:\n"
        "            nncli.train(here.described(sys.argv[1], **dict(changes)), run_dir='run',\n"
        "                        reporter=here.Stopping(**stop))\n"
        "        else:\n"
        "            nncli.resume('run', reporter=here.Stopping(**stop))\n"
        "assert here.everything(nncli.resume('run')) == here.everything(whole)\n"
    )
    run_on_jax(code, weights, beside=__file__)
