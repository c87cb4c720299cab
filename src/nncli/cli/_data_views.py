"""`nncli data list` and `show` on the screen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from nncli.cli._console import plain_table
from nncli.cli._numbers import shown
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.data.catalogue import Entry
    from nncli.data.looking import Overview

__all__ = ["overview_values", "show_catalogue", "show_overview"]

BAR = 30
CLASSES_SHOWN = 30
TEXT_SHOWN = 300


def show_catalogue(screen: Screen, entries: Sequence[Entry]) -> None:
    """Names with what they are."""
    if not entries:
        screen.out.print("Nothing like that is known.", markup=False)
        return
    table = plain_table("name", "input", "target", "download", "prepared")
    for entry in entries:
        size = "-" if entry.download_bytes is None else f"{entry.download_bytes / 1e6:,.1f} MB"
        prepared = "yes" if entry.prepared else ""
        table.add_row(entry.name, entry.input or "-", entry.target or "-", size, prepared)
    screen.out.print(table)
    unusable = [entry for entry in entries if entry.reason]
    if unusable and len(entries) <= 10:
        for entry in unusable:
            screen.out.print(Text(f"{entry.name}: {entry.reason}"), soft_wrap=True)
    usable = len(entries) - len(unusable)
    screen.out.print(
        f"\n{counted(len(entries), 'name')}, {usable:,} that nncli trains on as they are",
        markup=False,
    )


def show_overview(screen: Screen, overview: Overview) -> None:
    """Splits, what goes in and out, classes as bars, columns and examples."""
    dataset = overview.dataset
    sizes = ", ".join(f"{len(split):,} {name}" for name, split in dataset.splits.items())
    screen.out.print(Text(f"{dataset.name}: {dataset.inputs} -> {dataset.target}\n{sizes}\n"))
    if overview.counts:
        _show_counts(screen, overview.counts)
    for name, (least, mean, most) in overview.values.items():
        line = f"{name}: {shown(least)} to {shown(most)}, mean {shown(mean)}"
        screen.out.print(Text(line), soft_wrap=True)
    if overview.columns:
        table = plain_table("column", "kind", "first values")
        for name, kind, cells in overview.columns:
            table.add_row(Text(name), kind, Text(", ".join(cells)))
        screen.out.print()
        screen.out.print(table)
    for text, answer in overview.examples:
        cut = text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]}..."
        screen.out.print()
        screen.out.print(Text(f"[{answer}] {cut}"))


def _show_counts(screen: Screen, counts: Mapping[str, Mapping[str, int]]) -> None:
    """A row for each class: how many of each split, and all of them as a bar."""
    first = next(iter(counts.values()))
    totals = {name: sum(split[name] for split in counts.values()) for name in first}
    most = max(totals.values(), default=1) or 1
    table = plain_table("class", *counts, "")
    for name in list(first)[:CLASSES_SHOWN]:
        bar = "#" * math.ceil(BAR * totals[name] / most)
        table.add_row(Text(name), *(f"{split[name]:,}" for split in counts.values()), Text(bar))
    screen.out.print(table)
    if len(first) > CLASSES_SHOWN:
        screen.out.print(f"and {len(first) - CLASSES_SHOWN:,} more", markup=False)


def overview_values(overview: Overview) -> dict[str, Any]:
    """What `--json` says."""
    dataset = overview.dataset
    return {
        "name": dataset.name,
        "input": dataset.inputs.model_dump(mode="json"),
        "target": dataset.target.model_dump(mode="json"),
        "examples": {name: len(split) for name, split in dataset.splits.items()},
        "counts": overview.counts,
        "values": {
            name: {"smallest": least, "mean": mean, "largest": most}
            for name, (least, mean, most) in overview.values.items()
        },
    }
