"""What a table is to answer: its targets, examined row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data.checking.finding import Finding, share, some
from nncli.data.table import TableDataset
from nncli.data.table_columns import Seen, matched, numbers
from nncli.data.table_files import Layout
from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.reporting import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TableRead", "about_targets", "answers_of"]

# A target of more different whole numbers than this is a value, as in the loader.
MOST_NUMBERED_CLASSES = 20
MOST_CLASSES = 10_000
LISTED = 1000
# Formats of tables whose header is no row.
HEADLESS = (".parquet", ".pq", ".jsonl", ".ndjson")


@dataclass
class TableRead:
    """What the first reading of a table found; `findings` are about the reading.

    Attributes:
        files: of each split.
        layouts: of the files that can be read.
        rows: of each file.
        seen: the cells of each column in train.
        cells: of each split the targets, column by column.
    """

    files: Mapping[str, Sequence[Path]]
    layouts: dict[Path, Layout] = field(default_factory=dict)
    rows: dict[Path, int] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    cells: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def row(self, split: str, number: int) -> str:
        """A row of a split as editors and spreadsheets number it, the header being the first."""
        for path in self.files[split]:
            if number < self.rows[path]:
                above = self.layouts[path].header and path.suffix.lower() not in HEADLESS
                return f"{path.name}, row {number + 1 + int(above)}"
            number -= self.rows[path]
        return f"{split}, row {number + 1}"


def about_targets(settings: TableDataset, table: TableRead) -> Iterator[Finding]:
    """Whether the columns that the settings name are there."""
    names = list(table.seen)
    if not settings.targets:
        yield Finding("fail", "target", f"which column is to be predicted? There are {some(names)}",
                      f"Say so:\n--set 'dataset.target={names[-1]}'")  # fmt: skip
    for name in settings.targets:
        if name not in table.seen:
            yield Finding("fail", "target", f"there is no column {name}; there are {some(names)}")
    for name in settings.columns:
        if name not in table.seen:
            yield Finding("fail", "columns", f"dataset.columns names {name}, which is no column; "
                          f"there are {some(names)}")  # fmt: skip


def _kind(settings: TableDataset, name: str, seen: Seen) -> str:
    return settings.columns.get(name) or seen.kind()[0]


def answers_of(
    settings: TableDataset, table: TableRead, names: list[str], missing: set[str]
) -> tuple[Target | None, dict[str, NDArray[Any]]]:
    """What is to be predicted and the answers of each split, -1 or NaN where one lacks."""
    import numpy as np

    rows = {s: sum(table.rows[p] for p in paths) for s, paths in table.files.items()}
    unknown = {split: np.zeros(count, np.int64) for split, count in rows.items()}
    if not names or len(names) < len(settings.targets):
        return None, unknown
    cells = {s: {n: np.array(c[n], object) for n in names} for s, c in table.cells.items()}
    blank = {
        split: np.logical_or.reduce(
            [[cell.lower() in missing for cell in column.tolist()] for column in columns.values()]
        )
        for split, columns in cells.items()
    }
    for split, lacks in blank.items():
        if lacks.any():
            table.findings.append(_blank(settings, table, split, lacks, names))
    known = {s: {n: c[~blank[s]] for n, c in columns.items()} for s, columns in cells.items()}
    task = settings.task or _task(known["train"])
    if task == "classes":
        return _classes(settings, table, names, known, blank)
    values = {}
    for split, columns in cells.items():
        stacked = np.stack([numbers(column) for column in columns.values()], axis=1)
        wrong = np.flatnonzero(np.isnan(stacked).any(axis=1) & ~blank[split])
        if len(wrong):
            listed = [f"{table.row(split, n)}: {cells[split][names[0]][n]}" for n in wrong[:LISTED]]
            table.findings.append(Finding(
                "fail", "target", f"{counted(len(wrong), 'row')} of {split} where the target is no "
                "number", "If it names classes:\n--set dataset.task=classes", listed,
            ))  # fmt: skip
        values[split] = stacked.astype(np.float32)
    labels = task == "labels"
    return (LabelsTarget if labels else ValueTarget)(names=tuple(names)), values


def _blank(
    settings: TableDataset, table: TableRead, split: str, lacks: NDArray[np.bool_], names: list[str]
) -> Finding:
    import numpy as np

    listed = [table.row(split, number) for number in np.flatnonzero(lacks)[:LISTED].tolist()]
    count = int(lacks.sum())
    return Finding(
        "warn" if settings.on_error == "skip" else "fail", "target",
        f"{counted(count, 'row')} of {split} ({share(count, len(lacks))}) without {some(names)}",
        "Fill them in, or train on the others:\n--set dataset.on_error=skip", listed,
    )  # fmt: skip


def _task(train: Mapping[str, NDArray[Any]]) -> str:
    """What the loader takes the target for."""
    import numpy as np

    columns = [numbers(cells) for cells in train.values()]
    if any(np.isnan(column).any() for column in columns):
        return "classes" if len(columns) == 1 else "values"
    if len(columns) > 1:
        binary = all(((column == 0) | (column == 1)).all() for column in columns)
        return "labels" if binary else "values"
    distinct = np.unique(columns[0])
    whole = bool((distinct == np.floor(distinct)).all())
    return "classes" if whole and len(distinct) <= MOST_NUMBERED_CLASSES else "values"


def _classes(
    settings: TableDataset, table: TableRead, names: list[str],
    known: Mapping[str, Mapping[str, NDArray[Any]]], blank: Mapping[str, NDArray[Any]],
) -> tuple[Target | None, dict[str, NDArray[Any]]]:  # fmt: skip
    """Classes by name; those that train lacks follow its own."""
    import numpy as np

    cells = {split: columns[names[0]] for split, columns in known.items()}
    own = sorted(set(cells["train"].tolist()))
    values = numbers(np.array(own, object))
    if len(own) and not np.isnan(values).any():
        own = [own[place] for place in np.argsort(values, kind="stable")]
    places = {name: place for place, name in enumerate(own)}
    rows = len(cells["train"])
    if len(own) > MOST_CLASSES or (len(own) == rows and rows > 2):
        table.findings.append(Finding(
            "fail", "target", f"{names[0]} has {len(own):,} different values in {rows:,} rows, "
            "which are too many to be classes", "Is it the column that you mean?",
        ))  # fmt: skip
        return None, {split: np.zeros(len(lacks), np.int64) for split, lacks in blank.items()}
    for split, column in cells.items():
        others = sorted(set(column.tolist()) - set(places))
        spelled = matched({name: places[name] for name in own}, others) if split != "train" else {}
        for name in others:
            places[name] = (
                places[spelled[name]] if name in spelled else max(places.values(), default=-1) + 1
            )
    found = sorted(set(places.values()))
    by_place = {place: name for name, place in reversed(places.items())}
    target = ClassTarget(names=tuple(by_place[p] for p in found)) if len(found) > 1 else None
    if target is None:
        table.findings.append(Finding("fail", "target", f"{names[0]} is {some(own)} in every row: "
                                      "there is nothing to learn"))  # fmt: skip
    encoded = {}
    for split, lacks in blank.items():
        encoded[split] = np.full(len(lacks), -1, np.int64)
        encoded[split][~lacks] = [places[cell] for cell in cells[split].tolist()]
    return target, encoded
