"""Runs as a flat table for other programs: one row each with a column for everything that is known
of any, or one row for each of their epochs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nncli.files import encodable, finite, in_words
from nncli.runs.histories import NoHistoryError, histories_of
from nncli.runs.listing import SPLITS, RunRow
from nncli.runs.selecting import OWN

__all__ = ["Table", "epochs_table", "runs_table"]

TRAINED_SPLITS = ("train", "validation", "test")


def _examples(row: RunRow, split: str) -> Any:
    counts = row.group("dataset").get("examples")
    return counts.get(split) if isinstance(counts, dict) else None


TIMES = ("total", "data", "fit", "evaluate")
DEVIATION = ".deviation"
# What is known of every run beside its metrics and its settings, in the order of the columns.
FACTS: dict[str, Callable[[RunRow], Any]] = {
    "run": OWN["name"],
    "number": OWN["number"],
    "path": lambda row: row.place,
    "outcome": OWN["outcome"],
    "broken": lambda row: row.broken,
    "error": lambda row: row.document.get("error"),
    "date": OWN["date"],
    "tags": lambda row: list(row.about.tags),
    "note": OWN["note"],
    "dataset": OWN["dataset"],
    "requested_dataset": lambda row: row.group("dataset").get("requested"),
    "fallback": lambda row: row.group("dataset").get("fallback"),
    **{f"{split}_examples": partial(_examples, split=split) for split in TRAINED_SPLITS},
    "classes": lambda row: row.group("dataset").get("classes"),
    "model": OWN["model"],
    "parameters": OWN["parameters"],
    "epochs": OWN["epochs"],
    "kept_epoch": OWN["kept_epoch"],
    "monitor": lambda row: row.document.get("monitor"),
    "folds": lambda row: len(row.document["folds"]) if row.is_cross_validation else None,
    **{f"{name}_seconds": partial(RunRow.seconds, name=f"{name}_seconds") for name in TIMES},
    "examples_per_second": lambda row: row.seconds("examples_per_second"),
}


@dataclass(frozen=True)
class Table:
    """Rows by column. A value is text, a number, a bool, a list, or None for what there is not; a
    row may lack columns."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]

    def to_csv(self) -> str:
        """With a heading; what there is not is an empty cell, a list is JSON, tags are words."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow([_cell(name, row.get(name)) for name in self.columns])
        return encodable(stream.getvalue())

    def to_json_lines(self) -> str:
        """An object a line with every column; what there is not is null."""
        lines = (finite({name: row.get(name) for name in self.columns}) for row in self.rows)
        return encodable("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))


def runs_table(rows: Sequence[RunRow]) -> Table:
    """One row a run: what it was, its times in seconds, its metrics by `<split>.<metric>` with
    `.deviation` between the folds of a cross-validation, and its settings by dotted key.

    Which columns there are follows from what any of the runs has, their order from their names.
    """
    metrics = [_metrics(row) for row in rows]
    measured = sorted(_all_names(metrics), key=_metric_order)
    settings = sorted(_all_names([row.settings for row in rows]) - {*FACTS, *measured})
    table = [
        {**row.settings, **values, **{name: fact(row) for name, fact in FACTS.items()}}
        for row, values in zip(rows, metrics, strict=True)
    ]
    return Table([*FACTS, *measured, *settings], table)


def epochs_table(rows: Sequence[RunRow]) -> tuple[Table, Sequence[str]]:
    """One row for each epoch of each run, by `run`, `fold` (of a cross-validation) and `epoch`; and
    a sentence about each run that has none."""
    lines: list[dict[str, Any]] = []
    lacking = []
    for row in rows:
        try:
            for history in histories_of(row):
                place = {"run": row.name, "fold": history.fold}
                lines += [
                    place | dict(one) | {"epoch": _whole(one["epoch"])} for one in history.rows
                ]
        except NoHistoryError as reason:
            lacking.append(f"{row.name} {reason}.")
    first = ["run", "fold", "epoch"]
    names = sorted(_all_names(lines) - {*first}, key=_history_order)
    return Table([*first, *names], lines), lacking


def _metrics(row: RunRow) -> dict[str, float]:
    deviations = {key: row.deviation(key) for key in row.metrics}
    known = {f"{key}{DEVIATION}": value for key, value in deviations.items() if value is not None}
    return {**row.metrics, **known}


def _metric_order(name: str) -> tuple[int, bool, str]:
    split, _, metric = name.partition(".")
    return SPLITS.index(split), metric.removesuffix(DEVIATION) != "loss", metric


def _history_order(name: str) -> tuple[int, bool, str]:
    """Train before validation, the loss first; what is no metric comes last."""
    split, _, metric = name.partition("_")
    place = TRAINED_SPLITS.index(split) if split in TRAINED_SPLITS else len(TRAINED_SPLITS)
    return place, metric != "loss", name


def _all_names(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {name for row in rows for name in row}


def _whole(number: float | None) -> float | int | None:
    return int(number) if number is not None and number.is_integer() else number


def _cell(name: str, value: Any) -> str:
    value = finite(value)
    if value is None:
        return ""
    if name == "tags":
        return " ".join(value)
    return in_words(value)
