"""Repeating a run, to see whether it gives the same numbers."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.backend import library_versions, usable_cores
from nncli.config import load_experiment
from nncli.errors import NotFoundError, UsageError
from nncli.reporting import Reporter, SilentReporter
from nncli.runs import EpochRow, Metrics, RunFolder
from nncli.training.engine import TrainingResult, train

__all__ = ["Difference", "Reproduction", "reproduce"]


@dataclass(frozen=True)
class Difference:
    """A number that came out differently: `test.accuracy`, `epoch 3 train_loss`."""

    name: str
    before: float | None
    now: float | None


@dataclass(frozen=True)
class Reproduction:
    """The new run, and what in it is not as it was."""

    result: TrainingResult
    differences: Sequence[Difference]


def reproduce(
    run: Path | str,
    *,
    runs_dir: Path | str = "runs",
    run_dir: Path | str | None = None,
    reporter: Reporter | None = None,
    command: Sequence[str] | None = None,
) -> Reproduction:
    """Run the experiment of `run` again, in a new run folder, and compare every metric.

    Args:
        run: the folder of a finished run.
        runs_dir, run_dir, reporter, command: as for `train`.

    Raises:
        NotFoundError: there is no such run.
        UsageError: it is not finished.
    """
    reporter = reporter or SilentReporter()
    folder = RunFolder(Path(run))
    before = folder.read_metrics()
    if before is None or not folder.config.is_file():
        raise NotFoundError(f"{folder.path} is no run: it lacks metrics.json or config.yaml.")
    if not before.is_finished:
        raise UsageError(
            f"{folder.path} is not finished ({before.outcome}): there is nothing to compare with.",
            hint=f"Finish it with: nncli train --resume {shlex.quote(str(folder.path))}",
        )
    _warn_of_changes(folder.read_environment(), reporter)
    experiment = load_experiment([folder.config])
    result = train(
        experiment, runs_dir=runs_dir, run_dir=run_dir, reporter=reporter, command=command
    )
    differences = [
        *_of_metrics(before, result.metrics),
        *_of_history(folder.read_history(), result.history),
    ]
    return Reproduction(result, differences)


def _warn_of_changes(environment: Mapping[str, Any], reporter: Reporter) -> None:
    versions = environment.get("versions", {})
    changes = [
        f"{name} {versions[name]} then, {now} now"
        for name, now in library_versions().items()
        if versions.get(name, now) != now
    ]
    cores = environment.get("cores", usable_cores())
    if cores != usable_cores():
        changes.append(f"{cores} cores then, {usable_cores()} now")
    if changes:
        reporter.warning(f"The machine is another: {'; '.join(changes)}. Numbers may differ.")


def _of_metrics(before: Metrics, now: Metrics) -> list[Difference]:
    found = []
    for split in ("train", "validation", "test"):
        old, new = getattr(before, split) or {}, getattr(now, split) or {}
        names = dict.fromkeys([*old, *new])
        pairs = [Difference(f"{split}.{n}", old.get(n), new.get(n)) for n in names]
        found += [pair for pair in pairs if pair.before != pair.now]
    for fold, (old, new) in enumerate(zip(before.folds or (), now.folds or (), strict=True), 1):
        pairs = [Difference(f"fold {fold} test.{n}", old.get(n), new.get(n)) for n in new]
        found += [pair for pair in pairs if pair.before != pair.now]
    if before.kept_epoch != now.kept_epoch:
        found.append(Difference("kept_epoch", before.kept_epoch, now.kept_epoch))
    return found


def _of_history(before: Sequence[EpochRow], now: Sequence[EpochRow]) -> list[Difference]:
    found = []
    for number in range(max(len(before), len(now))):
        old = before[number] if number < len(before) else {}
        new = now[number] if number < len(now) else {}
        names = [name for name in dict.fromkeys([*old, *new]) if name not in ("epoch", "seconds")]
        pairs = [Difference(f"epoch {number + 1} {n}", old.get(n), new.get(n)) for n in names]
        found += [pair for pair in pairs if pair.before != pair.now]
    return found
