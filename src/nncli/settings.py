"""The base of everything a user can set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["Settings", "mistaken"]


class Settings(BaseModel):
    """A frozen group of settings: unknown keys are errors, and so are silent conversions.

    Values are strict (`epochs: true` is no number, `epochs: "6"` is text) and finite. A field's
    description is its only documentation: help texts and reference pages are made from it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        defer_build=True,  # most commands validate few of all settings: import faster
    )


def mistaken(problems: Iterable[tuple[str | Sequence[str], str]]) -> ValidationError | None:
    """What a validator raises to say several mistakes, each about a key below its value.

    Args:
        problems: keys, or paths of keys, and what is said about them.
    """
    from pydantic_core import InitErrorDetails, ValidationError

    found: list[InitErrorDetails] = [
        # Input as a mapping: the message says itself what was found.
        {
            "type": "value_error",
            "loc": (place,) if isinstance(place, str) else tuple(place),
            "input": {},
            "ctx": {"error": ValueError(text)},
        }
        for place, text in problems
    ]
    return ValidationError.from_exception_data("settings", found) if found else None
