"""`nncli evaluate`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nncli.backend import Backend
from nncli.cli import _completion
from nncli.cli._errors import (
    ErrorsOption,
    GalleryOption,
    SliceOption,
    check_error_files,
    show_slices,
    write_error_files,
)
from nncli.cli._evaluation import show, show_more
from nncli.cli._options import (
    DebugOption,
    DeviceOption,
    JsonOption,
    OfflineOption,
    QuietOption,
    RunsDirOption,
    other_dataset,
    screen_of,
)
from nncli.cli._outputs import (
    check_apart,
    check_different,
    check_output,
    is_standard_output,
)
from nncli.cli._progress import reporter_for
from nncli.errors import UsageError
from nncli.files import shown_path

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.inference import Evaluation
    from nncli.inference.gates import Gate

__all__ = ["app"]

PAGES = (".html", ".htm")

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
        typer.Argument(
            metavar="MODEL",
            autocompletion=_completion.models_and_runs,
            help="A .keras file; or a run: folder, number, name, latest or best:test.accuracy. Of "
            "a cross-validation each example is answered by the model that did not learn from it.",
        ),
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
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require",
            metavar="CONDITION",
            help="What must be reached: 'accuracy>=0.97', 'recall[seven]>=0.95'; the exit code is "
            "3 if it is not. May be given several times.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="P",
            help="Probability from which on a label, or the second of two classes, is said. "
            "Default: 0.5.",
        ),
    ] = None,
    calibrated: Annotated[
        Path | None,
        typer.Option(
            "--calibrate",
            metavar="FILE",
            help="Fit the confidence on the validation split, and save the model with it as "
            "another .keras file.",
        ),
    ] = None,
    other_model: Annotated[
        Path | None,
        typer.Option(
            "--compare",
            metavar="OTHER",
            autocompletion=_completion.models_and_runs,
            help="Another model or run, asked about the same examples: is the difference luck?",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Also write the metrics as JSON."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Also write a page about the evaluation (.html), with intervals, examples and "
            "what the answers hang on.",
        ),
    ] = None,
    slices: SliceOption = None,
    errors: ErrorsOption = None,
    gallery: GalleryOption = None,
    backend: Annotated[
        Backend | None,
        typer.Option("--backend", help="What Keras computes with. Default: that of the training."),
    ] = None,
    device: DeviceOption = None,
    runs_dir: RunsDirOption = None,
    json: JsonOption = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Measure a trained model on its own dataset or on another."""
    from nncli import runs
    from nncli.inference.choosing import files_read

    all_runs = runs_dir or Path("runs")
    model = runs.find_model(all_runs, model)
    if other_model is not None:
        other_model = runs.find_model(all_runs, other_model)
    bounds = _range(pixel_range)
    other = other_dataset(dataset, settings or [])
    to_screen = output is not None and is_standard_output(output)
    places = {
        "--output": None if to_screen else output,
        "--report": report,
        "--errors": errors,
        "--gallery": gallery,
        "--calibrate": calibrated,
    }
    check_output("--output", places["--output"])
    check_output("--calibrate", calibrated, (".keras",))
    check_error_files(errors, gallery)
    check_output("--report", report, PAGES)
    check_different(places)
    if any(place is not None and place.exists() for place in places.values()):
        read = files_read([model, other_model] if other_model else [model], other)
        for option, place in places.items():
            check_apart(option, place, read)
    screen = screen_of(context)
    gates = _gates(require or [], model)
    screen.capture_libraries()
    from nncli.inference import evaluate

    reporter = reporter_for(screen)

    evaluation = evaluate(
        model,
        dataset=other,
        data_dir=data_dir,
        split=split,
        pixel_range=bounds,
        threshold=threshold,
        device=device or "auto",
        backend=backend,
        slices=slices or [],
        calibrate=calibrated,
        compare=other_model,
        reporter=reporter,
    )
    write_error_files(evaluation, errors, gallery, reporter)
    if report is not None:
        from nncli.inference.evaluation_report import report_evaluation

        command = ["nncli", *sys.argv[1:]]
        report_evaluation(evaluation, report, command=command, reporter=reporter)
        reporter.notice(f"The page is written to {shown_path(report)}")
    if output is not None and not to_screen:
        evaluation.document.write(output)
    if json or to_screen:
        screen.out.file.write(evaluation.document.to_json())
    elif not quiet:
        show(screen, evaluation)
        show_slices(screen, evaluation.document)
        show_more(screen, evaluation.document)
    _judge(screen, gates, evaluation)


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


def _gates(conditions: list[str], model: Path) -> list[Gate]:
    """The conditions, which are checked against what the file says of itself."""
    if not conditions:
        return []
    from nncli.inference.choosing import models_of
    from nncli.inference.gates import check_gates, read_gate
    from nncli.preprocessing import archive

    gates = [read_gate(text) for text in conditions]
    description = archive.describe(models_of(model)[0])
    if description is not None:
        metrics = description.experiment.get("training", {}).get("metrics", ())
        check_gates(gates, description.target, metrics)
    return gates


def _judge(screen: Screen, gates: list[Gate], evaluation: Evaluation) -> None:
    """Say which conditions are not met; exit code 3 if there are any."""
    from nncli.inference.gates import failures

    missed = failures(gates, evaluation)
    for gate, value in missed:
        found = "does not exist" if value is None else f"is {value:.10g}"
        screen.problem(f"not reached: {gate.text} ({gate.name} {found})")
    if missed:
        raise typer.Exit(3)
