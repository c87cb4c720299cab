"""What a run's report says about its answers: gathered from arrays, without anything slow."""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nncli.config import Experiment
from nncli.data import Dataset, Split
from nncli.descriptions import ClassTarget, LabelsTarget, SoundInput, Target
from nncli.files import write_atomically
from nncli.objectives import example_losses
from nncli.objectives.assessment import calibration, confusion
from nncli.preprocessing import ImagePreprocessing, SoundPreprocessing
from nncli.reporting import listed
from nncli.runs import Metrics, RunFolder
from nncli.runs.report import Example, Matrix, Reliability, ReportContent, Scatter, render
from nncli.runs.report.charts import written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["WORST", "about_answers", "picture_of", "write_report"]

WORST = 24
OF_A_CELL = 6
PICTURES = 400
LARGEST_SIDE = 96
POINTS = 600


def about_answers(dataset: Dataset, split: Split, answers: NDArray[np.float32]) -> dict[str, Any]:
    """The parts of a `ReportContent` that are about the answers on `split`.

    Args:
        dataset: with the target that is answered.
        split: of it.
        answers: of the model, shape (examples, classes, labels or values).
    """
    target, labels = dataset.target, split.labels
    if not len(labels):
        return {}
    found: dict[str, Any] = {"worst": _worst(dataset, split, answers)}
    if isinstance(target, ClassTarget | LabelsTarget):
        seen = calibration(target, answers, labels)
        bins = [(one.confidence, one.accuracy, one.count) for one in seen.bins]
        found["reliability"] = Reliability(seen.ece, bins)
    if isinstance(target, ClassTarget):
        said = answers.argmax(axis=1)
        counts = confusion(target, said, labels)
        if counts is not None:
            examples = _behind(dataset, split, answers, said)
            found["matrix"] = Matrix(target.names, counts, examples)
    elif not isinstance(target, LabelsTarget):
        found["scatters"] = _scatters(target, answers, labels)
    return found


def write_report(
    folder: RunFolder,
    experiment: Experiment,
    dataset: Dataset,
    metrics: Metrics,
    about: Mapping[str, Any],
) -> None:
    """Write the page of a run.

    Args:
        folder: of the run; its other files are there.
        experiment: what was trained.
        dataset: on what, with its splits.
        metrics: the document of the run.
        about: the parts of a `ReportContent` that are about answers.

    Raises:
        StorageError: it cannot be written.
    """
    environment = folder.read_environment()
    versions = environment.pop("versions", {})
    sizes = [f"{name} {len(split):,}" for name, split in dataset.splits.items()]
    content = ReportContent(
        title=experiment.run_name,
        facts=[
            ("dataset", f"{dataset.name}: {', '.join(sizes)} examples"),
            ("inputs", f"{dataset.inputs}, {dataset.preprocessing}"),
            ("answers", str(dataset.target)),
            ("model", experiment.model.type),
            ("optimizer", experiment.optimizer.type),
        ],
        metrics=metrics,
        history=folder.read_history(),
        config=folder.config.read_text(encoding="utf-8"),
        environment=[(key, str(value)) for key, value in {**environment, **versions}.items()],
        command=f"nncli train -c {shlex.quote(str(folder.config))}",
        **about,
    )
    write_atomically(folder.report, render(content))


def _scatters(target: Target, answers: NDArray[np.float32], values: NDArray[Any]) -> list[Scatter]:
    import numpy as np

    places = np.linspace(0, len(values) - 1, min(POINTS, len(values))).astype(np.int64)
    return [
        Scatter(
            name,
            list(zip(values[places, n].tolist(), answers[places, n].tolist(), strict=True)),
        )
        for n, name in enumerate(target.names)
    ]


def _worst(dataset: Dataset, split: Split, answers: NDArray[np.float32]) -> list[Example]:
    """The wrong answers with the largest loss; of values simply the largest loss."""
    import numpy as np

    target, labels = dataset.target, split.labels
    loss = example_losses(target, answers, labels)
    if isinstance(target, ClassTarget):
        loss = np.where(answers.argmax(axis=1) == labels, -1.0, loss)
    elif isinstance(target, LabelsTarget):
        loss = np.where(((answers >= 0.5) == (labels > 0)).all(axis=1), -1.0, loss)
    order = np.argsort(-loss, kind="stable")[:WORST]
    return _examples(dataset, split, answers, order[loss[order] >= 0])


def _behind(
    dataset: Dataset, split: Split, answers: NDArray[np.float32], said: NDArray[np.int64]
) -> Mapping[tuple[int, int], Sequence[Example]]:
    """Some examples of each cell, of wrong ones first; nothing where there is nothing to see."""
    import numpy as np

    if not _is_seen(dataset):
        return {}
    labels = split.labels
    cells: dict[tuple[int, int], list[int]] = {}
    for place in np.argsort(said == labels, kind="stable").tolist():
        cell = cells.setdefault((int(labels[place]), int(said[place])), [])
        if len(cell) < OF_A_CELL:
            cell.append(place)
    chosen: list[tuple[tuple[int, int], int]] = []
    for cell_name, places in cells.items():
        chosen += [(cell_name, place) for place in places]
    chosen = chosen[:PICTURES]
    examples = _examples(dataset, split, answers, np.array([p for _, p in chosen], np.int64))
    found: dict[tuple[int, int], list[Example]] = {}
    for (cell_name, _), example in zip(chosen, examples, strict=True):
        found.setdefault(cell_name, []).append(example)
    return found


def _is_seen(dataset: Dataset) -> bool:
    return isinstance(dataset.preprocessing, ImagePreprocessing | SoundPreprocessing)


def _examples(
    dataset: Dataset, split: Split, answers: NDArray[np.float32], places: NDArray[np.int64]
) -> list[Example]:
    pictures: list[bytes | None] = [None] * len(places)
    if _is_seen(dataset) and len(places):
        stored = places if split.indices is None else split.indices[places]
        upside_down = isinstance(dataset.inputs, SoundInput)
        maximum = None if upside_down else getattr(dataset.inputs, "maximum", None)
        pictures = [
            picture_of(one, maximum, upside_down=upside_down) for one in split.inputs[stored]
        ]
    return [
        _example(dataset.target, answers[place], split.labels[place], picture)
        for place, picture in zip(places.tolist(), pictures, strict=True)
    ]


def _example(target: Target, answer: NDArray[Any], truth: Any, picture: bytes | None) -> Example:
    names = target.names
    match target:
        case ClassTarget():
            said = int(answer.argmax())
            return Example(names[int(truth)], names[said], float(answer[said]), picture)
        case LabelsTarget():
            words = [
                listed([n for n, yes in zip(names, some, strict=True) if yes]) or "none"
                for some in (truth > 0, answer >= 0.5)
            ]
            return Example(words[0], words[1], None, picture)
        case _:
            numbers = [", ".join(written(value) for value in some) for some in (truth, answer)]
            return Example(numbers[0], numbers[1], None, picture)


def picture_of(values: NDArray[Any], maximum: float | None, *, upside_down: bool) -> bytes:
    """A PNG, at most 96 pixels wide and high, of pixels from 0 to `maximum`; None: of any numbers,
    from the smallest to the largest."""
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
    picture.save(stream, "PNG")
    return stream.getvalue()
