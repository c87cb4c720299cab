"""`nncli runs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli._console import plain_table, visible
from nncli.cli._errors import SliceOption
from nncli.cli._options import (
    AsJson,
    DebugOption,
    JsonOption,
    OfflineOption,
    QuietOption,
    RunDirOption,
    RunsDirOption,
    screen_of,
)
from nncli.cli._outputs import PICTURES, check_output
from nncli.cli._progress import reporter_for
from nncli.cli._runs_export import export_command
from nncli.cli._runs_options import RunArgument, RunsArgument, SortOption, WhereOption
from nncli.errors import UsageError
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.runs import RunFolder
    from nncli.runs.listing import RunRow
    from nncli.training.reproduction import Reproduction

__all__ = ["app"]

MAXIMUM_SHOWN = 20
MOST_LISTED = 50

app = typer.Typer(
    name="runs", help="Look back at runs.", no_args_is_help=True, add_completion=False
)


@app.callback()
def _group() -> None:
    pass


@app.command("list")
def list_command(
    context: typer.Context,
    sort: SortOption = None,
    where: WhereOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            metavar="N",
            help="The first N alone. Default: 50 on the screen, all with --json, --csv and --md.",
        ),
    ] = None,
    as_csv: Annotated[
        bool,
        typer.Option(
            "--csv",
            help="As CSV: every metric and every key of the experiments. The same as runs export, "
            "which also writes files and epochs.",
        ),
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="As a table of Markdown.")] = False,
    runs_dir: RunsDirOption = None,
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """List runs, the interrupted and broken ones too."""
    if json + as_csv + as_markdown > 1:
        raise UsageError("Only one of --json, --csv and --md can be written.")
    from nncli.cli import _runs
    from nncli.runs.selecting import selected

    screen = screen_of(context)
    most = limit or (None if json or as_csv or as_markdown else MOST_LISTED)
    place = runs_dir or Path("runs")
    rows, total = selected(place, where=where or (), sort=sort, most=most)
    if json:
        screen.out.file.write(_runs.as_short_json(rows))
    elif as_csv:
        from nncli.runs.tables import runs_table

        screen.out.file.write(runs_table(rows).to_csv())
    elif as_markdown:
        screen.out.file.write(_runs.as_markdown(rows, sort))
    elif not rows:
        nothing = "No run is like that." if where else f"There are no runs in {place} yet."
        screen.out.print(nothing, markup=False, soft_wrap=True)
    else:
        _runs.show_list(screen, rows, sort)
        if total > len(rows):
            more = counted(total - len(rows), "run")
            screen.out.print(f"... and {more} more: --limit {total}", markup=False)


app.command("export")(export_command)


@app.command("show")
def show_command(
    context: typer.Context,
    run: RunArgument,
    runs_dir: RunsDirOption = None,
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Show one run: what it was, what it reached, and how it learned."""
    from nncli.cli import _runs

    screen = screen_of(context)
    [row] = _rows([run], runs_dir)
    if json:
        screen.out.file.write(_runs.as_json([row]))
    else:
        _runs.show_run(screen, row)


@app.command("compare")
def compare_command(
    context: typer.Context,
    names: RunsArgument,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="FILE",
            help="Also draw their learning curves over each other, as a PNG or SVG.",
        ),
    ] = None,
    runs_dir: RunsDirOption = None,
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Compare runs: what differs in the experiments, and in the metrics."""
    if len(names) < 2:
        raise UsageError("Two runs or more are compared.", hint=f"nncli runs compare {names[0]} 2")
    check_output("--picture", picture, PICTURES)
    from nncli.cli import _comparison, _runs
    from nncli.files import shown_path
    from nncli.runs.comparing import distinct

    screen = screen_of(context)
    rows = distinct(_rows(names, runs_dir))
    if len(rows) < 2:
        raise UsageError(f"{' and '.join(names)} are the same run: {shown_path(rows[0].path)}.")
    if picture is not None:
        from nncli.runs.overlaying import overlay

        screen.capture_libraries()
        reporter = reporter_for(screen)
        for remark in overlay(rows, picture):
            reporter.notice(remark)
    if json:
        screen.out.file.write(_runs.as_json(rows))
        return
    _comparison.show_comparison(screen, rows)
    if picture is not None:
        screen.out.print(f"\nPicture: {shown_path(picture)}", markup=False, soft_wrap=True)


@app.command("report")
def report_command(
    context: typer.Context,
    run: RunArgument,
    slices: SliceOption = None,
    runs_dir: RunsDirOption = None,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Write the page of a run anew, with what is costly.

    Intervals of the metrics, the columns that a table's model needs, what an image's answer hangs
    on, and the worst answers as texts, rows and sound.
    """
    from nncli.files import shown_path
    from nncli.inference.run_report import report

    screen = screen_of(context)
    folder = _found(run, runs_dir)
    screen.capture_libraries()
    page = report(folder.path, slices=slices or (), reporter=reporter_for(screen))
    if not quiet:
        screen.out.print(f"Written: {shown_path(page)}", markup=False, soft_wrap=True)


@app.command("rm")
def remove_command(
    context: typer.Context,
    names: RunsArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    runs_dir: RunsDirOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove runs with all their files."""
    from nncli.files import shown_path
    from nncli.runs.removing import check_removable, remove

    screen = screen_of(context)
    rows = {row.path: row for row in _rows(names, runs_dir)}
    for row in rows.values():
        check_removable(row)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("Nobody is there to be asked.", hint="To remove them anyway: --yes")
        listed = ", ".join(row.name for row in rows.values())
        if not typer.confirm(f"Remove {listed}?", err=True):
            raise typer.Exit(1)
    for path, row in rows.items():
        remove(row)
        if not quiet:
            removed = f"Removed {visible(shown_path(path))}"
            screen.out.print(removed, markup=False, soft_wrap=True)


@app.command("tag")
def tag_command(
    context: typer.Context,
    run: RunArgument,
    tags: Annotated[list[str], typer.Argument(metavar="TAG...", help="Words without spaces.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take them away.")] = False,
    runs_dir: RunsDirOption = None,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Give a run tags, to find it by: runs list --where tag=paper."""
    from nncli.runs.about import tag

    screen = screen_of(context)
    folder = _found(run, runs_dir)
    about = tag(folder, tags, remove=remove)
    if not quiet:
        said = " ".join(about.tags) or "no tags"
        name = visible(folder.path.name)
        screen.out.print(f"{name}: {said}", markup=False, soft_wrap=True)


@app.command("note")
def note_command(
    context: typer.Context,
    run: RunArgument,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The note; '' removes it.")
    ] = None,
    runs_dir: RunsDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Write a note about a run, or read it."""
    from nncli.runs.about import read_about, set_note

    screen = screen_of(context)
    folder = _found(run, runs_dir)
    about = read_about(folder) if text is None else set_note(folder, text)
    if text is None:
        screen.out.print(about.note or "There is no note.", markup=False, soft_wrap=True)


@app.command("reproduce")
def reproduce_command(
    context: typer.Context,
    run: RunArgument,
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
    from nncli.training.reproduction import reproduce

    screen = screen_of(context)
    folder = _found(run, runs_dir)
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


def _found(name: str, runs_dir: Path | None) -> RunFolder:
    """The folder of the run that somebody means."""
    from nncli import runs

    return runs.find(runs_dir or Path("runs"), name)


def _rows(names: list[str], runs_dir: Path | None) -> list[RunRow]:
    """What is known of the runs that somebody means."""
    from nncli.runs.listing import read_run

    return [read_run(_found(name, runs_dir).path) for name in names]


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
