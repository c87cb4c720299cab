"""The base of all settings."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from nncli.config import Experiment
from nncli.settings import Settings


class Oven(Settings):
    degrees: float = 180.0
    minutes: int = 20
    fan: bool = False


@pytest.mark.parametrize(
    "values",
    [
        {"minuts": 20},
        {"minutes": "20"},
        {"minutes": 20.0},
        {"minutes": True},
        {"fan": 1},
        {"degrees": "hot"},
        {"degrees": math.nan},
        {"degrees": math.inf},
    ],
)
def test_what_would_have_to_be_guessed_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Oven(**values)


def test_a_whole_number_is_a_number() -> None:
    assert Oven(degrees=200).degrees == 200.0


def test_settings_are_frozen() -> None:
    oven: Any = Oven()
    with pytest.raises(ValidationError):
        oven.minutes = 3


def test_defaults_are_checked_too() -> None:
    soon: Any = "soon"

    class Broken(Settings):
        minutes: int = soon

    with pytest.raises(ValidationError):
        Broken()


def groups(model: type[Settings]) -> set[type[Settings]]:
    """`model` and every group of settings in its fields."""
    found = {model}
    waiting: list[Any] = [field.annotation for field in model.model_fields.values()]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, Settings):
            found |= groups(annotation)
        waiting += getattr(annotation, "__args__", ())
    return found


def test_every_key_of_an_experiment_has_a_description() -> None:
    found = groups(Experiment)
    assert len(found) >= 10
    bare = [
        f"{group.__name__}.{name}"
        for group in found
        for name, field in group.model_fields.items()
        if not (field.description or "").strip()
    ]
    assert bare == []
