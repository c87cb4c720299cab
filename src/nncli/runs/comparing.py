"""What differs between runs, and what to call them beside each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nncli.files import shown_path
from nncli.runs.listing import RunRow

__all__ = ["differing", "distinct", "labels_of", "names_of", "setting_text"]

MOST_SETTINGS = 2  # that are said beside a name
LONGEST_SETTINGS = 32  # letters


def distinct(rows: Sequence[RunRow]) -> list[RunRow]:
    """The runs, each once, whatever it was called."""
    found: dict[Path, RunRow] = {}
    for row in rows:
        found.setdefault(row.path.resolve(), row)
    return list(found.values())


def names_of(rows: Sequence[RunRow]) -> list[str]:
    """What to call each run: its name, or its path where two have the same."""
    names = [row.name for row in rows]
    return [shown_path(row.path) if names.count(row.name) > 1 else row.name for row in rows]


def differing(rows: Sequence[RunRow]) -> list[str]:
    """The settings whose values are not the same in all of the runs, without the name; a run whose
    experiment cannot be read says nothing about any."""
    known = [row.settings for row in rows if row.settings]
    keys = dict.fromkeys(key for one in known for key in one if key != "name")
    return [key for key in keys if len({setting_text(one.get(key)) for one in known}) > 1]


def labels_of(rows: Sequence[RunRow]) -> list[str]:
    """What to call each run, with the settings that differ if they are few and short."""
    called = names_of(rows)
    keys = differing(rows)
    if not 0 < len(keys) <= MOST_SETTINGS:
        return called
    short = [key.rpartition(".")[2] for key in keys]
    heads = short if len(set(short)) == len(short) else keys
    said = [
        ", ".join(
            f"{head}={setting_text(row.settings.get(key))}"
            for head, key in zip(heads, keys, strict=True)
        )
        for row in rows
    ]
    if max(map(len, said)) > LONGEST_SETTINGS:
        return called
    return [f"{name}: {text}" for name, text in zip(called, said, strict=True)]


def setting_text(value: Any) -> str:
    """A setting in a line of text; `-` for one that there is not."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
