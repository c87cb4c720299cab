"""Columns that say which rows belong together: patients, speakers, molecules.

A row is then predicted from others of the same patient, whom a new row never has: a split that
parts them tests too kindly. What counts is whether rows with the same cell have the same target.
Words are taken for such a column only if they hardly ever differ in it, what is named as an
identifier already if they are clearly more alike than others; so that places, tickets and
measurements raise no alarm.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nncli.data.checking.finding import Finding
from nncli.data.checking.giving_away import ranks
from nncli.data.table.columns import named_as_identifier
from nncli.descriptions import ClassTarget, Target, ValueTarget

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["groups", "is_named_so"]

NAMES = re.compile(
    r"(^|[^a-z])(patient|subject|participant|speaker|donor|animal|molecule|compound|smiles|inchi|"
    r"customer|client|user|student|respondent)s?([^a-z]|$)",
    re.IGNORECASE,
)
FEWEST_ROWS = 60
FEWEST_GROUPS = 15
# Rows whose cell another row has too.
REPEATED = 0.8
# The largest group has at most this share: more is a word for nothing in particular.
LARGEST = 0.2
MOST_ROWS_EACH = 100
# How alike targets are within groups: 0 as by chance, 1 the same.
ALIKE = 0.9
ALIKE_AND_NAMED = 0.3
# With fewer that differ from the rest, groups are alike by chance.
FEWEST_DIFFERENT = 15
MOST_CLASSES = 64


def is_named_so(name: str) -> bool:
    """Whether a column's name says that it tells patients and the like apart."""
    return bool(NAMES.search(name)) or named_as_identifier(name)


def groups(
    columns: Mapping[str, NDArray[Any]],
    targets: NDArray[Any],
    target: Target,
    held_out: Collection[str],
) -> Iterator[Finding]:
    """A finding, with its name, for every column whose equal cells should stay in one split.

    Args:
        columns: some rows of train: numbers with NaN for missing, or strings.
        targets: their targets, shape (n,) or (n, values).
        target: what those are.
        held_out: the splits that are drawn by chance.
    """
    if not held_out or len(targets) < FEWEST_ROWS:
        return
    answers = _answers(targets, target)
    for name, values in columns.items():
        named = is_named_so(name)
        places = _places(values, named)
        if places is None:
            continue
        rows, count = len(places), int(places.max()) + 1
        if _alike(places, answers) >= (ALIKE_AND_NAMED if named else ALIKE):
            yield Finding(
                "warn", name,
                f"{count:,} values of {rows / count:.2g} rows each, whose targets are alike: rows "
                "of one value are trained on and tested",
                "Where those belong together (a patient, a molecule), keep them in one split:\n"
                f"--set dataset.group={name}", [name],
            )  # fmt: skip


def _places(values: NDArray[Any], named: bool) -> NDArray[np.int64] | None:
    """The number of each row's group; None if the column is none of groups by its cells."""
    import numpy as np

    if values.dtype == object:
        cells = values.astype(str)
        missing = cells == ""
    else:
        missing = np.isnan(values)
        if not named or (values[~missing] != np.floor(values[~missing])).any():
            return None  # measurements are alike where targets are, too
        cells = values
    if missing.any():
        return None
    _, places, counts = np.unique(cells, return_inverse=True, return_counts=True)
    repeated = counts[counts > 1]
    if (
        len(repeated) < FEWEST_GROUPS
        or repeated.sum() < REPEATED * len(cells)
        or counts.max() > LARGEST * len(cells)
        or len(cells) > MOST_ROWS_EACH * len(counts)
    ):
        return None
    return places.astype(np.int64)


def _answers(targets: NDArray[Any], target: Target) -> NDArray[np.float64]:
    """Targets as columns of numbers that can be compared: one for each class, ranks of values."""
    import numpy as np

    if isinstance(target, ValueTarget):
        return np.stack([ranks(values) for values in targets.T], axis=1)
    if isinstance(target, ClassTarget):
        commonest = np.argsort(-np.bincount(targets), kind="stable")[:MOST_CLASSES]
        targets = targets[:, None] == commonest
    counts = targets.sum(axis=0)
    enough = np.minimum(counts, len(targets) - counts) >= FEWEST_DIFFERENT
    return targets[:, enough].astype(np.float64)


def _alike(places: NDArray[np.int64], answers: NDArray[np.float64]) -> float:
    """How much less targets vary within groups than among all rows: the intraclass correlation."""
    import numpy as np

    counts = np.bincount(places)
    within = total = 0.0
    for column in answers.T:
        sums = np.bincount(places, column)
        within += float((column**2).sum() - (sums**2 / counts).sum())
        total += float(((column - column.mean()) ** 2).sum())
    free = len(places) - len(counts)
    return 1 - (within / free) / (total / (len(places) - 1)) if total and free else 0.0
