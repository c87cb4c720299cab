"""An evaluation on the screen."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from nncli.cli._console import plain_table, visible
from nncli.cli._numbers import shown
from nncli.descriptions import in_unit, units_of
from nncli.files import shown_path
from nncli.objectives.metrics import metric_units
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.inference import Evaluation
    from nncli.runs.metrics import Calibrated, Comparison, Metrics

__all__ = ["show", "show_more"]

MOST_CLASSES = 12  # whose confusion matrix fits on the screen
CONFUSIONS = 10
WIDTH = 80
NO_BREAK = "\u00a0"


def show(screen: Screen, evaluation: Evaluation) -> None:
    """The metrics with their intervals, each class, and what is taken for what."""
    from rich.text import Text

    units = metric_units(evaluation.target)
    words = [
        f"{name} {shown(value)} {units.get(name, '')}".strip().replace(" ", NO_BREAK)
        for name, value in evaluation.metrics.items()
    ]
    values = textwrap.fill("  ".join(words), WIDTH).replace(NO_BREAK, " ")
    title = f"{evaluation.where}, {counted(evaluation.examples, 'example')}"
    if evaluation.deciding:
        title += f"; {visible(evaluation.deciding)}"
    screen.out.print(Text(f"{title}\n{values}\n"), soft_wrap=True)
    _show_classes(screen, evaluation)
    _show_metrics(screen, evaluation)
    _show_confusion(screen, evaluation)
    _show_deciles(screen, evaluation)


def _show_classes(screen: Screen, evaluation: Evaluation) -> None:
    from rich.text import Text

    if evaluation.per_class is None:
        return
    thresholds = {one.name: one for one in evaluation.assessment.thresholds or ()}
    more = ("best from", "f1 then") if thresholds else ()
    table = plain_table("class", "precision", "recall", "f1", "count", *more)
    for row in evaluation.per_class:
        cells = [*map(shown, (row.precision, row.recall, row.f1)), f"{row.count:,}"]
        if thresholds:
            best = thresholds[row.name]
            cells += [shown(best.threshold), shown(best.f1)]
        table.add_row(Text(visible(row.name)), *cells)
    screen.out.print(table)
    screen.out.print()


def _show_metrics(screen: Screen, evaluation: Evaluation) -> None:
    from rich.text import Text

    assessment, units = evaluation.assessment, metric_units(evaluation.target)
    table = plain_table("metric", "", "95 % interval")
    for name, value in assessment.metrics.items():
        interval = assessment.intervals.get(name)
        between = "" if interval is None else " ... ".join(map(shown, interval))
        heading = in_unit(name, units)
        table.add_row(Text(visible(heading)), shown(value), between)
    screen.out.print(table)


def _show_confusion(screen: Screen, evaluation: Evaluation) -> None:
    """The matrix where it fits; else the commonest confusions."""
    from rich.text import Text

    matrix, names = evaluation.assessment.confusion_matrix, evaluation.target.names
    if matrix is None:
        return
    screen.out.print()
    largest = max(max(row) for row in matrix)
    wanted = max(map(len, names)) + 2 + len(names) * (max(len(f"{largest:,}"), 3) + 2)
    if len(names) <= MOST_CLASSES and wanted <= WIDTH:
        longest = max(map(len, names))
        whole = longest + 2 + len(names) * (longest + 2) <= WIDTH
        width = longest if whole else max(len(f"{largest:,}"), 3)
        short = [visible(name)[:width] for name in names]
        table = plain_table("is \\ said", *short)
        for name, row in zip(names, matrix, strict=True):
            table.add_row(Text(visible(name)), *(f"{n:,}" if n else "." for n in row))
        screen.out.print(table)
        return
    cells = [
        (count, true, said)
        for true, row in zip(names, matrix, strict=True)
        for said, count in zip(names, row, strict=True)
        if count and said != true
    ]
    table = plain_table("is", "said", "examples")
    table.columns[1].justify = "left"
    for count, true, said in sorted(cells, key=lambda cell: -cell[0])[:CONFUSIONS]:
        table.add_row(Text(visible(true)), Text(visible(said)), f"{count:,}")
    screen.out.print(table)


def _show_deciles(screen: Screen, evaluation: Evaluation) -> None:
    units = units_of(evaluation.target)
    for name, deciles in (evaluation.assessment.deciles or {}).items():
        screen.out.print()
        heading = visible(in_unit(name, units))
        table = plain_table(heading, "to", "mean error", "mae", "count")
        for one in deciles:
            cells = (one.high, one.mean_error, one.mae)
            table.add_row(shown(one.low), *map(shown, cells), f"{one.count:,}")
        screen.out.print(table)


def show_more(screen: Screen, document: Metrics) -> None:
    """What calibrating did, and how the model compares with another."""
    if document.calibrated is not None:
        _show_calibrated(screen, document.calibrated)
    if document.comparison is not None:
        _show_comparison(screen, Path(document.name), document.comparison)


def _show_calibrated(screen: Screen, found: Calibrated) -> None:
    """What calibrating did."""
    (ece, new_ece), (loss, new_loss) = found.ece, found.crossentropy
    sure = "too sure of itself" if found.temperature > 1 else "not sure enough"
    screen.out.print(
        f"\nTemperature {shown(found.temperature)}: the model was {sure}.\n"
        f"ece {shown(ece)} -> {shown(new_ece)}  cross-entropy {shown(loss)} -> {shown(new_loss)}\n"
        f"Saved as {shown_path(Path(found.path))}",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _show_comparison(screen: Screen, this: Path, found: Comparison) -> None:
    """The difference, and whether it could be luck."""
    low, high = found.interval
    lines = [
        f"\n{found.metric} {shown(found.values[0])}  {shown_path(this)}",
        f"{found.metric} {shown(found.values[1])}  {shown_path(Path(found.other))}",
    ]
    if low == high == 0:  # no example differs, or some resample would
        lines.append("They do equally well on every example.")
        screen.out.print("\n".join(lines), markup=False, soft_wrap=True)
        return
    lines.append(f"difference {found.difference:+.4g}, 95 % interval {low:+.4g} ... {high:+.4g}")
    if found.p_value is not None:
        lines.append(
            f"right by one alone: {found.only_this:,} and {found.only_other:,}; McNemar's test: "
            f"p = {found.p_value:.2g}"
        )
    clear = low > 0 or high < 0
    lines.append("This is more than luck." if clear else "This may be luck.")
    screen.out.print("\n".join(lines), markup=False, soft_wrap=True)
