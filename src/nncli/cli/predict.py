"""`nncli predict`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, cast

import typer

from nncli.backend import Backend
from nncli.cli import _completion
from nncli.cli._options import (
    DebugOption,
    DeviceOption,
    OfflineOption,
    QuietOption,
    RunsDirOption,
    screen_of,
)
from nncli.cli._outputs import check_apart, check_output, is_standard_output
from nncli.cli._progress import reporter_for
from nncli.errors import UsageError

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.inference.answer_files import FileFormat
    from nncli.inference.prediction import Answered
    from nncli.inference.tabulating import Tabulated

__all__ = ["app"]

app = typer.Typer(add_completion=False)

STANDARD_INPUT = "-"


class Format(StrEnum):
    """How predictions are written."""

    table = "table"
    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


class OnError(StrEnum):
    """What becomes of files and rows that cannot be read."""

    fail = "fail"
    skip = "skip"


@app.command("predict")
def predict_command(
    context: typer.Context,
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            autocompletion=_completion.models_and_runs,
            help="A .keras file; or a run: folder, number, name, latest or best:test.accuracy.",
        ),
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT...",
            help="Images, recordings, .txt files, tables, .npy files, folders or patterns; - reads "
            "standard input: a text a line, or CSV.",
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", metavar="TEXT", help="A text itself; may be given several times."),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="Of a table, for a model of texts: the column with the text.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            metavar="NAME",
            help="Of texts and tables, such as cp1252. Default: UTF-8, what the mark of a file "
            "says, or that of the training.",
        ),
    ] = None,
    top: Annotated[
        int,
        typer.Option("--top", min=1, metavar="N", help="Classes that are given, likeliest first."),
    ] = 1,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="Default: by the ending of --output; table on a terminal, csv elsewhere.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write; default: here."),
    ] = None,
    on_error: Annotated[
        OnError,
        typer.Option(
            "--on-error",
            help="Files and rows that cannot be read: fail at the first, or skip, count and list.",
        ),
    ] = OnError.fail,
    backend: Annotated[
        Backend | None,
        typer.Option("--backend", help="What Keras computes with. Default: that of the training."),
    ] = None,
    device: DeviceOption = None,
    runs_dir: RunsDirOption = None,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Ask a trained model about files, rows and texts."""
    words, texts = inputs or [], text or []
    if not words and not texts:
        raise UsageError(
            "About what? Name files or folders, or give a text.",
            hint=f"nncli predict {model} photo.jpg\nnncli predict {model} --text 'some words'",
        )
    if output is not None and is_standard_output(output):
        output, form = None, form or Format.csv
    screen = screen_of(context)
    written = _format(form, output, is_terminal=screen.out.is_terminal)
    check_output("--output", output)
    from nncli.data.unlabelled import files_meant
    from nncli.inference import Predictor
    from nncli.inference.tabulating import Tabulated

    screen.capture_libraries()
    predictor = Predictor(
        model,
        backend=backend,
        device=device or "auto",
        runs_dir=runs_dir or "runs",
        reporter=reporter_for(screen),
    )
    tabulated = Tabulated(predictor.target, top=top)
    files = files_meant([word for word in words if word != STANDARD_INPUT], predictor.kind)
    check_apart("--output", output, [predictor.path, *files])
    answered = predictor.ask(
        files,
        texts=texts,
        stream=sys.stdin.buffer if STANDARD_INPUT in words else None,
        column=column,
        encoding=encoding,
        on_error=on_error.value,
    )
    if written is Format.table:
        from nncli.cli._predictions import show

        show(screen, tabulated, answered)
    else:
        _write(screen, cast("FileFormat", written.value), output, tabulated, answered)


def _format(form: Format | None, output: Path | None, *, is_terminal: bool) -> Format:
    """What is written, where it was not said."""
    from nncli.inference.answer_files import ENDINGS

    if output is None:
        if form is Format.parquet:
            raise UsageError("Parquet is no text.", hint="Name a file: --output FILE.parquet")
        return form or (Format.table if is_terminal else Format.csv)
    if form is Format.table:
        raise UsageError("--format table is for the screen, not for --output.")
    ending = output.suffix.lower()
    said = ENDINGS.get(ending)
    if form is not None and said is not None and said != form.value:
        raise UsageError(
            f"--format {form.value} and --output {output} contradict each other.",
            hint=f"Leave --format out, or let the name end otherwise than in {ending}.",
        )
    if form is not None:
        return form
    if said is None:
        raise UsageError(
            f"--output: {output} does not end in {', '.join(ENDINGS)}.",
            hint="Or say what it is: --format csv",
        )
    return Format(said)


def _write(
    screen: Screen,
    form: FileFormat,
    output: Path | None,
    tabulated: Tabulated,
    answered: Iterator[Answered],
) -> None:
    from nncli.files import open_atomically

    if output is None:
        # Where there is a stream of text alone, as in a notebook, it gets what the bytes mean.
        stream = getattr(screen.out.file, "buffer", None) or _Encoded(screen.out.file)
        _write_to(stream, form, tabulated, answered)
        stream.flush()
        return
    with open_atomically(output) as temporary, Path(temporary).open("wb") as file:
        _write_to(file, form, tabulated, answered)


def _write_to(
    stream: IO[bytes] | _Encoded,
    form: FileFormat,
    tabulated: Tabulated,
    answered: Iterator[Answered],
) -> None:
    from nncli.inference.answer_files import writer_for

    writer = writer_for(form, stream, tabulated)
    for batch in answered:
        writer.write(batch)
    writer.close()


class _Encoded:
    """Bytes of UTF-8 into a stream of text."""

    def __init__(self, text: IO[str]) -> None:
        self.text = text

    def write(self, content: bytes) -> int:
        return self.text.write(content.decode("utf-8", "replace"))

    def flush(self) -> None:
        self.text.flush()
