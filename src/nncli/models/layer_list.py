"""One layer of a list as people write it, checked against the table of Keras's layers.

`Flatten`, `Dropout: 0.2` and `Dense: {units: 128, activation: relu}` are one layer each.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from nncli.models import layer_table, layer_values
from nncli.settings import mistaken

__all__ = ["NESTED", "LayerInList", "named"]

NESTED = ("layer", "backward_layer")
# Arguments that follow from the data where they are left out.
FOLLOWING = {"Embedding": ("input_dim",)}
OF_OLD_KERAS = ("input_shape", "batch_input_shape", "input_dim")

Problem = tuple[tuple[str, ...], str]


def _layer(value: Any) -> dict[str, dict[str, Any]]:
    """The full form of a layer.

    Raises:
        ValidationError: with every mistake in it, located within it.
    """
    full, problems = _full(value)
    if error := mistaken(problems):
        raise error
    return full


LayerInList = Annotated[
    dict[str, dict[str, Any]],
    BeforeValidator(_layer),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "maxProperties": 1}]}),
]


def named(layer: Mapping[str, Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    """The name of a layer in its full form, and its arguments."""
    [(name, arguments)] = layer.items()
    return name, arguments


def _full(value: Any) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    name, given = _taken_apart(value)
    if name is None:
        return {}, [((), "a layer is its name, or name: {argument: value}")]
    if name not in layer_table.layer_names():
        return {}, [((), _unknown_layer(name))]
    arguments = layer_table.arguments_of(name)
    if given is None:
        given = {}
    elif not isinstance(given, Mapping):
        if not arguments:
            return {}, [((name,), f"{name} has no arguments")]
        given = {next(iter(arguments)): given}
    problems = list(_problems(name, given, arguments))
    full = {}
    for key, one in given.items():
        if key in NESTED and key in arguments:
            inner, mistakes = _full(one)
            problems += [((name, key, *place), text) for place, text in mistakes]
            full[key] = inner
        else:
            full[key] = one
    return {name: full}, problems


def _taken_apart(value: Any) -> tuple[str | None, Any]:
    if isinstance(value, str):
        return value, None
    if isinstance(value, Mapping) and len(value) == 1:
        [(name, given)] = value.items()
        return (name, given) if isinstance(name, str) else (None, None)
    return None, None


def _unknown_layer(name: str) -> str:
    if name in layer_table.OTHERS:
        return f"{name} {layer_table.OTHERS[name]}"
    known = layer_table.layer_names()
    by_lower = {layer.lower(): layer for layer in known}
    plain = name.lower().replace("_", "")
    close = difflib.get_close_matches(plain, by_lower, n=1, cutoff=0.6)
    meant = f"; did you mean {by_lower[close[0]]}?" if close else "; see nncli model list"
    return f"Keras has no layer {name!r} that can stand in a list{meant}"


def _problems(
    name: str, given: Mapping[str, Any], arguments: Mapping[str, Mapping[str, Any]]
) -> Iterator[Problem]:
    known = [*arguments, *layer_table.EVERYWHERE]
    misspelled = any(key not in known and key not in OF_OLD_KERAS for key in given)
    for key, value in given.items():
        if key not in known:
            yield (name, str(key)), _unknown_argument(name, str(key), known)
        elif key not in NESTED:
            wrong = layer_values.wrong(key, value, arguments.get(key, {}))
            if wrong:
                yield (name, key), f"{wrong}, not {layer_values.shown(value)}"
    for key, argument in arguments.items():
        needed = "default" not in argument and key not in FOLLOWING.get(name, ())
        if needed and key not in given and not misspelled:
            yield (name,), f"{name} needs {key}: write {name}: {{{key}: ...}}"


def _unknown_argument(name: str, key: str, known: Sequence[str]) -> str:
    if key in OF_OLD_KERAS:
        return f"{key} is not needed: what goes in follows from the dataset"
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]}?" if close else f"; it has {', '.join(known)}"
    return f"{name} has no argument {key}{meant}"
