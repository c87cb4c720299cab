"""What a model is worth on parts of a split: by the values of a column, or by folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from nncli import data
from nncli.data import FolderDataset, TableDataset
from nncli.data.naming import meant
from nncli.data.table import columns_of
from nncli.descriptions import Input, TableInput, Target
from nncli.errors import UsageError
from nncli.objectives import measure
from nncli.objectives.metrics import MAIN_METRICS, is_best_when_highest
from nncli.reporting import Reporter, listed
from nncli.runs import SliceMetrics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nncli.inference.evaluated import Evaluation

__all__ = ["check_slices", "slice_by", "with_slices"]

FOLDER = "folder"
OTHER, MISSING = "(other)", "(missing)"
# A value with less than this share of the examples is one of the others.
RARE = 0.01
MOST_VALUES = 20
# More different numbers than these are told in quartiles.
MOST_NUMBERS = 10


def check_slices(
    settings: data.DatasetSettings, inputs: Input | None, names: Sequence[str]
) -> None:
    """Refuse what a dataset has no values of; of files only the beginning is read.

    Args:
        settings: how the dataset is read.
        inputs: of the model; None if it does not say.
        names: of the columns.

    Raises:
        UsageError: a name is no column, or the dataset has none.
    """
    for name in names:
        if isinstance(settings, FolderDataset):
            known: Sequence[str] = (FOLDER,)
        elif isinstance(settings, TableDataset):
            known = columns_of(settings)
        elif isinstance(inputs, TableInput):
            known = [column.name for column in inputs.columns]
        else:
            raise UsageError(
                f"--slice: {settings.label} has no columns to tell examples apart by.",
                hint="Tables have some, and --slice folder goes with a folder of files.",
            )
        if name not in known:
            has = f"It has {listed(list(known))}."
            raise UsageError(
                f"--slice: {settings.label} has no column {name!r}.",
                hint=f"{meant(name, known)}{has}",
            )


def with_slices(evaluation: Evaluation, names: Sequence[str], reporter: Reporter) -> Evaluation:
    """`evaluation` with `slices` in its document, if `names` ask for some."""
    if not names:
        return evaluation
    found = {name: slice_by(evaluation, name, reporter) for name in dict.fromkeys(names)}
    return evaluation.saying(slices=found)


def slice_by(evaluation: Evaluation, name: str, reporter: Reporter) -> list[SliceMetrics]:
    """The main metrics by the values of a column, the worst first.

    More than ten different numbers or days are told in quartiles; values that less than one in a
    hundred examples has, and all beyond the twenty commonest, are `(other)`.

    Args:
        evaluation: its answers, and where its examples come from.
        name: of a column of the table, input or not; `folder` for the folder that a file lies in.
        reporter: told what takes its time.

    Raises:
        DataError: the column is not there, or cannot be read any more.
    """
    groups = _groups(evaluation, name, reporter)
    measured = []
    for value, rows in groups.items():
        metrics = measure(
            evaluation.target,
            evaluation.answers[rows],
            evaluation.targets[rows],
            threshold=evaluation.threshold,
        )
        kept = {key: metrics[key] for key in MAIN_METRICS[evaluation.target.kind]}
        measured.append(SliceMetrics(value=value, count=len(rows), metrics=kept))
    return sorted(measured, key=lambda row: _goodness(evaluation.target, row))


def _goodness(target: Target, row: SliceMetrics) -> float:
    main = MAIN_METRICS[target.kind][0]
    value = row.metrics[main]
    if value is None:
        return float("inf")
    return value if is_best_when_highest(main) else -value


def _groups(evaluation: Evaluation, name: str, reporter: Reporter) -> dict[str, NDArray[np.int64]]:
    """The places of the examples with each value of a column."""
    import numpy as np

    used = evaluation.data
    originals = used.originals(reporter)
    if isinstance(used.settings, FolderDataset):
        return _by_value(np.array(originals.folders(used.split), object))
    inputs = used.dataset.inputs
    kinds = {c.name: c.kind for c in inputs.columns} if isinstance(inputs, TableInput) else {}
    if kinds.get(name) == "date":
        days = np.concatenate([rows[name] for rows in originals.batches(used.split)])
        return _by_number(days.astype(np.float64), _day)
    values = originals.column(used.split, name)
    if values.dtype == object:
        return _by_value(values)
    return _by_number(values, lambda value: f"{value:g}")


def _by_number(values: NDArray[np.float64], shown: Any) -> dict[str, NDArray[np.int64]]:
    """By quartile, or by number where those are few."""
    import numpy as np

    known = values[~np.isnan(values)]
    if len(np.unique(known)) <= MOST_NUMBERS:
        words = [MISSING if value != value else shown(value) for value in values.tolist()]
        return _by_value(np.array(words, object))
    edges = np.unique(np.quantile(known, (0.25, 0.5, 0.75), method="inverted_cdf"))
    part = np.searchsorted(edges, values)  # a number equal to an edge is below it
    part[np.isnan(values)] = -1
    groups: dict[str, NDArray[np.int64]] = {}
    for number in np.unique(part).tolist():
        rows = np.flatnonzero(part == number)
        inside = values[rows]
        label = MISSING if number < 0 else f"{shown(inside.min())} to {shown(inside.max())}"
        groups[label] = np.concatenate([groups[label], rows]) if label in groups else rows
    return groups


def _by_value(values: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
    """By word: the common ones, the others together, and those without one."""
    import numpy as np

    words = np.array([value or MISSING for value in values.tolist()])
    names, place, counts = np.unique(words, return_inverse=True, return_counts=True)
    order = sorted(range(len(names)), key=lambda number: -counts[number])
    common = {
        number
        for rank, number in enumerate(order)
        if names[number] == MISSING or (rank < MOST_VALUES and counts[number] >= RARE * len(words))
    }
    rare = [number for number in order if number not in common]
    groups = {str(names[number]): np.flatnonzero(place == number) for number in sorted(common)}
    if len(rare) == 1:  # alone it is no group of others
        groups[str(names[rare[0]])] = np.flatnonzero(place == rare[0])
    elif rare:
        groups[OTHER] = np.flatnonzero(np.isin(place, rare))
    return groups


def _day(value: float) -> str:
    return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
