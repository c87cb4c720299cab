"""What differs between runs, and what to call them beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Any

from nncli.errors import NncliError
from nncli.files import in_words, shown_path
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
    experiment cannot be read says nothing about any.

    What some of the runs cannot have, as the settings of another dataset, differs only where it is
    not its default.
    """
    known = [row for row in rows if row.settings]
    keys = dict.fromkeys(key for row in known for key in row.settings if key != "name")
    chosen = {row.place: _chosen(row) for row in known} if _has_gaps(known, keys) else {}

    def differs(key: str) -> bool:
        if all(_has(row, key) for row in known):
            return len({setting_text(row.settings.get(key)) for row in known}) > 1
        having = [row for row in known if key in row.settings]
        values = {setting_text(row.settings[key]) for row in having}
        return len(values) > 1 or any(key in chosen[row.place] for row in having)

    return [key for key in keys if differs(key)]


def _has(row: RunRow, key: str) -> bool:
    """Whether a run has a setting, or a group of settings in its place."""
    return key in row.settings or any(one.startswith(f"{key}.") for one in row.settings)


def _has_gaps(rows: Sequence[RunRow], keys: Iterable[str]) -> bool:
    return not all(_has(row, key) for key in keys for row in rows)


def _chosen(row: RunRow) -> Set[str]:
    """The settings of a run that are not defaults, and what its groups are; all of them if it is an
    experiment that cannot be read here."""
    from nncli.config import load_experiment
    from nncli.config.comparing import flatten

    try:
        experiment = load_experiment([row.folder.config])
    except NncliError:
        return row.settings.keys()
    values = flatten(experiment.model_dump(mode="json", exclude_defaults=True))
    types = (key for key in row.settings if key.rpartition(".")[2] == "type")
    return {*(".".join(map(str, path)) for path in values), *types}


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
    return "-" if value is None else in_words(value)
