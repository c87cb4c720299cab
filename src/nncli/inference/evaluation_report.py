"""The page of an evaluation: of any model, on any data that fits it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from nncli import models
from nncli.config import Experiment, experiment_text
from nncli.drawing.networks import Box
from nncli.files import shown_path, write_atomically
from nncli.inference.choosing import experiment_of
from nncli.inference.costly_content import about_evaluation
from nncli.inference.evaluated import Evaluation
from nncli.inference.network_boxes import boxes_of
from nncli.inference.report_content import environment_in_words
from nncli.models.anatomy import layers_of
from nncli.objectives import describe_answer
from nncli.objectives.metrics import metric_units
from nncli.reporting import Reporter, SilentReporter
from nncli.runs import Metrics, environment_of
from nncli.runs.report import ReportContent, render
from nncli.runs.report.words import between, number

__all__ = ["report_evaluation"]


def report_evaluation(
    evaluation: Evaluation,
    path: Path,
    *,
    command: Sequence[str],
    reporter: Reporter | None = None,
) -> None:
    """Write a page about an evaluation, as `report.html` of a run is one, with all that is costly.

    Args:
        evaluation: of a model on some data.
        path: the file, which is replaced if it is there.
        command: what repeats it, word by word.
        reporter: told what is going on.

    Raises:
        DataError: the examples cannot be read any more.
        StorageError: the page cannot be written.
    """
    reporter = reporter or SilentReporter()
    about = about_evaluation(evaluation, reporter)
    experiment = experiment_of(evaluation.model_path, evaluation.description)
    if experiment is not None and evaluation.folds is not None:
        experiment = experiment.of_all_folds()
    name = experiment.run_name if experiment else evaluation.model_path.stem
    document = evaluation.document
    with reporter.task("Writing the report"):
        content = ReportContent(
            of="evaluation",
            title=f"{name} on {evaluation.where}",
            facts=_facts(evaluation, experiment),
            metrics=document.model_copy(update={evaluation.split: evaluation.assessment.metrics}),
            history=(),
            config=experiment_text(experiment) if experiment else "",
            environment=environment_in_words(environment_of(command)),
            command=shlex.join(command),
            layers=_boxes(evaluation),
            units=metric_units(evaluation.target),
            **about,
        )
        write_atomically(path, render(content))


def _facts(evaluation: Evaluation, experiment: Experiment | None) -> list[tuple[str, str]]:
    dataset = evaluation.data.dataset
    trained = "not by nncli: its outputs are matched to the classes by position"
    if experiment is not None:
        trained = f"{models.label(experiment.model)} on {experiment.dataset.label}"
    return [
        ("model", shown_path(evaluation.model_path)),
        ("trained", trained),
        ("parameters", f"{evaluation.model.count_params():,}"),
        ("dataset", evaluation.dataset),
        ("examples", f"{evaluation.split}: {evaluation.examples:,}"),
        ("inputs", f"{dataset.inputs}, {dataset.preprocessing}"),
        ("answers", str(evaluation.target)),
        *([("threshold", evaluation.deciding)] if evaluation.deciding else []),
        *_further(evaluation.document),
    ]


def _further(document: Metrics) -> list[tuple[str, str]]:
    """What comparing and calibrating said."""
    found = []
    comparison, calibrated = document.comparison, document.calibrated
    if comparison is not None:
        this, other = map(number, comparison.values)
        words = (
            f"{comparison.metric} {this}, of {shown_path(Path(comparison.other))} {other}: "
            f"difference {number(comparison.difference)}, 95 %: {between(comparison.interval)}"
        )
        if comparison.p_value is not None:
            words += f"; McNemar's test: p = {comparison.p_value:.2g}"
        found.append(("compared", words))
    if calibrated is not None:
        before, after = map(number, calibrated.ece)
        words = f"{shown_path(Path(calibrated.path))}, temperature {number(calibrated.temperature)}"
        found.append(("calibrated", f"{words}: ece {before}, then {after}"))
    return found


def _boxes(evaluation: Evaluation) -> list[Box]:
    """The network as boxes; none of one whose layers Keras learns only when it is called."""
    if evaluation.description is not None:
        network = evaluation.model.get_layer("network")
        answer = describe_answer(evaluation.target)
    else:
        network = getattr(evaluation.model, "_functional", None) or evaluation.model
        answer = str(evaluation.target)
    if not hasattr(network, "_nodes_by_depth"):
        return []
    dataset = evaluation.data.dataset
    return boxes_of(
        layers_of(network),
        inputs=str(dataset.inputs),
        preprocessing=str(dataset.preprocessing),
        answer=answer,
    )
