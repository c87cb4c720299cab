"""With `use_ema` the averages of the weights are what is validated and kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import nncli
from nncli.backend import is_installed
from nncli.training import TrainingResult, checkpoints
from nncli.training.averaging import averaged

pytestmark = pytest.mark.usefixtures("shared_cache")


def trained(folder: Path, *, validation: float = 0.1, **optimizer: Any) -> TrainingResult:
    """One epoch with large steps, so that averages lie far from the last weights."""
    experiment = {
        "dataset": {"type": "digits", "validation": validation},
        "model": {"hidden_units": [8]},
        "optimizer": {"type": "sgd", "learning_rate": 0.5, **optimizer},
        "training": {"epochs": 1},
    }
    return nncli.train(experiment, run_dir=folder)


def last_and_kept(result: TrainingResult) -> tuple[list[Any], list[Any]]:
    """The weights of the last step, and those of the model."""
    found = checkpoints.newest(result.folder / "checkpoints").checkpoint
    assert found is not None
    kept = keras.saving.load_model(result.model_path).get_layer("network").get_weights()
    return found.arrays["model"], kept


@pytest.mark.parametrize("validation", [0.1, 0.0])
def test_the_model_has_the_averages(tmp_path: Path, validation: float) -> None:
    result = trained(tmp_path / "run", validation=validation, use_ema=True, ema_momentum=0.9)
    found = checkpoints.newest(result.folder / "checkpoints").checkpoint
    assert found is not None
    last, kept = last_and_kept(result)
    averages = found.arrays["optimizer"][2 : 2 + len(kept)]  # behind the steps and the rate
    for one, other, average in zip(last, kept, averages, strict=True):
        np.testing.assert_array_equal(other, average)
        assert np.abs(one - other).max() > 0.01


def test_they_are_what_was_validated(tmp_path: Path) -> None:
    result = trained(tmp_path / "run", use_ema=True, ema_momentum=0.9)
    assert result.metrics.validation is not None and result.model_path is not None
    measured = nncli.evaluate(result.model_path, split="validation").metrics
    assert result.metrics.validation["loss"] == pytest.approx(measured["loss"], rel=1e-5)


@pytest.mark.slow
def test_training_takes_the_same_steps_with_them(tmp_path: Path) -> None:
    plain, _ = last_and_kept(trained(tmp_path / "plain"))
    beside, _ = last_and_kept(trained(tmp_path / "beside", use_ema=True))
    into, _ = last_and_kept(trained(tmp_path / "into", use_ema=True, ema_overwrite_frequency=4))
    for one, other in zip(plain, beside, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(not np.array_equal(*pair) for pair in zip(plain, into, strict=True))


def test_without_them_the_model_has_the_weights_of_the_last_step(tmp_path: Path) -> None:
    last, kept = last_and_kept(trained(tmp_path / "run"))
    for one, other in zip(last, kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_that_ended_inside_its_first_epoch_has_them_too(tmp_path: Path) -> None:
    experiment = {
        "dataset": "digits",
        "model": {"hidden_units": [8]},
        "optimizer": {"type": "sgd", "learning_rate": 0.5, "use_ema": True},
        "training": {"max_minutes": 0.00001, "steps_per_execution": 4, "batch_size": 16},
    }
    last, kept = last_and_kept(nncli.train(experiment, run_dir=tmp_path / "run"))
    assert all(not np.array_equal(*pair) for pair in zip(last, kept, strict=True))


def test_the_weights_of_the_last_step_come_back(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5, use_ema=True), "mse")
    for _ in range(3):
        model.train_on_batch(np.ones((4, 2)), np.ones((4, 1)))
    before = model.get_weights()
    with pytest.raises(ValueError, match="inside"), averaged(model):
        inside = model.get_weights()
        raise ValueError("inside")
    assert all(not np.array_equal(*pair) for pair in zip(before, inside, strict=True))
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed: nncli[jax]")
def test_it_is_the_same_on_jax(tmp_path: Path) -> None:
    code = (
        "import sys, nncli\n"
        "optimizer = {'type': 'sgd', 'learning_rate': 0.5, 'use_ema': True, 'ema_momentum': 0.9}\n"
        "training = {'epochs': 2, 'backend': 'jax'}\n"
        "described = {'dataset': 'digits', 'optimizer': optimizer, 'training': training}\n"
        "from nncli.config import Layer, load_experiment\n"
        "from nncli.training.rehearsal import rehearse\n"
        "rehearse(load_experiment([], Layer(described)))\n"
        "result = nncli.train(described, run_dir=sys.argv[1])\n"
        "measured = nncli.evaluate(result.model_path, split='validation').metrics['loss']\n"
        "assert abs(result.metrics.validation['loss'] - measured) < 1e-5\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = checkpoints.newest(tmp_path / "run" / "checkpoints").checkpoint
    assert found is not None
    pairs = zip(found.arrays["model"][:4], found.arrays["best"][:4], strict=True)
    assert all(not np.array_equal(*pair) for pair in pairs)
