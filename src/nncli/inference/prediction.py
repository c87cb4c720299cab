"""Asking a model: what it says about files, rows and texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nncli import backend as keras_backend
from nncli.backend import Backend, Device
from nncli.data import FolderDataset, TableDataset
from nncli.data.dataset import rows_of
from nncli.data.skipping import OnError, Skipped
from nncli.data.unlabelled import (
    Asked,
    files_meant,
    read_files,
    read_lines,
    read_stream,
    read_texts,
)
from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.errors import ModelFileError, UsageError
from nncli.inference.answering import batch_size_for, model_for_arrays
from nncli.inference.choosing import experiment_of, model_of
from nncli.inference.evaluated import pandas_for
from nncli.objectives import LABEL_THRESHOLD
from nncli.preprocessing import archive
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import Reporter, SilentReporter
from nncli.runs import find_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Answered", "Predictions", "Predictor", "predict"]

SKIP = "--on-error skip"
CHUNK = 8192  # examples at a time, at most


@dataclass(frozen=True)
class Answered:
    """What a model says about some examples.

    Attributes:
        names: what each is called: a file, `table.csv:ROW`, `array.npy[PLACE]`, `text 1`.
        answers: shape (examples, classes, labels or values), float32: probabilities, or values
            in their unit.
    """

    names: Sequence[str]
    answers: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Predictions(Answered):
    """All that a model said, with what it says: `target`."""

    target: Target

    @property
    def labels(self) -> list[Any]:
        """For each example: of classes the name of the likeliest, of labels the tuple of those
        whose probability is at least 0.5, of values the value, or the tuple of several."""
        names = self.target.names
        match self.target:
            case ClassTarget():
                return [names[place] for place in self.answers.argmax(axis=1)]
            case LabelsTarget():
                return [
                    tuple(name for name, yes in zip(names, row, strict=True) if yes)
                    for row in self.answers >= LABEL_THRESHOLD
                ]
            case _:
                rows = self.answers.tolist()
                return [row[0] for row in rows] if len(names) == 1 else [tuple(row) for row in rows]

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Of each class or label, shape (examples, classes or labels), float32.

        Raises:
            UsageError: the model says values.
        """
        if not isinstance(self.target, ClassTarget | LabelsTarget):
            raise UsageError(f"The model says {self.target}: it has no probabilities.")
        return self.answers

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`: the names, and a column for each class, label or value.

        Raises:
            UsageError: pandas is not installed.
        """
        frame = pandas_for("to_pandas").DataFrame(self.answers, columns=list(self.target.names))
        frame.insert(0, "input", list(self.names), allow_duplicates=True)
        return frame


class Predictor:
    """An opened model that is asked about one batch after the other, in bounded memory."""

    def __init__(
        self,
        model: Path | str,
        *,
        backend: Backend | None = None,
        device: Device = "auto",
        runs_dir: Path | str = "runs",
        reporter: Reporter | None = None,
    ) -> None:
        """Read what the file says of itself; it is opened when the first answer is wanted.

        Args:
            model: a .keras file that nncli made, or a run, named as for `nncli.evaluate`.
            backend, device, runs_dir, reporter: as for `nncli.evaluate`.

        Raises:
            NotFoundError: there is no such file or run, or the run has no model.
            UsageError: the run is a cross-validation.
            ModelFileError: it is no .keras file, or not one that nncli made.
        """
        self.path = model_of(find_model(Path(runs_dir), model))
        self.device = device
        self.reporter = reporter or SilentReporter()
        description = archive.describe(self.path)
        if description is None:
            raise ModelFileError(
                f"{self.path} was not made by nncli and does not say what it takes.",
                hint="Ask it in Python: keras.saving.load_model(...).predict(...)",
            )
        self.description: ModelDescription = description
        experiment = experiment_of(self.path, description)
        assert experiment is not None  # the file has a description
        self.dataset = experiment.dataset
        self.backend = keras_backend.chosen(backend, experiment.training.backend)
        self._network: Any = None
        self._front: Any = None
        self._chunk = CHUNK

    @property
    def target(self) -> Target:
        """What the model says."""
        return self.description.target

    @property
    def kind(self) -> str:
        """Of the input: image, sound, text, table or array."""
        return self.description.inputs.kind

    def ask(
        self,
        inputs: Sequence[Path | str],
        *,
        texts: Sequence[str] = (),
        stream: IO[bytes] | None = None,
        column: str | None = None,
        encoding: str | None = None,
        on_error: OnError = "fail",
    ) -> Iterator[Answered]:
        """What the model says about each example, in order, a batch at a time.

        Args:
            inputs: files, folders and patterns.
            texts: texts themselves.
            stream: such as standard input: a text a line, or of a table CSV.
            column: of tables, which is the text.
            encoding: of texts and tables; default: UTF-8, what a mark says, or that of the
                training.
            on_error: fail at the first file or row that cannot be read, or skip, count and list
                them.

        Raises:
            NotFoundError: there is no such file.
            UsageError: a file, or a text, is nothing that this model takes; there is no such
                encoding.
            DataError: something cannot be read, at the moment that it is its turn.
        """
        if encoding is not None:
            _check_encoding(encoding, of_lines=stream is not None and self.kind == "text")
        files = files_meant([str(path) for path in inputs], self.kind)
        if (texts and self.kind != "text") or (stream and self.kind not in ("text", "table")):
            what = "no text" if texts else "which cannot be read from standard input"
            raise UsageError(
                f"This model takes {self.description.inputs}, {what}.",
                hint="Name files of that kind.",
            )
        skipped = Skipped(on_error, option=SKIP)
        return self._answers(files, texts, stream, column, encoding, skipped)

    def _answers(
        self,
        files: Sequence[Path],
        texts: Sequence[str],
        stream: IO[bytes] | None,
        column: str | None,
        encoding: str | None,
        skipped: Skipped,
    ) -> Iterator[Answered]:
        stored = self.dataset if isinstance(self.dataset, TableDataset | FolderDataset) else None

        def read(some: Sequence[Path]) -> Iterator[Asked]:
            return read_files(
                some, self.description.preprocessing, column=column, stored=stored,
                encoding=encoding, skipped=skipped,
            )  # fmt: skip

        if self._network is None:  # before files are read: resizing is a layer of Keras
            self._open()
        said = ((f"text {number}", text) for number, text in enumerate(texts, start=1))
        parts = [read(files), read_texts(said)]
        if stream is not None:
            lines = self.kind == "text"
            parts.append(
                read_lines(stream, encoding, skipped)
                if lines
                else read_stream(stream, read, skipped)
            )
        for asked in chain.from_iterable(parts):
            yield from self._answer(asked)
        skipped.report(self.reporter)

    def _answer(self, asked: Asked) -> Iterator[Answered]:
        import numpy as np

        for start in range(0, len(asked.names), self._chunk):
            names = asked.names[start : start + self._chunk]
            some = rows_of(asked.inputs, slice(start, start + self._chunk))
            size = len(names)
            # Every other size would be compiled anew: few of them are ever seen.
            filled = 1 << (size - 1).bit_length()
            if filled != size:
                some = rows_of(some, np.minimum(np.arange(filled), size - 1))
            answers = self._network.predict_on_batch(self._front(some))
            yield Answered(names, np.asarray(answers, np.float32)[:size])

    def _open(self) -> None:
        keras_backend.prepare(backend=self.backend, device=self.device)
        from nncli.preprocessing.applying import Applied

        with self.reporter.task("Opening the model"):
            network = archive.open_model(self.path)
            self._network = model_for_arrays(network, self.description)
            self._chunk = batch_size_for(self._network, CHUNK)
            self._front = Applied(self.description.preprocessing)


def _check_encoding(name: str, *, of_lines: bool) -> None:
    try:
        end = "\n".encode(name)
    except LookupError:
        raise UsageError(f"There is no encoding named {name!r}.", hint="cp1252 is one.") from None
    if of_lines and end != b"\n":
        raise UsageError(
            f"Lines of standard input cannot be told apart in {name}.",
            hint=f"iconv -f {name} -t utf-8 brings them to UTF-8.",
        )


def predict(
    model: Path | str,
    inputs: Sequence[Path | str] | Path | str = (),
    *,
    texts: Sequence[str] = (),
    column: str | None = None,
    encoding: str | None = None,
    on_error: OnError = "fail",
    backend: Backend | None = None,
    device: Device = "auto",
    runs_dir: Path | str = "runs",
    reporter: Reporter | None = None,
) -> Predictions:
    """Ask a .keras file that nncli made about files, folders, patterns and texts.

    Everything is held in memory; `Predictor.ask` gives a batch at a time.

    Args and Raises:
        As `Predictor` and `Predictor.ask`.
    """
    import numpy as np

    predictor = Predictor(
        model, backend=backend, device=device, runs_dir=runs_dir, reporter=reporter
    )
    some = [inputs] if isinstance(inputs, str | Path) else inputs
    asked = predictor.ask(some, texts=texts, column=column, encoding=encoding, on_error=on_error)
    batches = list(asked)
    names = [name for batch in batches for name in batch.names]
    nothing = np.empty((0, len(predictor.target.names)), np.float32)
    answers = np.concatenate([nothing, *(batch.answers for batch in batches)])
    return Predictions(names, answers, predictor.target)
