"""Mistakes in an experiment, said as a compiler says them: where, what, and what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from nncli.config.experiment import Experiment
from nncli.config.origins import Origin, Origins
from nncli.config.yaml import KeyPath

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["dotted", "explain", "located"]

# What a pattern allows, in words.
PATTERNS = {
    "name": "; letters, digits, '.', '_' and '-' make one, beginning with a letter or digit",
    "monitor": "; it is like validation_loss or train_accuracy",
}


def located(origin: Origin | None, key: KeyPath, message: str) -> str:
    """One problem as a block: where and what, then the line with a caret below."""
    where = origin.name if origin else "experiment"
    dotted_key = dotted(key)
    block = f"{where}  {dotted_key}: {message}" if dotted_key else f"{where}  {message}"
    return block + (origin.quoted() if origin else "")


def explain(error: ValidationError, values: Mapping[str, Any], origins: Origins) -> list[str]:
    """Say every mistake that pydantic found, in the order of the files and flags."""
    problems: list[tuple[tuple[str, int], str]] = []
    for details in error.errors(include_url=False):
        key = _without_tags(details["loc"], values)
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
    for position, part in enumerate(location):
        of_union = position == 1 and location[0] in ("dataset", "model", "optimizer")
        if of_union and isinstance(current, Mapping) and part == current.get("type"):
            continue
        key.append(part)
        try:
            current = current[part]
        except (KeyError, IndexError, TypeError):
            current = None
    return tuple(key)


def _message(details: ErrorDetails, key: KeyPath, values: Mapping[str, Any]) -> str:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    found = f", not {_shown(value)}"
    if kind == "extra_forbidden":
        deeper = _deeper(str(key[0]), values) if len(key) == 1 else None
        if deeper:
            return f"unknown key; did you mean {deeper}?"
        return f"unknown key{_meant(str(key[-1]), _valid_keys(key[:-1], values))}"
    if kind == "union_tag_invalid":
        names = [name.strip(" '") for name in str(context["expected_tags"]).split(",")]
        meant = _meant(str(context["tag"]), names)
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
        return f"{_shown(value)} {context['error']}"
    if kind == "missing":
        return "a value is missing"
    if kind == "string_pattern_mismatch":
        return f"{_shown(value)} is not a valid {key[-1]}{PATTERNS.get(str(key[-1]), '')}"
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


def _deeper(word: str, values: Mapping[str, Any]) -> str | None:
    """The key of that very name inside a group, for one that stands a level too high."""
    groups = [name for name in Experiment.model_fields if _valid_keys((name,), values)]
    return next((f"{g}.{word}" for g in groups if word in _valid_keys((g,), values)), None)


def _valid_keys(key: KeyPath, values: Mapping[str, Any]) -> list[str]:
    """The keys that the group at `key` has."""
    if not key:
        return list(Experiment.model_fields)
    annotation: Any = Experiment.model_fields[str(key[0])].annotation
    members = get_args(annotation) or (annotation,)
    group = values.get(str(key[0]))
    chosen = group.get("type") if isinstance(group, Mapping) else None
    for member in members:
        fields = getattr(member, "model_fields", {})
        if chosen is None or ("type" in fields and fields["type"].default == chosen):
            return list(fields)
    return []


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
