"""`nncli runs reproduce`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("shared_cache")


def test_a_run_is_repeated_and_compared(run_cli: Any) -> None:
    run_cli(["train", "--dataset", "digits", "--epochs", "2", "--quiet"])
    result = run_cli(["runs", "reproduce", "1"])
    assert (result.exit_code, result.stdout) == (
        0,
        "Identical: every metric of runs/2-digits-mlp is that of runs/1-digits-mlp (2 epochs).\n",
    )
    path = Path("runs/1-digits-mlp/metrics.json")
    document = json.loads(path.read_text())
    document["test"]["accuracy"] = 0.125
    document["outcome"] = "completed"
    path.write_text(json.dumps(document))
    result = run_cli(["runs", "reproduce", "runs/1-digits-mlp"])
    assert result.exit_code == 1
    assert "1 number of runs/3-digits-mlp are not those of runs/1-digits-mlp:" in result.stdout
    assert "test.accuracy  0.125" in result.stdout
    document["outcome"] = "interrupted"
    path.write_text(json.dumps(document))
    result = run_cli(["runs", "reproduce", "1"])
    assert result.exit_code == 2
    assert "Finish it with: nncli train --resume runs/1-digits-mlp" in result.stderr
