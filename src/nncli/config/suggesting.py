"""What somebody meant who wrote a key that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from nncli.config.keys import group_types, key_paths, type_of, types_with, valid_keys
from nncli.config.origins import Origin, dotted, shortened
from nncli.config.yaml import KeyPath

__all__ = ["meant", "nearest", "unknown_key"]

# Words of other tools, and of nncli for something else.
OTHER_WORDS = {"lr": "learning_rate", "name": "type"}
ENVIRONMENT = "environment "


def unknown_key(key: KeyPath, value: Any, values: Mapping[str, Any], origin: Origin | None) -> str:
    """The message about `key`, with `value`, that the experiment `values` cannot have."""
    *group, last = key
    word = str(last)
    own = valid_keys(tuple(group), values)
    in_file = origin is not None and origin.column > 0
    if "." in word and word.split(".")[0] in own and in_file:
        return f"unknown key; write {_nested(word.split('.'), value)}"
    if OTHER_WORDS.get(word) == "type" and value in list(group_types(tuple(map(str, group)))):
        return f"unknown key; did you mean {dotted((*group, 'type'))}?"
    if others := _of_other_types(key, values):
        return f"unknown key; {others}"
    typed = origin is not None and origin.name.startswith(ENVIRONMENT)
    paths = _exact(word, own, tuple(group)) or (_joined(word) if typed else [])
    if not paths and not _close(word, own, 0.5):
        paths = _similar(word)
    if paths:
        return f"unknown key; did you mean {' or '.join(_as_typed(path, typed) for path in paths)}?"
    known = [*own, "extends"] if in_file and not group else own
    return f"unknown key{meant(word, known)}"


def meant(word: str, names: Iterable[str]) -> str:
    """The name that `word` is close to, as a question; or else all names, if they are few."""
    names = list(names)
    if close := nearest(word, names):
        return f"; did you mean {close}?"
    return f"; known are {', '.join(names)}." if len(names) <= 12 else "."


def nearest(word: str, names: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The name that `word` is close to."""
    return next(iter(_close(word, names, cutoff)), None)


def _close(word: str, names: Iterable[str], cutoff: float) -> list[str]:
    return difflib.get_close_matches(shortened(word.lower()), list(names), n=1, cutoff=cutoff)


def _nested(parts: list[str], value: Any) -> str:
    """`training: {epochs: 3}` for `training.epochs` and 3."""
    inner = "..." if isinstance(value, (dict, list)) else shortened(str(value))
    for part in reversed(parts[1:]):
        inner = f"{{{part}: {inner}}}"
    return f"{parts[0]}: {inner}"


def _of_other_types(key: KeyPath, values: Mapping[str, Any]) -> str | None:
    """That a key of a group is one of another type, if it is."""
    *path, word = key
    group: Any = values
    for part in path:
        group = group.get(part) if isinstance(group, Mapping) else None
    others = types_with(tuple(path), str(word))
    if not others or not isinstance(group, Mapping):
        return None
    *first, last = others
    listed = f"{', '.join(first)} and {last}" if first else last
    types = f"type{'s' if first else ''} {listed}"
    return f"{word} belongs to {dotted(path)} {types}; this one is {type_of(group)}"


def _as_typed(path: KeyPath, environment: bool) -> str:
    """A key path as a file has it, or as the name of a variable."""
    return f"NNCLI_{'__'.join(map(str, path)).upper()}" if environment else dotted(path)


def _exact(word: str, own: list[str], group: KeyPath) -> Sequence[KeyPath]:
    """Where keys of that very name are, for one that stands elsewhere: in the group that it stands
    in, or else as far out as possible."""
    other = OTHER_WORDS.get(word, word)
    if other in own and other != word:
        return [(*group, other)]
    if other == "type":
        return []
    paths = key_paths().get(other, [])
    inside = [path for path in paths if group and path[: len(group)] == group]
    return inside or [path for path in paths if len(path) == len(paths[0])]


@cache
def _similar(word: str) -> Sequence[KeyPath]:
    """The outermost key whose name is really close."""
    close = nearest(word, key_paths(), 0.75)
    return key_paths()[close][:1] if close else []


def _joined(word: str) -> Sequence[KeyPath]:
    """`training.epochs` for `training_epochs`: one underscore where there should be two."""
    joined = {"_".join(path): path for paths in key_paths().values() for path in paths}
    close = nearest(word, joined, 0.85)
    return [joined[close]] if close else []
