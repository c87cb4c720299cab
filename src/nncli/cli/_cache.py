"""`nncli data cache list` on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.padding import Padding
from rich.text import Text

from nncli.files import shown_path

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.data.cache import Cached

__all__ = ["show_cache"]


def show_cache(screen: Screen, entries: Sequence[Cached]) -> None:
    """A line for each entry, and below those of the same name what tells them apart."""
    if not entries:
        screen.out.print("The cache is empty.", markup=False)
        return
    room = max(len("dataset"), *(cell_len(entry.name) for entry in entries))
    heading = f"{'dataset':<{room}}  {'examples':>10}  {'MB':>9}  last used"
    screen.out.print(Text(heading, "dim"), soft_wrap=True)
    for entry in entries:
        examples = f"{sum(entry.examples.values()):,}" if entry.examples else "damaged"
        used = datetime.fromtimestamp(entry.used).strftime("%Y-%m-%d %H:%M")
        cells = f"{examples:>10}  {entry.bytes / 1e6:>9,.1f}  {used}"
        screen.out.print(Text(f"{set_cell_size(entry.name, room)}  {cells}"), soft_wrap=True)
        alike = [one for one in entries if one.name == entry.name]
        if len(alike) > 1:
            told = Text(_told_apart(entry, alike), "dim")
            screen.out.print(Padding(told, (0, 0, 0, 2), expand=False))
    place = shown_path(entries[0].folder.parent)
    screen.out.print(f"\nin {place}", markup=False, soft_wrap=True)


def _told_apart(entry: Cached, alike: Sequence[Cached]) -> str:
    """What was set for this one and not for all of its name; where that is nothing, its folder."""
    own = entry.settings
    others = [one.settings for one in alike if one.settings]
    differing = [key for key in own if any(one.get(key) != own[key] for one in others)]
    told = [f"{key}: {_in_words(key, own[key])}" for key in differing]
    if others.count(own) != 1:  # files that have changed, or an older cache
        told.append(entry.folder.name)
    return ", ".join(told)


def _in_words(key: str, value: Any) -> str:
    """A setting as YAML has it, a path as people are told one."""
    if key.endswith(("path", "dir")) and isinstance(value, str):
        return shown_path(Path(value))
    return value if isinstance(value, str) else dumps(value)
