"""`nncli train --find-learning-rate` as it is typed."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from nncli.cli._range_test import next_command
from nncli.config import Layer, load_experiment

COMMAND = ["train", "--dataset", "digits", "--optimizer", "sgd", "--find-learning-rate"]


@pytest.mark.usefixtures("shared_cache")
def test_it_suggests_a_rate_and_leaves_a_picture_alone(
    run_cli: Any, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["nncli", *COMMAND])
    result = run_cli(COMMAND)
    assert result.exit_code == 0, result.stderr
    assert [path.name for path in own_folders.iterdir()] == ["learning-rate.png"]
    assert "The curve is in learning-rate.png\n" in result.stdout
    document = json.loads(run_cli([*COMMAND, "--json", "--picture", "curve.png"]).stdout)
    rate, careful = document["suggestion"], document["careful"]
    assert f"The loss falls fastest at a learning rate of {rate:g} and" in result.stdout
    commands = [line.strip() for line in result.stdout.splitlines() if line.startswith("  nncli")]
    start = "nncli train --dataset digits --optimizer sgd --learning-rate"
    assert commands == [f"{start} {rate:g}", f"{start} {careful:g}"]
    assert careful < rate and careful == pytest.approx(document["lowest"] / 10, rel=0.05)
    assert document["picture"] == "curve.png" and Path("curve.png").is_file()
    assert len(document["rates"]) == len(document["losses"]) == len(document["smoothed"]) > 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume", "latest"], "--resume does not apply"),
        (["--dry-run"], "give one of them"),
        (["--run-dir", "a"], "leaves no run folder"),
        (["--runs-dir", "a"], "leaves no run folder"),
        (["--picture", "a.jpg"], "must end in .png"),
    ],
    ids=str,
)
def test_what_does_not_go_with_it(run_cli: Any, arguments: list[str], message: str) -> None:
    result = run_cli([*COMMAND, *arguments])
    assert result.exit_code == 2 and message in result.stderr


def test_a_picture_without_it_is_a_mistake(run_cli: Any) -> None:
    result = run_cli(["train", "--dataset", "digits", "--picture", "a.png"])
    assert result.exit_code == 2 and "--find-learning-rate" in result.stderr


@pytest.mark.parametrize(
    ("typed", "learning_rate", "expected"),
    [
        ("-c a.yaml --json -q --picture x.png", 0.1, "-c a.yaml --learning-rate 0.003"),
        ("--picture=x.png --learning-rate=1 --seed 1", 1.0, "--seed 1 --learning-rate 0.003"),
        ("--set optimizer.learning_rate=1 --set seed=1", 1.0, "--set seed=1 --learning-rate 0.003"),
        ("--set=optimizer.learning_rate=1", 1.0, "--learning-rate 0.003"),
        (
            "--set 'optimizer={type: sgd, learning_rate: 1}'",
            1.0,
            "--set 'optimizer={type: sgd, learning_rate: 1}' --set optimizer.learning_rate=0.003",
        ),
        (
            "--learning-rate cosine",
            {"type": "cosine", "warmup_epochs": 2},
            "--learning-rate '{type: cosine, warmup_epochs: 2.0, initial_learning_rate: 0.003}'",
        ),
        (
            "-c a.yaml",
            {"type": "piecewise", "boundaries": [2], "values": [0.1, 0.01]},
            "-c a.yaml --learning-rate '{type: piecewise, boundaries: [2.0], "
            "values: [0.003, 0.0003]}'",
        ),
    ],
)
def test_the_next_command_is_the_same_with_the_rate(
    run_cli: Any, typed: str, learning_rate: Any, expected: str
) -> None:
    experiment = load_experiment([], Layer({"optimizer": {"learning_rate": learning_rate}}))
    command = ["nncli", "train", "--find-learning-rate", *shlex.split(typed)]
    following = next_command(command, experiment, 0.003)
    assert following == f"nncli train {expected}"
    Path("a.yaml").write_text("optimizer: {learning_rate: 0.5}\n")
    shown = run_cli(["config", "show", *shlex.split(following)[2:]])
    assert shown.exit_code == 0, shown.stderr
    assert "0.003" in shown.stdout and "0.5" not in shown.stdout
