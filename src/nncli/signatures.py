"""What Python functions take, by their source, so that nothing of anybody's is run."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Optional, Union

__all__ = ["Argument", "arguments_of", "arguments_of_imported"]

# What annotations may be made of for the values beside the function to be checked before it runs.
TYPES = {
    "int": int, "float": float, "str": str, "bool": bool, "list": list, "tuple": tuple,
    "dict": dict, "None": None, "Literal": Literal, "Optional": Optional, "Union": Union,
}  # fmt: skip
NODES = (
    ast.Expression, ast.Name, ast.Constant, ast.Subscript, ast.Tuple, ast.BinOp, ast.BitOr,
    ast.Load, ast.UnaryOp, ast.USub,
)  # fmt: skip


@dataclass(frozen=True)
class Argument:
    """An argument of a function that an experiment may give.

    Attributes:
        name: the key.
        annotation: its type as it is written; None where nothing is.
        default: as it is written; None where it must be given.
    """

    name: str
    annotation: str | None
    default: str | None

    @property
    def type(self) -> Any:
        """The type that the annotation means, if it is made of plain values; else None."""
        return None if self.annotation is None else _type_of(self.annotation)

    @property
    def default_value(self) -> Any:
        """The default, or how it is written where it is no plain value; None without one."""
        try:
            return None if self.default is None else ast.literal_eval(self.default)
        except (ValueError, SyntaxError):
            return self.default

    def wrong(self, value: Any) -> str | None:
        """What is wrong with a value for it; None also where the annotation is not known."""
        if self.type is None or _fits(self.type, value):
            return None
        return f"must be {self.annotation}, not {value!r}"

    def takes(self, value: Any) -> bool:
        """Whether a value is of the type that is written down, or that the default shows."""
        if self.annotation is None and isinstance(self.default_value, list | tuple):
            return isinstance(value, list)
        return self.type is not None and _fits(self.type, value)


def arguments_of(defined: ast.FunctionDef, positional: int) -> list[Argument]:
    """The arguments of a function behind the first `positional`, in their order."""
    arguments = [*defined.args.posonlyargs, *defined.args.args]
    defaults: Sequence[ast.expr | None] = [
        *[None] * (len(arguments) - len(defined.args.defaults)),
        *defined.args.defaults,
    ]
    pairs = [*zip(arguments, defaults, strict=True)][positional:]
    pairs += zip(defined.args.kwonlyargs, defined.args.kw_defaults, strict=True)
    return [
        Argument(argument.arg, _written(argument.annotation), _written(default))
        for argument, default in pairs
    ]


def arguments_of_imported(function: Callable[..., Any], positional: int) -> list[Argument]:
    """The same of a function whose source shows nothing, as of a decorated one."""
    parameters = list(inspect.signature(function).parameters.values())[positional:]
    return [
        Argument(
            one.name,
            None if one.annotation is one.empty else inspect.formatannotation(one.annotation),
            None if one.default is one.empty else repr(one.default),
        )
        for one in parameters
        if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    ]


def _written(node: ast.expr | None) -> str | None:
    return None if node is None else ast.unparse(node)


def _type_of(annotation: str) -> Any:
    try:
        tree = ast.parse(annotation, mode="eval")
        if isinstance(tree.body, ast.Constant) and isinstance(tree.body.value, str):
            tree = ast.parse(tree.body.value, mode="eval")  # the annotation is written in quotes
    except SyntaxError:
        return None
    for node in ast.walk(tree.body):
        unknown = isinstance(node, ast.Name) and node.id not in TYPES
        if unknown or not isinstance(node, NODES):
            return None
    try:
        return eval(compile(tree, "annotation", "eval"), {"__builtins__": {}}, dict(TYPES))
    except Exception:  # list[3], int[str]: whoever wrote it will hear of it
        return None


def _fits(kind: Any, value: Any) -> bool:
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except (ValidationError, TypeError):
        return False
    return True
