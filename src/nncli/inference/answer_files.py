"""Answers as CSV, JSON Lines or Parquet, batch by batch.

Lines of text are made by Arrow, a column at a time: Python would take longer to write the answers
than a small network takes to find them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from nncli.inference.prediction import Answered
from nncli.inference.tabulating import CellKind, Tabulated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ENDINGS", "FileFormat", "Writer", "writer_for"]

FileFormat = Literal["csv", "jsonl", "parquet"]
ENDINGS: dict[str, FileFormat] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
                                  ".parquet": "parquet"}  # fmt: skip
SEPARATOR = ";"  # between labels in one cell


class Stream(Protocol):
    """Takes bytes."""

    def write(self, content: bytes, /) -> int:
        """Write all of them; how many they were."""


class Writer(Protocol):
    """Writes answers as they come."""

    def write(self, answered: Answered) -> None:
        """Write some of them."""

    def close(self) -> None:
        """Write what is left."""


def writer_for(form: FileFormat, stream: Stream, tabulated: Tabulated) -> Writer:
    """What writes answers in a format; text is UTF-8."""
    match form:
        case "csv":
            return _CsvWriter(stream, tabulated)
        case "jsonl":
            return _JsonWriter(stream, tabulated)
        case "parquet":
            return _ParquetWriter(stream, tabulated)


class _CsvWriter:
    def __init__(self, stream: Stream, tabulated: Tabulated) -> None:
        self.stream, self.tabulated = stream, tabulated
        self.has_header = False

    def write(self, answered: Answered) -> None:
        import pyarrow.compute as pc

        self._begin()
        columns = zip(self.tabulated.kinds, self.tabulated.cells(answered), strict=True)
        cells = [self._written(kind, values) for kind, values in columns]
        lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace")
        _write_lines(self.stream, lines)

    @staticmethod
    def _written(kind: CellKind, values: Any) -> Any:
        match kind:
            case "number":
                return _digits(values)
            case "labels":
                return _quoted(_strings([SEPARATOR.join(words) for words in values]))
            case _:
                return _quoted(_strings(values))

    def _begin(self) -> None:
        """Write the header; not before there is an answer, for an error may come in its place."""
        if not self.has_header:
            names = _quoted(_strings(self.tabulated.columns)).to_pylist()
            self.stream.write(f"{','.join(names)}\n".encode())
            self.has_header = True

    def close(self) -> None:
        self._begin()


class _JsonWriter:
    def __init__(self, stream: Stream, tabulated: Tabulated) -> None:
        self.stream, self.tabulated = stream, tabulated
        keys = [f"{_json(name)}: " for name in tabulated.columns]
        self.before = ["{" + keys[0], *(f", {key}" for key in keys[1:])]

    def write(self, answered: Answered) -> None:
        import pyarrow.compute as pc

        parts = []
        cells = self.tabulated.cells(answered)
        for before, kind, values in zip(self.before, self.tabulated.kinds, cells, strict=True):
            is_number = kind == "number"
            parts += [before, _digits(values) if is_number else _strings([*map(_json, values)])]
        lines = pc.binary_join_element_wise(
            *parts, "}", "", null_handling="replace", null_replacement="null"
        )
        _write_lines(self.stream, lines)

    def close(self) -> None:
        pass


class _ParquetWriter:
    def __init__(self, stream: Stream, tabulated: Tabulated) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        types = {"text": pa.string(), "labels": pa.list_(pa.string()), "number": pa.float32()}
        fields = zip(tabulated.columns, tabulated.kinds, strict=True)
        self.tabulated = tabulated
        self.schema = pa.schema([(name, types[kind]) for name, kind in fields])
        self.writer = parquet.ParquetWriter(stream, self.schema)

    def write(self, answered: Answered) -> None:
        import pyarrow as pa

        columns = zip(self.tabulated.kinds, self.tabulated.cells(answered), strict=True)
        arrays = [self._stored(kind, values) for kind, values in columns]
        self.writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema))

    @staticmethod
    def _stored(kind: CellKind, values: Any) -> Any:
        import pyarrow as pa

        match kind:
            case "number":
                return _numbers(values)
            case "labels":
                return pa.array(values, pa.list_(pa.string()))
            case _:
                return _strings(values)

    def close(self) -> None:
        self.writer.close()


_json = json.JSONEncoder(ensure_ascii=False).encode


def _write_lines(stream: Stream, lines: Any) -> None:
    stream.write("".join(f"{line}\n" for line in lines.to_pylist()).encode())


def _strings(values: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.array(values, pa.string())


def _quoted(cells: Any) -> Any:
    """Strings as CSV has them: in quotation marks, where it would be read as several cells."""
    import pyarrow.compute as pc

    special = pc.match_substring_regex(cells, '[",\r\n]')
    if not pc.any(special).as_py():
        return cells
    escaped = pc.replace_substring(cells, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', escaped, '"', ""), cells)


def _numbers(values: NDArray[np.float32]) -> Any:
    """An array of Arrow, null for what is no number, as a network that was trained at too high a
    rate answers: JSON has no NaN."""
    import numpy as np
    import pyarrow as pa

    return pa.array(values, pa.float32(), mask=~np.isfinite(values))


def _digits(values: NDArray[np.float32]) -> Any:
    """The numbers as strings of as many digits as tell a float32 from others, with a point in every
    one: a reader that looks at the first rows must not take the column for whole numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = pc.cast(_numbers(values), pa.string())
    whole = pc.match_substring_regex(digits, "^-?[0-9]+$")
    if not pc.any(whole).as_py():
        return digits
    return pc.if_else(whole, pc.binary_join_element_wise(digits, ".0", ""), digits)
