"""Reading YAML 1.2 into plain values, and remembering where each of them stood.

ruamel.yaml parses; the values are made here from its nodes, so that duplicate keys, foreign tags
and bombs (aliases or nesting that grow without bound) are reported instead of obeyed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nncli.files import write_atomically

__all__ = [
    "KeyPath",
    "Position",
    "YamlDocument",
    "YamlProblem",
    "dump",
    "is_text",
    "parse",
    "parse_value",
    "spaced",
    "write",
]

KeyPath = tuple[str | int, ...]

MAXIMUM_BYTES = 200_000
MAXIMUM_VALUES = 20_000
MAXIMUM_DEPTH = 40
MAXIMUM_DIGITS = 1000
COLLECTION_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
NO_TEXT = "text cannot hold a NUL or half a character"
# What ruamel.yaml says of the line below `epochs:3`.
BEHIND_A_MISSING_SPACE = ("mapping values are not allowed here", "could not find expected ':'")
# What stands for a value that cannot be read: its mistake is said, and it is left out.
UNREADABLE = object()


@dataclass(frozen=True)
class Position:
    """Line and column of a text, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class YamlProblem:
    """One mistake in the text itself."""

    position: Position
    message: str
    key: KeyPath = ()


@dataclass
class YamlDocument:
    """Plain values, and the position of every key path in them."""

    value: Any = None
    positions: dict[KeyPath, Position] = field(default_factory=dict)
    problems: list[YamlProblem] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def parse(content: bytes) -> YamlDocument:
    """Parse one YAML document. Never raises for what is in `content`: see `problems`."""
    document = YamlDocument()
    if len(content) > MAXIMUM_BYTES:
        _add(document, Position(1, 1), f"the file is larger than {MAXIMUM_BYTES:,} bytes")
        return document
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line_start = before.rfind(b"\n") + 1
        position = Position(before.count(b"\n") + 1, error.start - line_start + 1)
        _add(
            document,
            position,
            f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8",
        )
        return document
    document.lines = text.splitlines()
    _compose(text, document)
    return document


def parse_value(text: str) -> Any:
    """Parse a single value as YAML writes it (`6`, `1e-3`, `[a, b]`, `true`).

    Raises:
        ValueError: it is no YAML; the message says why.
    """
    if not is_text(text):
        raise ValueError(NO_TEXT)
    document = parse(text.encode())
    if document.problems:
        raise ValueError(document.problems[0].message)
    return document.value


def _compose(text: str, document: YamlDocument) -> None:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        loader = YAML(typ="safe", pure=True)
        loader.composer.warn_double_anchors = False  # allowed by YAML 1.2: the later one counts
        nodes = list(loader.compose_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
        _add(document, position, _syntax_message(error, position, document.lines))
        return
    except ReaderError as error:
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        position = Position(before.count("\n") + 1, column)
        _add(document, position, f"the character {error.character!r} is not allowed in YAML")
        return
    except (YAMLError, RecursionError, ValueError) as error:
        deep = isinstance(error, RecursionError)
        reason = "values are nested too deeply" if deep else str(error).splitlines()[0]
        _add(document, Position(1, 1), reason)
        return
    if len(nodes) > 1:
        message = "a second document begins here; one file is one experiment"
        _add(document, _marker_before(_position(nodes[1]), document.lines), message)
        return
    if nodes and nodes[0] is not None:
        try:
            value = _Constructor(document).build(nodes[0], (), 0)
            document.value = None if value is UNREADABLE else value
        except _TooLargeError as error:
            _add(document, error.position, str(error))


def _syntax_message(error: Any, position: Position, lines: list[str]) -> str:
    line = lines[position.line - 1] if position.line <= len(lines) else ""
    before = line[: position.column]
    if "\t" in before:
        if not before.strip():
            return "a tab cannot indent YAML; use spaces"
        return "a tab is not allowed here; use a space"
    what = " ".join(str(error.problem or error.context or "not YAML").split())
    above = lines[position.line - 2].strip() if position.line > 1 else ""
    if what in BEHIND_A_MISSING_SPACE and spaced(above):
        return f"not YAML: a space is missing in the line above: {spaced(above)}"
    return f"not YAML: {what}"


def _marker_before(position: Position, lines: list[str]) -> Position:
    """The `---` that begins the document whose first value stands at `position`."""
    for number in range(min(position.line, len(lines)), 0, -1):
        if lines[number - 1].startswith("---"):
            return Position(number, 1)
    return position


def _add(document: YamlDocument, position: Position, message: str, key: KeyPath = ()) -> None:
    document.problems.append(YamlProblem(position, message, key))


class _TooLargeError(Exception):
    def __init__(self, position: Position, message: str) -> None:
        super().__init__(message)
        self.position = position


class _Constructor:
    """Makes plain values from ruamel's nodes."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.values = 0

    def build(self, node: Any, path: KeyPath, depth: int) -> Any:
        position = _position(node)
        self.count(position, depth)
        self.document.positions.setdefault(path, position)
        kind = node.id
        if kind != "scalar" and str(node.tag) not in COLLECTION_TAGS:
            _add(self.document, position, f"the tag {str(node.tag)[:60]} means nothing here", path)
        if kind == "mapping":
            return self.mapping(node, path, depth)
        if kind == "sequence":
            items = [self.build(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
            return UNREADABLE if UNREADABLE in items else items
        return self.scalar(node, path)

    def count(self, position: Position, depth: int) -> None:
        """Refuse what is too much or too deep."""
        self.values += 1
        if self.values > MAXIMUM_VALUES:
            raise _TooLargeError(
                position, f"more than {MAXIMUM_VALUES:,} values, aliases counted as often as used"
            )
        if depth > MAXIMUM_DEPTH:
            raise _TooLargeError(position, f"values are nested deeper than {MAXIMUM_DEPTH} levels")

    def mapping(self, node: Any, path: KeyPath, depth: int) -> dict[str, Any]:
        merges = [pair for pair in node.value if _is_merge(pair[0])]
        for key_node, _ in merges[1:]:
            _add(self.document, _position(key_node), "this key stands twice", (*path, "<<"))
        merged: dict[str, Any] = {}
        for _, value_node in merges[:1]:  # before the mapping's own keys, which keep their places
            merged = self.merged(value_node, path, depth)
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                continue
            if key_node.id != "scalar":
                _add(self.document, _position(key_node), "a key must be a plain word", path)
                continue
            key = str(key_node.value)
            if not is_text(key):
                _add(self.document, _position(key_node), NO_TEXT, path)
                continue
            if key in result:
                _add(self.document, _position(key_node), "this key stands twice", (*path, key))
                continue
            self.document.positions[(*path, key)] = _position(key_node)
            result[key] = self.build(value_node, (*path, key), depth + 1)
        return {
            key: value for key, value in {**merged, **result}.items() if value is not UNREADABLE
        }

    def merged(self, node: Any, path: KeyPath, depth: int) -> dict[str, Any]:
        """What `<<` brings in; of several mappings the first wins."""
        result: dict[str, Any] = {}
        for item in reversed(node.value) if node.id == "sequence" else [node]:
            self.count(_position(item), depth + 1)
            if item.id == "mapping":
                result |= self.mapping(item, path, depth + 1)
            else:
                _add(self.document, _position(item), "<< merges mappings; this is none", path)
        return result

    def scalar(self, node: Any, path: KeyPath) -> Any:
        text = str(node.value)
        kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return text.lower() == "true"
            if kind == "int" and len(text) > MAXIMUM_DIGITS:
                raise ValueError
            if kind == "int":
                return int(text.replace("_", ""), 0) if text[:2] in ("0x", "0o") else int(text)
            if kind == "float":
                return _float(text)
        except ValueError:
            return self.unreadable(node, f"{text[:40]!r} is no number", path)
        if not is_text(text):
            return self.unreadable(node, NO_TEXT, path)
        if kind not in ("str", "timestamp"):
            return self.unreadable(node, f"the tag {str(node.tag)[:60]} means nothing here", path)
        return text

    def unreadable(self, node: Any, message: str, path: KeyPath) -> Any:
        _add(self.document, _position(node), message, path)
        return UNREADABLE


def _is_merge(node: Any) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:merge" or node.value == "<<")


def spaced(text: str) -> str | None:
    """`seed: 3` for `seed:3`, in which YAML sees no key; None for any other text."""
    found = re.fullmatch(r"([a-z_]\w*):([^\s/].*)", text)
    return f"{found[1]}: {found[2][:40]}" if found else None


def is_text(text: str) -> bool:
    """Whether `text` could be written to a file, or be the name of one."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _float(text: str) -> float:
    special = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
    lowered = text.lower()
    return special[lowered] if lowered in special else float(lowered.replace("_", ""))


def _position(node: Any) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def dump(value: dict[str, Any]) -> str:
    """Plain values as block YAML, keys in their order."""
    from io import StringIO

    from ruamel.yaml import YAML

    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.allow_unicode = True
    text = StringIO()
    writer.dump(value, text)
    return text.getvalue()


def write(value: dict[str, Any], path: Path, *, header: str) -> None:
    """Write plain values as block YAML below a comment `header`, whole or not at all.

    Raises:
        StorageError: the file cannot be written.
    """
    comment = "".join(f"# {line}\n" for line in header.splitlines())
    write_atomically(path, comment + dump(value))
