"""`nncli data`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nncli.cli import _completion
from nncli.cli._console import plain_table
from nncli.cli._options import (
    AsJson,
    DataDirOption,
    DebugOption,
    QuietOption,
    experiment_flags,
    screen_of,
)
from nncli.cli._progress import reporter_for
from nncli.config import load_experiment
from nncli.errors import NotFoundError
from nncli.files import to_json
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.data.cache import Cached

__all__ = ["app"]

app = typer.Typer(
    name="data", help="Find and prepare data.", no_args_is_help=True, add_completion=False
)


@app.callback()
def _group() -> None:
    pass


cache_app = typer.Typer(
    name="cache", help="Decoded datasets that are kept on disk.", no_args_is_help=True,
    add_completion=False,
)  # fmt: skip
app.add_typer(cache_app)


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


@cache_app.command("list")
def cache_list_command(
    context: typer.Context,
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Show what is in the cache, where it is and how large."""
    from nncli.data.cache import cached

    screen, entries = screen_of(context), cached()
    if json:
        screen.out.file.write(to_json([_plain(entry) for entry in entries]))
    else:
        _show_cache(screen, entries)


@cache_app.command("clear")
def cache_clear_command(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Names of datasets. Default: all of them."),
    ] = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove decoded datasets; the next training that needs one decodes it again."""
    from nncli.data.cache import clear

    removed = clear(names or ())
    if not quiet:
        freed = sum(entry.bytes for entry in removed) / 1e6
        what = f"Removed {counted(len(removed), 'dataset')} ({freed:,.1f} MB)"
        screen_of(context).out.print(what if removed else "The cache is empty.", markup=False)


def _plain(entry: Cached) -> dict[str, Any]:
    used = datetime.fromtimestamp(entry.used, UTC).isoformat(timespec="seconds")
    return {
        "name": entry.name,
        "folder": str(entry.folder),
        "examples": entry.examples,
        "bytes": entry.bytes,
        "used": used,
    }


def _show_cache(screen: Screen, entries: Sequence[Cached]) -> None:
    if not entries:
        screen.out.print("The cache is empty.", markup=False)
        return
    table = plain_table("dataset", "examples", "MB", "last used")
    for entry in entries:
        examples = f"{sum(entry.examples.values()):,}" if entry.examples else "damaged"
        used = datetime.fromtimestamp(entry.used).strftime("%Y-%m-%d %H:%M")
        table.add_row(entry.name, examples, f"{entry.bytes / 1e6:,.1f}", used)
    screen.out.print(table)
    screen.out.print(f"\nin {entries[0].folder.parent}", markup=False, soft_wrap=True)
