"""Answers as rows of a table, and writing them as CSV, JSON Lines or Parquet, batch by batch."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.errors import UsageError
from nncli.inference.prediction import Answered
from nncli.objectives import LABEL_THRESHOLD

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ENDINGS", "FileFormat", "Tabulated", "Writer", "writer_for"]

FileFormat = Literal["csv", "jsonl", "parquet"]
ENDINGS: dict[str, FileFormat] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
                                  ".parquet": "parquet"}  # fmt: skip
SEPARATOR = ";"  # between labels in one cell


class Tabulated:
    """How the answers of a model stand in a table.

    Classes: `input`, `prediction`, `probability`, and with `top` above 1 `prediction_2`,
    `probability_2` and so on. Labels: `input`, `prediction` (those whose probability is at least
    0.5), and a column with the probability of each. Values: `input`, and a column for each.
    """

    def __init__(self, target: Target, *, top: int = 1) -> None:
        """`top`: how many classes are given, the likeliest first.

        Raises:
            UsageError: the model has no classes to choose from.
        """
        if top != 1 and not isinstance(target, ClassTarget):
            raise UsageError(f"The model says {target}: there is no order to take the first of.")
        self.target = target
        self.top = min(top, len(target.names))
        numbers = [""] + [f"_{place}" for place in range(2, self.top + 1)]
        match target:
            case ClassTarget():
                own = [f"{name}{n}" for n in numbers for name in ("prediction", "probability")]
            case LabelsTarget():
                own = ["prediction", *_distinct(target.names, ("input", "prediction"))]
            case _:
                own = _distinct(target.names, ("input",))
        self.columns = ("input", *own)

    def rows(self, answered: Answered) -> list[tuple[Any, ...]]:
        """One tuple an example, in the order of `columns`; labels are a list."""
        names, answers = answered.names, answered.answers
        match self.target:
            case ClassTarget():
                return [
                    (name, *row) for name, row in zip(names, self._likeliest(answers), strict=True)
                ]
            case LabelsTarget():
                said = answers >= LABEL_THRESHOLD
                words = self.target.names
                return [
                    (name, [word for word, yes in zip(words, some, strict=True) if yes], *row)
                    for name, some, row in zip(names, said, _numbers(answers), strict=True)
                ]
            case _:
                return [(name, *row) for name, row in zip(names, _numbers(answers), strict=True)]

    def _likeliest(self, answers: NDArray[Any]) -> list[tuple[Any, ...]]:
        """The names and the probabilities of the `top` classes in turn; of equal ones the first."""
        import numpy as np

        if self.top == 1:
            order = answers.argmax(axis=1)[:, np.newaxis]
        else:
            order = np.argsort(-answers, axis=1, kind="stable")[:, : self.top]
        chosen = np.take_along_axis(answers, order, axis=1)
        words = np.array(self.target.names, object)[order]
        turns: list[list[Any]] = []
        for place in range(self.top):
            [numbers] = _numbers(chosen[np.newaxis, :, place])
            turns += [words[:, place].tolist(), numbers]
        return list(zip(*turns, strict=True))


def _numbers(values: NDArray[Any]) -> list[list[float | None]]:
    """The rows of float32 numbers with the seven digits that those have; None for what is no
    number, as a network that was trained at too high a rate answers, for JSON has no NaN."""
    return [
        [float(f"{number:.7g}") if math.isfinite(number) else None for number in row]
        for row in values.tolist()
    ]


def _distinct(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Names of columns that are not `taken`, nor each other."""
    used = {*taken, *names}
    found = []
    for name in names:
        own = name
        while name in taken and own in used:
            own += "_"
        used.add(own)
        found.append(own)
    return found


class Stream(Protocol):
    """Takes bytes."""

    def write(self, content: bytes, /) -> int:
        """Write all of them; how many they were."""


class Writer(Protocol):
    """Writes rows as they come."""

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write some rows."""

    def close(self) -> None:
        """Write what is left."""


def writer_for(form: FileFormat, stream: Stream, tabulated: Tabulated) -> Writer:
    """What writes rows of `tabulated` in a format; text is UTF-8."""
    match form:
        case "csv":
            return _CsvWriter(stream, tabulated)
        case "jsonl":
            return _JsonWriter(stream, tabulated)
        case "parquet":
            return _ParquetWriter(stream, tabulated)


class _Text:
    """A text file's bytes."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self.stream.write(text.encode("utf-8", "surrogateescape"))


class _CsvWriter:
    def __init__(self, stream: Stream, tabulated: Tabulated) -> None:
        self.writer = csv.writer(_Text(stream), lineterminator="\n")
        self.writer.writerow(tabulated.columns)
        self.labels = isinstance(tabulated.target, LabelsTarget)

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        if self.labels:
            rows = [(name, SEPARATOR.join(said), *rest) for name, said, *rest in rows]
        self.writer.writerows(rows)

    def close(self) -> None:
        pass


class _JsonWriter:
    def __init__(self, stream: Stream, tabulated: Tabulated) -> None:
        self.stream, self.columns = stream, tabulated.columns

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        lines = (
            json.dumps(dict(zip(self.columns, row, strict=True)), ensure_ascii=False)
            for row in rows
        )
        text = "".join(f"{line}\n" for line in lines)
        self.stream.write(text.encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        pass


class _ParquetWriter:
    def __init__(self, stream: Stream, tabulated: Tabulated) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        words, number = pa.string(), pa.float32()
        types = [words, *[number] * (len(tabulated.columns) - 1)]
        match tabulated.target:
            case ClassTarget():
                types[1::2] = [words] * tabulated.top
            case LabelsTarget():
                types[1] = pa.list_(words)
        self.schema = pa.schema(list(zip(tabulated.columns, types, strict=True)))
        self.writer = parquet.ParquetWriter(stream, self.schema)

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        import pyarrow as pa

        columns = list(zip(*rows, strict=True))
        arrays = [
            pa.array(list(values), field.type)
            for values, field in zip(columns, self.schema, strict=True)
        ]
        self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))

    def close(self) -> None:
        self.writer.close()
