"""Looking through a table once: its layout, what its columns are, and the targets' cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nncli.data.skipping import Skipped
from nncli.data.table_answers import Answers
from nncli.data.table_cells import Cells
from nncli.data.table_columns import Kind, Seen
from nncli.data.table_files import layout_of, read_rows
from nncli.data.table_layout import Layout
from nncli.data.table_settings import TableDataset
from nncli.errors import DataError
from nncli.reporting import Reporter, counted, listed

__all__ = ["LookedThrough", "batches_of", "kinds_of", "looked_through"]

SHOWN = 8


@dataclass(frozen=True)
class LookedThrough:
    """A table that was looked through once.

    Attributes:
        files: of each split.
        layouts: of each file.
        seen: what each column but the targets looks like in the training split.
        answers: the cells of each target.
        skipped: what of it could not be read.
        rows: how many rows each file has.
    """

    files: Mapping[str, Sequence[Path]]
    layouts: Mapping[Path, Layout]
    seen: Mapping[str, Seen]
    answers: Mapping[str, Answers]
    skipped: Skipped
    rows: dict[Path, int] = field(default_factory=dict)

    def place(self, split: str, row: int) -> str:
        """Where a row of a split stands: its file, and its number as a spreadsheet counts."""
        for path in self.files[split]:
            if row < self.rows[path]:
                number = row + self.layouts[path].first_row
                for left_out in self.skipped.rows.get(path, ()):
                    number += left_out <= number
                return f"{path}, row {number:,}"
            row -= self.rows[path]
        raise IndexError(row)


def looked_through(
    settings: TableDataset,
    files: Mapping[str, Sequence[Path]],
    skipped: Skipped,
    reporter: Reporter,
) -> LookedThrough:
    """Read every file once: what do its columns look like, and what are the targets?

    Raises:
        DataError: a file cannot be read, or lacks a column.
    """
    layouts: dict[Path, Layout] = {}
    for path in (path for paths in files.values() for path in paths):
        layout = _layout(settings, path)
        if layouts:
            layout = _same_columns(path, layout, *next(iter(layouts.items())))
        else:
            _check_columns(settings, layout)
        layouts[path] = layout
    columns, decimal = next((layout.columns, layout.decimal) for layout in layouts.values())
    ignored = {name for name, kind in settings.columns.items() if kind == "ignore"}
    ignored |= {*settings.targets, settings.group or ""}
    read = [name for name in columns if name not in ignored]
    seen = {name: Seen(settings.missing_words) for name in read}
    answers = {name: Answers(settings.words_for_no_answer, decimal) for name in settings.targets}
    table = LookedThrough(files, layouts, seen, answers, skipped)
    with reporter.task(f"Looking through {settings.label}"):
        for split, paths in files.items():
            for path in paths:
                table.rows[path] = 0
                for batch in read_rows(path, layouts[path], skipped):
                    table.rows[path] += len(next(iter(batch.values())))
                    for name, answer in answers.items():
                        _check_readable(path, name, batch[name])
                        answer.add(split, batch[name], layouts[path].decimal)
                    if split == "train":
                        for name, column in seen.items():
                            column.add(batch[name])
    if not sum(table.rows[path] for path in files["train"]):
        raise DataError(f"{settings.path} has no rows.", hint="A header alone is no data.")
    return table


def batches_of(table: LookedThrough, split: str) -> Iterator[tuple[Path, Mapping[str, Cells]]]:
    """The rows of a split once more, and the file each batch is from."""
    for path in table.files[split]:
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


def _check_readable(path: Path, name: str, cells: Cells) -> None:
    if cells.unreadable:
        raise DataError(
            f"{path}: the target {name} has cells of type {cells.unreadable}.",
            hint="nncli predicts classes, numbers, and columns of 0 and 1.",
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
        hint=f"It has {listed(layout.columns)}.",
    )


def _check_columns(settings: TableDataset, layout: Layout) -> None:
    """Refuse settings about columns that are not there."""
    import difflib
    import shlex

    names = list(layout.columns)
    if not settings.targets:
        raise DataError(
            f"Which column of {settings.path.name} is to be predicted? It has {listed(names)}.",
            hint=f"Say so with --set {shlex.quote('dataset.target=' + names[-1])}",
        )
    if len(set(settings.targets)) < len(settings.targets):
        raise DataError(f"dataset.target names a column twice: {listed(settings.targets)}.")
    for name in settings.targets:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            meant = f"Did you mean {close[0]!r}? " if close else ""
            how = ""
            if not layout.header:
                how = "\nIts first row is taken for data; if it names the columns: " \
                      "--set dataset.header=true"  # fmt: skip
            elif len(names) == 1:
                how = "\nIf that is several: --set 'dataset.delimiter=\";\"'"
            raise DataError(
                f"{settings.path.name} has no column {name!r}.",
                hint=f"{meant}It has {listed(names)}.{how}",
            )
    if settings.divided_by in settings.targets:
        raise DataError(f"dataset.{settings.by}: {settings.divided_by} is what is predicted.")
    if settings.divided_by is not None and settings.divided_by not in names:
        raise DataError(
            f"dataset.{settings.by}: {settings.path.name} has no column {settings.divided_by!r}.",
            hint=f"It has {listed(names)}.",
        )
    unknown = [n for n, kind in settings.columns.items() if n not in names and kind != "ignore"]
    if unknown:
        raise DataError(
            f"dataset.columns: {settings.path.name} has no column {unknown[0]!r}.",
            hint=f"It has {listed(names)}.",
        )


def kinds_of(
    settings: TableDataset, table: LookedThrough, skipped: Skipped, reporter: Reporter
) -> dict[str, Kind]:
    """What every column but the targets is; says which are ignored, and why.

    Raises:
        DataError: cells are not of the kind that the settings say, or no column is left.
    """
    kinds: dict[str, Kind] = {}
    reasons = []
    for name in next(iter(table.layouts.values())).columns:
        if name in settings.targets or name == settings.group:
            continue
        if name in settings.columns:
            kinds[name] = settings.columns[name]
            if kinds[name] != "ignore":
                _check_kind(settings, name, table.seen[name], kinds[name], skipped)
            continue
        kinds[name], reason = table.seen[name].kind()
        if reason:
            reasons.append(f"  {name}: {reason}")
    if reasons:
        shown = "\n".join(reasons[:SHOWN])
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
        raise _nothing_left(settings, table)
    shown = ", ".join(described if len(described) <= 2 * SHOWN else [*described[:SHOWN], "..."])
    reporter.notice(f"{settings.label}: {shown} -> {', '.join(settings.targets)}")
    return kinds


def _nothing_left(settings: TableDataset, table: LookedThrough) -> DataError:
    files = any(seen.kind()[1] == "it names files" for seen in table.seen.values())
    name = next(iter(table.seen), "name")
    return DataError(
        f"{settings.path} has no column to learn {listed(settings.targets)} from.",
        hint="nncli reads files from a folder with a sub-folder for each class: put them there."
        if files
        else f"All others are ignored; --set 'dataset.columns={{{name}: category}}' takes one in.",
    )


def _check_kind(
    settings: TableDataset, name: str, seen: Seen, kind: Kind, skipped: Skipped
) -> None:
    """Refuse a kind that cells are not of, or take them for missing."""
    if seen.unreadable:
        raise DataError(
            f"{settings.path}: {name} cannot be a {kind}: its cells are of type {seen.unreadable}."
        )
    unfit = seen.unfit(kind)
    if not unfit:
        return
    some = " and ".join(map(repr, unfit[:2]))
    said = f"{settings.path}: {name} is to be a {kind}, and has cells that are none: {some}"
    if settings.on_error == "skip":
        skipped.note(f"{said}, which are taken for missing")
        return
    raise DataError(
        f"{said}.",
        hint=f"Leave out dataset.columns.{name}, or, if they mean missing: --set "
        f"'dataset.missing=[{unfit[0]}]'",
    )
