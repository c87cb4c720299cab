"""`nncli evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
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
    check_output,
    other_dataset,
    screen_of,
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

    place = runs_dir or Path("runs")
    model = runs.find_model(place, model)
    if other_model is not None:
        other_model = runs.find_model(place, other_model)
    bounds = _range(pixel_range)
    other = other_dataset(dataset, settings or [])
    if output is not None:
        _check_output(output, model)
    if calibrated is not None:
        _check_calibrated(calibrated, model)
    check_error_files(errors, gallery)
    if report is not None:
        _check_report(report)
    _check_different(
        {
            "--output": output,
            "--report": report,
            "--errors": errors,
            "--gallery": gallery,
            "--calibrate": calibrated,
        }
    )
    screen = screen_of(context)
    if threshold is not None and (slices or errors or gallery or report):
        raise UsageError(
            "--threshold does not apply to --slice, --errors, --gallery and --report.",
            hint="Ask for them in a second command, without it.",
        )
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
    to_screen = str(output) in ("-", "/dev/stdout")  # descriptor 1 is the libraries' log by now
    if output is not None and not to_screen:
        evaluation.document.write(output)
    if json or to_screen:
        screen.out.file.write(evaluation.document.to_json())
    elif not quiet:
        show(screen, evaluation)
        show_slices(screen, evaluation.document)
        show_more(screen, evaluation.document)
    _judge(screen, gates, evaluation)


def _check_output(output: Path, model: Path) -> None:
    """Refuse a place for the metrics that is no place, or that is the model itself."""
    check_output("--output", output)
    _check_other("--output", output, model)


def _check_other(option: str, output: Path, model: Path) -> None:
    """Refuse a place for a file where a model is that is asked."""
    from nncli.inference.choosing import models_of

    asked = models_of(model)
    if output.exists() and any(one.exists() and output.samefile(one) for one in asked):
        raise UsageError(f"{option}: {output} is the model itself.", hint="Name another file.")


def _check_report(report: Path) -> None:
    """Refuse a place for the page that is no place, or no page."""
    if report.suffix.lower() not in PAGES:
        raise UsageError(f"--report: {report} must end in {' or '.join(PAGES)}.")
    check_output("--report", report)


def _check_different(places: Mapping[str, Path | None]) -> None:
    """Refuse two options that would write to one file."""
    taken: dict[Path, str] = {}
    for option, path in places.items():
        if path is None:
            continue
        whole = path.absolute()
        if whole in taken:
            raise UsageError(f"{taken[whole]} and {option} both name {path}.")
        taken[whole] = option


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


def _check_calibrated(output: Path, model: Path) -> None:
    check_output("--calibrate", output)
    if output.suffix != ".keras":
        raise UsageError(f"--calibrate: {output} does not end in .keras.")
    _check_other("--calibrate", output, model)
