"""Examining a table, in two readings: what columns are decides which rows are equal."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data.checking.answers import TableRead, about_targets, answers_of
from nncli.data.checking.examples import Collected, Examined, row_digests
from nncli.data.checking.files import has_words
from nncli.data.checking.finding import Finding, some
from nncli.data.files import is_pattern, like
from nncli.data.sampling import Sample
from nncli.data.skipping import Skipped
from nncli.data.table import TableDataset
from nncli.data.table_columns import MISSING, Seen, days, numbers
from nncli.data.table_files import Layout, layout_of, read_rows
from nncli.descriptions import Target
from nncli.errors import DataError, NotFoundError
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["examine"]

# What libraries raise in the middle of a damaged file.
DAMAGED = (DataError, OSError, EOFError, ValueError, zlib.error)


def examine(settings: TableDataset, reporter: Reporter) -> Examined:
    """Read a table.

    Raises:
        NotFoundError: there is no such file.
    """
    files = {"train": _files(settings.path)}
    if settings.validation_path is not None:
        files["validation"] = _files(settings.validation_path)
    if settings.test_path is not None:
        files["test"] = _files(settings.test_path)
    table = TableRead(files)
    missing = {*MISSING, *(word.lower() for word in settings.missing)}
    with reporter.task(f"Reading {settings.label}"):
        for split in files:
            _look_through(settings, table, split, missing)
    if not table.seen or not sum(table.rows.values()):
        if not table.findings:
            table.findings.append(Finding("fail", "rows", f"{settings.path} has no rows"))
        return Examined(None, table.findings)
    names = [name for name in settings.targets if name in table.seen]
    table.findings += about_targets(settings, table)
    target, targets = answers_of(settings, table, names, missing)
    kinds = {name: _kind(settings, name, seen) for name, seen in table.seen.items()}
    used = {name: kind for name, kind in kinds.items() if kind != "ignore" and name not in names}
    # A table of identifiers alone is compared by them.
    used = used or {name: "category" for name in table.seen if name not in names}
    with reporter.task(f"Comparing the rows of {settings.label}"):
        return _compare(table, used, target, targets, missing, settings)


def _files(path: Path) -> list[Path]:
    if is_pattern(path):
        return like(path)
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    return [path]


def _look_through(
    settings: TableDataset, table: TableRead, split: str, missing: set[str]
) -> None:  # fmt: skip
    """Count the cells of a split's columns, keep its targets, and note what cannot be read."""
    import numpy as np

    skipped = Skipped("skip")
    damaged: list[str] = []
    kept = table.cells[split] = {name: [] for name in settings.targets}
    for path in table.files[split]:
        table.rows[path] = 0
        try:
            layout = layout_of(path, delimiter=settings.delimiter, header=settings.header,
                               encoding=settings.encoding)  # fmt: skip
            layout = _like_the_first(table, path, layout)
            table.layouts[path] = layout
            for batch in read_rows(path, layout, skipped):
                for name, cells in batch.items():
                    if split == "train" or name in settings.targets:
                        table.seen.setdefault(name, Seen(missing)).add(np.asarray(cells))
                    if name in kept:
                        kept[name] += cells.tolist()
                table.rows[path] += len(next(iter(batch.values())))
        except DAMAGED as error:
            hint = getattr(error, "hint", None)
            text = getattr(error, "message", None) or f"{path} cannot be read on: {error}"
            damaged.append(" ".join(text.split()))
            table.findings.append(Finding("fail", "files", damaged[-1], hint or ""))
    rows = sum(table.rows[path] for path in table.files[split])
    if skipped.problems:
        table.findings.append(Finding(
            "fail", "rows", f"{counted(len(skipped.problems), 'row')} of {split} cannot be read",
            "Mend them, or leave out what cannot be read:\n--set dataset.on_error=skip",
            list(skipped.problems),
        ))  # fmt: skip
    elif not damaged and rows:
        table.findings.append(Finding("good", "rows", f"all {counted(rows, 'row')} of {split} can "
                                      "be read"))  # fmt: skip


def _like_the_first(table: TableRead, path: Path, layout: Layout) -> Layout:
    """The layout of a further file, which may lack the header."""
    first = next(iter(table.layouts.values()), layout)
    if set(layout.columns) == set(first.columns):
        return layout
    if len(layout.columns) == len(first.columns) and not (layout.header and first.header):
        return Layout(
            first.columns, layout.delimiter, layout.header, layout.quoted, layout.encoding
        )
    lacking = [name for name in first.columns if name not in layout.columns]
    added = [name for name in layout.columns if name not in first.columns]
    what = " and ".join(
        [f"lacks {some(lacking)}"] * bool(lacking) + [f"has {some(added)}"] * bool(added)
    )
    raise DataError(f"{path} has other columns than {next(iter(table.layouts))}: it {what}.")


def _kind(settings: TableDataset, name: str, seen: Seen) -> str:
    return settings.columns.get(name) or seen.kind()[0]


def _compare(
    table: TableRead, used: Mapping[str, str], target: Target | None,
    targets: Mapping[str, NDArray[Any]], missing: set[str], settings: TableDataset,
) -> Examined:  # fmt: skip
    """The second reading: which rows are equal in the columns that count, and a sample of train."""
    import numpy as np

    alone = next(iter(used)) if len(used) == 1 and "text" in used.values() else None
    collected = Collected("text" if alone else "table", tuple(table.files))
    sample, bare = Sample(), []
    rows: list[tuple[str, NDArray[np.int64]]] = []
    for split, paths in table.files.items():
        start = 0
        for path in paths:
            for batch in _again(table, path):
                count = len(next(iter(batch.values())))
                answers = targets[split][start : start + count]
                known = (
                    answers >= 0 if answers.dtype == np.int64 else ~np.isnan(answers).any(axis=1)
                )
                kept = np.flatnonzero(known)
                cells = {name: batch[name][kept] for name in used}
                collected.add(split, row_digests(cells), answers[kept])
                if split == "train":
                    typed = {n: (c, used[n]) for n, c in cells.items()}
                    sample.add({n: _typed(c, kind, missing) for n, (c, kind) in typed.items()},
                               answers[kept])  # fmt: skip
                rows.append((split, start + kept))
                if alone:
                    empty = [n for n in kept.tolist() if not has_words(batch[alone][n])]
                    bare += [table.row(split, start + n) for n in empty]
                start += count
    of_split = np.concatenate([[split] * len(numbers) for split, numbers in rows])
    of_row = np.concatenate([numbers for _, numbers in rows])
    if bare:
        table.findings.append(Finding(
            "warn", "contents", f"{counted(len(bare), 'text')} without a word",
            "Nothing can be learned from them; remove them.", bare,
        ))  # fmt: skip
    return Examined(
        examples=collected.examples(
            target, lambda number: table.row(of_split[number], int(of_row[number]))
        ),
        findings=table.findings,
        columns=table.seen,
        ignored=frozenset(n for n, kind in settings.columns.items() if kind == "ignore"),
        sample=None if alone or target is None else sample.taken(),
    )


def _again(table: TableRead, path: Path) -> Iterator[dict[str, NDArray[Any]]]:
    """The rows of a file as far as they could be read the first time."""
    if path not in table.layouts:
        return
    try:
        yield from read_rows(path, table.layouts[path], Skipped("skip"))
    except DAMAGED:
        return


def _typed(cells: NDArray[Any], kind: str, missing: set[str]) -> NDArray[Any]:
    """Numbers with NaN for missing, or strings with ''."""
    import numpy as np

    if kind in ("number", "date"):
        return numbers(cells) if kind == "number" else days(cells)
    return np.array(["" if cell.lower() in missing else cell for cell in cells.tolist()], object)
