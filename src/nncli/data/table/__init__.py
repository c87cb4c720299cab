"""Tables of your own: CSV and its relatives, Parquet, JSON Lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nncli.data.dataset import DecodedDataset, DecodedSplit, Source
from nncli.data.files import is_pattern, like, stamp
from nncli.data.skipping import Skipped
from nncli.data.table.batches import TypedBatches
from nncli.data.table.columns import Kind
from nncli.data.table.dividers import divider_of
from nncli.data.table.looking import (
    LookedThrough,
    check_layouts,
    in_one_order,
    kinds_of,
    looked_through,
)
from nncli.data.table.rows import Rows
from nncli.data.table.settings import TABLE_ENDINGS, TableDataset
from nncli.data.table.targets import lacking, target_of
from nncli.descriptions import Column, Input, TableInput, TextInput
from nncli.errors import NotFoundError
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter

__all__ = ["TABLE_ENDINGS", "TableDataset", "columns_of", "files_of", "source"]


def source(settings: TableDataset) -> Source:
    """The table that `settings` names.

    Raises:
        NotFoundError: there is no such file.
        DataError: no target is named, or it is no column.
    """
    files = files_of(settings)
    status = {name: [stamp(path) for path in paths] for name, paths in files.items()}
    kept = settings.model_dump(mode="json", exclude={"validation", "test", "unit"})
    key = {"name": settings.label, "files": status, "settings": kept}

    def read(given: Preprocessing | None, reporter: Reporter) -> DecodedDataset:
        return _decode(settings, files, given, reporter)

    return Source(key, read, partial(read, None))


def check(settings: TableDataset, given: Preprocessing | None) -> None:
    """Read the beginning of the first file of each split, to refuse other columns than it has.

    Args:
        settings: of the table.
        given: the preprocessing of a model that is to read it.

    Raises:
        As `source` and reading it.
    """
    files = {split: paths[:1] for split, paths in files_of(settings).items()}
    check_layouts(settings, files, Skipped(settings.on_error), _needed(settings, given))


def columns_of(settings: TableDataset) -> tuple[str, ...]:
    """The names of all columns, of which only the beginning of the first file is read.

    Raises:
        As `check`.
    """
    files = {"train": files_of(settings)["train"][:1]}
    layouts = check_layouts(settings, files, Skipped(settings.on_error), ())
    return next(iter(layouts.values())).columns


def files_of(settings: TableDataset) -> dict[str, list[Path]]:
    """The files of each split.

    Raises:
        NotFoundError: there is no such file.
    """
    files = {"train": _files(settings.path)}
    if settings.validation_path is not None:
        files["validation"] = _files(settings.validation_path)
    if settings.test_path is not None:
        files["test"] = _files(settings.test_path)
    return files


def _files(path: Path) -> list[Path]:
    if is_pattern(path):
        return like(path)
    if not path.exists():
        raise NotFoundError(f"There is no file {path}.")
    if path.is_dir():
        found = sorted(f for f in path.iterdir() if f.name.lower().endswith(TABLE_ENDINGS))
        hint = None
        if found:
            hint = (
                f"Name one, {found[0]}, or, if they are one table: '{path / '*'}{found[0].suffix}'"
            )
        raise NotFoundError(f"{path} is a folder and no table.", hint=hint)
    return [path.absolute()]


def _decode(
    settings: TableDataset,
    files: Mapping[str, Sequence[Path]],
    given: Preprocessing | None,
    reporter: Reporter,
) -> DecodedDataset:
    skipped = Skipped(settings.on_error)
    table = looked_through(settings, files, skipped, reporter, needed=_needed(settings, given))
    blank = {split: lacking(settings, table, split, skipped) for split in files}
    target, encoded = target_of(settings, table, blank, skipped, reporter)
    kinds = kinds_of(settings, table, skipped, reporter)
    table = in_one_order(settings, table, kinds, skipped)
    columns = _columns(settings, table, kinds, given)
    alone = given.inputs.kind == "text" if given else [c.kind for c in columns] == ["text"]
    inputs: Input = TextInput() if alone else TableInput(columns=columns)
    settings.check_kind(settings.label, inputs.kind)
    skipped.report(reporter)
    found = _found(settings, table, kinds)
    table = replace(table, answers={})  # of which the targets are all that is needed any more

    def split_of(name: str) -> DecodedSplit:
        targets = encoded[name]
        read = TypedBatches(settings, table, name, columns, alone, ~blank[name], targets)
        divider = None
        if settings.by is not None:
            divider = partial(divider_of, settings, table, name, ~blank[name])
        rows = Rows(settings, table, name, ~blank[name])
        return DecodedSplit(
            len(targets), read, targets, divider, names=rows.names, column=rows.column
        )

    return DecodedDataset(
        name=settings.label,
        inputs=inputs,
        target=target,
        splits={name: split_of(name) for name in files},
        found=found,
        left_out=skipped.left_out,
    )


def _needed(settings: TableDataset, given: Preprocessing | None) -> Sequence[str] | None:
    """The columns that a model was trained on; None without a model."""
    if given is None:
        return None
    if given.kind == "table":
        return [column.name for column in given.inputs.columns]
    inputs = {n: kind for n, kind in settings.columns.items() if n not in settings.targets}
    return [name for name, kind in inputs.items() if kind != "ignore"]


def _columns(
    settings: TableDataset,
    table: LookedThrough,
    kinds: Mapping[str, Kind],
    given: Preprocessing | None,
) -> tuple[Column, ...]:
    """The columns that are read: those that a model was fitted on, or all that say something."""
    if given is not None and given.kind == "table":
        return given.inputs.columns
    columns = tuple(Column(name=n, kind=kind) for n, kind in kinds.items() if kind != "ignore")
    if given is not None:
        return tuple(c for c in columns if c.kind == "text")[:1] or columns[:1]
    return columns


def _found(
    settings: TableDataset, table: LookedThrough, kinds: Mapping[str, Kind]
) -> dict[str, Any]:
    """The settings that repeat what was found out; what differs from file to file is found anew."""
    targets = {
        name: settings.columns[name] for name in settings.targets if name in settings.columns
    }
    found: dict[str, Any] = {
        "columns": {**kinds, **targets},
        "missing": _missing(settings, table, kinds),
    }
    text = settings.path.name.lower().removesuffix(".gz").rpartition(".")[2]
    keys = ["decimal", "day_first"]
    if text not in ("parquet", "pq", "jsonl", "ndjson", "json"):
        keys += ["header", "delimiter", "encoding", "skip_lines"]
    for key in keys:
        values = {getattr(layout, key) for layout in table.layouts.values()}
        if len(values) == 1:
            found[key] = values.pop()
    return found


def _missing(
    settings: TableDataset, table: LookedThrough, kinds: Mapping[str, Kind]
) -> tuple[str, ...]:
    """The words that were taken for missing, for another file, with fewer rows, may not give them
    away; not those that say something in another column, a group or a target."""
    if settings.group is not None:  # whose cells were not looked at
        return settings.missing
    words: set[str] = set()
    meant = {cell.lower() for answers in table.answers.values() for cell in answers.names}
    for name, seen in table.seen.items():
        if kinds[name] in ("number", "date"):
            words.update(word.lower() for word in seen.words_for_missing)
        elif kinds[name] != "ignore":
            meant.update(cell.lower() for cell in seen.counts)
    return tuple(dict.fromkeys((*settings.missing, *sorted(words - meant))))
