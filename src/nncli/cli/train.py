"""`nncli train`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli import _completion
from nncli.cli._options import (
    DebugOption,
    Described,
    JsonOption,
    QuietOption,
    RunDirOption,
    RunsDirOption,
    experiment_options,
    screen_of,
)
from nncli.cli._progress import reporter_for
from nncli.errors import UsageError

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.training import TrainingResult

__all__ = ["app"]

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
            help="Continue a run that was interrupted or killed: its folder, or latest.",
        ),
    ] = None,
    json: JsonOption = False,
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
    from nncli import runs, training

    screen = screen_of(context)
    place = runs_dir or Path("runs")
    command = ["nncli", *sys.argv[1:]]
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


def _show(screen: Screen, result: TrainingResult) -> None:
    from rich.table import Table
    from rich.text import Text

    metrics = result.metrics
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    names = list(metrics.train or {})
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for split in ("train", "validation", "test"):
        values = getattr(metrics, split)
        if values:
            cells = [values.get(name) for name in names]
            table.add_row(split, *("-" if cell is None else f"{cell:.4f}" for cell in cells))
    of_epoch = f"epoch {metrics.kept_epoch} of {metrics.epochs}"
    lines = [
        f"\n{metrics.name}: {of_epoch} kept (best {metrics.monitor}), "
        f"{metrics.timing.total_seconds:.1f} s",
    ]
    if metrics.dataset.fallback:
        lines.append("These are digits, not MNIST, which is not on this machine.")
    screen.out.print(Text("\n".join(lines)), soft_wrap=True)
    screen.out.print()
    screen.out.print(table)
    more = 2 * (metrics.epochs or 1)
    folder = shlex.quote(str(result.folder))
    following = (
        f"\nEverything is in {result.folder}\n"
        f"  nncli evaluate {folder}/model.keras\n"
        f"  nncli train -c {folder}/config.yaml --epochs {more}"
    )
    screen.out.print(Text(following), soft_wrap=True)
