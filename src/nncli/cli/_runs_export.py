"""`nncli runs export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli._options import (
    DebugOption,
    QuietOption,
    RunsDirOption,
    screen_of,
)
from nncli.cli._outputs import check_output, is_standard_output
from nncli.cli._progress import reporter_for
from nncli.cli._runs_options import SortOption, WhereOption
from nncli.errors import UsageError
from nncli.reporting import counted

__all__ = ["export_command"]

# Whether a file with this ending has JSON Lines.
EXPORTED = {".csv": False, ".jsonl": True, ".ndjson": True}


def export_command(
    context: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="Where to write, .csv, .jsonl or .ndjson; - or nothing: on stdout.",
        ),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="As CSV, whatever FILE is called. The default.")
    ] = False,
    as_json_lines: Annotated[
        bool, typer.Option("--jsonl", help="As JSON Lines: an object a line.")
    ] = False,
    history: Annotated[
        bool,
        typer.Option("--history", help="A row for each epoch of each run, instead of each run."),
    ] = False,
    sort: SortOption = None,
    where: WhereOption = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", help="The first N runs alone. Default: all."),
    ] = None,
    runs_dir: RunsDirOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Write all runs as one flat table, for pandas, R or a spreadsheet.

    A row a run, with a column for every setting, metric, time in seconds,
    tag and note that any of them has; what a run does not have is an empty
    cell. With --history a row an epoch. To look at runs: nncli runs list.
    """
    place = None if file is None or is_standard_output(file) else Path(file)
    as_lines = _is_json_lines(place, as_csv=as_csv, as_json_lines=as_json_lines)
    check_output("FILE", place)
    from nncli.files import shown_path, write_atomically
    from nncli.runs.selecting import selected
    from nncli.runs.tables import epochs_table, runs_table

    screen = screen_of(context)
    rows, _ = selected(runs_dir or Path("runs"), where=where or (), sort=sort, most=limit)
    table, lacking = epochs_table(rows) if history else (runs_table(rows), ())
    text = table.to_json_lines() if as_lines else table.to_csv()
    reporter = reporter_for(screen)
    for sentence in lacking:
        reporter.notice(sentence)
    if place is None:
        screen.out.file.write(text)
        return
    write_atomically(place, text)
    if not quiet:
        what = counted(len(table.rows), "epoch" if history else "run")
        columns = counted(len(table.columns), "column")
        said = f"Written: {shown_path(place)} ({what}, {columns})"
        screen.out.print(said, markup=False, soft_wrap=True)


def _is_json_lines(place: Path | None, *, as_csv: bool, as_json_lines: bool) -> bool:
    """What is written: as the flags say, or else as the name ends.

    Raises:
        UsageError: they say both, or nothing says it.
    """
    if as_csv and as_json_lines:
        raise UsageError("Only one of --csv and --jsonl can be written.")
    if as_csv or as_json_lines or place is None:
        return as_json_lines
    ending = place.suffix.lower()
    if ending not in EXPORTED:
        raise UsageError(
            f"{place} does not end in {', '.join(EXPORTED)}.",
            hint="Name the format with --csv or --jsonl.",
        )
    return EXPORTED[ending]
