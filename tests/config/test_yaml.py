"""From bytes to plain values with positions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nncli.config.yaml import MAXIMUM_BYTES, Position, parse, parse_value, write


def problems(content: bytes) -> list[tuple[int, int, str, str]]:
    """Line, column, dotted key and message of every problem."""
    return [
        (p.position.line, p.position.column, ".".join(str(part) for part in p.key), p.message)
        for p in parse(content).problems
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6", 6),
        ("-6", -6),
        ("0x10", 16),
        ("0o10", 8),
        ("010", 10),
        ("1e-3", 0.001),
        ("1.5E+3", 1500.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("off", "off"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'6'", "6"),
        ('"a\\tb"', "a\tb"),
        ("2026-01-02", "2026-01-02"),
        ("12:30:00", "12:30:00"),
        ("[1, [2, a]]", [1, [2, "a"]]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("größe", "größe"),
    ],
)
def test_yaml_1_2_values(text: str, value: Any) -> None:
    found = parse_value(text)
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(parse_value(".nan"))


def test_parse_value_refuses_what_is_no_yaml() -> None:
    with pytest.raises(ValueError, match="not YAML"):
        parse_value("[1, 2")


def test_every_value_knows_where_it_stands() -> None:
    document = parse(b"# comment\nseed: 3\nmodel:\n  hidden_units: [10, 20]\n")
    assert document.problems == []
    assert document.value == {"seed": 3, "model": {"hidden_units": [10, 20]}}
    assert document.positions[("seed",)] == Position(2, 1)
    assert document.positions[("model",)] == Position(3, 1)
    assert document.positions[("model", "hidden_units")] == Position(4, 3)
    assert document.positions[("model", "hidden_units", 1)] == Position(4, 22)


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistakes() -> None:
    document = parse(b"\xef\xbb\xbfseed: 3\r\nname: a\r\n")
    assert document.value == {"seed": 3, "name": "a"}
    assert document.positions[("name",)] == Position(2, 1)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only a comment\n", b"---\n", b"null\n"])
def test_nothing_is_no_mistake(content: bytes) -> None:
    document = parse(content)
    assert document.value is None
    assert document.problems == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: [1, 2\nb: 3\n", (2, 2, "", "not YAML: expected ',' or ']', but got ':'")),
        (b"a: b: c\n", (1, 5, "", "not YAML: mapping values are not allowed here")),
        (b"a:\n\tb: 1\n", (2, 1, "", "a tab cannot indent YAML; use spaces")),
        (b"a: 1\na: 2\n", (2, 1, "a", "this key stands twice")),
        (b"a:\n  b: 1\n  b: 2\n", (3, 3, "a.b", "this key stands twice")),
        (b"a: x\nb: \xff\n", (2, 4, "", "byte 0xff is not UTF-8; save the file as UTF-8")),
        (b"a: 1\n---\nb: 2\n", (2, 1, "", "a second document begins here; one file is one "
                                          "experiment")),
        (b"? [a]\n: 3\n", (1, 3, "", "a key must be a plain word")),
        (b"a: !!python/name:os.system 1\n",
         (1, 4, "a", "the tag tag:yaml.org,2002:python/name:os.system means nothing here")),
        (b"a: {<<: 3}\n", (1, 9, "a", "<< merges mappings; this is none")),
    ],
)  # fmt: skip
def test_mistakes_of_the_text(content: bytes, problem: tuple[int, int, str, str]) -> None:
    assert problems(content) == [problem]


def test_all_duplicate_keys_are_said_at_once() -> None:
    found = problems(b"a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [(line, key) for line, _, key, _ in found] == [(2, "a"), (3, "b.c")]


def test_a_merge_key_gives_defaults() -> None:
    document = parse(b"base: &base {a: 1, b: 2}\nthis: {<<: *base, b: 3}\n")
    assert document.problems == []
    assert document.value["this"] == {"a": 1, "b": 3}


def test_an_anchor_may_be_used_again() -> None:
    document = parse(b"a: &x 1\nb: &x 2\nc: *x\n")
    assert document.problems == []
    assert document.value == {"a": 1, "b": 2, "c": 2}


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    [(_, _, _, message)] = problems("\n".join(lines).encode())
    assert message == "more than 20,000 values, aliases counted as often as used"


def test_a_file_that_contains_itself_is_refused() -> None:
    assert len(problems(b"a: &a [*a]\n")) == 1
    assert len(problems(b"a: &a\n  <<: *a\n")) == 1


def test_own_keys_keep_their_places_beside_a_merge_key() -> None:
    document = parse(b"t:\n  b: 7\n  e: -1\n  <<: {b: 5, e: 3, m: 2}\n")
    assert document.value == {"t": {"b": 7, "e": -1, "m": 2}}
    places = {key[-1]: (p.line, p.column) for key, p in document.positions.items() if len(key) == 2}
    assert places == {"b": (2, 3), "e": (3, 3), "m": (4, 20)}


def test_of_several_merged_mappings_the_first_wins() -> None:
    text = b"a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n"
    assert parse(text).value["c"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"seed: 0x" + b"9" * 6000, (1, 7, "seed", "'0x" + "9" * 38 + "' is no number")),
        (b'name: "\\ud800"\n', (1, 7, "name", "text cannot hold a NUL or half a character")),
        (b'name: "\\0x"\n', (1, 7, "name", "text cannot hold a NUL or half a character")),
        (b'"\\0": 1\n', (1, 1, "", "text cannot hold a NUL or half a character")),
        (b"a: {<<: {b: 1}, <<: {b: 2}}\n", (1, 17, "a.<<", "this key stands twice")),
        (b"a: !!python/object:x {}\n", (1, 4, "a", "the tag tag:yaml.org,2002:python/object:x "
                                         "means nothing here")),
        (b"a: !cnn {b: 1}\n", (1, 4, "a", "the tag !cnn means nothing here")),
        (b"seed: \x07\n", (1, 7, "", "the character 7 is not allowed in YAML")),
        (b"seed: 1\t\n", (1, 8, "", "a tab is not allowed here; use a space")),
    ],
)  # fmt: skip
def test_what_once_crashed_or_was_misplaced(content: bytes, problem: Any) -> None:
    assert problems(content) == [problem]


@pytest.mark.parametrize("depth", [60, 1000])
def test_a_tower_of_lists_is_refused(depth: int) -> None:
    [(line, _, _, message)] = problems(b"[" * depth + b"]" * depth)
    assert line == 1
    assert "nested" in message


def test_a_huge_file_is_refused_unread() -> None:
    [(line, column, _, message)] = problems(b"#" * (MAXIMUM_BYTES + 1))
    assert (line, column) == (1, 1)
    assert message == "the file is larger than 200,000 bytes"


def test_a_number_of_five_thousand_digits_is_refused() -> None:
    [(_, _, key, message)] = problems(b"seed: " + b"9" * 5000)
    assert key == "seed"
    assert message.endswith("is no number")


FRAGMENTS = [
    "a", "seed", "model", ":", ": ", "- ", "\n", "\n  ", "\t", "[", "]", "{", "}", ", ", "&x ",
    "*x", "!!int ", "!!float ", "!!bool ", "!!null ", "!y ", "|\n", ">\n", "'", '"', "#", "? ",
    "<<: ", "---\n", "...\n", "%YAML 1.1\n", "1", "1e3", ".nan", "0x", "0o9", "_", "\\x", "é",
    "\x85", "\u2028", "\ufeff", "\x00",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=14)))
def test_nothing_in_a_file_makes_the_parser_raise(content: bytes | list[str]) -> None:
    raw = content if isinstance(content, bytes) else "".join(content).encode()
    document = parse(raw)
    for problem in document.problems:
        assert problem.position.line >= 1
        assert problem.position.column >= 1
        assert problem.message
        assert "\n" not in problem.message


# ruamel.yaml writes these three line breaks of Unicode so that it reads them back as spaces.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\x85\u2028\u2029"), max_size=8
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from(["a", "b", "c d", "6", "null"]), VALUES, max_size=3))
def test_what_is_written_is_read_back(tmp_path: Path, value: dict[str, Any]) -> None:
    path = tmp_path / "written.yaml"
    write(value, path, header="first line\nsecond line")
    assert path.read_text(encoding="utf-8").startswith("# first line\n# second line\n")
    document = parse(path.read_bytes())
    assert document.problems == []
    assert document.value == value
