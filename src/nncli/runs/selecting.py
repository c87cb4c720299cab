"""Choosing and ordering runs: `--where training.epochs>=6`, `--sort test.accuracy`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nncli.errors import NotFoundError, UsageError
from nncli.files import in_words
from nncli.runs.listing import SPLITS, RunRow, listed_runs, newest_runs

__all__ = ["OWN", "Condition", "check_metric", "chosen", "date_of", "in_order"]
__all__ += ["is_best_when_highest", "is_metric", "selected"]

CONDITION = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*(>=|<=|!=|==|=|>|<)\s*(.*?)\s*", re.DOTALL)
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
}
# Beside metrics and keys of the experiment.
OWN: dict[str, Callable[[RunRow], Any]] = {
    "number": lambda row: row.number,
    "name": lambda row: row.name,
    "outcome": lambda row: row.outcome,
    "dataset": lambda row: row.dataset,
    "model": lambda row: row.model,
    "tag": lambda row: row.about.tags,
    "note": lambda row: row.about.note or None,
    "date": lambda row: date_of(row),
    "duration": lambda row: row.seconds(),
    "epochs": lambda row: row.count("epochs"),
    "kept_epoch": lambda row: row.count("kept_epoch"),
    "parameters": lambda row: row.count("parameters"),
}
NEWEST_FIRST = ("date", "number")
# Of metrics that a training does not measure, and of other tools: less is better.
LOW = ("loss", "error", "mae", "mse", "rmse", "brier", "ece", "entropy", "deviance")


@dataclass(frozen=True)
class Condition:
    """`key`, how it is compared, and with what."""

    key: str
    order: str
    value: str

    @classmethod
    def of(cls, text: str) -> Condition:
        """Read `training.epochs>=6`.

        Raises:
            UsageError: it is no condition.
        """
        match = CONDITION.fullmatch(text)
        if match is None:
            raise UsageError(
                f"--where {text!r} is no condition.",
                hint="Write KEY=VALUE, or with != > >= < <=, such as 'test.accuracy>=0.9'.",
            )
        return cls(match[1], match[2].replace("==", "="), match[3])

    def holds(self, row: RunRow) -> bool:
        """Whether the run meets it; one without the value meets nothing but `!=`."""
        found = value_of(row, self.key)
        if self.key == "tag":
            equal = self.value in found
        elif self.key == "name":
            equal = self.value in (found, found.partition("-")[2])
        else:
            equal = _same(found, self.value)
        if self.order in ("=", "!="):
            return equal == (self.order == "=")
        if found is None or isinstance(found, (bool, list, tuple, dict)):
            return False
        if isinstance(found, str):
            return ORDERS[self.order](found, self.value)
        number = _as_number(self.value)
        if number is None:
            raise UsageError(
                f"--where {self.key}{self.order}{self.value}: {self.value!r} is no number."
            )
        return ORDERS[self.order](found, number)


def chosen(rows: Sequence[RunRow], conditions: Sequence[str]) -> list[RunRow]:
    """The runs that meet all of `conditions`.

    Raises:
        UsageError: one is no condition.
        NotFoundError: a key is unknown.
    """
    wanted = [Condition.of(text) for text in conditions]
    for one in wanted:
        _check_key(one.key, rows)
    return [row for row in rows if all(one.holds(row) for one in wanted)]


def in_order(rows: Sequence[RunRow], key: str) -> list[RunRow]:
    """The runs by `key`, best first: metrics by what is better of them, dates and numbers newest
    first, all else lowest first. What lacks it comes last, and of equals the newest comes first.

    Raises:
        NotFoundError: the key is unknown.
    """
    _check_key(key, rows)
    falling = key in NEWEST_FIRST or (is_metric(key) and is_best_when_highest(key))
    newest = sorted(rows, key=lambda row: (row.number or 0, row.name), reverse=True)
    values = [(value_of(row, key), row) for row in newest]
    having = [one for one in values if one[0] is not None]
    lacking = [row for value, row in values if value is None]
    if all(isinstance(value, (int, float)) for value, _ in having):
        having.sort(key=lambda one: -one[0] if falling else one[0])
    else:
        having.sort(key=lambda one: in_words(one[0]))
        if falling:
            having.reverse()
    return [row for _, row in having] + lacking


def selected(
    runs_dir: Path, *, where: Sequence[str] = (), sort: str | None = None, most: int | None = None
) -> tuple[list[RunRow], int]:
    """The first `most` runs (None: all) that meet `where`, by `sort` (None: newest first), and how
    many meet it in all.

    Raises:
        NotFoundError: there is no such folder, or a key is unknown.
        UsageError: a condition is none.
    """
    if most is not None and not where and sort in (None, "number"):
        return newest_runs(runs_dir, most)
    rows = in_order(chosen(listed_runs(runs_dir), where), sort or "number")
    return rows[:most], len(rows)


def is_best_when_highest(key: str) -> bool:
    """Whether more of the metric `<split>.<metric>` is better."""
    from nncli.objectives import metrics

    name = key.rpartition(".")[2]
    known = metrics.canonical(name)
    if known is not None:
        return metrics.is_best_when_highest(known)
    return not any(word in name.split("_") or word == name[-len(word) :] for word in LOW)


def check_metric(key: str, rows: Sequence[RunRow]) -> None:
    """Refuse what is no `<split>.<metric>`.

    Raises:
        NotFoundError: with the nearest one.
    """
    from nncli.objectives.metrics import METRICS

    # Of thousands of runs the first says it: all metrics of all are only for the nearest name.
    split, _, name = key.partition(".")
    if (split in SPLITS and name in METRICS) or any(row.metric(key) is not None for row in rows):
        return
    if not _is_top_k(key):
        raise _unknown(key, _metrics(rows), "metric")


def value_of(row: RunRow, key: str) -> Any:
    """What a run has under `key`; None if nothing."""
    if key in OWN:
        return OWN[key](row)
    return row.metric(key) if is_metric(key) else row.settings.get(key)


def date_of(row: RunRow) -> str:
    """When the run last wrote its metrics, in local time: `2026-11-25T08:04:16`."""
    return datetime.fromtimestamp(row.changed).isoformat(timespec="seconds")


def is_metric(key: str) -> bool:
    """Whether a key is written as `<split>.<metric>`."""
    return "." in key and key.partition(".")[0] in SPLITS


def _is_top_k(key: str) -> bool:
    from nncli.objectives.metrics import top_k

    return is_metric(key) and top_k(key.partition(".")[2]) is not None


def _metrics(rows: Sequence[RunRow]) -> list[str]:
    from nncli.objectives.metrics import METRICS

    found = dict.fromkeys(key for row in rows for key in row.metrics)
    return list(found | dict.fromkeys(f"{split}.{name}" for split in SPLITS for name in METRICS))


def _check_key(key: str, rows: Sequence[RunRow]) -> None:
    if key in OWN:
        return
    if is_metric(key):
        check_metric(key, rows)
        return
    from nncli.config.keys import key_paths

    known = {".".join(map(str, path)) for paths in key_paths().values() for path in paths}
    if key in known or any(key in row.settings for row in rows):
        return
    raise _unknown(key, [*OWN, *_metrics(rows), *sorted(known)], "key of runs")


def _unknown(key: str, known: Sequence[str], what: str) -> NotFoundError:
    from nncli.config.suggesting import nearest

    ending = next((one for one in known if one.endswith(f".{key}")), None)
    close = ending or nearest(key, known)
    hint = f"Did you mean {close}?" if close else "Such as: test.accuracy"
    return NotFoundError(f"There is no {what} {key!r}.", hint=hint)


def _same(found: Any, value: str) -> bool:
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        number = _as_number(value)
        return number is not None and float(found) == number
    if isinstance(found, list):
        return in_words(found).strip("[]").replace(" ", "") == value.strip("[]").replace(" ", "")
    return in_words(found) == value


def _as_number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
