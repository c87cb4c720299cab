"""Mistakes in an experiment, said as a compiler says them: where, what, and what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from nncli.config.experiment import Experiment
from nncli.config.origins import Origin, Origins
from nncli.config.yaml import KeyPath

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["dotted", "explain", "located"]

# Other names that people give to keys.
ALIASES = {"lr": "learning_rate"}
# What a pattern allows, in words.
PATTERNS = {
    "name": "; letters, digits, '.', '_' and '-' make one, beginning with a letter or digit",
    "monitor": "; it is train_loss, train_accuracy, validation_loss or validation_accuracy",
    "memory_budget": "; it is like 4GiB, 500MB or auto",
}


def located(origin: Origin | None, key: KeyPath, message: str) -> str:
    """One problem as a block: where and what, then the line with a caret below."""
    where = origin.name if origin else "experiment"
    dotted_key = dotted(key)
    block = f"{where}  {dotted_key}: {message}" if dotted_key else f"{where}  {message}"
    return block + (origin.quoted() if origin else "")


def explain(
    error: ValidationError,
    values: Mapping[str, Any],
    origins: Origins,
    *,
    unfinished: Collection[str] | None = None,
) -> list[str]:
    """Say every mistake that pydantic found, in the order of the files and flags.

    Where more layers follow, `unfinished` are the groups whose type is not settled: what is in
    them, and what only lacks something, may still become right and is left out.
    """
    problems: list[tuple[tuple[str, int], str]] = []
    for details in error.errors(include_url=False):
        key = _without_tags(details["loc"], values)
        lacking = details["type"] in ("missing", "value_error")
        if unfinished is not None and (lacking or not key or key[0] in unfinished):
            continue
        of_type = details["type"] == "union_tag_invalid"
        origin = origins.about((*key, "type") if of_type else key)
        block = located(origin, key, _message(details, key, values))
        problems.append((origin.order if origin else ("", 0), block))
    return [block for _, block in sorted(problems, key=lambda problem: problem[0])]


def dotted(key: Iterable[str | int]) -> str:
    """A key path as people write it: `model.hidden_units[1]`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _without_tags(location: tuple[str | int, ...], values: Mapping[str, Any]) -> KeyPath:
    """Drop the union tags that pydantic puts into locations (`model.mlp.units`)."""
    key: list[str | int] = []
    current: Any = values
    for part in location:
        if _is_tag(part, current):
            continue
        key.append(part)
        try:
            current = current[part]
        except (KeyError, IndexError, TypeError):
            current = None
    return tuple(key)


def _is_tag(part: str | int, current: Any) -> bool:
    if not isinstance(part, str):
        return False
    if isinstance(current, Mapping):
        return part not in current and part == _type_of(current)
    return part == current or part.startswith("<")  # a short form; a member that is no group


def _type_of(group: Mapping[str, Any]) -> Any:
    """The `type` of a group; a schedule without one is constant."""
    return group.get("type", "constant")


def _message(details: ErrorDetails, key: KeyPath, values: Mapping[str, Any]) -> str:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    found = f", not {_shown(value)}"
    if kind == "extra_forbidden":
        return f"unknown key{_place_of(key, values)}"
    if kind == "union_tag_invalid":
        tags = [name.strip(" '") for name in str(context["expected_tags"]).split(",")]
        names = [name for name in tags if not name.startswith("<")]
        meant = _meant(str(context["tag"]), names)
        if "<number>" in tags and not isinstance(value, Mapping):
            return f"must be a number or one of {', '.join(names)}{found}"
        listed = "" if meant.endswith(".") else f" The types are {', '.join(names)}."
        return f"there is no type {context['tag']!r}{meant}{listed}"
    if kind in ("model_type", "model_attributes_type", "dict_type", "union_tag_not_found"):
        return f"must be a mapping (key: value){found}"
    words = {
        "greater_than_equal": "must be at least {ge}",
        "greater_than": "must be greater than {gt}",
        "less_than_equal": "must be at most {le}",
        "less_than": "must be less than {lt}",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_type": "must be a number",
        "finite_number": "must be a finite number",
        "bool_type": "must be true or false",
        "string_type": "must be text",
        "tuple_type": "must be a list",
        "too_short": "must have {min_length} or more entries",
        "too_long": "must have at most {max_length} entries",
        "string_too_long": "must have at most {max_length} characters",
        "literal_error": "must be {expected}",
        "path_type": "must be a path",
    }
    if kind == "value_error":
        shown = "" if isinstance(value, Mapping) else f"{_shown(value)} "
        return f"{shown}{context['error']}"
    if kind == "missing":
        return "a value is missing"
    if kind == "string_pattern_mismatch":
        return f"{_shown(value)} is not a valid {key[-1]}{PATTERNS.get(str(key[-1]), '')}"
    if kind == "literal_error":
        names = [name.strip(" '") for name in context["expected"].replace(" or ", ",").split(",")]
        close = difflib.get_close_matches(str(value).lower(), names, n=1, cutoff=0.5)
        return (
            words[kind].format(**context) + found + (f"; did you mean {close[0]}?" if close else "")
        )
    if kind in words:
        bounds = {name: _whole(bound) for name, bound in context.items()}
        return words[kind].format(**bounds) + found
    return f"{details['msg'].lower()}{found}"


def _whole(bound: Any) -> Any:
    """0.0 as 0: a bound is written as people write it."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _meant(word: str, names: Iterable[str]) -> str:
    names = list(names)
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(names)}." if len(names) <= 12 else "."


def _place_of(key: KeyPath, values: Mapping[str, Any]) -> str:
    """Where an unknown key belongs, or which key was meant."""
    *around, last = key
    word = ALIASES.get(str(last), str(last))
    own = _valid_keys(tuple(around), values)
    if word in own:
        return f"; did you mean {word}?"
    types = _types_with(tuple(around), word)
    if types:
        this = _type_of(values[str(around[0])])
        return f"; {word} belongs to {around[0]} type {' and '.join(types)}, this one is {this}"
    elsewhere = _elsewhere(word, values)
    if elsewhere and "." in word:
        group, _, inner = elsewhere.partition(".")
        return f"; write {group}: {{{inner}: ...}}"
    if elsewhere:
        return f"; did you mean {elsewhere}?"
    return _meant(word, own)


def _types_with(group: KeyPath, word: str) -> list[str]:
    """The types of a union that have the key `word`."""
    if len(group) != 1 or group[0] not in Experiment.model_fields:
        return []
    members = _groups(Experiment.model_fields[str(group[0])].annotation)
    typed = [member.model_fields for member in members if "type" in member.model_fields]
    return [str(fields["type"].default) for fields in typed if word in fields]


def _elsewhere(word: str, values: Mapping[str, Any]) -> str | None:
    """The key of that very name in some group, for one that stands in the wrong place; dots and
    underscores may part the group from it (`training.epochs`, `training_epochs`)."""
    groups = [name for name in Experiment.model_fields if _valid_keys((name,), values)]
    for group in groups:
        inner = word.removeprefix(f"{group}.").removeprefix(f"{group}_")
        inner = ALIASES.get(inner, inner)
        if inner in _valid_keys((group,), values):
            return f"{group}.{inner}"
    return word if word in Experiment.model_fields else None


def _valid_keys(key: KeyPath, values: Mapping[str, Any]) -> list[str]:
    """The keys that the group at `key` has."""
    candidates: list[Any] = [Experiment]
    group: Any = values
    for part in key:
        fields = [member.model_fields[part] for member in candidates if part in member.model_fields]
        candidates = [group for field in fields for group in _groups(field.annotation)]
        group = group.get(part) if isinstance(group, Mapping) else None
        chosen = _type_of(group) if isinstance(group, Mapping) else None
        of_type = [m for m in candidates if "type" in m.model_fields]
        matching = [m for m in of_type if m.model_fields["type"].default == chosen]
        candidates = matching or candidates
    return list(candidates[0].model_fields) if candidates else []


def _groups(annotation: Any) -> list[Any]:
    """The groups of settings that a value of this type may be."""
    if hasattr(annotation, "model_fields"):
        return [annotation]
    return [group for member in get_args(annotation) for group in _groups(member)]


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
