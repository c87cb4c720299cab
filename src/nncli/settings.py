"""The base of everything a user can set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["Settings", "in_words", "mistaken"]

# Names of which more are not listed: a page says what they are.
MOST_NAMES = 14
TYPES = {
    "null": "nothing", "integer": "whole number", "string": "text", "boolean": "true, false",
    "object": "mapping",
}  # fmt: skip
BOUNDS = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
}


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


def in_words(schema: Mapping[str, Any], *, quote: str = "") -> str:
    """What a key may hold, from its JSON Schema: `number from 0 below 1`.

    Args:
        schema: of the key.
        quote: what stands around values that are to be written as they are.
    """
    for several in ("anyOf", "oneOf"):
        if several in schema:
            words = [in_words(member, quote=quote) for member in schema[several]]
            return " or ".join(dict.fromkeys(words))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        if len(values) > MOST_NAMES:
            return "text"
        return ", ".join(f"{quote}{value}{quote}" for value in values)
    if "$ref" in schema:
        return "mapping"
    if schema["type"] == "array":
        of = schema.get("items") or next(iter(schema.get("prefixItems", ())), None)
        if not of:
            return "list"
        items = in_words(of, quote=quote)
        return f"list of {items.replace('number', 'numbers', 1)}"
    limits = [f"{word} {schema[bound]:,}" for bound, word in BOUNDS.items() if bound in schema]
    return " ".join([TYPES.get(schema["type"], schema["type"]), *limits])
