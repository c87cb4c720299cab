"""`nncli data`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli import _completion
from nncli.cli._options import (
    DataDirOption,
    DebugOption,
    QuietOption,
    experiment_flags,
    screen_of,
)
from nncli.cli._progress import reporter_for
from nncli.config import load_experiment
from nncli.errors import NotFoundError

__all__ = ["app"]

app = typer.Typer(
    name="data", help="Find and prepare data.", no_args_is_help=True, add_completion=False
)


@app.callback()
def _group() -> None:
    pass


@app.command("prepare")
def prepare_command(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=_completion.datasets,
            help="A tensorflow-datasets name, such as mnist.",
        ),
    ],
    archives: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR",
            help="Folder with the original archives; the network is then never touched.",
        ),
    ] = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Fetch and prepare a dataset ahead of time, from the network or from archives you have."""
    flags = experiment_flags({"dataset": name, "data_dir": data_dir})
    settings = load_experiment([], flags).dataset
    if archives is not None and not archives.is_dir():
        raise NotFoundError(f"There is no folder {archives}.")
    screen = screen_of(context)
    screen.capture_libraries()
    from nncli.data import prepare

    folder = prepare(settings, archives=archives, reporter=reporter_for(screen))
    if not quiet:
        place = f"in {folder}" if folder else "embedded: nothing to prepare"
        screen.out.print(f"{settings.label} is ready, {place}", markup=False, soft_wrap=True)
