"""What a run's report says about its answers: gathered from arrays, without anything slow."""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nncli import models
from nncli.config import Experiment
from nncli.data import Dataset, Split
from nncli.descriptions import (
    ClassTarget,
    LabelsTarget,
    SoundInput,
    Target,
    ValueTarget,
    in_unit,
    units_of,
)
from nncli.files import typed_path, write_atomically
from nncli.inference.errors import suspected_labels, worst_places
from nncli.inference.network_boxes import boxes_of
from nncli.models.anatomy import layers_of
from nncli.objectives import describe_answer
from nncli.objectives.assessment import confusion, deciles, per_class
from nncli.objectives.calibration import calibration
from nncli.objectives.metrics import metric_units
from nncli.objectives.rates import decided
from nncli.preprocessing import ImagePreprocessing, SoundPreprocessing
from nncli.reporting import listed
from nncli.runs import Metrics, RunFolder
from nncli.runs.report import (
    Example,
    Fold,
    Matrix,
    Reliability,
    ReportContent,
    Residuals,
    Scatter,
    render,
)
from nncli.runs.report.words import written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "WORST",
    "about_answers",
    "about_numbers",
    "behind_cells",
    "cached_behind",
    "environment_in_words",
    "picture_of",
    "pictures",
    "write_report",
]

WORST = 24
OF_A_CELL = 6
# Of all cells together: of those with wrong answers, and of those with right ones.
WRONG_SHOWN, RIGHT_SHOWN = 300, 100
LARGEST_SIDE = 96
LARGEST_PNG = 48  # pixels of a side; larger photographs are JPEG, a sixth of the bytes
POINTS = 600
Cell = tuple[int, int]


def about_answers(dataset: Dataset, split: Split, answers: NDArray[np.float32]) -> dict[str, Any]:
    """The parts of a `ReportContent` that are about the answers on `split`, with examples as the
    cache has them.

    Args:
        dataset: with the target that is answered.
        split: of it.
        answers: of the model, shape (examples, classes, labels or values).
    """
    found = about_numbers(dataset.target, answers, split.labels)
    decisions = decided(dataset.target, answers)
    if found:
        found["worst"] = _worst(dataset, split, answers, decisions)
    if "matrix" in found:
        examples = cached_behind(dataset, split, answers, decisions)
        found["matrix"] = replace(found["matrix"], examples=examples)
    return found


def about_numbers(
    target: Target,
    answers: NDArray[np.float32],
    labels: NDArray[Any],
    threshold: float | None = None,
) -> dict[str, Any]:
    """The parts of a `ReportContent` that follow from answers alone; the matrix is without
    examples. Nothing where there are no answers.

    Args:
        target: what is answered.
        answers: of the model, shape (examples, classes, labels or values).
        labels: as for `nncli.objectives.measure`.
        threshold: as for `nncli.objectives.rates.decided`.
    """
    if not len(labels):
        return {}
    if isinstance(target, ValueTarget):
        tenths = deciles(target, answers, labels) or {}
        residuals = [
            Residuals(in_unit(name, units_of(target)), of_value)
            for name, of_value in tenths.items()
        ]
        return {"scatters": _scatters(target, answers, labels), "residuals": residuals}
    seen = calibration(target, answers, labels)
    bins = [(one.confidence, one.accuracy, one.count) for one in seen.bins]
    found: dict[str, Any] = {
        "reliability": Reliability(seen.ece, bins),
        "classes": per_class(target, answers, labels, threshold=threshold),
    }
    counts = confusion(target, decided(target, answers, threshold), labels)
    if counts is not None:
        found["matrix"] = Matrix(target.names, counts, {})
    return found


def write_report(
    folder: RunFolder,
    experiment: Experiment,
    dataset: Dataset,
    metrics: Metrics,
    about: Mapping[str, Any],
    network: Any,
) -> None:
    """Write the page of a run.

    Args:
        folder: of the run; its other files are there.
        experiment: what was trained.
        dataset: on what, with its splits; of a cross-validation with the folds as one test split.
        metrics: the document of the run.
        about: the parts of a `ReportContent` that are about answers.
        network: what the family of models built; of a cross-validation that of a fold.

    Raises:
        StorageError: it cannot be written.
    """
    folds = _folds(folder, len(metrics.folds or ()))
    sizes = [f"{name} {len(split):,}" for name, split in dataset.splits.items()]
    if folds:
        sizes = [f"{len(dataset.splits['test']):,} in {len(metrics.folds or ())} folds"]
    layers = boxes_of(
        layers_of(network),
        inputs=str(dataset.inputs),
        preprocessing=str(dataset.preprocessing),
        answer=describe_answer(dataset.target),
    )
    content = ReportContent(
        title=experiment.run_name,
        facts=[
            ("dataset", dataset.name),
            ("examples", ", ".join(sizes)),
            ("inputs", f"{dataset.inputs}, {dataset.preprocessing}"),
            ("answers", str(dataset.target)),
            ("model", models.label(experiment.model)),
            ("optimizer", experiment.optimizer.type),
        ],
        metrics=metrics,
        history=folder.read_history(),
        config=folder.config.read_text(encoding="utf-8"),
        environment=environment_in_words(folder.read_environment()),
        command=f"nncli train -c {shlex.quote(str(folder.config))}",
        layers=layers,
        folds=folds,
        units=metric_units(dataset.target),
        **{"more": f"nncli runs report {typed_path(folder.path)}", **about},
    )
    write_atomically(folder.report, render(content))


def _folds(folder: RunFolder, count: int) -> list[Fold]:
    """What the folds of a cross-validation left in their folders."""
    found = []
    for number in range(1, count + 1):
        own = folder.fold(number)
        metrics = own.read_metrics()
        if metrics is not None:
            page = own.report.relative_to(folder.path).as_posix()
            found.append(Fold(f"fold {number}", page, metrics, own.read_history()))
    return found


def environment_in_words(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What `environment.json` says, as pairs of words; what is not known is left out."""
    flat = {key: value for key, value in environment.items() if key not in ("schema", "versions")}
    return [
        (key.replace("_", " "), _in_words(value))
        for key, value in {**flat, **environment.get("versions", {})}.items()
        if value not in (None, [])
    ]


def _in_words(value: Any) -> str:
    """A value of `environment.json`; its only lists of words that are typed are commands."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _scatters(target: Target, answers: NDArray[np.float32], values: NDArray[Any]) -> list[Scatter]:
    import numpy as np

    places = np.linspace(0, len(values) - 1, min(POINTS, len(values))).astype(np.int64)
    return [
        Scatter(
            in_unit(name, units_of(target)),
            list(zip(values[places, n].tolist(), answers[places, n].tolist(), strict=True)),
        )
        for n, name in enumerate(target.names)
    ]


def _worst(
    dataset: Dataset, split: Split, answers: NDArray[np.float32], decisions: NDArray[Any]
) -> list[Example]:
    """The wrong answers with the largest loss; of values simply the largest loss."""
    target, labels = dataset.target, split.labels
    worst, _ = worst_places(target, answers, decisions, labels)
    order = worst[:WORST]
    found = _examples(dataset, split, answers, decisions, order)
    if not isinstance(target, ClassTarget):
        return found
    suspected = suspected_labels(answers, labels)[order].tolist()
    return [
        replace(one, is_suspected=is_suspected)
        for one, is_suspected in zip(found, suspected, strict=True)
    ]


def behind_cells(
    labels: NDArray[np.int64],
    answers: NDArray[np.float32],
    decisions: NDArray[np.int64],
    of_a_cell: int = OF_A_CELL,
) -> list[tuple[Cell, int]]:
    """The places of some examples of each cell of a confusion matrix, the largest cells first: of
    wrong answers the surest, of right ones the first.

    Args:
        labels: class indices, shape (n,).
        answers: probabilities, shape (n, classes).
        decisions: class indices, shape (n,).
        of_a_cell: how many at most.
    """
    import numpy as np

    classes = answers.shape[1]
    is_wrong = decisions != labels
    number = labels * classes + decisions
    sure = np.take_along_axis(answers, decisions[:, np.newaxis], axis=1)[:, 0]
    order = np.lexsort((np.where(is_wrong, -sure, 0.0), number))
    cells, starts, counts = np.unique(number[order], return_index=True, return_counts=True)
    found: dict[bool, list[tuple[Cell, int]]] = {True: [], False: []}
    for place in np.argsort(-counts, kind="stable").tolist():
        row, column = divmod(int(cells[place]), classes)
        start = starts[place]
        behind = order[start : start + min(of_a_cell, counts[place])].tolist()
        found[row != column] += [((row, column), one) for one in behind]
    return found[True][:WRONG_SHOWN] + found[False][:RIGHT_SHOWN]


def cached_behind(
    dataset: Dataset, split: Split, answers: NDArray[np.float32], decisions: NDArray[np.int64]
) -> Mapping[Cell, Sequence[Example]]:
    """Some examples of each cell of the confusion matrix, from the cache; nothing where there is
    nothing to see."""
    import numpy as np

    if not _is_seen(dataset):
        return {}
    chosen = behind_cells(split.labels, answers, decisions)
    places = np.array([place for _, place in chosen], np.int64)
    found: dict[Cell, list[Example]] = {}
    examples = _examples(dataset, split, answers, decisions, places)
    for (cell, _), example in zip(chosen, examples, strict=True):
        found.setdefault(cell, []).append(example)
    return found


def _is_seen(dataset: Dataset) -> bool:
    return isinstance(dataset.preprocessing, ImagePreprocessing | SoundPreprocessing)


def pictures(dataset: Dataset, split: Split, places: NDArray[np.int64]) -> Sequence[bytes | None]:
    """Pictures of images, and of sound its spectrogram, from the cache; None of anything else."""
    if not _is_seen(dataset) or not len(places):
        return [None] * len(places)
    is_sound = isinstance(dataset.inputs, SoundInput)
    maximum = None if is_sound else getattr(dataset.inputs, "maximum", None)
    return [picture_of(one, maximum, upside_down=is_sound) for one in split.taking(places).examples]


def _examples(
    dataset: Dataset,
    split: Split,
    answers: NDArray[np.float32],
    decisions: NDArray[Any],
    places: NDArray[np.int64],
) -> list[Example]:
    return [
        _example(dataset.target, answers[place], decisions[place], split.labels[place], picture)
        for place, picture in zip(places.tolist(), pictures(dataset, split, places), strict=True)
    ]


def _example(
    target: Target, answer: NDArray[Any], decision: Any, truth: Any, picture: bytes | None
) -> Example:
    names = target.names
    match target:
        case ClassTarget():
            sure = float(answer[decision])
            return Example(names[int(truth)], names[int(decision)], sure, picture)
        case LabelsTarget():
            words = [
                listed([n for n, yes in zip(names, some, strict=True) if yes]) or "none"
                for some in (truth > 0, decision > 0)
            ]
            return Example(words[0], words[1], None, picture)
        case _:
            numbers = [", ".join(written(value) for value in some) for some in (truth, answer)]
            return Example(numbers[0], numbers[1], None, picture)


def picture_of(values: NDArray[Any], maximum: float | None, *, upside_down: bool) -> bytes:
    """A picture, at most 96 pixels wide and high, of pixels from 0 to `maximum`; None: of any
    numbers, from the smallest to the largest. A PNG, or a JPEG of what is large and in colour."""
    import numpy as np
    from PIL import Image

    shades = values.astype(np.float32)
    low, high = (float(shades.min()), float(shades.max())) if maximum is None else (0.0, maximum)
    shades = ((shades - low) * (255.0 / max(high - low, 1e-6))).clip(0, 255).astype(np.uint8)
    if upside_down:
        shades = shades[::-1]
    picture = Image.fromarray(shades[..., 0] if shades.shape[-1] in (1, 2) else shades)
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    stream = io.BytesIO()
    if picture.mode == "RGB" and max(picture.size) > LARGEST_PNG:
        picture.save(stream, "JPEG", quality=88)
    else:
        picture.save(stream, "PNG")
    return stream.getvalue()
