"""`nncli data`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nncli.cli import _completion
from nncli.cli._options import (
    AsJson,
    DataDirOption,
    DebugOption,
    Described,
    OfflineOption,
    QuietOption,
    experiment_flags,
    experiment_options,
    screen_of,
)
from nncli.cli._outputs import check_output
from nncli.cli._progress import reporter_for
from nncli.errors import NotFoundError
from nncli.files import shown_path, to_json
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.data.cache import Cached

__all__ = ["app"]

app = typer.Typer(
    name="data",
    help="Find, look at, check and prepare data.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _group() -> None:
    pass


Word = Annotated[
    str,
    typer.Argument(metavar="WORD", help="Part of a name, an input or a target: image, text."),
]
Examined = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME|PATH",
        autocompletion=_completion.datasets,
        help="A name, a file or a folder. Default: what the configuration says.",
    ),
]


@app.command("list")
def list_command(
    context: typer.Context,
    word: Word = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Also what cannot be used as it is, with the reason.")
    ] = False,
    data_dir: DataDirOption = None,
    json: AsJson = False,
    offline: OfflineOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what can be used by name: input, target, size of the download, whether it is here."""
    from dataclasses import asdict

    from nncli.catalogue import catalogue
    from nncli.cli._catalogue import show_catalogue

    screen, entries = screen_of(context), catalogue(word, data_dir=data_dir)
    if json:
        screen.out.file.write(to_json([asdict(entry) for entry in entries]))
    else:
        show_catalogue(screen, entries, word=word, everything=everything)


@app.command("show")
@experiment_options
def show_command(
    context: typer.Context,
    described: Described,
    dataset_name: Examined = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Also draw examples, as a PNG."),
    ] = None,
    augment: Annotated[
        bool,
        typer.Option(
            "--augment",
            help="Draw examples as training sees them, changed by dataset.augment; to FILE, or "
            "NAME-augmented.png.",
        ),
    ] = False,
    json: AsJson = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what is in a dataset: splits, classes, columns, examples."""
    experiment = described.with_dataset(dataset_name).resolve().experiment
    check_output("--picture", picture, (".png",))
    screen = screen_of(context)
    screen.capture_libraries()
    from nncli.cli._overview import show_overview
    from nncli.data.looking import look
    from nncli.data.looking.augmenting import draw_augmented
    from nncli.data.looking.picturing import draw

    reporter = reporter_for(screen)
    settings = experiment.dataset.with_a_fold()
    if settings is not experiment.dataset:
        reporter.notice(f"Of {settings.folds} folds, each tested once, the first is shown.")
    if augment:
        picture = picture or Path(f"{settings.label}-augmented.png")
        draw_augmented(settings, picture, seed=experiment.seed, reporter=reporter)
        if not quiet:
            screen.out.print(f"Picture: {shown_path(picture)}", markup=False, soft_wrap=True)
        return
    overview = look(settings, seed=experiment.seed, reporter=reporter)
    if picture is not None:
        draw(overview, settings, picture, seed=experiment.seed)
    if json:
        # Remarks were said beside it.
        plain = overview.model_dump(mode="json", exclude={"sketches", "remarks"})
        screen.out.file.write(to_json(plain))
    elif not quiet:
        show_overview(screen, overview)
        if picture is not None:
            screen.out.print(f"\nPicture: {shown_path(picture)}", markup=False, soft_wrap=True)


@app.command("check")
@experiment_options
def check_command(
    context: typer.Context,
    described: Described,
    dataset_name: Examined = None,
    json: AsJson = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Examine a dataset: what cannot be read, copies, rare classes, columns that tell too much.

    Exit code 1 if something is graded fail.
    """
    experiment = described.with_dataset(dataset_name).resolve().experiment
    screen = screen_of(context)
    screen.capture_libraries()
    from dataclasses import asdict

    from nncli.cli._findings import show_findings
    from nncli.data.checking import check

    findings = check(experiment.dataset, seed=experiment.seed, reporter=reporter_for(screen))
    if json:
        screen.out.file.write(to_json([asdict(finding) for finding in findings]))
    elif not quiet:
        show_findings(screen, findings)
    if any(finding.grade == "fail" for finding in findings):
        raise typer.Exit(1)


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
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Fetch and prepare a dataset ahead of time, from the network or from archives you have."""
    from nncli.config import load_experiment

    flags = experiment_flags({"dataset": name, "data_dir": data_dir})
    settings = load_experiment([], flags).dataset
    if archives is not None and not archives.is_dir():
        raise NotFoundError(f"There is no folder {archives}.")
    screen = screen_of(context)
    screen.capture_libraries()
    from nncli.data import prepare

    folder = prepare(settings, archives=archives, reporter=reporter_for(screen))
    if not quiet:
        place = f"in {shown_path(folder)}" if folder else "embedded: nothing to prepare"
        screen.out.print(f"{settings.label} is ready, {place}", markup=False, soft_wrap=True)


@cache_app.command("list")
def cache_list_command(
    context: typer.Context,
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Show what is in the cache, where it is and how large."""
    from nncli.cli._cache import show_cache
    from nncli.data.cache import cached

    screen, entries = screen_of(context), cached()
    if json:
        screen.out.file.write(to_json([_plain(entry) for entry in entries]))
    else:
        show_cache(screen, entries)


@cache_app.command("clear")
def cache_clear_command(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="Names of datasets. Default: all of them."),
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
        "settings": dict(entry.settings),
        "used": used,
    }
