"""Reading many experiments that nncli wrote itself, quickly.

A parser of all of YAML takes milliseconds for a file; the plain form in which `dump` writes takes a
tenth of one. What one experiment says of its dataset, its model and so on, others mostly say word
for word: each such part is read once. Whatever is not in that form goes to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from nncli.config.yaml import parse

__all__ = ["experiment_settings", "experiment_values", "model_type"]

KEY = re.compile(r"( *)([A-Za-z_][\w.-]*):(?: (.*))?")
INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
QUOTED = re.compile(r"'((?:[^']|'')*)'")
TEXT = re.compile(r"[A-Za-z_/][^\n]*|[1-9]\d*[A-Z]{1,3}")
# Between top-level keys: a comment, an item and what is indented belong to the key above.
BETWEEN_KEYS = re.compile(r"\n(?=[A-Za-z_])")
MOST_KEPT = 10_000  # texts of a top-level key
WORDS: dict[str, Any] = {"null": None, "true": True, "false": False, "[]": [], "{}": {}, ".": "."}
MODEL_TYPE = re.compile(r"^model:\n(?:  .*\n)*?  type: ([A-Za-z_][\w.-]*)$", re.MULTILINE)


class _OtherFormError(Exception):
    """The text is not as `dump` writes."""


def model_type(text: str) -> str | None:
    """`model.type` of a resolved experiment; None where it does not stand where `dump` writes."""
    found = MODEL_TYPE.search(text)
    return found[1] if found else None


def experiment_values(text: str) -> dict[str, Any]:
    """The plain values of a resolved experiment, which others share and nobody may change; empty if
    `text` is no mapping in YAML."""
    try:
        return _plain(text)
    except _OtherFormError:
        value = parse(text.encode()).value
        return value if isinstance(value, dict) else {}


def experiment_settings(text: str) -> dict[str, Any]:
    """The same by dotted keys, such as `model.hidden_units`."""
    found: dict[str, Any] = {}
    try:
        for part in BETWEEN_KEYS.split(text):
            found |= _part_by_dotted_key(part)
    except _OtherFormError:
        return dict(_by_dotted_key(experiment_values(text)))
    return found


def _plain(text: str) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in BETWEEN_KEYS.split(text):
        values = _part(part)
        if not whole.keys().isdisjoint(values):
            raise _OtherFormError
        whole |= values
    return whole


@lru_cache(maxsize=MOST_KEPT)
def _part_by_dotted_key(text: str) -> dict[str, Any]:
    return dict(_by_dotted_key(_part(text)))


def _by_dotted_key(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _by_dotted_key(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


@lru_cache(maxsize=MOST_KEPT)
def _part(text: str) -> dict[str, Any]:
    """The same of a text with one top-level key, or with comments alone."""
    root: dict[str, Any] = {}
    groups: list[tuple[int, dict[str, Any]]] = [(0, root)]
    opened: tuple[int, dict[str, Any], str] | None = None  # a key without a value yet
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        item = line.lstrip(" ")
        if item.startswith("- "):
            if opened is None or len(line) - len(item) != opened[0]:
                raise _OtherFormError
            _, group, key = opened
            if group[key] is None:
                group[key] = []
            group[key].append(_scalar(item[2:]))
            continue
        match = KEY.fullmatch(line)
        if match is None:
            raise _OtherFormError
        indent, key = len(match[1]), match[2]
        if opened is not None and indent > opened[0]:
            if opened[1][opened[2]] is not None:
                raise _OtherFormError
            inner: dict[str, Any] = {}
            opened[1][opened[2]] = inner
            groups.append((indent, inner))
        while groups[-1][0] > indent:
            groups.pop()
        if groups[-1][0] != indent or key in groups[-1][1]:
            raise _OtherFormError
        group = groups[-1][1]
        if match[3] is None:
            group[key], opened = None, (indent, group, key)
        else:
            group[key], opened = _scalar(match[3]), None
    return root


def _scalar(text: str) -> Any:
    if text in WORDS:
        value = WORDS[text]
        return value.copy() if isinstance(value, (list, dict)) else value
    if INTEGER.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text) and (text[0] != "0" or not text[1:2].isdigit()):
        return float(text)
    if quoted := QUOTED.fullmatch(text):
        return quoted[1].replace("''", "'")
    special = text.lower() in ("null", "true", "false") or ": " in text or " #" in text
    if special or not text or text[-1] in ": " or not TEXT.fullmatch(text):
        raise _OtherFormError
    return text
