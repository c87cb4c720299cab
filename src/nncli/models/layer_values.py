"""Whether a value may be that of a layer's argument, as far as the table of layers tells."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.models import layer_table

__all__ = ["CONFIGURABLE", "is_configured", "shown", "wrong"]

# Whole numbers from 1.
COUNTS = ("filters", "input_dim", "key_dim", "n", "num_heads", "output_dim", "units")
# What Keras looks up by a name that may have arguments: kernel_regularizer: {L2: 0.001}.
CONFIGURABLE = ("initializer", "regularizer", "constraint")


def wrong(key: str, value: Any, argument: Mapping[str, Any]) -> str | None:
    """What `value` must be instead; None if it may be right, which Keras decides.

    Args:
        key: the name of the argument.
        value: what is given for it.
        argument: as the table has it; empty where it does not.
    """
    default = argument.get("default")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    looked_up = next((kind for kind in layer_table.LOOKED_UP if key.endswith(kind)), None)
    if looked_up is not None:
        return None if value is None else _wrong_name(looked_up, key, value)
    if value is None:
        return None if default is None and "default" in argument else "must have a value"
    if key in COUNTS:
        fits = isinstance(value, int) and number and value >= 1
        return None if fits else "must be a whole number, at least 1"
    if key == "rate":
        return None if number and 0 <= value < 1 else "must be a number from 0 to below 1"
    if "words" in argument:
        return _wrong_word(value, argument["words"], any_case=argument.get("any_case", False))
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "must be true or false"
    if isinstance(default, int | float):
        return None if number or isinstance(value, list) else "must be a number"
    return None


def is_configured(value: Any) -> bool:
    """Whether a name has arguments in our way, {L2: 0.001}, and not in Keras's, which names its
    `class_name`."""
    return isinstance(value, Mapping) and "class_name" not in value


def shown(value: Any) -> str:
    """A value as an experiment has it, cut where it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "nothing" if value is None else repr(value)[:60]


def _wrong_name(kind: str, key: str, value: Any) -> str | None:
    """What the name of something that Keras looks up must be instead."""
    names = layer_table.names_of(kind)
    alone, classes = names["alone"], names["classes"]
    name, known = value, alone
    if isinstance(value, Mapping):
        if not is_configured(value):
            if "module" in value or "registered_name" in value:
                return None  # of any package, which Keras finds or not
            name, known = value["class_name"], list(dict.fromkeys([*alone, *classes]))
        elif kind in CONFIGURABLE and len(value) == 1:
            [name], known = value, classes
        else:
            return f"must be the name of {_article(kind)}"
    if isinstance(name, str) and name in known:
        return None
    if isinstance(name, str) and name in classes:
        return f"needs arguments: write {key}: {{{name}: ...}}"
    listed = ", ".join(one for one in known if one.islower() and one != kind)
    return f"must be {_article(kind)} of Keras ({_meant(name, known) or listed})"


def _wrong_word(value: Any, words: Sequence[str | bool], *, any_case: bool) -> str | None:
    """What one of a few words must be instead."""
    known = [word for word in words if isinstance(word, str)]
    if isinstance(value, str):
        fits = (value.lower() if any_case else value) in known
    else:
        fits = isinstance(value, bool) and value in words
    if fits:
        return None
    *others, last = map(_plain, words)
    listed = f"{', '.join(others)} or {last}" if others else last
    meant = _meant(value, known)
    return f"must be {listed}" + (f" ({meant})" if meant else "")


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _meant(value: Any, known: Sequence[str]) -> str | None:
    """The nearest of the names, as a question."""
    by_lower = {name.lower(): name for name in reversed(known)}
    close = difflib.get_close_matches(str(value).lower(), by_lower, n=1)
    return f"did you mean {by_lower[close[0]]}?" if close else None


def _plain(word: str | bool) -> str:
    return word if isinstance(word, str) else str(word).lower()
