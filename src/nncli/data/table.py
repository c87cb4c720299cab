"""Tables of your own: CSV and its relatives, Parquet, JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from nncli.data.dataset import DecodedDataset, DecodedSplit, Source
from nncli.data.files import is_pattern, label_of, like, stamp
from nncli.data.inputs import InputSettings
from nncli.data.skipping import OnError, Skipped
from nncli.data.splits import HeldOutShares
from nncli.data.table_columns import MISSING, Kind, Seen, days, matched, numbers
from nncli.data.table_files import Layout, layout_of, read_rows
from nncli.descriptions import (
    ClassTarget,
    Column,
    Input,
    LabelsTarget,
    TableInput,
    Target,
    TextInput,
    ValueTarget,
)
from nncli.errors import DataError, NotFoundError
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TABLE_ENDINGS", "TableDataset", "profile", "source"]

TABLE_ENDINGS = (
    ".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".parquet", ".pq", ".jsonl", ".ndjson",
    ".jsonl.gz", ".ndjson.gz",
)  # fmt: skip
# A target of more different whole numbers than this is a value and no class.
MOST_NUMBERED_CLASSES = 20
MOST_CLASSES = 10_000
SHOWN = 8

Rows = dict[str, "NDArray[Any]"]
Task = Literal["classes", "labels", "values"]


class TableDataset(InputSettings, HeldOutShares):
    """A table: CSV, TSV, Parquet or JSON Lines, one column of which is to be predicted."""

    type: Literal["table"] = Field(default="table", description="A file of rows and columns.")
    path: Path = Field(
        strict=False, description="The file; data-*.csv means all such files together."
    )
    validation_path: Path | None = Field(
        default=None, strict=False, description="A file of its own for validation."
    )
    test_path: Path | None = Field(
        default=None, strict=False, description="A file of its own for the final test."
    )
    target: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | str | None = Field(
        default=None,
        description="The column to predict, or several: [a, b]. There is no default.",
    )
    task: Task | None = Field(
        default=None,
        description=(
            "What the target is: classes, labels (several columns of 0 and 1) or values; "
            "default: what its cells look like."
        ),
    )
    columns: dict[str, Kind] = Field(
        default={},
        description=(
            "What columns are, where nncli is wrong: {name: number, category, text, date or "
            "ignore}."
        ),
    )
    header: bool | None = Field(
        default=None,
        description="Whether the first row names the columns; default: whether it looks so.",
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="What parts the cells of a text file; default: what fits the first rows.",
    )
    encoding: str | None = Field(
        default=None, description="Of a text file, such as cp1252; default: utf-8 or its mark."
    )
    missing: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(),
        description="Words for missing cells, beside NA, n/a, nan, null, none, ? and nothing.",
    )
    on_error: OnError = Field(
        default="fail",
        description="Rows that cannot be read: fail at the first, or skip, count and list them.",
    )

    @property
    def label(self) -> str:
        """The name that runs and reports give to this dataset."""
        return label_of(self.path)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict."""
        if self.target is None:
            return ()
        return (self.target,) if isinstance(self.target, str) else self.target


def source(settings: TableDataset) -> Source:
    """The table that `settings` names.

    Raises:
        NotFoundError: there is no such file.
        DataError: no target is named, or it is no column.
    """
    files = {"train": _files(settings.path)}
    if settings.validation_path is not None:
        files["validation"] = _files(settings.validation_path)
    if settings.test_path is not None:
        files["test"] = _files(settings.test_path)
    status = {name: [stamp(path) for path in paths] for name, paths in files.items()}
    kept = settings.model_dump(mode="json", exclude={"validation", "test"})
    key = {"name": settings.label, "files": status, "settings": kept}
    return Source(key, lambda given, reporter: _decode(settings, files, given, reporter))


def profile(settings: TableDataset, *, reporter: Reporter) -> Mapping[str, Seen]:
    """What the cells of each column look like.

    Raises:
        DataError: the table cannot be read.
    """
    missing = {*MISSING, *(word.lower() for word in settings.missing)}
    files = {"train": _files(settings.path)}
    skipped = Skipped(settings.on_error)
    return _looked_through(settings, files, missing, skipped, reporter).seen


def _files(path: Path) -> list[Path]:
    if is_pattern(path):
        return like(path)
    if not path.exists():
        raise NotFoundError(f"There is no file {path}.")
    if path.is_dir():
        found = sorted(f for f in path.iterdir() if f.name.lower().endswith(TABLE_ENDINGS))
        hint = f"Name one: {found[0]}" if found else None
        raise NotFoundError(f"{path} is a folder and no table.", hint=hint)
    return [path.absolute()]


@dataclass(frozen=True)
class _Table:
    """A table that was looked through once."""

    files: Mapping[str, Sequence[Path]]
    layouts: Mapping[Path, Layout]
    seen: Mapping[str, Seen]
    targets: Mapping[str, Mapping[str, list[str]]]


def _decode(
    settings: TableDataset,
    files: Mapping[str, Sequence[Path]],
    given: Preprocessing | None,
    reporter: Reporter,
) -> DecodedDataset:
    skipped = Skipped(settings.on_error)
    missing = {*MISSING, *(word.lower() for word in settings.missing)}
    table = _looked_through(settings, files, missing, skipped, reporter)
    kinds = _kinds(settings, table, reporter)
    blank = {split: _check_blanks(settings, table, split, missing, skipped) for split in files}
    target, encoded = _target(settings, table, missing, blank)
    wanted = _wanted(given)
    columns = tuple(
        Column(name=name, kind=kind)
        for name, kind in kinds.items()
        if kind != "ignore" and name not in settings.targets
    )
    if wanted is not None:
        columns = wanted
        absent = [column.name for column in columns if column.name not in table.seen]
        if absent:
            raise DataError(
                f"{settings.path} lacks columns that the model needs: {_listed(absent)}."
            )
    inputs: Input
    only_text = [column.name for column in columns] if len(columns) == 1 else []
    alone = given.kind == "text" if given else bool(only_text) and columns[0].kind == "text"
    if alone:
        inputs = TextInput()
        if given is not None:
            texts = [n for n, kind in kinds.items() if kind == "text" and n not in settings.targets]
            only_text = texts[:1] or [n for n in kinds if n not in settings.targets][:1]
    elif columns:
        inputs = TableInput(columns=columns)
    else:
        raise DataError(
            f"{settings.path} has no column to learn {_listed(settings.targets)} from.",
            hint="All others are ignored; --set 'dataset.columns={name: number}' takes one in.",
        )
    settings.check_kind(settings.label, "text" if alone else "table")
    spellings = {name: {*missing, *table.seen[name].words_for_missing} for name in table.seen}

    def rows(split: str) -> Iterator[tuple[Any, NDArray[Any]]]:
        import numpy as np

        start = 0
        for path in files[split]:
            for batch in read_rows(path, table.layouts[path], Skipped("skip")):
                stop = start + len(next(iter(batch.values())))
                filled = ~blank[split][start:stop]
                place = start - int(blank[split][:start].sum())
                targets = encoded[split][place : place + int(filled.sum())]
                cells = {name: values[filled] for name, values in batch.items()}
                if alone:
                    yield _typed(cells[only_text[0]], "text", spellings[only_text[0]]), targets
                elif isinstance(inputs, TableInput):
                    yield (
                        {
                            column.name: _typed(
                                cells[column.name], column.kind, spellings[column.name]
                            )
                            for column in inputs.columns
                        },
                        np.asarray(targets),
                    )
                start = stop

    def split_of(name: str) -> DecodedSplit:
        return DecodedSplit(len(encoded[name]), lambda: rows(name), encoded[name])

    skipped.report(reporter)
    layout = next(iter(table.layouts.values()))
    found: dict[str, Any] = {"columns": dict(kinds)}
    if settings.path.suffix.lower() not in (".parquet", ".pq", ".jsonl", ".ndjson"):
        found |= {
            "header": layout.header, "delimiter": layout.delimiter, "encoding": layout.encoding
        }  # fmt: skip
    return DecodedDataset(
        name=settings.label,
        inputs=inputs,
        target=target,
        splits={name: split_of(name) for name in files},
        found=found,
    )


def _wanted(given: Preprocessing | None) -> tuple[Column, ...] | None:
    """The columns that the preprocessing of a model takes."""
    return given.inputs.columns if given is not None and given.kind == "table" else None


def _looked_through(
    settings: TableDataset,
    files: Mapping[str, Sequence[Path]],
    missing: set[str],
    skipped: Skipped,
    reporter: Reporter,
) -> _Table:
    """Read every file once: what do its columns look like, and what are the targets?"""
    import numpy as np

    layouts: dict[Path, Layout] = {}
    seen: dict[str, Seen] = {}
    targets: dict[str, dict[str, list[str]]] = {}
    with reporter.task(f"Looking through {settings.label}"):
        for split, paths in files.items():
            targets[split] = {name: [] for name in settings.targets}
            for path in paths:
                layout = layout_of(
                    path,
                    delimiter=settings.delimiter,
                    header=settings.header,
                    encoding=settings.encoding,
                )
                if layouts:
                    layout = _same_columns(path, layout, *next(iter(layouts.items())))
                else:
                    _check_target(settings, layout)
                    seen = {name: Seen(missing) for name in layout.columns}
                layouts[path] = layout
                for batch in read_rows(path, layout, skipped):
                    for name, cells in batch.items():
                        if split == "train" and name not in settings.targets:
                            seen[name].add(np.asarray(cells))
                        elif name in settings.targets:
                            seen[name].add(np.asarray(cells))
                            targets[split][name] += cells.tolist()
    if not targets["train"][settings.targets[0]]:
        raise DataError(f"{settings.path} has no rows.", hint="A header alone is no data.")
    return _Table(files, layouts, seen, targets)


def _same_columns(path: Path, layout: Layout, first: Path, wanted: Layout) -> Layout:
    """The layout of another file of the same table, which may lack the header."""
    if layout.columns == wanted.columns or set(layout.columns) == set(wanted.columns):
        return layout
    if len(layout.columns) == len(wanted.columns) and not (layout.header and wanted.header):
        return Layout(
            wanted.columns, layout.delimiter, layout.header, layout.quoted, layout.encoding
        )
    lacking = [name for name in wanted.columns if name not in layout.columns]
    raise DataError(
        f"{path} has other columns than {first}"
        + (f": it lacks {_listed(lacking)}." if lacking else ".")
    )


def _check_target(settings: TableDataset, layout: Layout) -> None:
    import difflib
    import shlex

    names = list(layout.columns)
    if not settings.targets:
        raise DataError(
            f"Which column of {settings.path.name} is to be predicted? It has {_listed(names)}.",
            hint=f"Say so with --set {shlex.quote('dataset.target=' + names[-1])}",
        )
    for name in settings.targets:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            meant = f"Did you mean {close[0]!r}? " if close else ""
            how = (
                "" if layout.header else "\nIts first row is taken for data; header: true says no."
            )
            raise DataError(
                f"{settings.path.name} has no column {name!r}.",
                hint=f"{meant}It has {_listed(names)}.{how}",
            )
    unknown = [name for name in settings.columns if name not in names]
    if unknown:
        raise DataError(
            f"dataset.columns: {settings.path.name} has no column {unknown[0]!r}.",
            hint=f"It has {_listed(names)}.",
        )


def _kinds(settings: TableDataset, table: _Table, reporter: Reporter) -> dict[str, Kind]:
    """What every column but the targets is; says which are ignored, and why."""
    kinds: dict[str, Kind] = {}
    reasons = []
    for name, seen in table.seen.items():
        if name in settings.targets:
            continue
        if name in settings.columns:
            kinds[name] = settings.columns[name]
            continue
        kinds[name], reason = seen.kind()
        if reason:
            reasons.append(f"  {name}: {reason}")
    if reasons:
        listed = "\n".join(reasons[:SHOWN])
        more = f"\n  and {len(reasons) - SHOWN:,} more" if len(reasons) > SHOWN else ""
        what = counted(len(reasons), "column")
        reporter.notice(f"{what} of {settings.label} ignored:\n{listed}{more}")
    described = [
        f"{name} {kind}" + (f" ({' and '.join(words)} for missing)" if words else "")
        for name, kind in kinds.items()
        if kind != "ignore"
        for words in [table.seen[name].words_for_missing]
    ]
    shown = described if len(described) <= 2 * SHOWN else [*described[:SHOWN], "..."]
    reporter.notice(f"{settings.label}: {', '.join(shown)} -> {', '.join(settings.targets)}")
    return kinds


def _check_blanks(
    settings: TableDataset, table: _Table, split: str, missing: set[str], skipped: Skipped
) -> NDArray[Any]:
    """Which rows of a split lack a target, shape (rows,), bool."""
    import numpy as np

    columns = table.targets[split]
    lacks = np.zeros(len(columns[settings.targets[0]]), bool)
    for cells in columns.values():
        lacks |= np.array([cell.lower() in missing for cell in cells], bool)
    if lacks.any():
        first = int(lacks.argmax()) + 1
        rows = counted(int(lacks.sum()), "row")
        name = _listed(settings.targets)
        path = table.files[split][0]
        if settings.on_error == "skip":
            skipped.note(f"{path}: {rows} without {name}, the first is row {first}")
        else:
            raise DataError(
                f"{path}: {rows} of {len(lacks):,} without {name}, the first is row {first}.",
                hint="Fill them in, or train on the others: --set dataset.on_error=skip",
            )
    return lacks


def _target(
    settings: TableDataset, table: _Table, missing: set[str], blank: Mapping[str, NDArray[Any]]
) -> tuple[Target, dict[str, NDArray[Any]]]:
    """What is to be predicted, and the targets of each split as numbers."""
    import numpy as np

    names = settings.targets
    cells = {
        split: {name: np.array(columns[name], object)[~blank[split]] for name in names}
        for split, columns in table.targets.items()
    }
    train = cells["train"]
    if not len(train[names[0]]):
        raise DataError(f"{settings.path}: {_listed(names)} is missing in every row.")
    for name in names:
        if len(set(train[name].tolist())) == 1:
            raise DataError(
                f"{settings.path}: {name} is {train[name][0]!r} in every row; there is nothing "
                "to learn.",
                hint="Is it the column that you mean?",
            )
    task = settings.task or _task(train)
    if task == "classes" and len(names) > 1:
        raise DataError(
            f"{_listed(names)} are several targets of different classes each.",
            hint="Predict one of them, or make them columns of 0 and 1.",
        )
    if task == "classes":
        target = ClassTarget(names=_class_names(settings, train[names[0]]))
        return target, {s: _indices(settings, s, c[names[0]], target) for s, c in cells.items()}
    values = {
        split: np.stack([_values(settings, name, columns[name]) for name in names], axis=1)
        for split, columns in cells.items()
    }
    if task == "labels":
        for split in values.values():
            if not ((split == 0) | (split == 1)).all():
                raise DataError(f"{settings.path}: labels are 0 or 1 in every row.")
        return LabelsTarget(names=names), values
    return ValueTarget(names=names), values


def _task(train: Mapping[str, NDArray[Any]]) -> Task:
    import numpy as np

    columns = [numbers(cells) for cells in train.values()]
    if any(np.isnan(column).any() for column in columns):
        return "classes"
    if len(columns) > 1:
        binary = all(((column == 0) | (column == 1)).all() for column in columns)
        return "labels" if binary else "values"
    distinct = np.unique(columns[0])
    whole = bool((distinct == np.floor(distinct)).all())
    return "classes" if whole and len(distinct) <= MOST_NUMBERED_CLASSES else "values"


def _class_names(settings: TableDataset, cells: NDArray[Any]) -> tuple[str, ...]:
    import numpy as np

    names = sorted(set(cells.tolist()))
    if len(names) > MOST_CLASSES or (len(names) == len(cells) and len(cells) > 2):
        raise DataError(
            f"{settings.path}: {settings.targets[0]} has {len(names):,} different values in "
            f"{len(cells):,} rows, which are too many to be classes.",
            hint="Is it the column that you mean?",
        )
    values = numbers(np.array(names, object))
    if not np.isnan(values).any():
        names = [names[place] for place in np.argsort(values, kind="stable")]
    return tuple(names)


def _indices(
    settings: TableDataset, split: str, cells: NDArray[Any], target: ClassTarget
) -> NDArray[Any]:
    import numpy as np

    places = {name: place for place, name in enumerate(target.names)}
    unknown = sorted(set(cells.tolist()) - set(places))
    spelled = matched(places, unknown)
    lost = [name for name in unknown if name not in spelled]
    if lost:
        raise DataError(
            f"The {split} split of {settings.label} has {settings.targets[0]} = {_listed(lost)}, "
            "which the training split does not have.",
            hint=f"That has {_listed(target.names)}.",
        )
    places |= {other: places[known] for other, known in spelled.items()}
    return np.array([places[cell] for cell in cells.tolist()], np.int64)


def _values(settings: TableDataset, name: str, cells: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    values = numbers(cells)
    wrong = np.flatnonzero(np.isnan(values))
    if len(wrong):
        raise DataError(
            f"{settings.path}: {name} is to be a number, and is {cells[wrong[0]]!r} in row "
            f"{int(wrong[0]) + 1}.",
            hint="If it names classes: --set dataset.task=classes",
        )
    return values.astype(np.float32)


def _typed(cells: NDArray[Any], kind: str, missing: set[str]) -> NDArray[Any]:
    """The cells of a column as its kind has them (see `nncli.descriptions.Column`)."""
    import numpy as np

    lacks = np.array([cell.lower() in missing for cell in cells.tolist()], bool)
    cells = np.where(lacks, "", cells)
    if kind == "number":
        return numbers(np.where(lacks, "nan", cells)).astype(np.float32)
    if kind == "date":
        return days(cells).astype(np.float32)
    return cells


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
