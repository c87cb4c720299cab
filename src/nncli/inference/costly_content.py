"""What a report says that is costly: intervals, importance, maps, the examples as they were
recorded."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nncli.data import Split
from nncli.descriptions import ImageInput, SoundInput, TableInput, TextInput, ValueTarget
from nncli.inference.error_files import in_words
from nncli.inference.errors import WorstExample, worst_examples
from nncli.inference.evaluated import Evaluation
from nncli.inference.importance import permutation_importance
from nncli.inference.occlusion import occlusion_maps
from nncli.inference.report_content import (
    WORST,
    about_numbers,
    behind_cells,
    cached_behind,
    picture_of,
    pictures,
)
from nncli.reporting import Reporter
from nncli.runs.report import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["about_evaluation"]

MAPS = 12
PLAYED = 60  # recordings behind the cells: a long one takes much memory


def about_evaluation(evaluation: Evaluation, reporter: Reporter) -> dict[str, Any]:
    """The parts of a `ReportContent` that are about the answers of an evaluation.

    Raises:
        DataError: the examples cannot be read any more, or are others than they were.
    """
    used = evaluation.data
    dataset = replace(used.dataset, target=evaluation.target)
    about: dict[str, Any] = {
        "split": evaluation.split,
        **about_numbers(
            evaluation.target, evaluation.answers, evaluation.targets, evaluation.threshold
        ),
        "intervals": evaluation.assessment.intervals,
        "worst": _worst(evaluation, reporter),
        "slices": evaluation.document.slices or {},
    }
    if "matrix" in about:
        if isinstance(dataset.inputs, ImageInput):
            behind = cached_behind(
                dataset, _as_answered(evaluation), evaluation.answers, evaluation.decisions
            )
        else:
            behind = _behind(evaluation, reporter)
        about["matrix"] = replace(about["matrix"], examples=behind)
    if isinstance(dataset.inputs, TableInput):
        found = permutation_importance(evaluation, reporter)
        about["importance"] = [(one.column, one.drop, one.deviation) for one in found]
        about["importance_metric"] = found[0].metric if found else ""
        about["importance_folds"] = evaluation.folds
    return about


def _as_answered(evaluation: Evaluation) -> Split:
    """The split with its targets in the order of the model, which may not be that of the data."""
    import numpy as np

    split, targets = evaluation.data.split, evaluation.targets
    if split.indices is None:
        return replace(split, targets=targets)
    stored = np.zeros((len(split.targets), *targets.shape[1:]), targets.dtype)
    stored[split.indices] = targets
    return replace(split, targets=stored)


def _worst(evaluation: Evaluation, reporter: Reporter) -> list[Example]:
    """The worst answers with what was recorded of them."""
    import numpy as np

    inputs = evaluation.data.dataset.inputs
    worst = worst_examples(evaluation, WORST, reporter)
    hidden: Mapping[int, bytes] = {}
    has_maps = evaluation.description is not None and isinstance(inputs, ImageInput)
    if has_maps and not isinstance(evaluation.target, ValueTarget):
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


def _behind(
    evaluation: Evaluation, reporter: Reporter
) -> Mapping[tuple[int, int], Sequence[Example]]:
    """Some examples of each cell of the confusion matrix, as they were recorded."""
    import numpy as np

    said, truth, names = evaluation.answers, evaluation.targets, evaluation.target.names
    used = evaluation.data
    chosen = behind_cells(truth, said, evaluation.decisions)
    if isinstance(used.dataset.inputs, SoundInput):
        chosen = chosen[:PLAYED]
    places = [place for _, place in chosen]
    seen = pictures(used.dataset, used.split, np.array(places, np.int64))
    originals = used.originals(reporter)
    sources, values = originals.names(used.split, places), originals.at(used.split, places)
    found: dict[tuple[int, int], list[Example]] = {}
    for (cell, place), picture, source, value in zip(chosen, seen, sources, values, strict=True):
        example = Example(
            truth=names[cell[0]],
            answer=names[cell[1]],
            confidence=float(said[place][cell[1]]),
            picture=picture,
            name=source,
        )
        found.setdefault(cell, []).append(_recorded(example, value, used.dataset.inputs))
    return found


def _example(one: WorstExample, picture: bytes | None, inputs: Any) -> Example:
    example = Example(
        truth=one.truth,
        answer=one.answer if one.worst_label is None else one.said,
        confidence=one.confidence if one.worst_label is None else None,
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
