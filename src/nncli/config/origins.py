"""Where values stand: a place in a file, a flag, a variable of the environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nncli.config.yaml import KeyPath, Position, YamlDocument
from nncli.errors import Mistake

__all__ = ["Origin", "Origins", "dotted", "located", "shortened"]


@dataclass(frozen=True)
class Origin:
    """Where a value stands: its name in messages, and for a file the line to quote."""

    name: str
    line: str | None = None
    column: int = 0
    order: tuple[str, int] = ("", 0)

    @classmethod
    def in_file(cls, path: Path, position: Position, lines: list[str]) -> Origin:
        """`path:line:column`, with that line of `lines`."""
        known = 0 < position.line <= len(lines)
        return cls(
            f"{path}:{position.line}:{position.column}",
            lines[position.line - 1] if known else None,
            position.column,
            (str(path), position.line),
        )

    def quoted(self) -> str:
        """The line with a caret below, indented, each on a new line; empty without a file."""
        if self.line is None:
            return ""
        shown = self.line.replace("\t", " ")
        start = max(0, self.column - 60)
        return f"\n    {shown[start : start + 76]}\n    {' ' * (self.column - 1 - start)}^"


@dataclass(frozen=True)
class Origins:
    """Where the values of a layer stand, by key path."""

    by_key: Mapping[KeyPath, Origin] = field(default_factory=dict)

    @classmethod
    def of_file(cls, path: Path, document: YamlDocument) -> Origins:
        """The origins of a parsed file."""
        return cls(
            {
                key: Origin.in_file(path, position, document.lines)
                for key, position in document.positions.items()
                if key
            }
        )

    def find(self, key: KeyPath) -> Origin | None:
        """Where `key` stands, or else the nearest mapping or list around it."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.by_key:
                return self.by_key[key[:length]]
        return None

    def of_type(self, group: KeyPath) -> Origin | None:
        """Where the type of `group` comes from: itself, the name that implies it, or its short
        form."""
        own, name = self.by_key.get((*group, "type")), self.by_key.get((*group, "name"))
        return own or name or self.find(group)

    def about(self, key: KeyPath) -> Origin | None:
        """As `find`; for a group that stands nowhere itself, the first value in it."""
        below = (origin for other, origin in self.by_key.items() if other[: len(key)] == key)
        return self.find(key) or next(below, None)


def located(origin: Origin | None, key: KeyPath, message: str) -> Mistake:
    """One mistake as a block: where and what, then the line with a caret below."""
    where = origin.name if origin else "experiment"
    dotted_key = dotted(key)
    block = f"{where}  {dotted_key}: {message}" if dotted_key else f"{where}  {message}"
    if origin is None or origin.column == 0:
        return Mistake(block, message, dotted_key)
    file, line = origin.order
    return Mistake(block + origin.quoted(), message, dotted_key, file, line, origin.column)


def dotted(key: Iterable[str | int]) -> str:
    """A key path as people write it: `model.hidden_units[1]`."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{shortened(part)}" if text else shortened(part)
    return text


def shortened(text: str, limit: int = 60) -> str:
    """`text` in at most `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
