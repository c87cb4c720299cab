"""The page of a run with everything that is costly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nncli.config import load_experiment
from nncli.errors import NotFoundError
from nncli.inference.costly_content import about_evaluation
from nncli.inference.evaluation import evaluate
from nncli.inference.report_content import write_report
from nncli.reporting import Reporter, SilentReporter
from nncli.runs import RunFolder

__all__ = ["report"]


def report(
    run: Path | str, *, slices: Sequence[str] = (), reporter: Reporter | None = None
) -> Path:
    """Write `report.html` of a finished run anew, with all that is known; its path.

    The model is evaluated on the split that the run was: test, or validation where there is none;
    a cross-validation out of fold.

    Args:
        run: the folder.
        slices: columns of a table (or `folder`, of files) by whose values the metrics are told.
        reporter: told what is going on.

    Raises:
        NotFoundError: there is no run in the folder, or it has no model yet.
        DataError, ModelFileError: as `nncli.evaluate`.
        StorageError: the page cannot be written.
    """
    reporter = reporter or SilentReporter()
    folder = RunFolder(Path(run))
    metrics = folder.read_metrics()
    if metrics is None or not folder.config.is_file():
        raise NotFoundError(f"{folder.path} is no run, or its files are damaged.")
    split = "test" if metrics.test is not None else "validation"
    experiment = load_experiment([folder.config])
    evaluation = evaluate(folder.path, split=split, slices=slices, reporter=reporter)
    about = {**about_evaluation(evaluation, reporter), "more": ""}
    with reporter.task("Writing the report"):
        network = evaluation.model.get_layer("network")
        write_report(folder, experiment, evaluation.data.dataset, metrics, about, network)
    return folder.report
