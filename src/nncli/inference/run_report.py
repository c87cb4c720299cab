"""The page of a run with everything that is costly: intervals, importance, maps, the examples as
they were recorded."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.config import load_experiment
from nncli.data.originals import Originals
from nncli.descriptions import ImageInput, SoundInput, TableInput, TextInput, ValueTarget
from nncli.errors import NotFoundError
from nncli.inference.error_files import in_words
from nncli.inference.errors import WorstExample, worst_examples
from nncli.inference.evaluated import Evaluation
from nncli.inference.evaluation import evaluate
from nncli.inference.importance import permutation_importance
from nncli.inference.occlusion import occlusion_maps
from nncli.inference.report_content import (
    WORST,
    about_answers,
    behind_cells,
    picture_of,
    pictures,
    write_report,
)
from nncli.reporting import Reporter, SilentReporter
from nncli.runs import RunFolder
from nncli.runs.report import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["report"]

MAPS = 12
PLAYED = 60  # recordings behind the cells: a long one takes much memory


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
    used = evaluation.data
    about: dict[str, Any] = {
        "split": split,
        **about_answers(used.dataset, used.split, evaluation.answers),
        "intervals": evaluation.assessment.intervals,
        "worst": _worst(evaluation, reporter),
        "slices": evaluation.document.slices or {},
        "more": "",
    }
    if "matrix" in about and not isinstance(used.dataset.inputs, ImageInput):
        about["matrix"] = replace(about["matrix"], examples=_behind(evaluation, reporter))
    if isinstance(used.dataset.inputs, TableInput) and evaluation.folds is None:
        found = permutation_importance(evaluation, reporter)
        about["importance"] = [(one.column, one.drop, one.deviation) for one in found]
        about["importance_metric"] = found[0].metric if found else ""
    with reporter.task("Writing the report"):
        network = evaluation.model.get_layer("network")
        write_report(folder, experiment, used.dataset, metrics, about, network)
    return folder.report


def _worst(evaluation: Evaluation, reporter: Reporter) -> list[Example]:
    """The worst answers with what was recorded of them."""
    import numpy as np

    inputs = evaluation.data.dataset.inputs
    worst = worst_examples(evaluation, WORST, reporter)
    hidden: Mapping[int, bytes] = {}
    is_one = evaluation.folds is None  # what folds hang on is on their own pages
    if is_one and isinstance(inputs, ImageInput) and not isinstance(evaluation.target, ValueTarget):
        places = [one.place for one in worst[:MAPS]]
        hidden = {
            one.place: _heat(one.drops) for one in occlusion_maps(evaluation, places, reporter)
        }
    seen: Sequence[bytes | None] = [None] * len(worst)
    if isinstance(inputs, SoundInput):
        used = evaluation.data
        chosen = np.array([one.place for one in worst], np.int64)
        seen = pictures(used.dataset, used.split, chosen)
    return [
        replace(_example(one, picture, inputs), hidden=hidden.get(one.place))
        for one, picture in zip(worst, seen, strict=True)
    ]


def _behind(evaluation: Evaluation, reporter: Reporter) -> dict[tuple[int, int], list[Example]]:
    """Some examples of each cell of the confusion matrix, as they were recorded."""
    import numpy as np

    said, truth, names = evaluation.answers, evaluation.targets, evaluation.target.names
    used = evaluation.data
    chosen = behind_cells(truth, said)
    if isinstance(used.dataset.inputs, SoundInput):
        chosen = chosen[:PLAYED]
    places = [place for _, place in chosen]
    seen = pictures(used.dataset, used.split, np.array(places, np.int64))
    originals = Originals(used.settings, used.dataset, reporter=reporter, given=used.given)
    sources, values = originals.names(used.split, places), originals.at(used.split, places)
    found: dict[tuple[int, int], list[Example]] = {}
    for (cell, place), picture, source, value in zip(chosen, seen, sources, values, strict=True):
        example = Example(
            truth=names[cell[0]],
            answer=names[cell[1]],
            confidence=float(said[place].max()),
            picture=picture,
            name=source,
        )
        found.setdefault(cell, []).append(_recorded(example, value, used.dataset.inputs))
    return found


def _example(one: WorstExample, picture: bytes | None, inputs: Any) -> Example:
    example = Example(
        truth=one.truth,
        answer=one.answer,
        confidence=one.confidence,
        picture=picture,
        name=one.name,
        is_suspected=one.is_suspected,
    )
    return _recorded(example, one.original, inputs)


def _recorded(example: Example, original: Any, inputs: Any) -> Example:
    """`example` with its picture, sound, text or row."""
    match inputs:
        case ImageInput():
            picture = picture_of(original, inputs.maximum, upside_down=False)
            return replace(example, picture=picture)
        case SoundInput():
            return replace(example, sound=_wav(original, inputs.sample_rate))
        case TableInput() | TextInput():
            return replace(example, words=in_words(original, between=", "))
        case _:
            return example


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
