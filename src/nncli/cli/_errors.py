"""Options about the examples behind the numbers, and what is shown and written of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli._console import plain_table
from nncli.cli._numbers import shown
from nncli.cli._outputs import check_output
from nncli.files import shown_path
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.inference import Evaluation
    from nncli.runs import Metrics

__all__ = ["ErrorsOption", "GalleryOption", "SliceOption", "check_error_files", "show_slices"]
__all__ += ["write_error_files"]

SliceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--slice",
        metavar="COLUMN",
        help="Also measure by the values of a column of the table, the worst first; folder: by the "
        "folders that files lie in. Repeatable.",
    ),
]
ErrorsOption = Annotated[
    Path | None,
    typer.Option(
        "--errors",
        metavar="FILE",
        help="Write the wrong answers, the worst first, with the names of the examples (.csv or "
        ".jsonl); likely wrong labels are marked.",
    ),
]
GalleryOption = Annotated[
    Path | None,
    typer.Option("--gallery", metavar="FILE", help="Draw the worst of them as one picture (.png)."),
]


def check_error_files(errors: Path | None, gallery: Path | None) -> None:
    """Refuse files that cannot be written, or of another kind, before any work.

    Raises:
        UsageError: the ending says neither CSV nor JSON Lines, or no PNG.
        NotFoundError, StorageError: as `check_output`.
    """
    check_output("--errors", errors, (".csv", ".jsonl"))
    check_output("--gallery", gallery, (".png",))


def write_error_files(
    evaluation: Evaluation, errors: Path | None, gallery: Path | None, reporter: Reporter
) -> None:
    """Write what was asked for, and say where."""
    from nncli.inference.error_files import draw_gallery, write_errors

    if errors is not None:
        count = write_errors(evaluation, errors, reporter)
        reporter.notice(f"{counted(count, 'wrong answer')} written to {shown_path(errors)}")
    if gallery is not None:
        draw_gallery(evaluation, gallery, reporter)
        reporter.notice(f"The worst of them are drawn in {shown_path(gallery)}")


def show_slices(screen: Screen, document: Metrics) -> None:
    """A table for each column that was sliced by."""
    from rich.text import Text

    for name, rows in (document.slices or {}).items():
        table = plain_table(name, *rows[0].metrics, "count")
        for row in rows:
            table.add_row(Text(row.value), *map(shown, row.metrics.values()), f"{row.count:,}")
        screen.out.print(Text(""))
        screen.out.print(table)
