"""Mistakes in an experiment, said as a compiler says them: where, what, and what was meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.config.keys import group_types, type_of
from nncli.config.origins import Origin, Origins, dotted, located, shortened
from nncli.config.suggesting import meant, nearest, unknown_key
from nncli.config.yaml import KeyPath, spaced
from nncli.errors import Mistake
from nncli.functions import DATASETS, MODELS, plug_ins

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["dotted", "explain", "mistaken_keys"]

# What a value is like, for those who would not expect one.
FORMS = {
    "memory_budget": "; it is like 4GiB, 500MB or auto",
    "early_stopping": "; it is like {patience: 5}",
    "loss": "; it is like huber or {type: huber, delta: 0.5}",
    "mlflow": "; it is like true, or {experiment: digits}",
}

# The tag of the values of a key that may be auto too.
OR_AUTO = "<value>"

# The tag of a word that may be a mapping of names to weights too.
OR_WEIGHTS = "<balanced>"

# Where packages offer types of their own.
PLUG_INS: dict[KeyPath, str] = {("dataset",): DATASETS, ("model",): MODELS}

# What bounds and types ask for, in words.
WORDS = {
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
    "path_type": "must be a path",
}


# What was meant by an unknown key is looked for so often; nobody reads on behind so many.
MOST_SUGGESTIONS = 100
# Of many names so many are listed; the documentation has all.
MOST_NAMES = 18


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
    found: list[tuple[ErrorDetails, KeyPath, Origin | None]] = []
    for details in error.errors(include_url=False):
        key = _without_tags(details["loc"], values)
        if only is not None and key not in only:
            continue
        of_type = details["type"] == "union_tag_invalid"
        place = (*key, "type") if of_type else (*key, *_first_named(details))
        found.append((details, key, origins.about(place)))
    found.sort(key=lambda problem: problem[2].order if problem[2] else ("", 0))
    mistakes = []
    for number, (details, key, origin) in enumerate(found):
        if number >= MOST_SUGGESTIONS and details["type"] == "extra_forbidden":
            message = "unknown key"
        else:
            message = _message(details, key, values, origin)
        no_text = details["type"] == "union_tag_invalid" and _has_no_name(details["input"])
        mistakes.append(located(origin, (*key, "type") if no_text else key, message))
    return mistakes


def _first_named(details: ErrorDetails) -> list[str]:
    """The first key of a group that a message about the group as a whole names."""
    group = details["input"]
    if details["type"] != "value_error" or not isinstance(group, Mapping):
        return []
    words = re.findall(r"\w+", str(details["ctx"]["error"]))
    return [word for word in words if word in group][:1]


def mistaken_keys(
    error: ValidationError, values: Mapping[str, Any], *, unknown: bool = True
) -> set[KeyPath]:
    """The keys that are wrong whatever is still to come; `unknown`: those too that do not exist.

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
    named = False  # whether the tag of `current` was dropped: its type may be one of its keys, too
    for part in location:
        if not named and _is_tag(part, current):
            named = True
            continue
        key.append(part)
        named = False
        try:
            current = current[part]
        except (KeyError, IndexError, TypeError):
            current = None
    return tuple(key)


def _is_tag(part: str | int, current: Any) -> bool:
    if not isinstance(part, str):
        return False
    if isinstance(current, Mapping):
        of_type = "type" in current and part == current["type"]
        return of_type or (
            part not in current and (part == type_of(current) or part.startswith("<"))
        )
    return part == current or part.startswith("<")  # a short form; a member that is no group


def _message(
    details: ErrorDetails, key: KeyPath, values: Mapping[str, Any], origin: Origin | None
) -> str:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    found = f", not {_shown(value)}"
    if value is None and key and _lacks_space(key[-1]):
        what = "unknown key" if kind == "extra_forbidden" else "a value is missing"
        return what + _missing_space(key[-1])
    if kind == "extra_forbidden":
        return unknown_key(key, value, values, origin)
    if kind == "union_tag_invalid":
        return _unknown_type(str(context["tag"]), str(context["expected_tags"]), key, value)
    if kind == "union_tag_not_found" and isinstance(value, Mapping):
        return f"a type is missing; the types are {', '.join(group_types(key))}"
    if kind in ("model_type", "model_attributes_type", "dict_type", "union_tag_not_found"):
        space = _missing_space(value) if _lacks_space(value) else ""
        form = FORMS.get(str(key[-1]), "") if key else ""
        return f"must be a mapping (key: value){found}{space}{form}"
    if kind == "value_error":
        shown = "" if isinstance(value, Mapping) else f"{_shown(value)} "
        return f"{shown}{context['error']}"
    if kind == "unknown_name":
        known = context["known"]
        close = context.get("meant") or nearest(str(value), known, 0.6)
        listed = ", ".join([*known[:MOST_NAMES], *["..."] * (len(known) > MOST_NAMES)])
        question = f"did you mean {close}?" if close else f"there are {listed}"
        return f"there is no {context['what']} {_shown(value)}; {question}"
    if kind == "missing":
        return "a value is missing"
    if kind == "string_pattern_mismatch":
        return f"{_shown(value)} is not a valid {key[-1]}{FORMS.get(str(key[-1]), '')}"
    if kind == "literal_error":
        close = nearest(str(value), re.findall(r"'(\w+)'", context["expected"]), 0.68)
        question = f"; did you mean {close}?" if close else ""
        mapping = " or a mapping (name: number)" if OR_WEIGHTS in details["loc"] else ""
        return f"must be {context['expected']}{mapping}{found}{question}"
    if kind in WORDS:
        bounds = {name: _whole(bound) for name, bound in context.items()}
        words = WORDS[kind].format(**bounds)
        if OR_AUTO in details["loc"]:
            auto = "auto," if " or " in words else "auto or"
            words = words.replace("must be", f"must be {auto}", 1)
        form = FORMS.get(str(key[-1]), "") if kind == "string_type" else ""
        return words + found + form
    return f"{details['msg'].lower()}{found}"


def _unknown_type(tag: str, expected: str, key: KeyPath, value: Any) -> str:
    """The message about a group whose type is none of those `expected`."""
    tags = [name.strip(" '") for name in expected.split(",")]
    names = [name for name in tags if not name.startswith("<")]
    if _has_no_name(value):
        problem = (
            "is empty" if value["type"] is None else f"must be text, not {_shown(value['type'])}"
        )
        return f"{problem}; the types are {', '.join(names)}"
    question = meant(tag, [*names, *plug_ins(PLUG_INS[key])] if key in PLUG_INS else names)
    if "<number>" in tags and not isinstance(value, Mapping):
        close = nearest(tag, names, 0.68)
        did_you_mean = f"; did you mean {close}?" if close else ""
        return f"must be a number or one of {', '.join(names)}, not {_shown(value)}{did_you_mean}"
    if key == ("dataset",) and _is_dataset(tag):
        alone = not isinstance(value, Mapping) or len(value) == 1
        written = f"dataset: {tag}" if alone else f"name: {tag}"
        return f"there is no type {_shown(tag)}; write {written}"
    listed = "" if question.endswith(".") else f" The types are {', '.join(names)}."
    return f"there is no type {_shown(tag)}{question}{listed}"


def _has_no_name(group: Any) -> bool:
    """Whether a group has a `type` that is no text."""
    return isinstance(group, Mapping) and "type" in group and not isinstance(group["type"], str)


def _is_dataset(name: str) -> bool:
    from nncli.catalogue import dataset_names

    return name in dataset_names()


def _lacks_space(value: Any) -> bool:
    return isinstance(value, str) and spaced(value) is not None


def _missing_space(text: Any) -> str:
    return f"; a space is missing: {spaced(str(text))}"


def _whole(bound: Any) -> Any:
    """0.0 as 0: a bound is written as people write it."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return shortened(repr(str(value)) if isinstance(value, (str, Path)) else str(value))
