"""Run folders without a training."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nncli.runs import RunFolder

RUNS = Path("runs")


@pytest.fixture
def make() -> Callable[..., RunFolder]:
    """A run folder with metrics and an experiment; `accuracy`, `loss` and `rmse` are of test,
    `dataset`, `model`, `epochs`, `seconds` what they say, `history` columns by name, and all else
    a key of `metrics.json`."""
    return _make


def _make(name: str, *, outcome: str = "completed", **more: Any) -> RunFolder:
    path = RUNS / name
    path.mkdir(parents=True)
    values = {key: more.pop(key) for key in ("accuracy", "loss", "rmse") if key in more}
    history: dict[str, Sequence[float | None]] = more.pop("history", {})
    document = {
        "schema": 1, "outcome": outcome, "name": name, "test": values or None,
        "dataset": {"name": more.pop("dataset", "digits")},
        "timing": {"total_seconds": more.pop("seconds", 1.0)},
        "epochs": more.get("epochs", 3),
    }  # fmt: skip
    text = f"model:\n  type: {more.pop('model', 'mlp')}\n  hidden_units:\n  - 64\n"
    text += f"training:\n  epochs: {more.pop('epochs', 3)}\n"
    (path / "config.yaml").write_text(text)
    (path / "metrics.json").write_text(json.dumps(document | more))
    if history:
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["epoch", *history])
        writer.writerows(
            [number, *cells]
            for number, cells in enumerate(zip(*history.values(), strict=True), start=1)
        )
        (path / "history.csv").write_text(stream.getvalue())
    return RunFolder(path)
