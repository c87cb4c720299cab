"""`nncli model list` on the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from nncli.cli._console import plain_table, visible
from nncli.models.listing import INPUTS

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.models.listing import Family, FamilySetting

__all__ = ["show_families", "show_family"]

NARROWEST = 20


def show_families(screen: Screen, families: Sequence[Family]) -> None:
    """A family a line, wrapped where the terminal is narrow."""
    table = plain_table("type")
    table.columns[0].no_wrap = True
    table.add_column("takes", overflow="fold", ratio=2)
    table.add_column("what it is", overflow="fold", ratio=5)
    for one in families:
        described = one.description if one.function is None else f"{one.function} (a plug-in)"
        takes = ", ".join(one.takes) or "what it is made for"
        takes = "all kinds of data" if set(one.takes) >= set(INPUTS.values()) else takes
        table.add_row(Text(visible(one.type), "bold"), takes, Text(visible(described)))
    screen.out.print(table)
    screen.out.print(Text("\nIts settings: nncli model list TYPE"))


def show_family(screen: Screen, family: Family) -> None:
    """What a family is, and its settings, each with what it may hold, its default and what it
    does."""
    width = screen.out.width
    takes = f" For {_and(family.takes)}." if family.takes else ""
    described = f"{family.type}: {family.description.rstrip('.')}.{takes}"
    screen.out.print(Text(textwrap.fill(visible(described), max(width, NARROWEST))))
    if family.function is not None:
        called = f"It calls {family.function}, whose arguments are its settings."
        screen.out.print(Text(visible(called)), soft_wrap=True)
    for setting in family.settings:
        screen.out.print()
        _show_setting(screen, setting)
    if family.layers:
        names = textwrap.fill(", ".join(family.layers), max(width - 2, NARROWEST))
        screen.out.print(Text("\nLayers of Keras that can stand in the list:", "dim"))
        screen.out.print(Text(textwrap.indent(names, "  ")))


def _show_setting(screen: Screen, setting: FamilySetting) -> None:
    default = "has no default" if setting.needed else f"default {_yaml(setting.default)}"
    screen.out.print(Text.assemble((setting.name, "bold"), f"  {default}"))
    room = max(screen.out.width - 2, NARROWEST)
    for text, style in ((setting.value, "dim"), (setting.description, "")):
        if not text:
            continue
        screen.out.print(Text(textwrap.indent(textwrap.fill(text, room), "  "), style))


def _yaml(value: Any) -> str:
    """A default as it would be written in an experiment."""
    if isinstance(value, list):
        return f"[{', '.join(_yaml(item) for item in value)}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _and(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
