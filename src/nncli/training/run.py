"""A run that has started: what its files are written from."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import nncli
from nncli import runs
from nncli.config import Experiment
from nncli.data import Dataset
from nncli.data.mixing import Mixing, mixing_of
from nncli.data.pipelines import Feed
from nncli.drawing.curves import draw_learning_curves
from nncli.errors import StorageError
from nncli.files import open_atomically
from nncli.inference.answering import answers, penalty
from nncli.inference.out_of_fold import FoldAnswers
from nncli.inference.report_content import about_answers, write_report
from nncli.objectives import classes_of, measure
from nncli.objectives.metrics import metric_units
from nncli.preprocessing import archive
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import Reporter, counted
from nncli.runs import DatasetUsed, EpochRow, Metrics, RunFolder, Timing
from nncli.training.monitoring import Monitor
from nncli.training.networks import Networks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nncli.training.mlflow_runs import MlflowRun

__all__ = ["Run", "writing_the_report"]

logger = logging.getLogger("nncli")


@dataclass
class Run:
    """An experiment, what was built for it, and how far it has come."""

    experiment: Experiment
    requested: str | None
    dataset: Dataset
    networks: Networks
    folder: RunFolder
    monitor: Monitor
    class_weights: NDArray[np.float32] | None
    began: float
    data_seconds: float
    feed: Feed = field(default_factory=Feed)
    encoded: Dataset = field(init=False)
    fit_seconds: float = 0.0
    evaluate_seconds: float = 0.0
    tested: FoldAnswers | None = None  # of a fold, what it said in the end
    mlflow: MlflowRun | None = None

    def __post_init__(self) -> None:
        self.encoded = self.dataset.encoded()  # once: splits share what the feed keeps of them

    @property
    def mixing(self) -> Mixing | None:
        """How training examples are mixed with each other."""
        settings, target = self.experiment.dataset.augment, self.dataset.target
        return mixing_of(settings, self.experiment.seed, target)

    def finish(
        self, rows: Sequence[EpochRow], outcome: runs.Outcome, reporter: Reporter
    ) -> Metrics:
        """Save the model, evaluate it once on test, and write what is left to write."""
        self.save_model()
        test, said = None, None
        if "test" in self.dataset.splits:
            split = self.dataset.splits["test"]
            began = time.perf_counter()
            with reporter.task(f"Evaluating {counted(len(split), 'test example')}"):
                said = answers(self.networks.answering, split, self.feed)
                settings = self.experiment.training
                test = measure(
                    self.dataset.target,
                    said,
                    split.labels,
                    loss=settings.loss,
                    metrics=settings.metrics,
                    penalty=penalty(self.networks.answering),
                )
            if self.experiment.dataset.fold is not None:
                self.tested = FoldAnswers.of(split, said, split.labels)
            self.evaluate_seconds = time.perf_counter() - began
        if rows:
            picture = self.folder.plot("learning_curves")
            with reporter.task("Drawing"), open_atomically(picture) as path:
                draw_learning_curves(
                    rows,
                    path,
                    title=self.experiment.run_name,
                    best_epoch=self._kept_epoch(rows),
                    units=metric_units(self.dataset.target),
                )
        metrics = self.metrics(outcome, rows, test=test)
        self.folder.write_metrics(metrics)
        with writing_the_report(self.folder, reporter), reporter.task("Writing the report"):
            about: dict[str, Any] = {}
            if said is not None:
                split = self.dataset.splits["test"]
                about = {"split": "test", **about_answers(self.dataset, split, said)}
            write_report(
                self.folder, self.experiment, self.dataset, metrics, about, self.networks.family
            )
        return metrics

    def save_model(self) -> None:
        """Write `model.keras` with the weights that the networks have now."""
        description = ModelDescription(
            nncli=nncli.__version__,
            inputs=self.dataset.inputs,
            target=self.dataset.target,
            preprocessing=self.dataset.preprocessing,
            experiment=self.experiment.model_dump(mode="json"),
        )
        archive.save(self.networks.saved, self.folder.model, description)

    def metrics(
        self,
        outcome: runs.Outcome,
        rows: Sequence[EpochRow] = (),
        *,
        test: dict[str, float | None] | None = None,
        error: str | None = None,
    ) -> Metrics:
        """The metrics document of this moment."""
        row = self.monitor.best(rows)
        examples = len(rows) * len(self.dataset.splits["train"])
        return Metrics(
            outcome=outcome,
            name=self.experiment.run_name,
            train=_of_split(row, "train"),
            validation=_of_split(row, "validation"),
            test=test,
            kept_epoch=self._kept_epoch(rows),
            epochs=len(rows),
            monitor=self.monitor.column,
            parameters=int(self.networks.saved.count_params()),
            dataset=DatasetUsed(
                name=self.dataset.name,
                requested=self.requested,
                fallback=self.requested is None and self.dataset.name == "digits",
                examples={name: len(split) for name, split in self.dataset.splits.items()},
                classes=classes_of(self.dataset.target),
                left_out=self.dataset.left_out,
            ),
            timing=Timing(
                total_seconds=time.perf_counter() - self.began,
                data_seconds=self.data_seconds,
                fit_seconds=self.fit_seconds or None,
                evaluate_seconds=self.evaluate_seconds or None,
                examples_per_second=examples / self.fit_seconds if self.fit_seconds else None,
            ),
            error=error,
        )

    def _kept_epoch(self, rows: Sequence[EpochRow]) -> int | None:
        row = self.monitor.best(rows)
        return int(row["epoch"] or 0) if row else None


@contextmanager
def writing_the_report(folder: RunFolder, reporter: Reporter) -> Iterator[None]:
    """Let a page fail without its run: the model and its metrics are safe, and not lost to it.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception:
        logger.exception("the report")
        reporter.warning(f"{folder.report.name} could not be written; {folder.log.name} says why.")


def _of_split(row: EpochRow | None, split: str) -> dict[str, float | None] | None:
    if row is None:
        return None
    prefix = f"{split}_"
    return {k.removeprefix(prefix): v for k, v in row.items() if k.startswith(prefix)} or None
