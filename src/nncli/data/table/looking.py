"""Looking through a table once: its layout, what its columns are, and the targets' cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from nncli.data.naming import check_needed, meant, no_column
from nncli.data.skipping import Skipped
from nncli.data.table.answers import Answers
from nncli.data.table.cells import Cells, Decimal
from nncli.data.table.columns import NAMES_FILES, NUMBERS_ROWS, Kind, Seen
from nncli.data.table.files import blank_rows, layout_of, read_rows, row_numbers
from nncli.data.table.layout import Layout
from nncli.data.table.settings import TableDataset
from nncli.errors import DataError
from nncli.reporting import Reporter, counted, listed

__all__ = ["LookedThrough", "batches_of", "in_one_order", "kinds_of", "looked_through"]

SHOWN = 8


@dataclass(frozen=True)
class LookedThrough:
    """A table that was looked through once.

    Attributes:
        files: of each split; where `skipped` gathers what is wrong, those that can be read.
        layouts: of each file.
        seen: what each column but the targets looks like in the training split.
        answers: the cells of each target.
        skipped: what of it could not be read.
        rows: how many rows each file has.
        damaged: the files that could be read up to some row alone.
    """

    files: Mapping[str, Sequence[Path]]
    layouts: Mapping[Path, Layout]
    seen: Mapping[str, Seen]
    answers: Mapping[str, Answers]
    skipped: Skipped
    rows: dict[Path, int] = field(default_factory=dict)
    damaged: set[Path] = field(default_factory=set)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns."""
        return next(iter(self.layouts.values())).columns if self.layouts else ()

    def rows_of(self, split: str) -> int:
        """How many rows a split has."""
        return sum(self.rows[path] for path in self.files[split])

    def place(self, split: str, row: int) -> str:
        """Where a row of a split stands, in words."""
        path, number = self.row_of(split, row)
        return f"{path}, row {number:,}"

    def row_of(self, split: str, row: int) -> tuple[Path, int]:
        """The file of a row of a split, and its number as a spreadsheet counts."""
        import numpy as np

        for path in self.files[split]:
            if row < self.rows[path]:
                layout, skipped = self.layouts[path], self.skipped
                if path not in skipped.blank:
                    skipped.blank[path] = blank_rows(path, layout)
                left_out = [*skipped.rows.get(path, ()), *skipped.blank[path]]
                [number] = row_numbers(np.array([row + layout.first_row]), left_out).tolist()
                return path, number
            row -= self.rows[path]
        raise IndexError(row)


def looked_through(
    settings: TableDataset,
    files: Mapping[str, Sequence[Path]],
    skipped: Skipped,
    reporter: Reporter,
    *,
    needed: Sequence[str] | None = None,
) -> LookedThrough:
    """Read every file once: what do its columns look like, and what are the targets?

    With `Gathered` for `skipped` what would be an error is left out: files, columns, targets.

    Args:
        settings: of the table.
        files: of each split.
        skipped: told what cannot be read.
        reporter: told what is going on.
        needed: the columns that a model was trained on. What `settings` say about columns is then
            about the model's table and may name others than this one has.

    Raises:
        DataError: a file cannot be read, or lacks a column.
    """
    layouts = check_layouts(settings, files, skipped, needed)
    files = {split: [path for path in paths if path in layouts] for split, paths in files.items()}
    columns = next(iter(layouts.values())).columns if layouts else ()
    decimal: Decimal = next((layout.decimal for layout in layouts.values()), ".")
    ignored = {name for name, kind in settings.columns.items() if kind == "ignore"}
    ignored |= {*settings.targets, settings.group or ""}
    read = [name for name in columns if name not in ignored]
    seen = {name: Seen(settings.missing_words) for name in read}
    targets = [name for name in settings.targets if name in columns]
    answers = {
        name: Answers(
            settings.words_for_no_answer(name),
            decimal,
            as_words=settings.columns.get(name) == "category",
        )
        for name in targets
    }
    table = LookedThrough(files, layouts, seen, answers, skipped)
    with reporter.task(f"Looking through {settings.label}"):
        for split, paths in files.items():
            for path in paths:
                try:
                    _look_through(table, split, path)
                except DataError as error:
                    skipped.refuse(error, "files")
                    table.damaged.add(path)
    for name, answer in answers.items():
        if answer.seen.unreadable:
            unreadable = DataError(
                f"{settings.path}: the target {name} has cells of type {answer.seen.unreadable}.",
                hint="nncli predicts classes, numbers, and columns of 0 and 1.",
            )
            skipped.refuse(unreadable, "target")
    if layouts and not table.rows_of("train"):
        empty = DataError(f"{settings.path} has no rows.", hint="A header alone is no data.")
        skipped.refuse(empty, "rows")
    return table


def check_layouts(
    settings: TableDataset,
    files: Mapping[str, Sequence[Path]],
    skipped: Skipped,
    needed: Sequence[str] | None,
) -> dict[Path, Layout]:
    """How each file is to be read; files without the columns that the settings name are refused.
    Only their beginnings are read.

    Raises:
        DataError: a file cannot be read, or lacks a column.
    """
    layouts: dict[Path, Layout] = {}
    for path in (path for paths in files.values() for path in paths):
        try:
            layout = _layout(settings, path)
            if layouts:
                layout = _same_columns(path, layout, *next(iter(layouts.items())))
        except DataError as error:
            skipped.refuse(error, "files")
            continue
        if not layouts:
            if needed is not None:
                check_needed(settings.path.name, needed, layout.columns)
            _check_columns(settings, layout, skipped, named_here=needed is None)
        layouts[path] = layout
    return layouts


def _look_through(table: LookedThrough, split: str, path: Path) -> None:
    layout = table.layouts[path]
    table.rows[path] = 0
    for batch in read_rows(path, layout, table.skipped):
        table.rows[path] += len(next(iter(batch.values())))
        for name, answer in table.answers.items():
            answer.add(split, batch[name], layout.decimal)
        if split == "train":
            for name, column in table.seen.items():
                column.add(batch[name])


def batches_of(table: LookedThrough, split: str) -> Iterator[tuple[Path, Mapping[str, Cells]]]:
    """The rows of a split once more, and the file each batch is from."""
    for path in table.files[split]:
        with suppress(DataError) if path in table.damaged else nullcontext():
            for batch in read_rows(path, table.layouts[path], Skipped("skip")):
                yield path, batch


def _layout(settings: TableDataset, path: Path) -> Layout:
    return layout_of(
        path,
        delimiter=settings.delimiter,
        header=settings.header,
        encoding=settings.encoding,
        skip_lines=settings.skip_lines,
        decimal=settings.decimal,
        day_first=settings.day_first,
    )


def _same_columns(path: Path, layout: Layout, first: Path, wanted: Layout) -> Layout:
    """The layout of another file of the same table, which may lack the header or have more."""
    # One of them may be ambiguous in what the other is clear about.
    layout = replace(layout, day_first=layout.day_first or wanted.day_first)
    lacking = [name for name in wanted.columns if name not in layout.columns]
    if not lacking:
        return layout
    if len(layout.columns) == len(wanted.columns) and not (layout.header and wanted.header):
        return replace(layout, columns=wanted.columns)
    raise DataError(
        f"{path} has other columns than {first}: it lacks {listed(lacking)}.",
        hint=f"{meant(lacking[0], layout.columns)}It has {listed(layout.columns)}.",
    )


def _check_columns(
    settings: TableDataset, layout: Layout, skipped: Skipped, *, named_here: bool
) -> None:
    """Refuse settings about columns that are not there; `named_here`: columns are of this table."""
    names = list(layout.columns)
    it_has = f"It has {listed(names)}."
    if not settings.targets:
        error = DataError(
            f"Which column of {settings.path.name} is to be predicted? {it_has}",
            hint="Say so with --set dataset.target=NAME",
        )
        skipped.refuse(error, "no target")
    if len(set(settings.targets)) < len(settings.targets):
        twice = f"dataset.target names a column twice: {listed(settings.targets)}."
        skipped.refuse(DataError(twice), "target")
    for name in settings.targets:
        if name not in names:
            skipped.refuse(_no_target(settings, layout, name), "target")
    if settings.divided_by is not None:
        key, name = f"dataset.{settings.by}", settings.divided_by
        if name in settings.targets:
            skipped.refuse(DataError(f"{key}: {name} is what is predicted."), "columns")
        if name not in names:
            skipped.refuse(no_column(settings.path.name, key, name, names), "columns")
    for name in settings.targets:
        kind = settings.columns.get(name, "category")
        if kind not in ("number", "category"):
            what = "and cannot be ignored"
            if kind != "ignore":
                what = f"a number or a category, and no {kind}"
            error = DataError(
                f"dataset.columns: {name} is what is predicted, {what}.",
                hint=f"Leave dataset.columns.{name} out.",
            )
            skipped.refuse(error, "target")
    for name in settings.columns if named_here else ():
        if name not in names:
            error = no_column(settings.path.name, "dataset.columns", name, names)
            skipped.refuse(error, "columns")


def _no_target(settings: TableDataset, layout: Layout, name: str) -> DataError:
    names = list(layout.columns)
    how = ""
    if not layout.header:
        how = "\nIts first row is taken for data; if it names the columns: " \
              "--set dataset.header=true"  # fmt: skip
    elif len(names) == 1:
        how = "\nIf that is several: --set 'dataset.delimiter=\";\"'"
    return DataError(
        f"{settings.path.name} has no column {name!r}.",
        hint=f"{meant(name, names)}It has {listed(names)}.{how}",
    )


def kinds_of(
    settings: TableDataset, table: LookedThrough, skipped: Skipped, reporter: Reporter
) -> dict[str, Kind]:
    """What every column but the targets is; says which are ignored, and why.

    Raises:
        DataError: cells are not of the kind that the settings say, or no column is left.
    """
    kinds: dict[str, Kind] = {}
    reasons: dict[str, str] = {}
    for name in table.columns:
        if name in settings.targets or name == settings.group:
            continue
        if name in settings.columns:
            kinds[name] = settings.columns[name]
            if kinds[name] != "ignore":
                _check_kind(settings, name, table.seen[name], kinds[name], skipped)
            continue
        kinds[name], reason = table.seen[name].kind(name)
        if reason:
            reasons[name] = reason
    if kinds and all(kind == "ignore" for kind in kinds.values()):
        _keep_numbers_of_rows(settings, kinds, reasons, reporter)
    if reasons:
        shown = "\n".join(f"  {name}: {why}" for name, why in list(reasons.items())[:SHOWN])
        more = f"\n  and {len(reasons) - SHOWN:,} more" if len(reasons) > SHOWN else ""
        what = counted(len(reasons), "column")
        reporter.notice(f"{what} of {settings.label} ignored:\n{shown}{more}")
    described = [
        f"{name} {kind}" + (f" ({' and '.join(words)} for missing)" if words else "")
        for name, kind in kinds.items()
        if kind != "ignore"
        for words in [table.seen[name].words_for_missing if kind in ("number", "date") else ()]
    ]
    if not described:
        skipped.refuse(_nothing_left(settings, table), "columns")
    shown = ", ".join(described) if len(described) <= 2 * SHOWN else listed(described)
    reporter.notice(f"{settings.label}: {shown} -> {', '.join(settings.targets)}")
    return kinds


def _keep_numbers_of_rows(
    settings: TableDataset, kinds: dict[str, Kind], reasons: dict[str, str], reporter: Reporter
) -> None:
    """Where there is nothing else, what numbers the rows is what the target depends on: a time."""
    for name in [name for name, why in reasons.items() if why == NUMBERS_ROWS]:
        kinds[name] = "number"
        del reasons[name]
        reporter.notice(f"{settings.label}: {name} numbers the rows, and is all there is: kept.")


def in_one_order(
    settings: TableDataset, table: LookedThrough, kinds: Mapping[str, Kind], skipped: Skipped
) -> LookedThrough:
    """`table` with its dates read in the order that all of them have: 03/04/2024 says nothing of
    it, and the beginning of a file may have no other.

    Raises:
        DataError: some have the day first and some the month, or not what the settings say.
    """
    found: dict[bool, str] = {}
    for name, seen in table.seen.items():
        if kinds.get(name) == "date":
            for day_first, cell in seen.orders.items():
                found.setdefault(day_first, f"{cell} in {name}")
    wanted = settings.day_first
    if len(found) == 2:
        error = DataError(
            f"{settings.path} has dates that begin with the day ({found[True]}) and dates that "
            f"begin with the month ({found[False]}).",
            hint="Write all of them in one order, or as 2024-02-13.",
        )
        skipped.refuse(error, "columns")
    elif found and wanted is not None and wanted not in found:
        first = "day" if wanted else "month"
        error = DataError(
            f"{settings.path} has dates that do not begin with the {first}: {found[not wanted]}.",
            hint="Leave out dataset.day_first.",
        )
        skipped.refuse(error, "columns")
    elif found:
        layouts = {
            path: replace(layout, day_first=True in found) for path, layout in table.layouts.items()
        }
        return replace(table, layouts=layouts)
    return table


def _nothing_left(settings: TableDataset, table: LookedThrough) -> DataError:
    files = any(seen.kind(name)[1] == NAMES_FILES for name, seen in table.seen.items())
    # The same in every row, or nowhere, a column teaches nothing, whatever it is taken for.
    varied = {name: seen for name, seen in table.seen.items() if len(seen.counts) > 1}
    name, seen = next(iter((varied or table.seen).items()), ("name", None))
    kind = "number" if seen is not None and seen.numbers == seen.known else "category"
    return DataError(
        f"{settings.path} has no column to learn {listed(settings.targets)} from.",
        hint="nncli reads files from a folder with a sub-folder for each class: put them there."
        if files
        else f"All others are ignored; --set 'dataset.columns={{{name}: {kind}}}' takes one in.",
    )


def _check_kind(
    settings: TableDataset, name: str, seen: Seen, kind: Kind, skipped: Skipped
) -> None:
    """Refuse a kind that cells are not of, or take them for missing."""
    if seen.unreadable:
        what = f"{name} cannot be a {kind}: its cells are of type {seen.unreadable}"
        skipped.refuse(DataError(f"{settings.path}: {what}."), "columns")
    unfit = seen.unfit(kind)
    if not unfit:
        return
    some = " and ".join(map(repr, unfit[:2]))
    said = f"{settings.path}: {name} is to be a {kind}, and has cells that are none: {some}"
    if settings.on_error == "skip":
        skipped.warn(f"{said}, which are taken for missing.")
        return
    error = DataError(
        f"{said}.",
        hint=f"Leave out dataset.columns.{name}, or, if they mean missing: --set "
        f"'dataset.missing=[{unfit[0]}]'",
    )
    skipped.refuse(error, "columns")
