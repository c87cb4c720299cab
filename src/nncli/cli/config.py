"""`nncli config`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nncli.cli import _completion
from nncli.cli._console import visible
from nncli.cli._options import AsJson, DebugOption, Described, experiment_options, screen_of
from nncli.cli._outputs import is_standard_output
from nncli.config import Experiment, Resolved, load_experiment, plain_values
from nncli.config.comparing import LACKING, differences, flatten, shown
from nncli.config.origins import dotted
from nncli.errors import ExperimentError, Mistake, NotFoundError, UsageError, together
from nncli.files import to_json, write_atomically

if TYPE_CHECKING:
    from nncli.cli._console import Screen

__all__ = ["app"]

app = typer.Typer(
    name="config", help="Write and understand experiments.", no_args_is_help=True,
    add_completion=False,
)  # fmt: skip


@app.callback()
def _group() -> None:
    pass


@app.command("init")
@experiment_options
def init_command(
    context: typer.Context,
    described: Described,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write; - is the screen.")
    ] = Path("experiment.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE.")] = False,
    debug: DebugOption = False,
) -> None:
    """Write a commented experiment: every key, its default and what it trades for what.

    What you give as flags stands in the file.
    """
    from nncli.config.templates import template

    to_screen = is_standard_output(file)
    experiment = described.without_environment().resolve().experiment
    text = template(experiment, "FILE" if to_screen else shlex.quote(str(file)))
    screen = screen_of(context)
    if to_screen:
        screen.out.file.write(text)
        return
    if file.exists() and not force:
        raise UsageError(f"{file} exists.", hint="Name another file, or overwrite it with --force.")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent}.", hint="Make it, or name another.")
    write_atomically(file, text)
    _say(screen, f"Wrote {file}. Run it: nncli train -c {shlex.quote(str(file))}")


@app.command("show")
@experiment_options
def show_command(
    context: typer.Context,
    described: Described,
    origin: Annotated[
        bool, typer.Option("--origin", help="Say for every value where it came from.")
    ] = False,
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Show the resolved experiment: defaults, files, environment and flags merged."""
    from nncli.config.yaml import dump

    resolved = described.resolve()
    values = {**plain_values(resolved.experiment), "name": resolved.experiment.run_name}
    screen = screen_of(context)
    if json and origin:
        screen.out.file.write(to_json(_origins(resolved, values)))
    elif json:
        screen.out.file.write(to_json(values))
    elif origin:
        _show_origins(screen, resolved, values)
    else:
        screen.out.file.write(dump(values))


@app.command("validate")
def validate_command(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...", autocompletion=_completion.experiments, help="YAML files."
        ),
    ],
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Check experiments, each file by itself; exit code 2 if one has a mistake."""
    screen = screen_of(context)
    problems = {file: _mistakes(file) for file in files}
    if json:
        found = [
            {"file": str(file), "valid": not said, "problems": [_parts(one) for one in said]}
            for file, said in problems.items()
        ]
        screen.out.file.write(to_json({"schema": 1, "files": found}))
    for file, said in problems.items():
        if said and not json:
            for problem in said[: ExperimentError.shown]:
                screen.problem(problem.text)
            if len(said) > ExperimentError.shown:
                screen.problem(f"{file}: {len(said) - ExperimentError.shown:,} more mistakes")
        elif not json:
            _say(screen, f"{file}: ok")
    if any(problems.values()):
        raise typer.Exit(2)


@app.command("schema")
def schema_command(
    context: typer.Context,
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="One key, such as training.epochs.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Print the JSON Schema of experiments (draft 2020-12), for editors and other tools."""
    from nncli.config.schema import experiment_schema, schema_of

    schema = schema_of(key) if key else experiment_schema()
    screen_of(context).out.file.write(to_json(schema))


@app.command("diff")
def diff_command(
    context: typer.Context,
    first: Annotated[
        Path,
        typer.Argument(
            metavar="A",
            autocompletion=_completion.experiments_and_runs,
            help="A YAML file or a run: folder, number, name, latest or best:test.accuracy.",
        ),
    ],
    second: Annotated[
        Path,
        typer.Argument(
            metavar="B", autocompletion=_completion.experiments_and_runs, help="Another."
        ),
    ],
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Show what differs between two experiments, both resolved."""
    found = differences(*_experiments(first, second))
    screen = screen_of(context)
    if json:
        rows = {dotted(key): _sides(left, right) for key, left, right in found}
        screen.out.file.write(to_json(rows))
    elif not found:
        _say(screen, "No difference.")
    else:
        rows_shown = [(dotted(k), shown(left), shown(right)) for k, left, right in found]
        room = (80 - max(len(row[0]) for row in rows_shown) - 4) // 2
        _columns(screen, [("", _end(first, room), _end(second, room)), *rows_shown])


def _experiments(*named: Path) -> list[Experiment]:
    """The experiments of files and runs; the mistakes of all of them at once."""
    loaded: list[Experiment] = []
    errors: list[UsageError] = []
    for path in named:
        try:
            loaded.append(load_experiment([_run_or_file(path)]))
        except UsageError as error:
            errors.append(error)
    if errors:
        raise together(errors)
    return loaded


def _sides(left: Any, right: Any) -> dict[str, Any]:
    """Both values by the argument they come from; a key that one lacks is not there."""
    return {name: v for name, v in (("a", left), ("b", right)) if v is not LACKING}


def _end(path: Path, room: int) -> str:
    """The end of a path, which tells files apart, in `room` characters."""
    text = str(path)
    return text if len(text) <= room else f"...{text[3 - room :]}"


def _run_or_file(named: Path) -> Path:
    """`named` where it exists, or else the experiment of the run that it means."""
    from nncli.runs import find

    try:
        return named if named.exists() else find(Path("runs"), str(named)).config
    except (NotFoundError, OSError):  # OSError: the name is too long
        return named


def _parts(mistake: Mistake) -> dict[str, Any]:
    names = ("file", "line", "column", "key", "message", "text")
    return {name: getattr(mistake, name) for name in names}


def _mistakes(file: Path) -> list[Mistake]:
    try:
        load_experiment([file])
    except ExperimentError as error:
        return error.mistakes
    except UsageError as error:
        return [Mistake(error.message, error.message, file=str(file))]
    return []


def _origins(resolved: Resolved, values: dict[str, Any]) -> dict[str, Any]:
    return {
        dotted(key): {"value": value, "origin": resolved.origin(key)}
        for key, value in flatten(values).items()
    }


def _show_origins(screen: Screen, resolved: Resolved, values: dict[str, Any]) -> None:
    rows = [(key, shown(v["value"]), v["origin"]) for key, v in _origins(resolved, values).items()]
    _columns(screen, rows)
    for lost in resolved.discarded:
        where = lost.origin.name if lost.origin else "default"
        by = lost.by.name if lost.by else "a later layer"
        text = f"discarded: {dotted(lost.key)} ({where}), because {by} changed the type"
        _say(screen, text)


def _columns(screen: Screen, rows: list[tuple[str, str, str]]) -> None:
    """Three aligned columns, never cut: they are read by people and by grep."""
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for row in rows:
        _say(screen, f"{row[0]:<{first}}  {row[1]:<{min(second, 40)}}  {row[2]}".rstrip())


def _say(screen: Screen, text: str) -> None:
    screen.out.print(visible(text), markup=False, soft_wrap=True)
