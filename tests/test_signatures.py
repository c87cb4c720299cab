"""What functions take, by their source."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from nncli.signatures import Argument, arguments_of, arguments_of_imported

SOURCE = """
def build(inputs, target, width, sizes: 'list[int]' = [3], *, rate: float = 0.5, deep=DEEP): 0
"""


def test_arguments_are_those_behind_what_nncli_gives() -> None:
    [defined] = ast.parse(SOURCE).body
    assert isinstance(defined, ast.FunctionDef)
    assert arguments_of(defined, 2) == [
        Argument("width", None, None),
        Argument("sizes", "'list[int]'", "[3]"),
        Argument("rate", "float", "0.5"),
        Argument("deep", None, "DEEP"),
    ]


def test_an_imported_function_has_the_same_arguments() -> None:
    def build(inputs: Any, *, sizes: list[int], rate: float = 0.5, **others: Any) -> None: ...

    build.__annotations__ |= {"sizes": list[int], "rate": float}
    assert arguments_of_imported(build, 1) == [
        Argument("sizes", "list[int]", None),
        Argument("rate", "float", "0.5"),
    ]


@pytest.mark.parametrize(
    ("annotation", "default", "value", "takes"),
    [
        ("'list[int]'", "[3]", [3, 5], True),
        ("'list[int]'", "[3]", ["a"], False),
        ("tuple[int, int]", None, [3, 5], True),
        ("tuple[int, int]", None, [3], False),
        ("Path", None, "x", False),
        ("list[", None, [3], False),
        (None, "(3, 7)", [3], True),
        (None, "(3, 7)", 3, False),
        (None, "3", [3], False),
    ],
)
def test_whether_a_value_is_taken_stands_in_the_annotation_or_the_default(
    annotation: str | None, default: str | None, value: Any, takes: bool
) -> None:
    assert Argument("sizes", annotation, default).takes(value) == takes


def test_nothing_is_wrong_with_a_value_of_a_type_that_is_not_known() -> None:
    assert Argument("place", "Path", None).wrong(3) is None
    assert Argument("width", "int", None).wrong("wide") == "must be int, not 'wide'"
    assert Argument("place", None, "Path()").default_value == "Path()"
