"""Reading many experiments that nncli wrote itself, quickly.

A parser of all of YAML takes milliseconds for a file; the plain form in which `dump` writes takes a
tenth of one. Whatever is not in that form goes to the parser.
"""

from __future__ import annotations

import re
from typing import Any

from nncli.config.yaml import parse

__all__ = ["experiment_values", "model_type"]

KEY = re.compile(r"( *)([A-Za-z_][\w.-]*):(?: (.*))?")
INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
QUOTED = re.compile(r"'((?:[^']|'')*)'")
TEXT = re.compile(r"[A-Za-z_/][^\n]*|[1-9]\d*[A-Z]{1,3}")
WORDS: dict[str, Any] = {"null": None, "true": True, "false": False, "[]": [], "{}": {}, ".": "."}
MODEL_TYPE = re.compile(r"^model:\n(?:  .*\n)*?  type: ([A-Za-z_][\w.-]*)$", re.MULTILINE)


class _OtherFormError(Exception):
    """The text is not as `dump` writes."""


def model_type(text: str) -> str | None:
    """`model.type` of a resolved experiment; None where it does not stand where `dump` writes."""
    found = MODEL_TYPE.search(text)
    return found[1] if found else None


def experiment_values(text: str) -> dict[str, Any]:
    """The plain values of a resolved experiment; empty if `text` is no mapping in YAML."""
    try:
        return _plain(text)
    except _OtherFormError:
        value = parse(text.encode()).value
        return value if isinstance(value, dict) else {}


def _plain(text: str) -> dict[str, Any]:
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
