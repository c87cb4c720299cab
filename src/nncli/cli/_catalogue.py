"""`nncli data list` on the screen: what can be used first, the rest with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from rich.text import Text

from nncli.catalogue import dataset_names
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.catalogue import Entry
    from nncli.cli._console import Screen

__all__ = ["show_catalogue"]

LONGEST_NAME = 34
NARROW = 60


def show_catalogue(
    screen: Screen, entries: Sequence[Entry], *, word: str, everything: bool
) -> None:
    """The names that nncli trains on as they are; others with a word or on request."""
    if not entries:
        near = get_close_matches(word.lower(), dataset_names(), n=3)
        meant = f"did you mean {' or '.join(near)}?" if near else "all names: nncli data list --all"
        screen.out.print(Text(f"Nothing is called or described {word!r}; {meant}"), soft_wrap=True)
        return
    usable = [entry for entry in entries if not entry.reason]
    # What is here already can be trained on at once.
    usable.sort(key=lambda entry: not entry.prepared)
    others = [entry for entry in entries if entry.reason]
    if usable:
        _show_usable(screen, usable)
    if others and (everything or word):
        _show_others(screen, others, behind=bool(usable))
    if usable:
        screen.out.print()
        as_it_is = "as it is" if len(usable) == 1 else "as they are"
        names = f"{counted(len(usable), 'name')} that nncli trains on {as_it_is}"
        screen.out.print(Text(f"{names}, {_prepared(usable)}."))
    for package in sorted({entry.needs for entry in usable if entry.needs}):
        screen.out.print(
            Text(f"What needs {package} is prepared after: pip install 'nncli[sound]'")
        )
    if others and not (everything or word):
        hidden = (
            f"{len(others):,} more ({_prepared(others)}) want to be told what is input and what is "
            "target, or are none of nncli's tasks:"
        )
        screen.out.print(Text(hidden))
        screen.out.print(Text("  nncli data list --all"))


def _show_usable(screen: Screen, entries: Sequence[Entry]) -> None:
    name_room = min(max(len(entry.name) for entry in entries), LONGEST_NAME)
    narrow = screen.out.width < NARROW
    inputs = max(len("input"), *(len(entry.input) for entry in entries))
    targets = max(len("target"), *(len(entry.target) for entry in entries))
    others = f"  {'':{inputs}}  {'download':>8}" + ("" if narrow else f"  {'':{targets}}  here")
    name_room = min(name_room, screen.out.width - len(others))
    columns = f"{'name':<{name_room}}  {'input':<{inputs}}"
    columns += "" if narrow else f"  {'target':<{targets}}"
    screen.out.print(Text(f"{columns}  {'download':>8}" + ("" if narrow else "  here"), "dim"))
    for entry in entries:
        name = entry.name if len(entry.name) <= name_room else f"{entry.name[: name_room - 1]}…"
        line = f"{name:<{name_room}}  {entry.input:<{inputs}}"
        line += "" if narrow else f"  {entry.target:<{targets}}"
        line += f"  {_size(entry.download_bytes):>8}"
        if not narrow:
            line += "  yes" if entry.prepared else f"  needs {entry.needs}" if entry.needs else ""
        screen.out.print(Text(line, "bold" if entry.prepared else ""))


def _show_others(screen: Screen, entries: Sequence[Entry], *, behind: bool) -> None:
    heading = f"Cannot be used as {'it is' if len(entries) == 1 else 'they are'}:"
    screen.out.print(Text(f"\n{heading}" if behind else heading, "dim"))
    for entry in entries:
        here = " (prepared here)" if entry.prepared else ""
        screen.out.print(Text.assemble((entry.name, "bold"), f"{here}: {_reason(entry)}"))
    if any(entry.input_is_open for entry in entries):
        screen.out.print(Text("\nSay what is which, of what nncli data show NAME tells it has:"))
        screen.out.print(Text("  --set dataset.inputs=NAME --set dataset.target=NAME"))


def _prepared(entries: Sequence[Entry]) -> str:
    return f"{sum(entry.prepared for entry in entries):,} prepared here"


def _reason(entry: Entry) -> str:
    """The reason without the name, which stands before it."""
    reason = entry.reason
    for lead in (f"{entry.name}: ", f"{entry.name} "):
        reason = reason.removeprefix(lead)
    return reason


def _size(size: int | None) -> str:
    if size is None:
        return "by hand"
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if size >= factor:
            return f"{size / factor:,.{0 if size >= 100 * factor else 1}f} {unit}"
    return f"{size / 1e3:,.0f} kB" if size else "none"
