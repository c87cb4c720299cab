"""Mistakes in an experiment, said as a compiler says them: where, what, and what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.config.experiment import Experiment
from nncli.config.keys import type_of, valid_keys
from nncli.config.origins import Origins, dotted, located, shortened
from nncli.config.yaml import KeyPath, spaced
from nncli.errors import Mistake

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["dotted", "explain", "mistaken_keys"]

# What a pattern allows, in words.
PATTERNS = {
    "name": "; letters, digits, '.', '_' and '-' make one, beginning with a letter or digit",
    "monitor": "; it is like validation_loss or train_accuracy",
    "memory_budget": "; it is like 4GiB, 500MB or auto",
}


def explain(
    error: ValidationError,
    values: Mapping[str, Any],
    origins: Origins,
    *,
    only: Collection[KeyPath] | None = None,
) -> list[Mistake]:
    """Say every mistake that pydantic found, in the order of the files and flags.

    With `only`, those about other keys are left out.
    """
    problems: list[tuple[tuple[str, int], Mistake]] = []
    for details in error.errors(include_url=False):
        key = _without_tags(details["loc"], values)
        if only is not None and key not in only:
            continue
        of_type = details["type"] == "union_tag_invalid"
        origin = origins.about((*key, "type") if of_type else key)
        block = located(origin, key, _message(details, key, values))
        problems.append((origin.order if origin else ("", 0), block))
    return [block for _, block in sorted(problems, key=lambda problem: problem[0])]


def mistaken_keys(
    error: ValidationError, values: Mapping[str, Any], *, unknown: bool = True
) -> set[KeyPath]:
    """The keys that are wrong whatever is still to come, without those that are `unknown`.

    What only lacks something, or does not go with another value, may still become right.
    """
    return {
        _without_tags(details["loc"], values)
        for details in error.errors(include_url=False)
        if details["type"] != "missing"
        and (unknown or details["type"] != "extra_forbidden")
        and not (details["type"] == "value_error" and isinstance(details["input"], Mapping))
    }


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
        return part not in current and part == type_of(current)
    return part == current or part.startswith("<")  # a short form; a member that is no group


def _message(details: ErrorDetails, key: KeyPath, values: Mapping[str, Any]) -> str:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    found = f", not {_shown(value)}"
    if kind == "extra_forbidden":
        deeper = _deeper(str(key[0]), values) if len(key) == 1 else None
        if deeper:
            return f"unknown key; did you mean {deeper}?"
        return f"unknown key{_meant(str(key[-1]), valid_keys(key[:-1], values))}"
    if kind == "union_tag_invalid":
        tags = [name.strip(" '") for name in str(context["expected_tags"]).split(",")]
        names = [name for name in tags if not name.startswith("<")]
        meant = _meant(str(context["tag"]), names)
        if "<number>" in tags and not isinstance(value, Mapping):
            return f"must be a number or one of {', '.join(names)}{found}"
        listed = "" if meant.endswith(".") else f" The types are {', '.join(names)}."
        return f"there is no type {_shown(context['tag'])}{meant}{listed}"
    if kind in ("model_type", "model_attributes_type", "dict_type", "union_tag_not_found"):
        space = f"; a space is missing: {spaced(value)}" if _lacks_space(value) else ""
        return f"must be a mapping (key: value){found}{space}"
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
    if kind in words:
        bounds = {name: _whole(bound) for name, bound in context.items()}
        return words[kind].format(**bounds) + found
    return f"{details['msg'].lower()}{found}"


def _lacks_space(value: Any) -> bool:
    return isinstance(value, str) and spaced(value) is not None


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
    groups = [name for name in Experiment.model_fields if valid_keys((name,), values)]
    return next((f"{g}.{word}" for g in groups if word in valid_keys((g,), values)), None)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return shortened(repr(str(value)) if isinstance(value, (str, Path)) else str(value))
