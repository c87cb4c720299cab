"""The rows of a table that a model is asked about: its columns alone, without an answer."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data.naming import check_needed, meant
from nncli.data.skipping import Skipped
from nncli.data.table.batches import typed
from nncli.data.table.cells import BATCH_ROWS, Batch, is_number
from nncli.data.table.columns import MISSING, MISSING_AMONG_NUMBERS
from nncli.data.table.files import blank_rows, layout_of, read_rows, row_numbers
from nncli.data.table.layout import DAMAGED, SAMPLE_BYTES, Layout, opened
from nncli.data.table.settings import TableDataset
from nncli.descriptions import Column, TableInput
from nncli.errors import DataError, UsageError
from nncli.preprocessing import Preprocessing
from nncli.reporting import listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["read_table"]

PLACE = "column_"  # what columns without names are called, with their number behind


def read_table(
    path: Path,
    preprocessing: Preprocessing,
    column: str | None,
    stored: TableDataset | None,
    encoding: str | None,
    skipped: Skipped,
) -> Iterator[tuple[list[str], Any]]:
    """The rows of a file as the preprocessing of a model takes them, with their names.

    Args:
        path: CSV and its relatives, Parquet or JSON Lines; it may have further columns.
        preprocessing: of the model: of a table, or of a text, which is one column.
        column: the text; None: the column that it was in training, or the only one.
        stored: how the table was read that the model was trained on, if it was one.
        encoding: of the file; None: UTF-8, what its mark says, or that of `stored`.
        skipped: told which rows cannot be read.

    Raises:
        DataError: it is no table, lacks a column, or a row cannot be read.
        UsageError: nothing says which column is the text.
    """
    needed = _needed(preprocessing, column, stored)
    encoding = encoding or _encoding(path, stored)
    if stored is None:
        layout = layout_of(path, delimiter=None, header=None, encoding=encoding)
    else:
        by_number = stored.header is False and column is None
        layout = _layout(path, needed, stored, encoding, by_number=by_number)
        if by_number and preprocessing.kind != "table" and needed:
            _check_places(path, layout, stored, needed, skipped)
    columns, alone = _columns(path, layout, preprocessing, needed, column)
    missing = MISSING if stored is None else stored.missing_words
    in_numbers = missing | MISSING_AMONG_NUMBERS
    words = {"number": in_numbers, "date": in_numbers, "category": missing, "text": missing}
    done = 0
    for batch in _parts(read_rows(path, layout, skipped, [one.name for one in columns])):
        size = len(next(iter(batch.values())))
        places = _row_numbers(path, layout, done, size, skipped)
        done += size
        values = {
            one.name: typed(batch[one.name], one.kind, words[one.kind], layout) for one in columns
        }
        good = _readable(path, columns, batch, values, words["number"], places, skipped)
        if not good.all():
            places, values = places[good], {name: cells[good] for name, cells in values.items()}
        if len(places):
            file = str(path)
            names = [f"{file}:{number}" for number in places.tolist()]
            yield names, next(iter(values.values())) if alone else values


def _parts(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Batches of few rows, so that the first are asked about while others are still read."""
    for batch in batches:
        for start in range(0, len(next(iter(batch.values()))), BATCH_ROWS):
            yield {name: cells.part(start, BATCH_ROWS) for name, cells in batch.items()}


def _needed(
    preprocessing: Preprocessing, column: str | None, stored: TableDataset | None
) -> Sequence[str]:
    """The names of the columns that are read, as far as it is known which."""
    if preprocessing.kind == "table":
        assert isinstance(preprocessing.inputs, TableInput)
        if column is not None:
            raise UsageError("--column names the column of a text: this model takes a whole table.")
        return [one.name for one in preprocessing.inputs.columns]
    if column is not None or stored is None:
        return [column] if column is not None else []
    kinds = stored.columns.items()
    return [n for n, kind in kinds if kind != "ignore" and n not in stored.targets][:1]


def _layout(
    path: Path,
    needed: Sequence[str],
    stored: TableDataset,
    encoding: str | None,
    *,
    by_number: bool,
) -> Layout:
    """How a file is written: as it looks, unless the columns that the model needs are then not in
    it, but are if it is written as the table of the training was. A few rows do not tell much.

    `by_number`: that table had no names of columns, and so this one has none. In it every file has
    the columns, as soon as something parts enough cells.
    """

    def written(header: bool | None, delimiter: str | None = None) -> Layout:
        return layout_of(
            path,
            delimiter=delimiter,
            header=header,
            encoding=encoding,
            day_first=stored.day_first,
            usual_decimal=stored.decimal,
        )

    as_stored = partial(written, stored.header, stored.delimiter)
    if by_number:
        return as_stored()
    looks = written(None)
    if set(needed) <= {*looks.columns}:
        return looks
    other = as_stored()
    return other if set(needed) <= {*other.columns} else looks


def _check_places(
    path: Path, layout: Layout, stored: TableDataset, needed: Sequence[str], skipped: Skipped
) -> None:
    """Refuse a table in which the text need not be where it was in one without names of columns:
    any of its columns would be read as well. Texts alone, a line each, are what they are.

    Raises:
        DataError: it has more or fewer columns.
    """
    names = [*stored.columns, *stored.targets, stored.divided_by or ""]
    trained = max(int(name[len(PLACE) :]) for name in names if re.fullmatch(PLACE + r"\d+", name))
    found = len(layout.columns)
    if found not in (1, trained):
        raise DataError(
            f"{path.name} has {found:,} columns; the table that the model was trained on had "
            f"{trained:,}, without names, and the text in {needed[0]}.",
            hint="Say which is the text, by its name or, where there are none, its place: "
            f"--column {PLACE}1",
        )
    own = None if found == 1 else layout.delimiter
    looks = layout_of(path, delimiter=own, header=None, encoding=layout.encoding)
    if looks.header and len(looks.columns) > 1 and looks.delimiter.strip():
        # A few rows do not tell much, and so it is no more than said.
        text = "each line is a text" if found == 1 else f"the text is {needed[0]}"
        skipped.warn(
            f"{path.name} is read as the table that the model was trained on, without names of "
            f"columns: {text}. If the first row has names ({listed(list(looks.columns))}), say "
            "which is the text: --column NAME"
        )


def _encoding(path: Path, stored: TableDataset | None) -> str | None:
    """That of the table of the training, where a file can be in it and does not look like UTF-8."""
    if stored is None or stored.encoding is None or stored.encoding.lower().startswith("utf"):
        return None  # which of those it is, the file says
    with opened(path) as stream:
        try:
            start = stream.read(SAMPLE_BYTES)
            text = codecs.getincrementaldecoder("utf-8")().decode(start)
        except UnicodeDecodeError:
            return stored.encoding
        except DAMAGED:
            return None  # whoever reads it says why
    return stored.encoding if text.isascii() else None


def _columns(
    path: Path,
    layout: Layout,
    preprocessing: Preprocessing,
    needed: Sequence[str],
    column: str | None,
) -> tuple[Sequence[Column], bool]:
    """The columns that the model takes, and whether it is one text."""
    if preprocessing.kind == "table":
        check_needed(path.name, needed, layout.columns)
        return preprocessing.inputs.columns, False
    if column is None and needed and needed[0] in layout.columns:
        column = needed[0]
    if column is None and len(layout.columns) == 1:
        column = layout.columns[0]
    if column is None:
        raise UsageError(
            f"Which column of {path.name} is the text? It has {listed(list(layout.columns))}.",
            hint="Say so: --column NAME",
        )
    if column not in layout.columns:
        raise DataError(
            f"{path.name} has no column {column!r}.",
            hint=f"{meant(column, layout.columns)}It has {listed(list(layout.columns))}.",
        )
    return (Column(name=column, kind="text"),), True


def _row_numbers(
    path: Path, layout: Layout, done: int, size: int, skipped: Skipped
) -> NDArray[np.int64]:
    """What a spreadsheet calls the next `size` rows behind `done` others."""
    import numpy as np

    if path not in skipped.blank:
        skipped.blank[path] = blank_rows(path, layout)
    left_out = [*skipped.rows.get(path, ()), *skipped.blank[path]]
    return row_numbers(np.arange(done, done + size) + layout.first_row, left_out)


def _readable(
    path: Path,
    columns: Sequence[Column],
    batch: Batch,
    values: Mapping[str, NDArray[Any]],
    missing: Collection[str],
    places: NDArray[np.int64],
    skipped: Skipped,
) -> NDArray[np.bool_]:
    """Which rows have numbers and dates where those belong, or nothing.

    Raises:
        DataError: a row has not, and is not to be skipped.
    """
    import numpy as np

    good = np.ones(len(places), bool)
    problems: dict[int, str] = {}  # said in the order of the rows, not of the columns
    for column in columns:
        if column.kind not in ("number", "date"):
            continue
        unknown = np.flatnonzero(np.isnan(values[column.name]) & good)
        if not len(unknown):
            continue
        cells = batch[column.name]
        said = unknown[~cells.lacking(missing)[unknown]]
        if not len(said):  # the usual case, for which no cell need become a string
            continue
        for place, cell in zip(said, cells.strings[said], strict=True):
            if column.kind == "number" and is_number(cell):
                continue  # a number that stands for missing
            good[place] = False
            problems[int(place)] = (
                f"{path}, row {places[place]:,}: {column.name} is to be a {column.kind}, and is "
                f"{cell!r}"
            )
    for place in sorted(problems):
        skipped.note(problems[place])
    return good
