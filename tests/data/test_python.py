"""Data that a Python function returns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nncli import data
from nncli.config import Layer, load_experiment
from nncli.data import Dataset
from nncli.errors import DataError, ExperimentError, NncliError
from nncli.reporting import SilentReporter

CODE = """
from pathlib import Path

import numpy as np


def load(*, examples: int = 40, kind: str = "pairs"):
    with Path("calls.txt").open("a") as stream:
        stream.write("called\\n")
    inputs = np.arange(examples * 3, dtype=np.float32).reshape(examples, 3)
    targets = np.arange(examples) % 2
    return {
        "pairs": ((inputs, targets), (inputs[:10], targets[:10])),
        "three": ((inputs, targets), (inputs[:10], targets[:10]), (inputs[:8], targets[:8])),
        "alone": (inputs, targets),
        "named": {"train": (inputs, targets), "test": (inputs[:6], targets[:6])},
        "words": ([f"word {n}" for n in range(examples)], ["a", "b"] * (examples // 2)),
        "nothing": None,
        "uneven": (inputs, targets[:5]),
        "empty": {"train": ([], [])},
        "misnamed": {"train": (inputs, targets), "dev": (inputs, targets)},
    }[kind]
"""


@pytest.fixture(autouse=True)
def _file() -> None:
    Path("my_data.py").write_text(CODE)


def loaded(**given: Any) -> Dataset:
    described = {"type": "python", "load": "my_data.py:load", **given}
    settings = load_experiment([], Layer({"dataset": described})).dataset
    return data.load(settings, seed=0, reporter=SilentReporter())


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("pairs", {"train": 36, "validation": 4, "test": 10}),
        ("three", {"train": 40, "validation": 10, "test": 8}),
        ("alone", {"train": 32, "validation": 4, "test": 4}),
        ("named", {"train": 36, "validation": 4, "test": 6}),
    ],
)
def test_the_usual_forms_are_understood(kind: str, sizes: dict[str, int]) -> None:
    dataset = loaded(kind=kind)
    assert {name: len(split) for name, split in dataset.splits.items()} == sizes
    assert dataset.name == "my_data"


def test_strings_are_texts_and_classes() -> None:
    dataset = loaded(kind="words")
    assert dataset.inputs.kind == "text"
    assert dataset.target.names == ("a", "b")


def test_it_is_called_again_when_its_file_or_its_arguments_change() -> None:
    def calls() -> int:
        return len(Path("calls.txt").read_text().splitlines())

    loaded()
    loaded()
    assert calls() == 1
    loaded(examples=20)
    assert calls() == 2
    Path("my_data.py").write_text(CODE + "\n# changed\n")
    loaded()
    assert calls() == 3


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nothing", "returned NoneType, not arrays"),
        ("uneven", "train has 40 inputs and 5 targets"),
        ("empty", "train has no examples"),
        ("misnamed", "'dev' is not one of train, validation and test"),
        ("other", "failed in line 12: KeyError"),
    ],
)
def test_what_it_returns_wrongly_is_said(kind: str, message: str) -> None:
    with pytest.raises(NncliError, match=message) as caught:
        loaded(kind=kind)
    assert isinstance(caught.value, DataError) or kind == "other"


def test_a_misspelled_argument_is_known_before_it_runs() -> None:
    with pytest.raises(ExperimentError, match="load has no argument exmaples; did you mean exam"):
        loaded(exmaples=3)
    assert not Path("calls.txt").exists()
