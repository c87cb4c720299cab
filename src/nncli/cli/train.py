"""`nncli train`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from nncli.cli import _completion
from nncli.cli._console import plain_table, visible
from nncli.cli._numbers import shown
from nncli.cli._options import (
    DebugOption,
    Described,
    JsonOption,
    OfflineOption,
    QuietOption,
    RunDirOption,
    RunsDirOption,
    experiment_options,
    screen_of,
)
from nncli.cli._outputs import check_output
from nncli.cli._progress import reporter_for
from nncli.descriptions import in_unit
from nncli.errors import UsageError
from nncli.files import shown_path, typed_path
from nncli.reporting import counted

if TYPE_CHECKING:
    from rich.table import Table

    from nncli.cli._console import Screen
    from nncli.training import TrainingResult
    from nncli.training.rehearsal import Rehearsal


__all__ = ["app"]

WIDTH = 80
# Where a range test draws.
PICTURE = Path("learning-rate.png")

app = typer.Typer(add_completion=False)


@app.command("train")
@experiment_options
def train_command(
    context: typer.Context,
    described: Described,
    runs_dir: RunsDirOption = None,
    run_dir: RunDirOption = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="RUN",
            autocompletion=_completion.runs,
            help="Continue a run that was interrupted or killed: folder, number, name or latest.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Do one step of everything, say what the run would do and need, leave nothing.",
        ),
    ] = False,
    find_rate: Annotated[
        bool,
        typer.Option(
            "--find-learning-rate",
            help="Try learning rates from 1e-7 to 10 in up to 200 steps, draw the loss over them "
            "and suggest one; leave no run folder.",
        ),
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="FILE",
            help="Where --find-learning-rate draws, a PNG. \\[default: learning-rate.png]",
        ),
    ] = None,
    json: JsonOption = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train a model and leave it, with its metrics, in a run folder.

    Without anything else this is the classic tutorial: MNIST, one hidden layer of
    128 units, Adam, batches of 128, 6 epochs. Flags win over the environment
    (NNCLI_TRAINING__EPOCHS=3), and the environment over the YAML files.
    """
    if run_dir is not None and (runs_dir or resume) is not None:
        other = "--runs-dir" if resume is None else "--resume"
        raise UsageError(f"--run-dir names the folder itself: {other} does not apply.")
    _check_range_test(find_rate, picture, run_dir or runs_dir, resume, dry_run=dry_run)
    from nncli import runs, training
    from nncli.training.rehearsal import rehearse

    if dry_run and resume is not None:
        raise UsageError("--dry-run tries a new run: --resume does not apply.")
    screen = screen_of(context)
    place = runs_dir or Path("runs")
    command = ["nncli", *sys.argv[1:]]
    if dry_run:
        experiment = described.resolve().experiment
        screen.capture_libraries()
        rehearsal = rehearse(experiment, reporter=reporter_for(screen))
        _show_rehearsal(screen, rehearsal, json=json)
        return
    if find_rate:
        _find_learning_rate(screen, described, picture or PICTURE, command, json=json)
        return
    if resume is None:
        experiment = described.resolve().experiment
        screen.capture_libraries()
        result = training.train(
            experiment,
            runs_dir=place,
            run_dir=run_dir,
            reporter=reporter_for(screen),
            command=command,
        )
    else:
        folder = runs.find(place, resume)
        screen.capture_libraries()
        result = training.resume(
            folder.path,
            *described.layers,
            files=described.files,
            reporter=reporter_for(screen),
            command=command,
        )
    if json:
        screen.out.file.write(result.metrics.to_json())
    elif not quiet:
        _show(screen, result)


def _check_range_test(
    wanted: bool, picture: Path | None, place: Path | None, resume: str | None, *, dry_run: bool
) -> None:
    """Refuse what does not go with `--find-learning-rate`, or not without it."""
    if not wanted:
        if picture is not None:
            raise UsageError("--picture says where --find-learning-rate draws, which is missing.")
        return
    if resume is not None:
        raise UsageError("--find-learning-rate tries a new training: --resume does not apply.")
    if dry_run:
        raise UsageError("--find-learning-rate and --dry-run are two things: give one of them.")
    if place is not None:
        raise UsageError(
            "--find-learning-rate leaves no run folder: --run-dir and --runs-dir do not apply.",
            hint="--picture FILE says where the curve is drawn.",
        )
    check_output("--picture", picture, (".png",))


def _find_learning_rate(
    screen: Screen, described: Described, picture: Path, command: Sequence[str], *, json: bool
) -> None:
    from nncli.cli._range_test import document_of, show_range_test
    from nncli.files import to_json
    from nncli.training.range_test import find_learning_rate

    experiment = described.resolve().experiment
    screen.capture_libraries()
    found = find_learning_rate(experiment, picture=picture, reporter=reporter_for(screen))
    if json:
        screen.out.file.write(to_json(document_of(found, command, picture)))
    elif not screen.quiet:
        show_range_test(screen, found, command, picture)


def _show(screen: Screen, result: TrainingResult) -> None:
    metrics = result.metrics
    if metrics.folds is not None:
        _show_folds(screen, result)
        return
    from nncli.runs import RunFolder
    from nncli.runs.listing import read_run

    names = list({**(metrics.train or {}), **(metrics.test or {})})
    of_splits = {split: getattr(metrics, split) for split in ("train", "validation", "test")}
    known = {split: values for split, values in of_splits.items() if values}
    table = _table(known, names, read_run(result.folder).units)
    kept = f"epoch {metrics.kept_epoch} of {metrics.epochs} kept (best {metrics.monitor})"
    if metrics.kept_epoch is None:
        kept = "stopped before the first epoch was complete"
    elif metrics.outcome == "stopped_early":
        kept += ", stopped early"
    lines = [f"\n{metrics.name}: {kept}, {metrics.timing.total_seconds:.1f} s"]
    if metrics.dataset.fallback:
        lines.append("These are digits, not MNIST, which is not on this machine.")
    screen.out.print(Text("\n".join(lines)), soft_wrap=True)
    screen.out.print()
    screen.out.print(table)
    run = RunFolder(result.folder)
    if metrics.outcome == "completed":
        further = f"train -c {typed_path(run.config)} --epochs {2 * (metrics.epochs or 1)}"
    else:  # it had the time it needed, or was to have
        further = f"runs show {typed_path(run.path)}"
    following = (
        f"\nEverything is in {shown_path(run.path)}\n"
        f"  nncli evaluate {typed_path(run.model)}\n"
        f"  nncli {further}"
    )
    screen.out.print(Text(following), soft_wrap=True)


def _table(
    rows: Mapping[str, Mapping[str, float | None]],
    names: Sequence[str],
    units: Mapping[str, str],
    *,
    corner: str = "",
) -> Table:
    """A row for each of `rows` and a column for each metric; turned where that is too wide."""
    heads = [visible(in_unit(name, units)) for name in names]
    if _wide(heads) > WIDTH >= _wide(list(rows)):
        table = plain_table(corner, *rows)
        for name, head in zip(names, heads, strict=True):
            table.add_row(Text(head), *(shown(values.get(name)) for values in rows.values()))
        return table
    table = plain_table(corner)
    for head in heads:
        table.add_column(Text(head), justify="right")
    for title, values in rows.items():
        table.add_row(title, *(shown(values.get(name)) for name in names))
    return table


def _wide(headings: Sequence[str]) -> int:
    """The width of a table of numbers under `headings`, roughly."""
    return 12 + sum(max(len(heading), 6) + 2 for heading in headings)


def _show_folds(screen: Screen, result: TrainingResult) -> None:
    """The test metrics of each fold, their mean and deviation, and what can be done with them."""
    from nncli.config import load_experiment
    from nncli.runs import RunFolder
    from nncli.runs.listing import read_run

    metrics = result.metrics
    names = list(metrics.test or {})
    folds = {str(number): values for number, values in enumerate(metrics.folds or (), start=1)}
    deviation = (metrics.deviation or {}).get("test", {})
    together = {"mean": metrics.test or {}, "deviation": deviation}
    units = read_run(result.folder).units
    table = _table({**folds, **together}, names, units, corner="fold")
    count = counted(len(metrics.folds or ()), "fold")
    summary = f"\n{metrics.name}: {count}, each tested once, {metrics.timing.total_seconds:.1f} s\n"
    screen.out.print(Text(summary), soft_wrap=True)
    screen.out.print(table)
    folder = typed_path(result.folder)
    last = len(metrics.folds or ())
    dataset = load_experiment([RunFolder(result.folder).config]).dataset
    flags = "--set dataset.folds=null"
    if "test" in type(dataset).model_fields:  # of others the test split is there, and is kept
        flags += " --set dataset.test=0"
    place = shown_path(result.folder)
    following = (
        f"\nEverything is in {place}, of each fold the model that never saw it:\n"
        f"  {folder}/fold-1/model.keras to fold-{last}/model.keras\n"
        f"  nncli evaluate {folder} asks all of them, each about its own fold\n"
        "The numbers above are what to expect of one that is trained on all folds:\n"
        f"  nncli train -c {folder}/config.yaml {flags}"
    )
    screen.out.print(Text(following), soft_wrap=True)


def _show_rehearsal(screen: Screen, rehearsal: Rehearsal, *, json: bool) -> None:
    from nncli.config import plain_values
    from nncli.files import to_json

    settings = rehearsal.experiment.training
    document = {
        "experiment": plain_values(rehearsal.experiment),
        **{f.name: getattr(rehearsal, f.name) for f in fields(rehearsal) if f.name != "experiment"},
        "fit_seconds": rehearsal.fit_seconds,
    }
    if json:
        screen.out.file.write(to_json(document))
        return
    if screen.quiet:
        return
    examples = ", ".join(f"{count:,} {split}" for split, count in rehearsal.examples.items())
    where = "in memory" if rehearsal.data_in_memory else "read from disk as needed"
    steps = f"{counted(rehearsal.steps_per_epoch, 'step')} of {settings.examples_per_step:,}"
    rows = {
        "run": f"{rehearsal.experiment.run_name}: {counted(settings.epochs, 'epoch')} of {steps}",
        "on": f"{settings.backend}, {counted(int(settings.steps_per_execution), 'step')} a call",
        "examples": examples,
        "model": f"{rehearsal.parameters:,} parameters, {_size(rehearsal.model_bytes)} as a file, "
        f"{rehearsal.flops / 1e6:,.2f} MFLOP an example",
        "memory": f"data {_size(rehearsal.data_bytes)} ({where}), weights and optimizer "
        f"{_size(rehearsal.weight_bytes)}, a step about {_size(rehearsal.step_bytes)}",
        "time": f"{1000 * rehearsal.step_seconds:,.1f} ms a step, "
        f"about {_duration(rehearsal.fit_seconds)} for all of them",
    }
    for name, text in rows.items():
        screen.out.print(Text(f"{name:<9} {text}"), soft_wrap=True)
    screen.out.print("\nEverything works. Leave --dry-run out to train.", markup=False)


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
