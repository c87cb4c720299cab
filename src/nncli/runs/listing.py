"""All runs of a folder, as rows: quickly, and whatever lies there."""

from __future__ import annotations

import gc
import json
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from nncli.runs.about import About, read_about
from nncli.runs.folder import CONFIG, HISTORY, MODEL, RunFolder, no_runs, number_of
from nncli.runs.metrics import Outcome
from nncli.runs.small_files import UnreadableError, read_small

__all__ = ["SPLITS", "RunRow", "listed_runs", "newest_runs", "read_run"]

SPLITS = ("test", "validation", "train", "all")
OUTCOMES = frozenset(get_args(Outcome))


@dataclass
class RunRow:
    """What is known of one run without opening its model.

    `outcome` is that of `metrics.json`, `killed` where that says `running` and no process is there,
    or `broken`, where `broken` says why. `changed` is when its metrics were last written (seconds
    since 1970), `document` what they are: empty of a broken run. `place` is the path, as text: to
    make a `Path` of each of ten thousand takes as long as to read them.
    """

    place: str
    outcome: str
    changed: float = 0.0
    broken: str | None = None
    document: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def path(self) -> Path:
        """Where the run is."""
        return Path(self.place)

    @property
    def folder(self) -> RunFolder:
        """The folder of the run."""
        return RunFolder(self.path)

    @cached_property
    def name(self) -> str:
        """The name of the folder, which has the number."""
        return self.place.rpartition(os.sep)[2] or self.place

    @cached_property
    def number(self) -> int | None:
        """The number of the run; None of a folder that was named by hand."""
        return number_of(self.name)

    @property
    def is_finished(self) -> bool:
        """Whether the run came to its end."""
        return self.outcome in ("completed", "stopped_early")

    @property
    def dataset(self) -> str | None:
        """The name of the dataset that was used."""
        name = self.group("dataset").get("name")
        return name if isinstance(name, str) else None

    @property
    def model(self) -> str | None:
        """The type of the model."""
        from nncli.config.written import model_type

        if "values" not in self.__dict__ and (found := model_type(self._config)):
            return found
        model = self.values.get("model")
        kind = model.get("type") if isinstance(model, dict) else None
        return kind if isinstance(kind, str) else None

    @property
    def is_cross_validation(self) -> bool:
        """Whether the metrics are means of folds."""
        return isinstance(self.document.get("folds"), list)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The files that a finished run once had; looked for when asked, for it takes a while."""
        if not self.is_finished:
            return ()
        expected = [CONFIG]
        if not self.is_cross_validation:  # whose models and histories are those of its folds
            expected.append(MODEL)
            if self.count("epochs"):
                expected.append(HISTORY)
        # `Path.is_file` raises where looking is forbidden.
        lost = (name for name in expected if not os.path.isfile(f"{self.place}/{name}"))  # noqa: PTH113
        return tuple(lost)

    @cached_property
    def about(self) -> About:
        """Tags and note."""
        return read_about(self.folder)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The experiment as it is in `config.yaml`; empty if that cannot be read."""
        from nncli.config.written import experiment_values

        return experiment_values(self._config)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The experiment by dotted keys."""
        from nncli.config.written import experiment_settings

        return experiment_settings(self._config)

    @cached_property
    def units(self) -> dict[str, str]:
        """What metrics are measured in, by their names, as far as `dataset.unit` says so."""
        from nncli.descriptions import ValueTarget
        from nncli.objectives.metrics import metric_units

        dataset = self.values.get("dataset")
        unit = dataset.get("unit") if isinstance(dataset, dict) else None
        if isinstance(unit, str):
            unit = {"": unit}  # of every value
        if not isinstance(unit, dict) or not all(isinstance(one, str) for one in unit.values()):
            return {}
        targets = self.settings.get("dataset.target")
        names = [str(name) for name in (targets if isinstance(targets, list) else [targets])]
        if not any(name in unit for name in names):  # said of them all, or they have no names here
            names = [*unit]
        return metric_units(ValueTarget(names=tuple(names), units=unit))

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Every number by `<split>.<metric>`, those that do not exist left out."""
        return {
            f"{split}.{name}": number
            for split in SPLITS
            for name, value in self.group(split).items()
            if (number := _number(value)) is not None
        }

    def metric(self, key: str) -> float | None:
        """A metric by `<split>.<metric>`."""
        split, _, name = key.partition(".")
        return _number(self.group(split).get(name)) if split in SPLITS else None

    def deviation(self, key: str) -> float | None:
        """The standard deviation of a metric between the folds of a cross-validation."""
        split, _, name = key.partition(".")
        values = self.group("deviation").get(split)
        return _number(values.get(name)) if isinstance(values, dict) else None

    def count(self, name: str) -> int | None:
        """`epochs`, `kept_epoch` or `parameters`."""
        value = self.document.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def seconds(self, name: str = "total_seconds") -> float | None:
        """A number of `timing`."""
        return _number(self.group("timing").get(name))

    def group(self, name: str) -> dict[str, Any]:
        """An object of `metrics.json`; empty if it has none of that name."""
        value = self.document.get(name)
        return value if isinstance(value, dict) else {}

    @cached_property
    def _config(self) -> str:
        try:
            return read_small(f"{self.place}/config.yaml")[0]
        except UnreadableError:
            return ""


def listed_runs(runs_dir: Path) -> list[RunRow]:
    """The runs in `runs_dir`: folders with the name of a run, and those that have its files.

    Raises:
        NotFoundError: there is no such folder, or it cannot be looked into.
    """
    return _rows(runs_dir, _names(runs_dir))


def newest_runs(runs_dir: Path, count: int) -> tuple[list[RunRow], int]:
    """The `count` runs with the highest numbers, highest first, and how many there are in all; of
    thousands only those are read.

    Raises:
        NotFoundError: as `listed_runs`.
    """
    numbers: dict[str, int] = {}
    others = []
    for name in _names(runs_dir):
        number = number_of(name)
        if number is None:
            others.append(name)
        else:
            numbers[name] = number
    newest = sorted(numbers, key=lambda name: (numbers[name], name), reverse=True)
    named = sorted(_rows(runs_dir, others), key=lambda row: row.name, reverse=True)
    rows = [*_rows(runs_dir, newest[:count]), *named]
    return rows[:count], len(numbers) + len(named)


def _rows(runs_dir: Path, names: Sequence[str]) -> list[RunRow]:
    place = str(runs_dir / "x")[:-1]
    with _nothing_is_garbage():
        rows = [_row(f"{place}{name}") for name in names]
    return [row for row in rows if row.broken is None or _is_run(row)]


@contextmanager
def _nothing_is_garbage() -> Iterator[None]:
    """Keep Python from looking for garbage among the documents that are being read, all of which
    stay: it takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # by way of which they count as old: nothing is looked through at once
        if was_enabled:
            gc.enable()


def _names(runs_dir: Path) -> list[str]:
    """The folders that may be runs, by name."""
    try:
        with os.scandir(runs_dir) as entries:
            return sorted(one.name for one in entries if one.name[0] != "." and one.is_dir())
    except OSError as error:
        raise no_runs(runs_dir, error) from None


def read_run(path: Path) -> RunRow:
    """One run; never raises for what is in the folder."""
    return _row(str(path))


def _row(place: str) -> RunRow:
    row = _read(place)
    if row.outcome == "running" and not row.folder.is_held():
        row = _read(place)  # it may have ended in between
        if row.outcome == "running" and not row.folder.is_held():
            row.outcome = "killed"
    elif row.broken is not None and row.folder.is_held():
        return RunRow(place, "running", row.changed)  # which has written no metrics yet
    return row


def _read(place: str) -> RunRow:
    try:
        text, changed = read_small(f"{place}/metrics.json")
    except UnreadableError as reason:
        return RunRow(place, "broken", _time_of(place), str(reason))
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return RunRow(place, "broken", changed, "metrics.json is no JSON")
    if not isinstance(document, dict):
        return RunRow(place, "broken", changed, "metrics.json is not nncli's")
    schema, outcome = document.get("schema"), document.get("outcome")
    if isinstance(schema, int) and schema > 1:
        newer = f"metrics.json has schema {schema}: a newer nncli's"
        return RunRow(place, "broken", changed, newer)
    if schema != 1 or not isinstance(outcome, str) or outcome not in OUTCOMES:
        return RunRow(place, "broken", changed, "metrics.json is not nncli's")
    return RunRow(place, outcome, changed, document=document)


def _is_run(row: RunRow) -> bool:
    """Whether a folder without readable metrics is a run nevertheless."""
    return row.number is not None or os.path.lexists(row.folder.metrics)


def _time_of(place: str) -> float:
    try:
        return os.stat(place).st_mtime  # noqa: PTH116
    except OSError:
        return 0.0


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
