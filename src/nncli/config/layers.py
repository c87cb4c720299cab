"""Layers of values, laid one over the other, and where every value that is left came from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nncli import data, models, optimizers
from nncli.config import tracking
from nncli.config.experiment import Experiment
from nncli.config.keys import types_with
from nncli.config.origins import Origin, Origins, located, shortened
from nncli.config.yaml import NO_TEXT, KeyPath, is_text, parse_value
from nncli.errors import Mistake
from nncli.files import at_home
from nncli.functions import Function
from nncli.objectives import losses
from nncli.optimizers import schedules

__all__ = [
    "Discarded",
    "Layer",
    "Merged",
    "expanded",
    "merge",
    "typed_value",
    "with_types",
]

# The groups whose `type` may stand alone.
EXPANSIONS: dict[KeyPath, Callable[[Any], Any]] = {
    ("dataset",): data.expand,
    ("model",): models.expand,
    ("optimizer",): optimizers.expand,
    ("optimizer", "learning_rate"): schedules.expand,
    ("training", "loss"): losses.expand,
    ("training", "mlflow"): tracking.expand,
}
# Values that are paths.
PATH_KEYS = (
    ("dataset", "data_dir"),
    ("dataset", "path"),
    ("dataset", "validation_path"),
    ("dataset", "test_path"),
    ("dataset", "target_path"),
    ("model", "path"),
    ("model", "weights"),
    ("model", "preset"),
)
# What is no path where a path may stand.
WORDS = {("model", "weights"): ("imagenet", "preset", "none")}
# Values that name a function, of a module or of a file.
FUNCTION_KEYS = (("dataset", "load"), ("model", "build"))
# Values that are lists, and may be typed without brackets.
LIST_KEYS = (
    ("model", "hidden_units"),
    ("model", "filters"),
    ("model", "kernel_sizes"),
    ("dataset", "image_size"),
    ("model", "image_size"),
    ("model", "pixel_range"),
    ("training", "metrics"),
)
# The groups whose `type` may be left out, and the type that is meant without one.
DEFAULT_TYPES = {"dataset": "tfds", "model": "mlp", "optimizer": "adam"}


class Unbracketed(list[Any]):
    """A list that was typed without brackets; `text` is what was typed."""

    def __init__(self, values: Iterable[Any], text: str) -> None:
        super().__init__(values)
        self.text = text


@dataclass(frozen=True)
class Layer:
    """One source of values: a file, the environment, the flags of a command line.

    `problems` are mistakes that stand in the way of reading a value at all.
    """

    values: Mapping[str, Any]
    origins: Origins = field(default_factory=Origins)
    problems: Sequence[Mistake] = ()

    @classmethod
    def of(
        cls, settings: Iterable[tuple[str, KeyPath, Any]], problems: Sequence[Mistake] = ()
    ) -> Layer:
        """A layer of single values: (how it was typed, key path, value); later ones win.

        Paths are relative to the current folder.
        """
        values: dict[str, Any] = {}
        origins: dict[KeyPath, Origin] = {}
        # Groups and types first: the order in which somebody types them means nothing.
        for typed, key, value in sorted(settings, key=lambda s: (len(s[1]), s[1][-1] != "type")):
            _put(values, key, value)
            origins[key] = Origin(typed)
        return cls(with_absolute_paths(values, Path()), Origins(origins), problems)

    @classmethod
    def of_texts(
        cls,
        settings: Iterable[tuple[str, KeyPath, str]],
        problems: Sequence[Mistake] = (),
        *,
        plain: Collection[str] = (),
    ) -> Layer:
        """As `of`, each value as somebody typed it: YAML, except behind the flags in `plain`."""
        read: list[tuple[str, KeyPath, Any]] = []
        wrong: list[Mistake] = []
        for typed, key, text in settings:
            try:
                read.append((typed, key, typed_value(key, text, plain=typed in plain)))
            except ValueError as error:
                wrong.append(located(Origin(typed), key, str(error)))
        return cls.of(read, [*problems, *wrong])

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Layer:
        """The variables `NNCLI_<KEY>`, levels parted by two underscores, their values YAML."""
        return cls.of_texts(
            (f"environment {name}", tuple(name.lower()[6:].split("__")), text)
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

        changed: dict[KeyPath, bool] = {}
        merged = merge(self.values, expanded(layer.values), replaced=changed.__setitem__)

        def above(key: KeyPath) -> KeyPath | None:
            """The replaced key that `key` is, or lies in."""
            prefixes = (key[:length] for length in range(1, len(key) + 1))
            return next((prefix for prefix in prefixes if prefix in changed), None)

        for old in [key for key in self.origins if above(key) is not None]:
            lost, group = self.origins.pop(old), above(old)
            assert group is not None
            if changed[group] and old not in (group, (*group, "type")) and _is_value(self, old):
                self.discarded.append(Discarded(old, lost, layer.origins.of_type(group)))
        for key in changed:
            if origin := layer.origins.find(key):
                self.origins[key] = origin
        below = {k: v for k, v in layer.origins.by_key.items() if above(k) is not None}
        self.origins.update(below)
        self.values = merged


def with_types(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with the type of every group, where none is named the default one."""
    typed = {
        key: {"type": DEFAULT_TYPES[key], **value}
        if key in DEFAULT_TYPES and isinstance(value, dict)
        else value
        for key, value in values.items()
    }
    return _as_they_were_typed(typed)


def _as_they_were_typed(values: dict[str, Any]) -> dict[str, Any]:
    """`values` without the brackets that were added for a setting of another type: the `filters` of
    a function of the user's own may be one number."""
    result = dict(values)
    for group in DEFAULT_TYPES:
        settings = result.get(group)
        if isinstance(settings, dict):
            result[group] = {
                key: _meant((group, key), value, settings)
                if isinstance(value, Unbracketed)
                else value
                for key, value in settings.items()
            }
    return result


def _meant(key: tuple[str, str], typed: Unbracketed, settings: Mapping[str, Any]) -> Any:
    """What was typed without brackets for a key of a group with these `settings`: a list where its
    type or its function takes one."""
    group, word = key
    if key in LIST_KEYS and settings["type"] in types_with((group,), word):
        return typed
    try:
        plain = typed_value((), typed.text)
    except ValueError:  # it is nothing without them
        return list(typed)
    named = dict(FUNCTION_KEYS).get(group)
    function = settings.get(named) if named else None
    if settings["type"] != "python" or not isinstance(function, str):
        return plain
    argument = Function(function).argument(word)
    is_list = argument and not argument.takes(plain) and argument.takes(list(typed))
    return list(typed) if is_list else plain


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
    result = {
        key: opened((key,), value)
        for key, value in values.items()
        if value is not None or key not in Experiment.model_fields or key == "name"
    }
    for path in EXPANSIONS:
        outer, inner = path[0], path[-1]
        group = result.get(str(outer))
        if len(path) == 2 and isinstance(group, Mapping) and inner in group:
            result[str(outer)] = {**group, inner: opened(path, group[inner])}
    return result


def opened(key: KeyPath, value: Any) -> Any:
    """The group at `key` in full, if `value` is its short form."""
    return EXPANSIONS[key](value) if key in EXPANSIONS else value


def with_absolute_paths(values: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """`values` with every path absolute: `~` is the home folder, the rest relative to `base`."""
    result = {key: _with_path(key, value) for key, value in values.items()}
    for group, key in (*PATH_KEYS, *FUNCTION_KEYS):
        mapping = result.get(group)
        if isinstance(mapping, Mapping) and isinstance(mapping.get(key), str):
            if (group, key) in FUNCTION_KEYS and ".py:" not in mapping[key]:
                continue
            if mapping[key] in WORDS.get((group, key), ()):
                continue
            if (group, key) == ("model", "preset") and not models.is_path(mapping[key]):
                continue
            path = at_home(mapping[key])
            # A `~` that is still there names nobody's home folder: the check of the value says so.
            if path.parts[:1] and path.parts[0].startswith("~"):
                continue
            result[group] = {**mapping, key: str((base / path).absolute())}
    return _with_absolute_uri(result, base)


def _with_absolute_uri(values: dict[str, Any], base: Path) -> dict[str, Any]:
    """`values` with the file or folder absolute in which MLflow keeps runs, if it is one."""
    match values:
        case {"training": {"mlflow": {"tracking_uri": str(uri), **mlflow}, **training}}:
            located = {**mlflow, "tracking_uri": tracking.absolute_uri(uri, base)}
            return {**values, "training": {**training, "mlflow": located}}
    return values


def _with_path(key: str, value: Any) -> Any:
    """`value` in full where it is the short form of a file or folder."""
    full = opened((key,), value) if isinstance(value, str) else value
    return full if isinstance(full, dict) and "path" in full else value


def typed_value(key: KeyPath, text: str, *, plain: bool = False) -> Any:
    """The value of `key` that somebody typed as `text`: as YAML means it, or else as it is.

    Args:
        key: what it is the value of; a list may lack its brackets.
        text: what was typed.
        plain: `text` is the value itself and no YAML.

    Raises:
        ValueError: no file could hold it, or it begins as YAML does and is none.
    """
    if not is_text(text):
        raise ValueError(NO_TEXT)
    if plain:
        return text
    begins = text.lstrip()[:1]
    bare = begins not in ("[", "{") and text.strip() != "null"
    if bare and _is_of_a_function(key):
        with suppress(ValueError):  # it may be text all the same
            return Unbracketed(parse_value(f"[{text}]"), text)
    is_list = bare and key in LIST_KEYS
    if is_list:
        begins = "["
    try:
        return Unbracketed(parse_value(f"[{text}]"), text) if is_list else parse_value(text)
    except ValueError as error:
        if begins and begins in "[{\"'":
            shown = f"[{text}]" if is_list else text
            what = f"{shortened(repr(shown))} is " if str(error).startswith("not YAML") else ""
            raise ValueError(f"{what}{error}") from None
        return text


def _is_of_a_function(key: KeyPath) -> bool:
    """Whether a key may be an argument of a function of the user's own, because no type has it."""
    if len(key) != 2 or key[0] not in dict(FUNCTION_KEYS):
        return False
    return not types_with((key[0],), str(key[1]))


def _put(values: dict[str, Any], key: KeyPath, value: Any) -> None:
    """Set `key` in nested mappings, opening short forms on the way."""
    *groups, last = (str(part) for part in key)
    for depth, group in enumerate(groups, start=1):
        inner = opened(tuple(groups[:depth]), values.get(group))
        values[group] = dict(inner) if isinstance(inner, Mapping) else {}
        values = values[group]
    before = opened(key, values.get(last))
    if isinstance(value, Mapping) and isinstance(before, Mapping):
        value = merge(before, value)
    values[last] = value


def _is_value(merged: Merged, key: KeyPath) -> bool:
    """Whether `key` holds a value of its own, and is no group and no entry of a list."""
    current: Any = merged.values
    for part in key:
        if not isinstance(current, Mapping) or part not in current:
            return False
        current = current[part]
    return not isinstance(current, Mapping)
