"""What the keys of an experiment do, from the shipped schema: help that waits for no class."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import nncli

__all__ = ["described"]


def described(dotted: str) -> str:
    """The description of an experiment's key, such as `training.epochs`, with its default.

    It is that of the field: `docs/generate.py` writes the schema from the settings, and
    `make check` compares.
    """
    *groups, last = dotted.split(".")
    properties = _schema()["properties"]
    for group in groups:
        # Of several, such as the sources of data, the first that has the key.
        members = _members(properties[group])
        properties = next(member for member in members if last in member)
    field = properties[last]
    default = field.get("default")
    shown = ""
    if isinstance(default, list):
        shown = f" [default: {','.join(map(str, default))}]"
    elif isinstance(default, (int, float, str)):
        shown = f" [default: {default}]"
    return f"{field['description']}{shown}".replace("[", "\\[")  # no markup


def _members(field: dict[str, Any]) -> list[dict[str, Any]]:
    """The keys of each group of settings that may stand in a field."""
    references = [member["$ref"] for member in field["anyOf"] if "$ref" in member]
    return [_schema()["$defs"][name.rpartition("/")[2]]["properties"] for name in references]


@cache
def _schema() -> dict[str, Any]:
    # Not by `nncli.config`, which would be imported for it.
    place = Path(nncli.__file__).parent / "config" / "experiment.schema.json"
    schema: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return schema
