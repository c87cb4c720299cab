"""Layers of values, laid one over the other, and where every value that is left came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nncli import data, models, optimizers
from nncli.config.origins import Origin, Origins
from nncli.config.yaml import KeyPath, parse_value

__all__ = ["Discarded", "Layer", "Merged", "expanded", "merge", "merge_layers"]

# The groups whose `type` may be left out or stand alone, and the type that is meant without one.
EXPANSIONS = {"dataset": data.expand, "model": models.expand, "optimizer": optimizers.expand}
DEFAULT_TYPES = {"dataset": "tfds", "model": "mlp", "optimizer": "adam"}


@dataclass(frozen=True)
class Layer:
    """One source of values: a file, the environment, the flags of a command line."""

    values: Mapping[str, Any]
    origins: Origins = field(default_factory=Origins)

    @classmethod
    def of(cls, settings: Iterable[tuple[str, KeyPath, Any]]) -> Layer:
        """A layer of single values: (how it was typed, key path, value); later ones win."""
        values: dict[str, Any] = {}
        origins: dict[KeyPath, Origin] = {}
        for typed, key, value in settings:
            _put(values, key, value)
            origins[key] = Origin(typed)
        return cls(values, Origins(origins))

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Layer:
        """The variables `NNCLI_<KEY>`, levels parted by two underscores, their values YAML."""
        return cls.of(
            (f"environment {name}", tuple(name.lower()[6:].split("__")), yaml_or_text(text))
            for name, text in sorted(environment.items())
            if name.upper().startswith("NNCLI_")
        )


@dataclass(frozen=True)
class Discarded:
    """A value that lost its meaning because a later layer changed the `type` beside it."""

    key: KeyPath
    origin: Origin | None
    by: Origin | None


@dataclass
class Merged:
    """What is left of several layers."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, Origin] = field(default_factory=dict)
    discarded: list[Discarded] = field(default_factory=list)

    def lay(self, layer: Layer) -> None:
        """Lay `layer` over what is there."""

        def replaced(key: KeyPath, changes_type: bool) -> None:
            by = layer.origins.find((*key, "type")) if changes_type else None
            for old in [k for k in self.origins if k[: len(key)] == key]:
                lost = self.origins.pop(old)
                if changes_type and old not in (key, (*key, "type")) and _is_value(self, old):
                    self.discarded.append(Discarded(old, lost, by))
            if origin := layer.origins.find(key):
                self.origins[key] = origin
            below = {k: v for k, v in layer.origins.by_key.items() if k[: len(key)] == key}
            self.origins.update(below)

        self.values = merge(self.values, expanded(layer.values), replaced=replaced)


def merge_layers(layers: Iterable[Layer]) -> Merged:
    """Lay every layer over those before it, and name the type where none does."""
    merged = Merged()
    for layer in layers:
        merged.lay(layer)
    for key, default in DEFAULT_TYPES.items():
        if isinstance(merged.values.get(key), dict):
            merged.values[key] = {"type": default, **merged.values[key]}
    return merged


def merge(
    earlier: Mapping[str, Any],
    later: Mapping[str, Any],
    *,
    replaced: Callable[[KeyPath, bool], None] = lambda key, changes_type: None,
    path: KeyPath = (),
) -> dict[str, Any]:
    """Lay `later` over `earlier`: mappings are merged, everything else is replaced.

    A mapping whose `type` changes replaces the earlier one: its other keys meant something else.

    Args:
        earlier: the values below.
        later: the values on top.
        replaced: called for every key that gets its value from `later`, with whether that
            discards a whole mapping of another type.
        path: where the two mappings stand.
    """
    merged = dict(earlier)
    for key, value in later.items():
        before = merged.get(key)
        changes_type = False
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            changes_type = "type" in value and value["type"] != before.get("type", value["type"])
            if not changes_type:
                merged[key] = merge(before, value, replaced=replaced, path=(*path, key))
                continue
        replaced((*path, key), changes_type)
        merged[key] = dict(value) if isinstance(value, Mapping) else value
    return merged


def expanded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Short forms in full, so that a later layer can add a key to them; empty groups left out."""
    return {
        key: EXPANSIONS[key](value) if key in EXPANSIONS else value
        for key, value in values.items()
        if value is not None or key == "name"
    }


def yaml_or_text(text: str) -> Any:
    """`text` as YAML means it; as it is where it is no YAML."""
    try:
        return parse_value(text)
    except ValueError:
        return text


def _put(values: dict[str, Any], key: KeyPath, value: Any) -> None:
    """Set `key` in nested mappings, opening short forms on the way."""
    *groups, last = (str(part) for part in key)
    for group in groups:
        inner = values.get(group)
        if isinstance(inner, str) and group in EXPANSIONS:
            inner = EXPANSIONS[group](inner)
        values[group] = dict(inner) if isinstance(inner, Mapping) else {}
        values = values[group]
    values[last] = value


def _is_value(merged: Merged, key: KeyPath) -> bool:
    """Whether `key` holds a value of its own, and is no group and no entry of a list."""
    current: Any = merged.values
    for part in key:
        if not isinstance(current, Mapping) or part not in current:
            return False
        current = current[part]
    return not isinstance(current, Mapping)
