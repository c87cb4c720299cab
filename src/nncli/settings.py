"""The base of everything a user can set."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Settings"]


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
