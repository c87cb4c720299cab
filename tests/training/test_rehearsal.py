"""`--dry-run`, TensorBoard's logs and traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("shared_cache")


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(run_cli: Any) -> None:
    command = ["train", "--dataset", "digits", "--hidden-units", "20", "--dry-run"]
    result = run_cli(command)
    assert result.exit_code == 0, result.stderr
    assert "digits-mlp: 6 epochs of 11 steps of 128" in result.stdout
    assert "1,510 parameters" in result.stdout
    assert all(len(line) <= 80 or line.startswith("memory") for line in result.stdout.splitlines())
    assert not list(Path.cwd().iterdir())
    document = json.loads(run_cli([*command, "--json"]).stdout)
    assert document["flops"] == 2 * (64 * 20 + 20 * 10)
    assert document["experiment"]["training"]["steps_per_execution"] == 11
    assert document["data_in_memory"] is True
    assert 0 < document["fit_seconds"] < 1  # 66 steps of much less than a millisecond each
    settings = ["--set", "training.memory_budget=1kB", "--json"]
    assert json.loads(run_cli([*command, *settings]).stdout)["data_in_memory"] is False


def test_a_batch_that_cannot_fit_is_refused_with_one_that_does(
    run_cli: Any, monkeypatch: Any
) -> None:
    from nncli import backend

    monkeypatch.setattr(backend, "memory_bytes", lambda: 200_000)
    result = run_cli(["train", "--dataset", "digits", "--batch-size", "1000"])
    assert result.exit_code == 1
    assert "There is not enough memory for batches of 1,000 examples." in result.stderr
    assert "About this many should fit: --batch-size 32" in result.stderr
    assert not list(Path.cwd().iterdir())  # nothing was begun


@pytest.mark.parametrize("wanted", [True, False])
def test_tensorboard_and_traces_are_written_if_asked_for(run_cli: Any, wanted: bool) -> None:
    command = ["train", "--dataset", "digits", "--batch-size", "32", "--epochs", "2", "--quiet"]
    text = str(wanted).lower()
    settings = ["--set", f"training.tensorboard={text}", "--set", f"training.profile={text}"]
    assert run_cli([*command, *settings, "--run-dir", "run"]).exit_code == 0
    for folder, pattern in (("tensorboard/validation", "events*"), ("profile", "**/*.xplane.pb")):
        assert bool(list(Path("run", folder).glob(pattern))) is wanted
