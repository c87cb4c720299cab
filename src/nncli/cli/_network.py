"""`nncli model show` on the screen, as wide as that is."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from nncli.cli._console import visible
from nncli.models.anatomy import shown
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.models.anatomy import Layer
    from nncli.training.overview import ModelOverview

__all__ = ["document", "show_network"]

NARROW = 60
SHORTEST_NAME = 12
LABEL = 12


def document(overview: ModelOverview) -> dict[str, Any]:
    """What `--json` prints: as the overview, layers called by name."""
    names = [layer.name for layer in overview.layers]
    layers = [
        {**asdict(layer), "sources": [names[place] for place in layer.sources]}
        for layer in overview.layers
    ]
    return {**asdict(overview), "layers": layers}


def show_network(screen: Screen, overview: ModelOverview) -> None:
    """What stands in front, the layers, what stands behind, and what all of it costs."""
    heading = Text.assemble((overview.type, "bold"), f" for {visible(overview.dataset)}\n")
    screen.out.print(heading, soft_wrap=True)
    _show_fact(screen, "in front", f"{overview.inputs}: {overview.preprocessing}")
    if overview.augmentation:
        changed = f"while training changed by {', '.join(overview.augmentation)}"
        _show_fact(screen, "", changed)
    screen.out.print()
    _show_layers(screen, overview)
    screen.out.print()
    _show_fact(screen, "behind", overview.answer)
    for name, text in _totals(overview).items():
        _show_fact(screen, name, text)


def _totals(overview: ModelOverview) -> dict[str, str]:
    fixed = overview.parameters - overview.trained
    trained = "all of them trained"
    if fixed:
        trained = f"{overview.trained:,} of them trained, {fixed:,} not"
    least = "at least " if any(layer.flops is None for layer in overview.layers) else ""
    batch = counted(overview.batch_size, "example")
    return {
        "parameters": f"{overview.parameters:,}, {trained}; {size(overview.bytes)}",
        "operations": f"{least}{_operations(overview.flops)} an example",
        "memory": f"a training step of {batch} about {size(overview.step_bytes)}; weights, "
        f"gradients and optimizer {size(overview.weight_bytes)}",
    }


def _show_fact(screen: Screen, name: str, text: str) -> None:
    """A line with its name in front; what is too long goes on below itself."""

    room = max(screen.out.width - LABEL, 20)
    lines = textwrap.wrap(visible(text), room) or [""]
    for number, line in enumerate(lines):
        label = name if number == 0 else ""
        screen.out.print(Text.assemble((f"{label:<{LABEL}}", "dim"), line))


def _show_layers(screen: Screen, overview: ModelOverview) -> None:
    """A layer a line. What takes from another than the one above says so."""
    names = [_Name.of(overview, place) for place in range(len(overview.layers))]
    rows = [
        (str(name), _kind(layer), shown(layer.shape), _count(layer.parameters),
         _share(layer, overview.flops))
        for name, layer in zip(names, overview.layers, strict=True)
    ]  # fmt: skip
    headings = ("layer", "kind", "output", "parameters", "FLOPs")
    rooms = [max(cell_len(row[column]) for row in (headings, *rows)) for column in range(5)]
    narrow = screen.out.width < NARROW
    if narrow:
        rooms[1] = 0
    others = sum(room + 2 for room in rooms[1:] if room)
    rooms[0] = min(rooms[0], max(screen.out.width - others, SHORTEST_NAME))
    firsts = [_cut(headings[0], rooms[0]), *(name.in_room(rooms[0]) for name in names)]
    for number, (first, row) in enumerate(zip(firsts, (headings, *rows), strict=True)):
        cells = [first] if narrow else [first, _cut(row[1], rooms[1])]
        cells += [_cut(row[2], rooms[2])]
        cells += [f"{cell:>{room}}" for cell, room in zip(row[3:], rooms[3:], strict=True)]
        screen.out.print(Text("  ".join(cells).rstrip(), "" if number else "dim"), soft_wrap=True)


@dataclass(frozen=True)
class _Name:
    """A layer, and which it takes from: `+` beside the line above, `<` instead of it."""

    name: str
    mark: str
    others: str

    @classmethod
    def of(cls, overview: ModelOverview, place: int) -> _Name:
        layer = overview.layers[place]
        others = [overview.layers[source].name for source in layer.sources if source != place - 1]
        mark = " + " if len(others) < len(layer.sources) else " < "
        return cls(visible(layer.name), mark if others else "", visible(", ".join(others)))

    def __str__(self) -> str:
        return f"{self.name}{self.mark}{self.others}"

    def in_room(self, room: int) -> str:
        """In exactly `room` cells of the terminal, something left of both."""
        if not self.mark or cell_len(str(self)) <= room:
            return _cut(str(self), room)
        rest = room - len(self.mark)
        own = min(cell_len(self.name), max(rest - cell_len(self.others), rest // 2))
        return f"{_cut(self.name, own)}{self.mark}{_cut(self.others, rest - own)}"


def _kind(layer: Layer) -> str:
    return f"{layer.kind}, frozen" if layer.is_frozen else layer.kind


def _cut(text: str, room: int) -> str:
    """`text` in exactly `room` cells of the terminal, its middle left out."""
    plain = visible(text)
    if cell_len(plain) > room:
        end = (room - 1) // 4  # numbers of blocks come first, and a word that the kind repeats last
        plain = f"{set_cell_size(plain, room - 1 - end)}…{plain[len(plain) - end :]}"
    return set_cell_size(plain, room)


def _count(parameters: int) -> str:
    return f"{parameters:,}" if parameters else ""


def _share(layer: Layer, total: int) -> str:
    """Of all operations, in percent."""
    if layer.flops is None:
        return "?"
    if not layer.flops:
        return ""
    share = 100 * layer.flops / total
    return f"{share:.0f} %" if share >= 1 else "< 1 %"


def size(count: int) -> str:
    """Bytes for people."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{count} bytes"


def _operations(count: int) -> str:
    for unit, factor in (("GFLOP", 1e9), ("MFLOP", 1e6), ("kFLOP", 1e3)):
        if count >= factor:
            return f"{count / factor:,.2f} {unit}"
    return f"{count} FLOP"
