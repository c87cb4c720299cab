"""Experiments side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nncli.config.experiment import Experiment
from nncli.config.loading import plain_values
from nncli.config.yaml import KeyPath

__all__ = ["LACKING", "differences", "flatten", "shown"]

# The value of a key that an experiment does not have.
LACKING = object()


def flatten(values: Mapping[str, Any], path: KeyPath = ()) -> dict[KeyPath, Any]:
    """Nested mappings as one, by key path; lists are values."""
    flat: dict[KeyPath, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, (*path, key))
        else:
            flat[(*path, key)] = value
    return flat


def differences(first: Experiment, second: Experiment) -> list[tuple[KeyPath, Any, Any]]:
    """The keys whose values differ, with both values; `LACKING` where an experiment lacks the key.

    A name that is not given is the one that the run folder would have.
    """
    left, right = (
        flatten({**plain_values(experiment), "name": experiment.run_name})
        for experiment in (first, second)
    )
    groups = list(dict.fromkeys(key[0] for key in (*left, *right)))
    keys = sorted(dict.fromkeys((*left, *right)), key=lambda key: groups.index(key[0]))
    rows = [(key, left.get(key, LACKING), right.get(key, LACKING)) for key in keys]
    return [(key, one, other) for key, one, other in rows if one != other]


def shown(value: Any, *, lacking: str = "-") -> str:
    """A value on one line, as a YAML file may have it; `lacking` for a key that is not there."""
    return lacking if value is LACKING else json.dumps(value, ensure_ascii=False)
