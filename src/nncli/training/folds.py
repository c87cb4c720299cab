"""Cross-validation: one experiment trained as often as there are folds, each tested once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nncli.config import Experiment
from nncli.errors import InterruptedRunError, NncliError, Terminated
from nncli.files import typed_path
from nncli.reporting import Reporter
from nncli.runs import Metrics, Outcome, RunFolder, Timing

if TYPE_CHECKING:
    from nncli.runs.metrics import Values
    from nncli.training.engine import TrainingResult

__all__ = ["is_cross_validation", "train_folds"]


def is_cross_validation(experiment: Experiment) -> bool:
    """Whether `experiment` is trained once for each fold."""
    return experiment.dataset.folds is not None and experiment.dataset.fold is None


def train_folds(
    experiment: Experiment,
    folder: RunFolder,
    train_fold: Callable[[int, RunFolder], TrainingResult],
    *,
    began: float,
    reporter: Reporter,
) -> tuple[Metrics, list[TrainingResult]]:
    """Train every fold in a run folder of its own inside `folder`, and write what they say
    together: `metrics.json` with means and standard deviations.

    Args:
        experiment: with `dataset.folds`.
        folder: of the whole, locked.
        train_fold: trains or resumes fold number (from 1) in its folder.
        began: when the command began, by `time.perf_counter`.
        reporter: told which fold begins.

    Raises:
        InterruptedRunError: one was interrupted; resuming `folder` goes on there.
    """
    count = experiment.dataset.folds
    assert count is not None
    results: list[TrainingResult] = []
    for fold in range(1, count + 1):
        reporter.notice(f"Fold {fold} of {count}")
        try:
            results.append(train_fold(fold, folder.fold(fold)))
        except (InterruptedRunError, KeyboardInterrupt) as stopped:
            _write(folder, experiment, results, "interrupted", began)
            raise _interrupted(stopped, folder, fold, count) from None
        except NncliError as error:
            _write(folder, experiment, results, "failed", began, error=error.message)
            raise
        outcome: Outcome = "completed" if fold == count else "running"
        metrics = _write(folder, experiment, results, outcome, began)
    assert metrics is not None
    return metrics, results


def _interrupted(
    stopped: InterruptedRunError | KeyboardInterrupt, folder: RunFolder, fold: int, count: int
) -> InterruptedRunError:
    """The same about the whole, which is what goes on."""
    if isinstance(stopped, InterruptedRunError):
        message, exit_code = stopped.message.rstrip("."), stopped.exit_code
    elif isinstance(stopped, Terminated):
        message, exit_code = "Stopped by SIGTERM", 143
    else:
        message, exit_code = "Stopped by Ctrl-C", 130
    command = f"nncli train --resume {typed_path(folder.path)}"
    return InterruptedRunError(
        f"{message}, in fold {fold} of {count}.",
        exit_code=exit_code,
        hint=f"Go on with: {command}",
    )


def _write(
    folder: RunFolder,
    experiment: Experiment,
    results: Sequence[TrainingResult],
    outcome: Outcome,
    began: float,
    *,
    error: str | None = None,
) -> Metrics | None:
    """Write what the folds that came to their end say together: means, with their deviations.

    What there is to say before the first one has ended is in its own folder; if there is nothing
    yet, nothing is written.
    """
    first = results[0].metrics if results else folder.fold(1).read_metrics()
    if first is None:
        return None
    all_metrics = [result.metrics for result in results]
    timings = [metrics.timing for metrics in all_metrics]
    of_splits = {
        split: [values for m in all_metrics if (values := getattr(m, split)) is not None]
        for split in ("train", "validation", "test")
    }
    metrics = first.model_copy(
        update={
            "outcome": outcome,
            "name": experiment.run_name,
            **{split: _mean(values) for split, values in of_splits.items()},
            "deviation": {split: _deviation(v) for split, v in of_splits.items() if v},
            "folds": [metrics.test or {} for metrics in all_metrics],
            "kept_epoch": None,
            "epochs": None,
            "timing": Timing(
                total_seconds=time.perf_counter() - began,
                data_seconds=_sum([timing.data_seconds for timing in timings]),
                fit_seconds=_sum([timing.fit_seconds for timing in timings]),
                evaluate_seconds=_sum([timing.evaluate_seconds for timing in timings]),
            ),
            "error": error,
        }
    )
    folder.write_metrics(metrics)
    return metrics


def _mean(rows: Sequence[Values]) -> Values | None:
    import statistics

    if not rows:
        return None
    columns = {name: [row.get(name) for row in rows] for name in rows[0]}
    return {
        name: None if None in column else statistics.fmean(v for v in column if v is not None)
        for name, column in columns.items()
    }


def _deviation(rows: Sequence[Values]) -> Values:
    """The standard deviation between folds, of a sample: divided by their number less one."""
    import statistics

    columns = {name: [row.get(name) for row in rows] for name in rows[0]}
    return {
        name: (
            None
            if None in column or len(column) < 2
            else statistics.stdev(v for v in column if v is not None)
        )
        for name, column in columns.items()
    }


def _sum(seconds: Sequence[float | None]) -> float | None:
    known = [value for value in seconds if value is not None]
    return sum(known) if known else None
