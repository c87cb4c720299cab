"""The page of a cross-validation, from what its folds said while they were trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nncli.config import Experiment
from nncli.inference.out_of_fold import together
from nncli.inference.report_content import about_answers, write_report
from nncli.inference.run_report import report
from nncli.reporting import Reporter
from nncli.runs import Metrics, RunFolder
from nncli.training.preparing import Prepared
from nncli.training.run import writing_the_report

if TYPE_CHECKING:
    from nncli.training.engine import TrainingResult

__all__ = ["write_fold_report"]


def write_fold_report(
    folder: RunFolder,
    experiment: Experiment,
    metrics: Metrics,
    folds: Sequence[TrainingResult],
    first: Prepared | None,
    reporter: Reporter,
) -> None:
    """Write the page of the whole.

    Args:
        folder: of the whole, with everything else in it.
        experiment: of the whole.
        metrics: its document.
        folds: all of them.
        first: what the first fold was trained with; None if that was another process: then the
            models are asked again.
        reporter: told what takes its time.

    Raises:
        StorageError: it cannot be written.
    """
    tested = [fold.tested for fold in folds if fold.tested is not None]
    if not tested and folder.report.is_file():
        return  # all of this was done before
    with writing_the_report(folder, reporter):
        if first is None or len(tested) < len(folds):
            report(folder.path, reporter=reporter)
            return
        with reporter.task("Writing the report"):
            dataset, said = together(first.dataset, tested)
            found = about_answers(dataset, dataset.splits["test"], said.answers)
            about = {"split": "test", **found}
            write_report(folder, experiment, dataset, metrics, about, first.networks.family)
