"""Examining a table as training reads it, in two readings: what columns are decides which rows are
equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nncli.data.checking.answers import Answered, answered, place_in
from nncli.data.checking.examples import Collected, Examined, row_digests
from nncli.data.checking.files import has_words
from nncli.data.checking.finding import Finding, on_a_line, some
from nncli.data.checking.groups import is_named_so
from nncli.data.sampling import Sample
from nncli.data.skipping import Gathered
from nncli.data.table import TableDataset, files_of
from nncli.data.table.batches import TypedBatches
from nncli.data.table.columns import Kind
from nncli.data.table.dividers import divider_of
from nncli.data.table.looking import LookedThrough, in_one_order, kinds_of, looked_through
from nncli.descriptions import Column
from nncli.errors import DataError
from nncli.reporting import Reporter, SilentReporter, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["examine"]

# What training would not do with that other findings say of every row and class.
SAID_BETTER = ("no target", "cells", "classes")


def examine(settings: TableDataset, reporter: Reporter) -> Examined:
    """Read a table.

    Raises:
        NotFoundError: there is no such file.
    """
    gathered = Gathered()
    table = looked_through(settings, files_of(settings), gathered, reporter)
    findings = list(_about_rows(settings, table))
    if not table.layouts or not table.rows_of("train"):
        return Examined(None, [*_refused(gathered), *findings])
    answers = answered(settings, table, gathered, findings)
    kinds = kinds_of(settings, table, gathered, SilentReporter())
    table = in_one_order(settings, table, kinds, gathered)
    dividers = _dividers(settings, table, answers, gathered)
    columns = [Column(name=n, kind=kind) for n, kind in kinds.items() if kind != "ignore"]
    # A table of identifiers alone is compared by them.
    columns = columns or [Column(name=name, kind="category") for name in kinds]
    findings += [*_refused(gathered), *_words_for_missing(table, kinds)]
    if not columns:
        return Examined(None, findings)
    with reporter.task(f"Comparing the rows of {settings.label}"):
        found = _compare(settings, table, columns, answers, dividers, findings)
    return replace(found, kinds=kinds)


def _about_rows(settings: TableDataset, table: LookedThrough) -> Iterator[Finding]:
    """Whether all rows can be read."""
    for split, paths in table.files.items():
        wrong = [said for path in paths for said in table.skipped.rows.get(path, {}).values()]
        rows = table.rows_of(split)
        if wrong:
            yield Finding(
                "warn" if settings.on_error == "skip" else "fail", "rows",
                f"{counted(len(wrong), 'row')} of {split} cannot be read",
                "Mend them, or leave out what cannot be read:\n--set dataset.on_error=skip", wrong,
            )  # fmt: skip
        elif rows and not table.damaged.intersection(paths):
            yield Finding("good", "rows", f"all {counted(rows, 'row')} of {split} can be read")


def _words_for_missing(table: LookedThrough, kinds: Mapping[str, Kind]) -> Iterator[Finding]:
    """Words among numbers or dates that are taken for missing, those first that others would not
    take for it: a slip of the pen, a quotation mark that nothing closes."""
    odd: list[str] = []
    usual: list[str] = []
    for name, seen in table.seen.items():
        unusual = seen.unusual_words
        for word in seen.words_for_missing if kinds.get(name) in ("number", "date") else ():
            where = (
                place_in(table, "train", seen.first_rows[word]) if word in seen.first_rows else ""
            )
            said = f"{name}: {on_a_line(word)!r}, {counted(seen.others[word], 'cell')}"
            (odd if word in unusual else usual).append(f"{said}, first {where}" if where else said)
    if odd:
        yield Finding(
            "warn", "missing", f"{counted(len(odd), 'word')} among numbers or dates taken for "
            "missing",
            "Write what was meant; if it means missing:\n--set 'dataset.missing=[WORD]'", odd,
        )  # fmt: skip
    if usual:
        what = f"{counted(len(usual), 'usual word')} for it among numbers or dates: {some(usual)}"
        yield Finding("good", "missing", what, examples=usual)


def _refused(gathered: Gathered) -> Iterator[Finding]:
    """What training would not do with, and cells that it would take for missing."""
    for about, error in gathered.refused:
        if about not in SAID_BETTER:
            yield Finding("fail", about, error.message, error.hint or "")
    of_rows = {said for rows in gathered.rows.values() for said in rows.values()}
    for said in gathered.problems:
        if said not in of_rows:
            yield Finding("warn", "columns", said)
    for text in gathered.warnings:
        yield Finding("warn", "columns", text.removesuffix("."))


def _dividers(
    settings: TableDataset, table: LookedThrough, answers: Answered, gathered: Gathered
) -> Mapping[str, NDArray[Any]] | None:
    """The group or time of each row that has an answer; None without."""
    if settings.divided_by not in table.columns:
        return None
    try:
        return {
            split: divider_of(settings, table, split, answers.filled[split])
            for split in table.files
        }
    except DataError as error:
        gathered.refuse(error, "splits")
        return None


def _compare(
    settings: TableDataset, table: LookedThrough, columns: Sequence[Column], answers: Answered,
    dividers: Mapping[str, NDArray[Any]] | None, findings: list[Finding],
) -> Examined:  # fmt: skip
    """The second reading: which rows are equal in the columns that count, and a sample of train."""
    import numpy as np

    alone = [column.kind for column in columns] == ["text"]
    left_out = {name for name, kind in settings.columns.items() if kind == "ignore"}
    ignored = [name for name in table.columns if name in left_out and is_named_so(name)]
    read = [*columns, *(Column(name=name, kind="category") for name in ignored if not alone)]
    collected = Collected("text" if alone else "table", tuple(table.files))
    sample, bare = Sample(), []
    rows = {split: np.flatnonzero(filled) for split, filled in answers.filled.items()}
    for split, of_split in rows.items():
        start = 0
        for inputs, targets in TypedBatches(
            settings, table, split, read, alone, answers.filled[split], answers.targets[split]
        )():
            used = inputs if alone else {column.name: inputs[column.name] for column in columns}
            collected.add(split, row_digests(used), targets)
            if alone:
                empty = [start + n for n, text in enumerate(inputs) if not has_words(text)]
                bare += [place_in(table, split, int(of_split[n])) for n in empty]
            elif split == "train":
                sample.add(inputs, targets)
            start += len(targets)
    if bare:
        findings.append(Finding(
            "warn", "contents", f"{counted(len(bare), 'text')} without a word",
            "Nothing can be learned from them; remove them.", bare,
        ))  # fmt: skip
    ends = np.cumsum([len(of_split) for of_split in rows.values()])
    every = np.concatenate(list(rows.values()))

    def place(number: int) -> str:
        split = list(rows)[int(np.searchsorted(ends, number, side="right"))]
        return place_in(table, split, int(every[number]))

    return Examined(
        examples=collected.examples(
            answers.target, place, None if dividers is None else list(dividers.values())
        ),
        findings=findings,
        columns=table.seen,
        sample=None if alone or answers.target is None else sample.taken(),
        ignored=frozenset(ignored),
    )
