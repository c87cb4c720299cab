"""The keys that an experiment may have, and the types of its groups."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from nncli.config.experiment import Experiment
from nncli.config.yaml import KeyPath

__all__ = ["group_types", "key_paths", "type_of", "types_with", "valid_keys"]


def type_of(group: Mapping[str, Any]) -> Any:
    """The `type` of a group; a schedule without one is constant."""
    return group.get("type", "constant")


def valid_keys(key: KeyPath, values: Mapping[str, Any]) -> list[str]:
    """The keys that the group at `key` has."""
    candidates: list[Any] = [Experiment]
    group: Any = values
    for part in key:
        fields = [member.model_fields[part] for member in candidates if part in member.model_fields]
        candidates = [group for field in fields for group in _groups(field.annotation)]
        group = group.get(part) if isinstance(group, Mapping) else None
        chosen = type_of(group) if isinstance(group, Mapping) else None
        of_type = [m for m in candidates if "type" in m.model_fields]
        matching = [m for m in of_type if m.model_fields["type"].default == chosen]
        candidates = matching or candidates
    return list(candidates[0].model_fields) if candidates else []


@cache
def group_types(key: KeyPath) -> dict[str, list[str]]:
    """The types of the group at `key`, each with its keys; empty for one without types."""
    members: list[Any] = [Experiment]
    for part in key:
        fields = [member.model_fields[part] for member in members if part in member.model_fields]
        members = [group for field in fields for group in _groups(field.annotation)]
    return {
        str(member.model_fields["type"].default): list(member.model_fields)
        for member in members
        if "type" in member.model_fields
    }


@cache
def key_paths() -> dict[str, list[tuple[str, ...]]]:
    """Where in an experiment keys of each name are; the outermost first."""
    paths: dict[str, list[tuple[str, ...]]] = {}
    level: list[tuple[tuple[str, ...], Any]] = [((), Experiment)]
    while level:
        deeper: list[tuple[tuple[str, ...], Any]] = []
        for path, settings in level:
            for name, field in settings.model_fields.items():
                found = paths.setdefault(name, [])
                if (*path, name) not in found:
                    found.append((*path, name))
                deeper += [((*path, name), group) for group in _groups(field.annotation)]
        level = deeper
    return paths


def types_with(key: KeyPath, word: str) -> list[str]:
    """The types of the group at `key` that have the key `word`."""
    return [kind for kind, keys in group_types(key).items() if word in keys]


def _groups(annotation: Any) -> list[Any]:
    """The groups of settings that a value of this type may be."""
    if hasattr(annotation, "model_fields"):
        return [annotation]
    return [group for member in get_args(annotation) for group in _groups(member)]
