"""The targets of a table: what they are, and their cells as numbers."""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nncli.data.skipping import Skipped
from nncli.data.table.answers import Answers
from nncli.data.table.columns import matched, numbers
from nncli.data.table.looking import LookedThrough
from nncli.data.table.settings import TableDataset, Task
from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.errors import DataError
from nncli.reporting import Reporter, counted, listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MOST_NUMBERED_CLASSES", "lacking", "rows_lacking", "target_of", "ways_out"]

# A target of more different whole numbers than this is a value and no class.
MOST_NUMBERED_CLASSES = 20
# How a label that is there or not is written, beside 1 and 0.
THERE = ("1", "true", "yes", "y", "t")
NOT_THERE = ("0", "false", "no", "n", "f")

Rows = Mapping[str, "NDArray[Any]"]


def lacking(
    settings: TableDataset, table: LookedThrough, split: str, skipped: Skipped
) -> NDArray[Any]:
    """Which rows of a split lack a target, shape (rows,), bool.

    Raises:
        DataError: some do, and the settings do not say that those are left out.
    """

    lacks = rows_lacking(table, split)
    if lacks.any():
        rows = counted(int(lacks.sum()), "row")
        words = sorted({word for found in _words(table, split).values() for word in found})
        said = f" ({listed(words)})" if words else ""
        first = table.place(split, int(lacks.argmax()))
        problem = f"{rows} without {listed(settings.targets)}{said}, the first at {first}"
        if settings.on_error == "skip":
            skipped.note(problem, count=int(lacks.sum()))
        else:
            raise DataError(f"{problem}.", hint=ways_out(table, split))
    return lacks


def _words(table: LookedThrough, split: str) -> dict[str, list[str]]:
    """The words that are taken for no answer, of each target that has some."""
    import numpy as np

    found = {
        name: [
            answers.names[code]
            for code in np.unique(answers.codes(split)[answers.lacks(split)]).tolist()
            if code >= 0 and answers.names[code]
        ]
        for name, answers in table.answers.items()
    }
    return {name: words for name, words in found.items() if words}


def ways_out(table: LookedThrough, split: str) -> str:
    """What to do about rows without an answer; options stand on lines of their own."""
    lines = ["Fill them in, or train on the others:", "--set dataset.on_error=skip"]
    for name, words in _words(table, split).items():
        key = name if re.fullmatch(r"[\w-][\w -]*", name) else json.dumps(name)
        verb = "is a class" if len(words) == 1 else "are classes"
        option = shlex.quote(f"dataset.columns={{{key}: category}}")
        lines += [f"If {listed(words)} {verb} of {name}:", f"--set {option}"]
    return "\n".join(lines)


def rows_lacking(table: LookedThrough, split: str) -> NDArray[np.bool_]:
    """The same, without an opinion about it."""
    import numpy as np

    lacks = np.zeros(table.rows_of(split), bool)
    for answers in table.answers.values():
        lacks |= answers.lacks(split)
    return lacks


def target_of(
    settings: TableDataset,
    table: LookedThrough,
    blank: Rows,
    skipped: Skipped,
    reporter: Reporter,
) -> tuple[Target, dict[str, NDArray[Any]]]:
    """What is to be predicted, and the targets of each split as numbers.

    With `Gathered` for `skipped` classes that train lacks follow its own, and cells that are no
    numbers are NaN.

    Raises:
        DataError: there is nothing to learn, or the cells are not what the settings say.
    """
    import numpy as np

    names = settings.targets
    kept = {split: ~lacks for split, lacks in blank.items()}
    if not kept["train"].any():
        raise DataError(f"{settings.path}: {listed(names)} is missing in every row.")
    for name in names:
        _check_varies(settings, name, table.answers[name], kept["train"], skipped)
    task = _said(settings) or _task(table.answers, kept["train"])
    if task == "classes" and len(names) > 1:
        raise DataError(
            f"{listed(names)} are several targets of different classes each.",
            hint="Predict one of them, or make them columns of 0 and 1.",
        )
    if task == "classes":
        answers = table.answers[names[0]]
        target, places = _classes(settings, answers, kept["train"], reporter)
        codes = {split: answers.codes(split)[rows] for split, rows in kept.items()}
        for split, found in codes.items():
            target = _known(settings, split, found, answers, target, places, skipped)
        places_of = np.array([places.get(name, -1) for name in answers.names], np.int64)
        return target, {split: places_of[found] for split, found in codes.items()}
    read = _labels if task == "labels" else _values
    values = {
        split: np.stack([read(table, split, name, rows, skipped) for name in names], axis=1).astype(
            np.float32
        )
        for split, rows in kept.items()
    }
    return (LabelsTarget if task == "labels" else ValueTarget)(names=names), values


def _check_varies(
    settings: TableDataset, name: str, answers: Answers, rows: NDArray[Any], skipped: Skipped
) -> None:
    import numpy as np

    codes = np.unique(answers.codes("train")[rows])
    if len(codes) == 1 and codes[0] >= 0:
        error = DataError(
            f"{settings.path}: {name} is {answers.names[codes[0]]!r} in every row; there is "
            "nothing to learn.",
            hint="Is it the column that you mean?",
        )
        if len(settings.targets) == 1:
            raise error
        skipped.refuse(error, "target")


def _said(settings: TableDataset) -> Task | None:
    """What the settings say that the targets are, in one way or the other."""
    kinds = {settings.columns[name] for name in settings.targets if name in settings.columns}
    tasks: set[Task] = {"classes" if kind == "category" else "values" for kind in kinds}
    if settings.task is not None:
        tasks.add(settings.task)
    if len(tasks) > 1:
        raise DataError(
            f"dataset.columns and dataset.task differ in what {listed(settings.targets)} is: "
            f"{' or '.join(sorted(tasks))}.",
            hint="Leave one of them out.",
        )
    return next(iter(tasks), None)


def _check_no_date(name: str, answers: Answers) -> None:
    """Refuse dates, which would be a class each."""
    if answers.seen.kind(name)[0] == "date":
        raise DataError(
            f"{name} is a column of dates; nncli predicts classes, numbers, and columns of 0 and "
            "1.",
            hint="Write what counts of them into a column of its own: days from some day on, the "
            "year, the month. If each date is a class: --set dataset.task=classes",
        )


def _task(targets: Mapping[str, Answers], rows: NDArray[Any]) -> Task:
    import numpy as np

    for name, answers in targets.items():
        _check_no_date(name, answers)
    if len(targets) > 1 and all(
        _is_binary(answers, answers.codes("train")[rows]) for answers in targets.values()
    ):
        return "labels"
    columns = [answers.values("train")[rows] for answers in targets.values()]
    if any(np.isnan(column).any() for column in columns):
        return "classes"
    if len(columns) > 1:
        return "values"
    distinct = np.unique(columns[0])
    whole = bool((distinct == np.floor(distinct)).all())
    return "classes" if whole and len(distinct) <= MOST_NUMBERED_CLASSES else "values"


def _is_binary(answers: Answers, codes: NDArray[Any]) -> bool:
    import numpy as np

    found = np.unique(codes).tolist()
    return -1 not in found and all(_label(answers.names[code]) is not None for code in found)


def _label(cell: str) -> float | None:
    """1 for a label that is there, 0 for one that is not; None if the cell says neither."""
    import numpy as np

    if cell.lower() in THERE or cell.lower() in NOT_THERE:
        return float(cell.lower() in THERE)
    value = float(numbers(np.array([cell], object))[0])
    return value if value in (0, 1) else None


def _classes(
    settings: TableDataset, answers: Answers, rows: NDArray[Any], reporter: Reporter
) -> tuple[ClassTarget, dict[str, int]]:
    """The classes, and the class of every way of writing them: 1 and 1.0 are one."""
    import numpy as np

    codes = np.unique(answers.codes("train")[rows]).tolist()
    many = answers.too_many or (len(codes) == int(rows.sum()) and len(codes) > 2)
    if many:
        least = "more than " if answers.too_many else ""
        raise DataError(
            f"{settings.path}: {settings.targets[0]} has {least}{len(codes):,} different values "
            f"in {int(rows.sum()):,} rows, which are too many to be classes.",
            hint="Is it the column that you mean?",
        )
    found = [answers.names[code] for code in codes]
    values = numbers(np.array(found, object))
    padded = any(len(name) > 1 and name.isdecimal() and name[0] == "0" for name in found)
    if np.isnan(values).any() or padded:
        names = sorted(found)
        places = {name: place for place, name in enumerate(names)}
    else:
        spelled: dict[float, list[str]] = defaultdict(list)
        for name, value in zip(found, values.tolist(), strict=True):
            spelled[value].append(name)
        ordered = sorted(spelled)
        names = [_number_name(value, spelled[value]) for value in ordered]
        places = {n: place for place, value in enumerate(ordered) for n in spelled[value]}
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        alike[name.casefold()].append(name)
    twice = [" and ".join(same) for same in alike.values() if len(same) > 1]
    if twice:
        reporter.warning(
            f"Classes of {settings.targets[0]} that differ in upper and lower case alone count as "
            f"different ones: {listed(twice)}"
        )
    return ClassTarget(names=tuple(names)), places


def _number_name(value: float, spelled: list[str]) -> str:
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return min(spelled, key=lambda name: (len(name), name))


def _known(
    settings: TableDataset,
    split: str,
    codes: NDArray[Any],
    answers: Answers,
    target: ClassTarget,
    places: dict[str, int],
    skipped: Skipped,
) -> ClassTarget:
    """Add the spellings that a split has of known classes to `places`; the classes after that."""
    import numpy as np

    names = [answers.names[code] for code in np.unique(codes).tolist()]
    unknown = [name for name in names if name not in places]
    by_name = {name: place for place, name in enumerate(target.names)}
    spelled = matched(by_name, unknown)
    places.update({name: by_name[known] for name, known in spelled.items()})
    lost = sorted(name for name in unknown if name not in spelled)
    if not lost:
        return target
    error = DataError(
        f"The {split} split of {settings.label} has {settings.targets[0]} = {listed(lost)}, "
        "which the training split does not have.",
        hint=f"That has {listed(target.names)}.",
    )
    skipped.refuse(error, "classes")
    places.update({name: place for place, name in enumerate(lost, start=len(target.names))})
    return ClassTarget(names=(*target.names, *lost))


def _labels(
    table: LookedThrough, split: str, name: str, rows: NDArray[Any], skipped: Skipped
) -> NDArray[Any]:
    """A column of 0 and 1."""
    import numpy as np

    answers = table.answers[name]
    meanings = [_label(cell) for cell in answers.names]
    known = np.array([np.nan if said is None else said for said in meanings], np.float64)
    codes = answers.codes(split)
    labels: NDArray[Any] = np.where(codes < 0, np.nan, known[codes])
    expected = "a label, which is 0 or 1 in every row"
    return _checked(table, split, name, labels, rows, expected, skipped)


def _values(
    table: LookedThrough, split: str, name: str, rows: NDArray[Any], skipped: Skipped
) -> NDArray[Any]:
    """A column of numbers."""
    values = table.answers[name].values(split)
    return _checked(table, split, name, values, rows, "a number", skipped)


def _checked(
    table: LookedThrough,
    split: str,
    name: str,
    values: NDArray[Any],
    rows: NDArray[Any],
    expected: str,
    skipped: Skipped,
) -> NDArray[Any]:
    """The chosen rows of `values`, none of which may be NaN."""
    import numpy as np

    wrong = np.flatnonzero(rows & np.isnan(values))
    if len(wrong):
        row = int(wrong[0])
        cell = table.answers[name].cell(split, row)
        found = "none" if cell is None else repr(cell)
        error = DataError(
            f"{table.place(split, row)}: {name} is to be {expected}, and is {found}.",
            hint="If it names classes: --set dataset.task=classes",
        )
        skipped.refuse(error, "cells")
    chosen: NDArray[Any] = values[rows]
    return chosen
