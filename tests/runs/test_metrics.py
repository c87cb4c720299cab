"""metrics.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from nncli.errors import StorageError
from nncli.runs import ClassMetrics, DatasetUsed, Metrics, Timing

DATASET = DatasetUsed(
    name="digits", requested=None, fallback=True, examples={"train": 9, "test": 1}, classes=10
)


def metrics(**others: Any) -> Metrics:
    values = {"outcome": "completed", "name": "digits-mlp", "dataset": DATASET}
    return Metrics(**{**values, "timing": Timing(total_seconds=1.5), **others})


def test_the_schema_has_a_version() -> None:
    assert json.loads(metrics().to_json())["schema"] == 1
    assert "version" not in json.loads(metrics().to_json())


def test_what_is_written_is_read_back() -> None:
    whole = metrics(
        train={"loss": 0.25, "accuracy": 0.5},
        validation={"loss": 0.1},
        test={"loss": None},
        per_class=[ClassMetrics(name="0", precision=1.0, recall=None, f1=0.5, count=3)],
        kept_epoch=2,
        epochs=3,
        monitor="validation_loss",
        parameters=7,
        error="it broke",
    )
    whole.write(Path("metrics.json"))
    text = Path("metrics.json").read_text(encoding="utf-8")
    assert Metrics.model_validate_json(text) == whole
    assert Metrics.model_validate(json.loads(text)) == whole


def test_the_names_that_others_rely_on() -> None:
    document = json.loads(metrics(train={"loss": 0.5, "accuracy": 0.5}).to_json())
    assert {"schema", "outcome", "train", "validation", "test", "timing", "dataset"} <= set(
        document
    )
    assert document["train"] == {"loss": 0.5, "accuracy": 0.5}
    assert document["dataset"] == {
        "name": "digits",
        "requested": None,
        "fallback": True,
        "examples": {"train": 9, "test": 1},
        "classes": 10,
        "left_out": 0,
    }


def test_a_number_that_does_not_exist_is_null() -> None:
    text = Metrics.model_construct(
        **{**dict(metrics()), "train": {"loss": math.nan, "accuracy": math.inf}}
    ).to_json()
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name))["train"] == {
        "loss": None,
        "accuracy": None,
    }


def test_a_missing_split_is_null() -> None:
    assert json.loads(metrics().to_json())["validation"] is None


def test_about_one_split() -> None:
    document = Metrics.about(
        "all",
        {"accuracy": 0.5},
        outcome="completed",
        name="model.keras",
        dataset=DATASET,
        timing=Timing(total_seconds=1.0),
    )
    assert document.all == {"accuracy": 0.5}
    assert document.test is None


@pytest.mark.parametrize("change", [{"schema": 2}, {"outcome": "won"}, {"tset": {}}])
def test_a_document_that_cannot_be_understood_is_refused(change: dict[str, Any]) -> None:
    document = json.loads(metrics().to_json())
    with pytest.raises(ValidationError):
        Metrics.model_validate({**document, **change})


def test_a_place_that_cannot_be_written_is_said() -> None:
    with pytest.raises(StorageError, match="Cannot write"):
        metrics().write(Path("nowhere") / "metrics.json")
