"""`training.batch_size: auto`: what it is, and that a run has it as a number."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nncli import backend
from nncli.config import load_experiment
from nncli.config.training import TrainingSettings
from nncli.training import batching

pytestmark = pytest.mark.usefixtures("shared_cache")
AUTO = TrainingSettings(batch_size="auto")


@pytest.fixture(scope="module")
def network() -> Any:
    """Holds 4,000 bytes an example: 12,000 at the peak of a step on TensorFlow."""
    backend.prepare()
    import keras

    inputs = keras.Input((10,))
    return keras.Model(inputs, keras.layers.Dense(1000)(inputs))


@pytest.mark.parametrize(
    ("examples", "size", "reason"),
    [
        (3, 16, "the smallest that auto takes for few examples"),
        (1294, 16, "the smallest that auto takes for few examples"),
        (5000, 64, "at least 50 steps an epoch"),
        (54_000, 1024, "the largest that auto takes"),
        (10**9, 1024, "the largest that auto takes"),
    ],
)
def test_the_number_of_examples_decides(
    network: Any, reporter: Any, examples: int, size: int, reason: str
) -> None:
    assert batching.decided(AUTO, network, examples, reporter).batch_size == size
    assert reporter.notices == [f"training.batch_size: auto is {size:,} here ({reason})."]


def test_a_step_takes_half_of_the_memory_at_most(
    network: Any, reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "memory_bytes", lambda: 2 * 12_000 * 128)
    assert batching.decided(AUTO, network, 54_000, reporter).batch_size == 128
    monkeypatch.setattr(backend, "memory_bytes", lambda: 2 * 12_000 * 4)
    assert batching.decided(AUTO, network, 54_000, reporter).batch_size == 4
    assert "larger ones do not fit into half of the memory" in reporter.notices[1]


def test_on_a_gpu_its_own_memory_counts(
    network: Any, reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "has_accelerator", lambda: True)
    monkeypatch.setattr(backend, "accelerator_memory_bytes", lambda: 2 * 12_000 * 32)
    assert batching.decided(AUTO, network, 54_000, reporter).batch_size == 32


def test_a_number_stays_what_it_is(network: Any, reporter: Any) -> None:
    settings = TrainingSettings(batch_size=7)
    assert batching.decided(settings, network, 54_000, reporter) is settings
    assert reporter.notices == []


def test_tensorflow_asks_the_driver_for_the_memory_of_the_smallest_gpu(
    network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for the driver's program, which this machine may lack."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert backend.accelerator_memory_bytes() is None
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 81559\necho 24576\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    assert backend.accelerator_memory_bytes() == 24576 * 2**20


def test_a_run_says_and_writes_the_number(run_cli: Any) -> None:
    command = ["train", "--dataset", "digits", "--epochs", "1", "--batch-size", "auto"]
    result = run_cli(command)
    assert result.exit_code == 0, result.stderr
    assert "training.batch_size: auto is 16 here" in result.stderr
    assert "1 epoch of 81 steps" in result.stderr
    assert load_experiment([Path("runs/1-digits-mlp/config.yaml")]).training.batch_size == 16
    refused = run_cli(["train", "--resume", "1", "--batch-size", "auto"])
    assert 'training.batch_size: 16 in the run, "auto" now' in refused.stderr
    assert run_cli(["train", "--resume", "1", "--epochs", "2"]).exit_code == 0
    shown = run_cli(["config", "show", *command[1:]])
    assert "batch_size: auto" in shown.stdout
    rehearsed = run_cli([*command, "--dry-run"])
    assert "1 epoch of 81 steps of 16" in rehearsed.stdout


def test_folds_have_the_same_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They train on 63 or 64 rows, which auto alone would make 16 and 32."""
    import nncli

    monkeypatch.setattr(batching, "STEPS_AN_EPOCH", 2)
    table = tmp_path / "table.csv"
    rows = [f"{0.37 * number:.2f},{'ab'[number % 2]}" for number in range(95)]
    table.write_text("x,y\n" + "\n".join(rows) + "\n")
    source = {"type": "table", "path": str(table), "target": "y"}
    experiment = {
        "dataset": {**source, "folds": 3, "validation": 0},
        "training": {"epochs": 1, "batch_size": "auto"},
    }
    result = nncli.train(experiment)
    files = [result.folder, *(fold.folder for fold in result.folds)]
    sizes = {load_experiment([folder / "config.yaml"]).training.batch_size for folder in files}
    assert sizes == {16}
    trained_on = [fold.metrics.dataset.examples["train"] for fold in result.folds]
    assert sorted(trained_on) == [63, 63, 64]
