"""`nncli runs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli import _completion
from nncli.cli._console import plain_table
from nncli.cli._options import (
    DebugOption,
    JsonOption,
    OfflineOption,
    QuietOption,
    RunDirOption,
    RunsDirOption,
    screen_of,
)
from nncli.cli._progress import reporter_for
from nncli.errors import UsageError
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.training.reproduction import Reproduction

__all__ = ["app"]

MAXIMUM_SHOWN = 20

app = typer.Typer(
    name="runs", help="Look back at runs.", no_args_is_help=True, add_completion=False
)


@app.callback()
def _group() -> None:
    pass


@app.command("reproduce")
def reproduce_command(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            autocompletion=_completion.runs,
            help="A run: folder, number, name, latest or best:test.accuracy.",
        ),
    ],
    runs_dir: RunsDirOption = None,
    run_dir: RunDirOption = None,
    json: JsonOption = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Repeat a finished run in a new folder, and compare every metric.

    The exit code is 0 when all of them are identical, and 1 with the differences otherwise.
    """
    if run_dir is not None and runs_dir is not None:
        raise UsageError("--run-dir names the folder itself: --runs-dir does not apply.")
    from nncli import runs
    from nncli.training.reproduction import reproduce

    screen = screen_of(context)
    folder = runs.find(runs_dir or Path("runs"), run)
    screen.capture_libraries()
    reproduction = reproduce(
        folder.path,
        runs_dir=runs_dir or "runs",
        run_dir=run_dir,
        reporter=reporter_for(screen),
        command=["nncli", *sys.argv[1:]],
    )
    if json:
        screen.out.file.write(reproduction.result.metrics.to_json())
    elif not quiet:
        _show(screen, folder.path, reproduction)
    if reproduction.differences:
        raise typer.Exit(1)


def _show(screen: Screen, before: Path, reproduction: Reproduction) -> None:
    from rich.text import Text

    now = reproduction.result.folder
    differences = reproduction.differences
    if not differences:
        result = reproduction.result
        amount = counted(len(result.history), "epoch")
        if result.folds:
            amount = counted(len(result.folds), "fold")
        text = f"Identical: every metric of {now} is that of {before} ({amount})."
        screen.out.print(Text(text), soft_wrap=True)
        return
    text = f"Not identical to {before}: {counted(len(differences), 'number')} of {now}\n"
    screen.out.print(Text(text), soft_wrap=True)
    table = plain_table("", "then", "now")
    for found in differences[:MAXIMUM_SHOWN]:
        table.add_row(found.name, str(found.before), str(found.now))
    screen.out.print(table)
    if len(differences) > MAXIMUM_SHOWN:
        screen.out.print(f"... and {len(differences) - MAXIMUM_SHOWN} more", markup=False)
