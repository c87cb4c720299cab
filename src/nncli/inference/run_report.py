"""The page of a run with everything that is costly: intervals, importance, maps, the examples as
they were recorded."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.config import load_experiment
from nncli.descriptions import ImageInput, SoundInput, TableInput, ValueTarget
from nncli.errors import NotFoundError, UsageError
from nncli.inference.errors import WorstExample, worst_examples
from nncli.inference.evaluation import Evaluation, evaluate
from nncli.inference.importance import permutation_importance
from nncli.inference.occlusion import occlusion_maps
from nncli.inference.report_content import WORST, about_answers, picture_of, write_report
from nncli.reporting import Reporter, SilentReporter
from nncli.runs import RunFolder
from nncli.runs.report import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["report"]

LONGEST_WORDS = 400
SOUND_BYTES = 1_500_000  # of all recordings together
MAPS = 12


def report(run: Path | str, *, reporter: Reporter | None = None) -> Path:
    """Write `report.html` of a finished run anew, with all that is known; its path.

    The model is evaluated on the split that the run was: test, or validation where there is none.

    Args:
        run: the folder.
        reporter: told what is going on.

    Raises:
        NotFoundError: there is no finished run in the folder.
        UsageError: it is a cross-validation, whose folds have the models.
        DataError, ModelFileError: as `nncli.evaluate`.
        StorageError: the page cannot be written.
    """
    reporter = reporter or SilentReporter()
    folder = RunFolder(Path(run))
    metrics = folder.read_metrics()
    if metrics is None or not folder.config.is_file():
        raise NotFoundError(f"{folder.path} is no run, or its files are damaged.")
    if metrics.folds is not None:
        raise UsageError(
            f"{folder.path} is a cross-validation: each fold has a model of its own.",
            hint=f"nncli runs report {folder.fold(1).path}",
        )
    if not folder.model.is_file():
        raise NotFoundError(f"{folder.path} has no model yet.", hint="Let it finish first.")
    split = "test" if metrics.test is not None else "validation"
    evaluation = evaluate(folder.model, split=split, reporter=reporter)
    used = evaluation.data
    about: dict[str, Any] = {
        "split": split,
        **about_answers(used.dataset, used.split, evaluation.answers),
        "intervals": evaluation.assessment.intervals,
        "worst": _worst(evaluation, reporter),
    }
    if isinstance(used.dataset.inputs, TableInput):
        found = permutation_importance(evaluation, reporter)
        about["importance"] = [(one.column, one.drop, one.deviation) for one in found]
        about["importance_metric"] = found[0].metric if found else ""
    experiment = load_experiment([folder.config])
    with reporter.task("Writing the report"):
        write_report(folder, experiment, used.dataset, metrics, about)
    return folder.report


def _worst(evaluation: Evaluation, reporter: Reporter) -> list[Example]:
    """The worst answers with what was recorded of them."""
    inputs = evaluation.data.dataset.inputs
    worst = worst_examples(evaluation, WORST, reporter)
    hidden: Mapping[int, bytes] = {}
    if isinstance(inputs, ImageInput) and not isinstance(evaluation.target, ValueTarget):
        places = [one.place for one in worst[:MAPS]]
        hidden = {
            one.place: _heat(one.drops) for one in occlusion_maps(evaluation, places, reporter)
        }
    examples = []
    room = SOUND_BYTES
    for one in worst:
        example = _example(one, inputs)
        if example.sound is not None:
            room -= len(example.sound)
            if room < 0:
                example = replace(example, sound=None)
        examples.append(replace(example, hidden=hidden.get(one.place)))
    return examples


def _example(one: WorstExample, inputs: Any) -> Example:
    example = Example(
        truth=one.truth,
        answer=one.answer,
        confidence=one.confidence,
        name=one.name,
        is_suspected=one.is_suspected,
    )
    match inputs:
        case ImageInput():
            picture = picture_of(one.original, inputs.maximum, upside_down=False)
            return replace(example, picture=picture)
        case SoundInput():
            return replace(example, sound=_wav(one.original, inputs.sample_rate))
        case TableInput():
            cells = [f"{name}: {_cell(value)}" for name, value in one.original.items()]
            return replace(example, words=_shortened(", ".join(cells)))
        case _ if isinstance(one.original, str):
            return replace(example, words=_shortened(one.original))
        case _:
            return example


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_WORDS else f"{text[:LONGEST_WORDS]}..."


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value or "-"
    return "-" if value != value else f"{float(value):.6g}"  # NaN is missing


def _wav(samples: NDArray[np.float32], rate: int) -> bytes:
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV", subtype="PCM_16")
    return stream.getvalue()


def _heat(drops: NDArray[np.float32]) -> bytes:
    """Bright where hiding makes the answer less sure."""
    import numpy as np

    most = max(float(drops.max()), 1e-6)
    return picture_of(np.clip(drops, 0, most)[..., np.newaxis], most, upside_down=False)
