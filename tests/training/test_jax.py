"""Keras on JAX: the same experiment and files. A process has one backend, so each has its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.backend import is_installed
from nncli.training import checkpoints

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("shared_cache"),
    pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed: nncli[jax]"),
]

TRAIN = [sys.executable, "-m", "nncli", "train", "--backend", "jax", "--dataset", "digits"]
LONG = ["--epochs", "25", "--batch-size", "16", "--set", "model.dropout=0.3"]


def run(*arguments: str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def arrays(folder: str) -> dict[str, Any]:
    found = checkpoints.newest(Path(folder, "checkpoints")).checkpoint
    assert found is not None
    return {name: [a.tobytes() for a in group] for name, group in found.arrays.items()}


AUGMENTED = ["--set", "dataset.augment={crop: 1, noise: 0.1, mixup: 0.2, rotation: 5}"]
SGD = ["--optimizer", "sgd", "--learning-rate", "20"]
AVERAGED = ["--set", "optimizer.use_ema=true", "--set", "optimizer.ema_overwrite_frequency=50"]


@pytest.mark.parametrize("more", [[], AUGMENTED, AVERAGED], ids=["plain", "augmented", "averaged"])
def test_the_same_again_and_after_an_interruption(more: list[str]) -> None:
    train = [*TRAIN, *LONG, *more, "--quiet", "--run-dir"]
    run(*train, "first")
    with subprocess.Popen([*train, "second"]) as interrupted:
        while not list(Path("second").glob("checkpoints/epoch-*.npz")):
            assert interrupted.poll() is None
            time.sleep(0.01)
        os.kill(interrupted.pid, signal.SIGINT)
        assert interrupted.wait() == 130
    before = json.loads(Path("second/metrics.json").read_text())
    assert before["outcome"] == "interrupted" and 1 <= before["epochs"] < 25
    run(sys.executable, "-m", "nncli", "train", "--resume", "second", "--quiet")
    assert arrays("first") == arrays("second")
    before, after = (json.loads(Path(f, "metrics.json").read_text()) for f in ("first", "second"))
    assert before["test"] == after["test"] and before["outcome"] == after["outcome"] == "completed"


def test_a_model_gives_the_same_numbers_on_both_backends() -> None:
    for backend in ("jax", "tensorflow"):
        run(*TRAIN, "--epochs", "2", "--quiet", "--run-dir", backend, "--backend", backend)
        losses = []
        for other in ("jax", "tensorflow"):
            command = [sys.executable, "-m", "nncli", "evaluate", f"{backend}/model.keras"]
            losses.append(json.loads(run(*command, "--backend", other, "--json"))["test"]["loss"])
        assert np.isclose(*losses, rtol=0, atol=1e-5)


def test_a_loss_that_is_no_number_is_noticed_at_the_step_that_had_it() -> None:
    small = ["--set", "model.activation=leaky_relu", "--hidden-units", "8,8,8", *SGD]
    said = []
    for at_once in ("1", "7"):
        more = [*small, "--set", f"training.steps_per_execution={at_once}"]
        done = subprocess.run([*TRAIN, *more], capture_output=True, text=True, check=False)
        said.append(done.stderr[done.stderr.index("error:") :])
        assert done.returncode == 1
    assert said[0] == said[1] and "(epoch 1, step " in said[0]


@pytest.mark.parametrize("augment", ["None", "{'crop': 1, 'zoom': 0.1, 'mixup': 0.2}"])
def test_tensorflow_is_not_imported_where_the_data_is_cached(augment: str) -> None:
    code = (
        "import sys, nncli\n"
        f"dataset = {{'type': 'digits', 'augment': {augment}}}\n"
        "described = {'dataset': dataset, 'training': {'epochs': 1, 'backend': 'jax'}}\n"
        "result = nncli.train(described)\n"
        "nncli.evaluate(result.model_path)\n"
        "assert 'jax' in sys.modules and 'tensorflow' not in sys.modules\n"
    )
    run(sys.executable, "-c", code)


def test_weighted_examples_from_disk_are_those_from_memory() -> None:
    settings = ["--epochs", "2", "--quiet", "--set", "training.class_weight=balanced"]
    for budget in ("1GB", "1kB"):
        more = ["--set", f"training.memory_budget={budget}", "--run-dir", budget]
        run(*TRAIN, *settings, *more)
    assert arrays("1GB") == arrays("1kB")
    run(*TRAIN, "--epochs", "2", "--quiet", "--run-dir", "unweighted")
    assert arrays("unweighted") != arrays("1GB")
