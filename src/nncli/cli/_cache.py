"""`nncli data cache list` on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from nncli.cli._console import cut, padded, visible
from nncli.files import shown_path

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.data.cache import Cached

__all__ = ["show_cache"]

LONGEST_NAME = 20
# Where the data lies, which is said where it tells entries of one name apart, and last.
PLACES = ("path", "validation_path", "test_path", "target_path", "data_dir", "load")


def show_cache(screen: Screen, entries: Sequence[Cached]) -> None:
    """A line for each entry: what it is, how large, and what was set for it."""
    if not entries:
        screen.out.print("The cache is empty.", markup=False)
        return
    widest = max(len("dataset"), *(cell_len(visible(entry.name)) for entry in entries))
    room = min(widest, LONGEST_NAME)
    heading = f"{'dataset':<{room}}  {'examples':>9}  {'MB':>7}  {'last used':<16}  what was set"
    screen.out.print(Text(heading, "dim"), soft_wrap=True)
    chosen = [_set(entry.settings) for entry in entries]
    for entry, own in zip(entries, chosen, strict=True):
        examples = f"{sum(entry.examples.values()):,}" if entry.examples else "damaged"
        used = datetime.fromtimestamp(entry.used).strftime("%Y-%m-%d %H:%M")
        cells = f"{examples:>9}  {entry.bytes / 1e6:>7,.1f}  {used}  "
        line = f"{padded(entry.name, room)}  {cells}"
        alike = [one for one in entries if one.name == entry.name]
        others = [some for one, some in zip(entries, chosen, strict=True) if one.name == entry.name]
        told = cut(_said(own, others), screen.out.width - cell_len(line))
        if entry.examples and sum(one.settings == entry.settings for one in alike) > 1:
            told = entry.folder.name  # files that have changed, or an older cache; `clear` takes it
        screen.out.print(Text(f"{line}{told}".rstrip()), soft_wrap=True)
    place = shown_path(entries[0].folder.parent)
    screen.out.print(f"\nin {place}", markup=False, soft_wrap=True)


def _said(own: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """What differs from the defaults, what others of its name do not have first."""
    telling = [key for key in own if any(one.get(key) != own[key] for one in others)]
    keys = [*telling, *(key for key in own if key not in telling and key not in PLACES)]
    keys.sort(key=lambda key: (key not in telling, key in PLACES))
    return ", ".join(f"{key}: {_in_words(key, own[key])}" for key in keys)


def _set(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings that are not what they are by default."""
    from nncli.data import defaults_of

    usual = defaults_of(str(settings.get("type", "")))
    return {
        key: value
        for key, value in settings.items()
        if key not in ("type", "name", "splits", "by") and value != usual.get(key)
    }


def _in_words(key: str, value: Any) -> str:
    """A setting as YAML has it, a path as people are told one, a mapping by its size."""
    if key in PLACES and isinstance(value, str):
        return shown_path(Path(value))
    if isinstance(value, dict):
        return f"{len(value)} set"
    return value if isinstance(value, str) else dumps(value, ensure_ascii=False)
