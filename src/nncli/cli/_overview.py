"""`nncli data show` on the screen, as wide as that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from nncli.cli._console import cut, padded, visible
from nncli.descriptions import in_unit, units_of

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.data.overview import (
        ColumnSummary,
        NumberSummary,
        Overview,
        Sketch,
        TextExample,
    )

__all__ = ["show_overview"]

CLASSES_SHOWN = 20
FREQUENT, RARE = 12, 4  # of more classes than that
COLUMNS_SHOWN = 25
LONGEST_NAME = 24
LONGEST_BAR = 40
NARROW = 60
BINS_SHOWN = 8
SHADES = " ░▒▓█"
PLAIN_SHADES = " .:+#"
LEVELS = "▁▂▃▄▅▆▇█"


def show_overview(screen: Screen, overview: Overview) -> None:
    """Splits, what goes in and out, classes as bars, columns and examples."""
    sizes = ", ".join(f"{size:,} {name}" for name, size in overview.examples.items())
    heading = Text.assemble(
        (visible(overview.name), "bold"), f": {overview.inputs} -> {overview.target}\n{sizes}"
    )
    screen.out.print(heading)
    for fact in overview.facts:
        screen.out.print(Text(fact))
    if overview.counts:
        screen.out.print()
        _show_counts(screen, overview.counts)
    for name, summary in overview.values.items():
        screen.out.print()
        _show_values(screen, in_unit(name, units_of(overview.target)), summary)
    if overview.columns:
        screen.out.print()
        _show_columns(screen, overview.columns)
    if overview.sketches:
        screen.out.print()
        _show_sketches(screen, overview.sketches)
    for example in overview.texts:
        screen.out.print()
        _show_text(screen, example)


def _is_unicode(screen: Screen) -> bool:
    return "utf" in (screen.out.encoding or "").lower()


def _bar(screen: Screen, share: float, room: int) -> str:
    length = math.ceil(min(max(share, 0.0), 1.0) * room) if share else 0
    return ("█" if _is_unicode(screen) else "#") * length


def _show_counts(screen: Screen, counts: Mapping[str, Mapping[str, int]]) -> None:
    """A row for each class: how many of each split, and all of them as a bar; of many classes the
    most and the least frequent."""
    first = next(iter(counts.values()))
    totals = {name: sum(split[name] for split in counts.values()) for name in first}
    ordered = sorted(totals, key=lambda name: -totals[name])
    shown = list(first)
    lines: list[str | None] = [*shown]
    if len(shown) > CLASSES_SHOWN:
        lines = [*ordered[:FREQUENT], None, *ordered[-RARE:]]
    width = screen.out.width
    splits = {name: {k: f"{v:,}" for k, v in split.items()} for name, split in counts.items()}
    if width < NARROW or len(splits) == 1:
        splits = {"examples": {name: f"{total:,}" for name, total in totals.items()}}
    named = [name for name in lines if name is not None]
    name_room = min(max([5, *(cell_len(visible(name)) for name in named)]), LONGEST_NAME,
                    width // 3)  # fmt: skip
    rooms = {s: max(len(s), *(len(cells[name]) for name in named)) for s, cells in splits.items()}
    room = min(width - name_room - sum(r + 2 for r in rooms.values()) - 2, LONGEST_BAR)
    heading = padded("class", name_room) + "".join(f"  {s:>{r}}" for s, r in rooms.items())
    screen.out.print(Text(heading, "dim"))
    most = max(totals.values(), default=1) or 1
    for name in lines:
        if name is None:
            rest = f"{len(shown) - len(named):,} more"
            screen.out.print(Text(f"... {rest}", "dim"))
            continue
        cells = "".join(f"  {splits[s][name]:>{r}}" for s, r in rooms.items())
        bar = _bar(screen, totals[name] / most, max(room, 0))
        screen.out.print(Text.assemble(padded(name, name_room), cells, "  ", (bar, "cyan")))


def _show_values(screen: Screen, name: str, summary: NumberSummary) -> None:
    """A value to be predicted, as a histogram."""
    written = partial(_number, year=summary.look_like_years)
    ends = f"from {written(summary.smallest)} to {written(summary.largest)}"
    screen.out.print(Text(f"{cut(name, 40)}: {ends}, mean {written(summary.mean)}"))
    bins = _joined(summary.bins, BINS_SHOWN)
    step = (summary.largest - summary.smallest) / len(bins)
    starts = [written(summary.smallest + step * number) for number in range(len(bins))]
    rooms = max(map(len, starts)), max(len(f"{count:,}") for count in bins)
    room = min(screen.out.width - sum(rooms) - 10, LONGEST_BAR)
    for start, count in zip(starts, bins, strict=True):
        bar = _bar(screen, count / max(bins), room)
        line = Text(f"  {start:>{rooms[0]}} ..  {count:>{rooms[1]},}  ")
        screen.out.print(line + Text(bar, "cyan"))


def _joined(bins: Sequence[int], wanted: int) -> list[int]:
    """Fewer bins, each of several."""
    each = max(1, len(bins) // wanted)
    return [sum(bins[start : start + each]) for start in range(0, len(bins), each)]


def _show_columns(screen: Screen, columns: Sequence[ColumnSummary]) -> None:
    width = screen.out.width
    shown = columns if len(columns) <= COLUMNS_SHOWN + 1 else columns[:COLUMNS_SHOWN]
    longest = LONGEST_NAME if width >= NARROW else 12
    name_room = min(max([6, *(cell_len(visible(column.name)) for column in shown)]), longest)
    lacks = width >= NARROW and any(column.missing for column in shown)
    heading = f"{padded('column', name_room)}  {'kind':<8}" + ("  missing" if lacks else "")
    room = max(width - len(heading) - 2, 8)
    screen.out.print(Text(f"{heading}  values", "dim"))
    for column in shown:
        share = 100 * column.missing / max(column.rows, 1)
        percent = f"{share:.0f} %" if share >= 1 else "< 1 %"
        missing = f"  {percent if column.missing else '':>7}" if lacks else ""
        line = f"{padded(column.name, name_room)}  {column.kind:<8}{missing}  "
        screen.out.print(Text(line + _described(screen, column, room)))
    if len(shown) < len(columns):
        rest = columns[len(shown) :]
        kinds = {kind: sum(c.kind == kind for c in rest) for kind in sorted({c.kind for c in rest})}
        listed = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        screen.out.print(Text(f"and {len(rest):,} more: {listed} (--json has all)", "dim"))


def _described(screen: Screen, column: ColumnSummary, room: int) -> str:
    """What is in a column, in `room` cells."""
    numbers = column.numbers
    if column.dates is not None:
        return cut(f"{column.dates.first} to {column.dates.last}", room)
    if numbers is not None:
        bins = _joined(numbers.bins, 8)
        most = max(bins) or 1
        line = "".join(LEVELS[min(7, math.ceil(8 * count / most) - 1)] if count else " "
                       for count in bins)  # fmt: skip
        written = partial(_number, year=numbers.look_like_years)
        ends = f"{written(numbers.smallest)} to {written(numbers.largest)}"
        told = f"{ends}, mean {written(numbers.mean)}"
        told = told if len(told) + 10 <= room else ends
        return f"{line}  {told}"[:room] if _is_unicode(screen) else cut(told, room)
    if not column.words:
        return ""
    if column.kind == "text":
        return cut(column.words[0][0], room)
    known = max(column.rows - column.missing, 1)
    words = [f"{cut(word, 20)} {100 * count / known:.0f} %" for word, count in column.words]
    return cut(f"{column.distinct:,}: {', '.join(words)}", room)


def _number(value: float, *, year: bool = False) -> str:
    if year:
        return f"{value:.0f}"
    if value == int(value) and abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def _show_sketches(screen: Screen, sketches: Sequence[Sketch]) -> None:
    """As many beside each other as there is room for."""
    shades = SHADES if _is_unicode(screen) else PLAIN_SHADES
    wide = len(sketches[0].rows[0])
    fitting = sketches[: max(1, (screen.out.width + 2) // (wide + 2))][:4]
    titles = "  ".join(padded(sketch.answer, wide) for sketch in fitting)
    screen.out.print(Text(titles.rstrip(), "dim"))
    for rows in zip(*(sketch.rows for sketch in fitting), strict=True):
        drawn = ["".join(shades[int(level)] for level in row) for row in rows]
        screen.out.print(Text("  ".join(drawn).rstrip()[: screen.out.width]))


def _show_text(screen: Screen, example: TextExample) -> None:
    """Three lines of a text."""
    room = screen.out.width * 3
    answer = cut(example.answer, screen.out.width // 2)
    text = cut(example.text, max(room - len(answer) - 8, 20)) or "(empty)"
    screen.out.print(Text.assemble((f"[{answer}] ", "cyan"), text))
