"""The words that an argument of a Keras layer may be, found out by trying them: Keras has no list.

Needed where the table of layers is written. `padding` of a Conv2D is valid or same because it
refuses every other word that stands in Keras's source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

__all__ = ["words_of"]

# Where in Keras's source there are words for layers.
SOURCES = ("layers", "ops", "utils", "backend")
WORD = re.compile(r"[a-z][a-z0-9_]*")
# A layer is tried with as little as it needs, on the first of these shapes that it takes.
NEEDED = {
    "filters": 2, "height": 2, "kernel_size": 1, "output_size": 1, "pool_size": 1, "rate": 0.5,
    "units": 2, "width": 2,
}  # fmt: skip
SHAPES = ((4, 4), (4, 4, 3), (4, 4, 4, 3), (4, 4, 4, 4, 3))
NONSENSE = "no_such_word"


def words_of(layer: Any, needed: Sequence[str], argument: str) -> dict[str, Any]:
    """What `argument` may be, if it is one of a few words; empty if the layer takes any.

    Args:
        layer: a class of Keras.
        needed: its arguments that must be given.
        argument: for which words are tried.

    Returns:
        `words`, with true and false where they may stand too; `any_case` where capitals mean the
        same.
    """
    given = {name: _inner() if name == "layer" else NEEDED[name] for name in needed}
    trial = _trial(layer, given, argument)
    if trial is None:
        return {}
    words = [word for word in _words_of_keras() if trial(word)]
    flags = [flag for flag in (True, False) if trial(flag)]
    any_case = {"any_case": True} if all(trial(word.upper()) for word in words) else {}
    return {"words": [*words, *flags], **any_case}


def _trial(layer: Any, given: Mapping[str, Any], argument: str) -> Callable[[Any], bool] | None:
    """Whether the layer takes a value; None if it takes nonsense."""
    import keras
    import numpy as np

    symbols = (keras.Input(shape) for shape in SHAPES)
    inputs = next(one for one in symbols if _takes(layer, given, one))
    # Numbers only where symbols do not tell: the processor may lack what another machine can.
    for seen in (inputs, np.zeros((1, *inputs.shape[1:]), np.float32)):
        takes = partial(_takes_value, layer, given, seen, argument)
        if not takes(NONSENSE):
            return takes
    return None


def _takes_value(
    layer: Any, given: Mapping[str, Any], inputs: Any, argument: str, value: Any
) -> bool:
    return _takes(layer, {**given, argument: value}, inputs)


def _takes(layer: Any, given: Mapping[str, Any], inputs: Any) -> bool:
    """Whether a layer can be made and gives one tensor."""
    try:
        return hasattr(layer(**given)(inputs), "shape")
    except Exception:  # Keras raises anything about what does not fit
        return False


def _inner() -> Any:
    """What a layer around another is tried with."""
    import keras

    return keras.layers.SimpleRNN(2)


@cache
def _words_of_keras() -> list[str]:
    """The words that Keras's source compares with, or has in a tuple, list or set."""
    import keras

    root = Path(keras.__path__[0]) / "src"
    files = (file for place in SOURCES for file in (root / place).rglob("*.py"))
    trees = (ast.parse(file.read_bytes()) for file in files if not file.stem.endswith("_test"))
    return sorted({word for tree in trees for word in _words_in(tree)})


def _words_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Set(elts=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
                pass
            case ast.Compare(left=left, comparators=others):
                parts = [left, *others]
            case _:
                continue
        values = (part.value for part in parts if isinstance(part, ast.Constant))
        yield from (value for value in values if isinstance(value, str) and WORD.fullmatch(value))
