"""`nncli evaluate`."""

from __future__ import annotations

import textwrap
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.backend import Backend
from nncli.cli import _completion
from nncli.cli._console import plain_table
from nncli.cli._numbers import shown
from nncli.cli._options import (
    DebugOption,
    DeviceOption,
    JsonOption,
    OfflineOption,
    QuietOption,
    check_output,
    other_dataset,
    screen_of,
)
from nncli.cli._progress import reporter_for
from nncli.errors import UsageError
from nncli.reporting import counted

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.inference import Evaluation

__all__ = ["app"]

app = typer.Typer(add_completion=False)


class SplitName(StrEnum):
    """The splits that can be evaluated."""

    train = "train"
    validation = "validation"
    test = "test"
    all = "all"


@app.command("evaluate")
def evaluate_command(
    context: typer.Context,
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", autocompletion=_completion.models, help="A .keras file."),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            autocompletion=_completion.datasets,
            metavar="NAME|PATH",
            help="Other data with the same inputs, by name or as a file or folder; classes are "
            "matched by name. Default: what the model was trained on.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="How the data of --dataset is read: --set dataset.on_error=skip",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            help="Folder of prepared datasets. Default: that of the training if it is there, or "
            "the environment's TFDS_DATA_DIR, or ~/tensorflow_datasets.",
        ),
    ] = None,
    split: Annotated[
        SplitName | None,
        typer.Option(
            "--split", help="Default: test, or all of another dataset that has no test split."
        ),
    ] = None,
    pixel_range: Annotated[
        str | None,
        typer.Option(
            "--pixel-range",
            metavar="LOW,HIGH",
            help="For a model that nncli did not make: the range it wants pixels in, such as 0,1.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write the metrics as JSON."),
    ] = None,
    backend: Annotated[
        Backend | None,
        typer.Option("--backend", help="What Keras computes with. Default: that of the training."),
    ] = None,
    device: DeviceOption = None,
    json: JsonOption = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Measure a trained model on its own dataset or on another."""
    bounds = _range(pixel_range)
    other = other_dataset(dataset, settings or [])
    if output is not None:
        _check_output(output, model)
    screen = screen_of(context)
    screen.capture_libraries()
    from nncli.inference import evaluate

    evaluation = evaluate(
        model,
        dataset=other,
        data_dir=data_dir,
        split=split,
        pixel_range=bounds,
        device=device or "auto",
        backend=backend,
        reporter=reporter_for(screen),
    )
    to_screen = str(output) in ("-", "/dev/stdout")  # descriptor 1 is the libraries' log by now
    if output is not None and not to_screen:
        evaluation.document.write(output)
    if json or to_screen:
        screen.out.file.write(evaluation.document.to_json())
    elif not quiet:
        _show(screen, evaluation)


def _check_output(output: Path, model: Path) -> None:
    """Refuse a place for the metrics that is no place, or that is the model itself."""
    check_output("--output", output)
    if output.exists() and model.exists() and output.samefile(model):
        raise UsageError(f"--output: {output} is the model itself.", hint="Name another file.")


def _range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--pixel-range: must be LOW,HIGH such as 0,1, not {text!r}.") from None
    if not low < high:
        raise UsageError(f"--pixel-range: the low end comes first, not {text!r}.")
    return low, high


def _show(screen: Screen, evaluation: Evaluation) -> None:
    from rich.text import Text

    # A space that is not broken keeps a name and its number on one line.
    words = [f"{name}\u00a0{shown(value)}" for name, value in evaluation.metrics.items()]
    values = textwrap.fill("  ".join(words), 80).replace("\u00a0", " ")
    title = f"{evaluation.dataset} {evaluation.split}, {counted(evaluation.examples, 'example')}"
    screen.out.print(Text(f"{title}\n{values}\n"), soft_wrap=True)
    if evaluation.per_class is None:
        return
    table = plain_table("class", "precision", "recall", "f1", "count")
    for row in evaluation.per_class:
        cells = (row.precision, row.recall, row.f1)
        table.add_row(Text(row.name), *map(shown, cells), f"{row.count:,}")
    screen.out.print(table)
