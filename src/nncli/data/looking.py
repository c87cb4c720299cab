"""What a dataset is: splits, classes, columns, a few examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli import data
from nncli.data.dataset import Dataset, DecodedDataset
from nncli.descriptions import ClassTarget, ImageInput, LabelsTarget, TableInput, TextInput
from nncli.errors import UsageError
from nncli.files import open_atomically
from nncli.reporting import Reporter, SilentReporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Overview", "draw", "look"]


@dataclass(frozen=True)
class Overview:
    """A dataset for people.

    Attributes:
        dataset: with its splits.
        counts: of each split how many examples each class or label has; empty for values.
        values: of each value its smallest, mean and largest in the training split.
        columns: of a table the name, kind and first cells of each column.
        examples: a few texts with their answers.
    """

    dataset: Dataset
    counts: Mapping[str, Mapping[str, int]]
    values: Mapping[str, tuple[float, float, float]]
    columns: Sequence[tuple[str, str, Sequence[str]]]
    examples: Sequence[tuple[str, str]]


def look(settings: data.DatasetSettings, *, seed: int, reporter: Reporter) -> Overview:
    """Load a dataset and say what is in it.

    Raises:
        As `nncli.data.load`.
    """
    dataset = data.load(settings, seed=seed, reporter=reporter)
    target = dataset.target
    splits = dataset.splits
    counts: dict[str, dict[str, int]] = {}
    values: dict[str, tuple[float, float, float]] = {}
    if isinstance(target, ClassTarget | LabelsTarget):
        counts = {name: _counts(target, split.labels) for name, split in splits.items()}
    else:
        shown = next(iter(splits.values())).labels
        for place, name in enumerate(target.names):
            column = shown[:, place].astype(float)
            values[name] = (float(column.min()), float(column.mean()), float(column.max()))
    columns: list[tuple[str, str, Sequence[str]]] = []
    examples: list[tuple[str, str]] = []
    if isinstance(dataset.inputs, TableInput | TextInput):
        source = data.source_of(settings, reporter=SilentReporter())
        decoded = source.read(dataset.preprocessing, SilentReporter())
        inputs, targets = first_examples(decoded)
        if isinstance(dataset.inputs, TableInput):
            columns = [
                (column.name, column.kind, [_cell(value) for value in inputs[column.name][:3]])
                for column in dataset.inputs.columns
            ]
        else:
            places = _different(target, targets)
            examples = [(str(inputs[place]), _answer(target, targets[place])) for place in places]
    return Overview(dataset, counts, values, columns, examples)


def first_examples(decoded: DecodedDataset) -> tuple[Any, NDArray[Any]]:
    """The first batch of the first split, as recorded."""
    split = next(iter(decoded.splits.values()))
    result: tuple[Any, NDArray[Any]] = next(iter(split.batches()))
    return result


def _counts(target: ClassTarget | LabelsTarget, labels: NDArray[Any]) -> dict[str, int]:
    import numpy as np

    if isinstance(target, LabelsTarget):
        counts = labels.sum(axis=0)
    else:
        counts = np.bincount(labels, minlength=len(target.names))
    return {name: int(count) for name, count in zip(target.names, counts, strict=True)}


def _different(target: Any, targets: NDArray[Any]) -> list[int]:
    """The first example of each of the first classes, or the first few."""
    if not isinstance(target, ClassTarget):
        return list(range(min(4, len(targets))))
    first: dict[int, int] = {}
    for place, label in enumerate(targets.tolist()):
        first.setdefault(label, place)
    return sorted(first.values())[:6]


def _answer(target: Any, value: Any) -> str:
    if isinstance(target, ClassTarget):
        return target.names[int(value)]
    if isinstance(target, LabelsTarget):
        return ", ".join(n for n, said in zip(target.names, value, strict=True) if said) or "-"
    return ", ".join(f"{number:g}" for number in value)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value or "(missing)"
    return "(missing)" if value != value else f"{float(value):g}"


def draw(overview: Overview, settings: data.DatasetSettings, path: Path) -> None:
    """Draw examples of a dataset as a PNG: images, spectrograms, or histograms of columns.

    Raises:
        UsageError: it is text, which is no picture.
        StorageError: the file cannot be written.
    """
    from nncli.drawing.grids import draw_grid, draw_histograms

    dataset = overview.dataset
    if isinstance(dataset.inputs, TextInput):
        raise UsageError("--picture: texts are shown in the terminal alone.")
    split = next(iter(dataset.splits.values()))
    if isinstance(dataset.inputs, TableInput):
        source = data.source_of(settings, reporter=SilentReporter())
        columns, _ = first_examples(source.read(dataset.preprocessing, SilentReporter()))
        with open_atomically(path) as temporary:
            draw_histograms(columns, temporary)
        return
    if len(split.inputs.shape) != 4:
        raise UsageError("--picture: vectors of numbers are no pictures.")
    places = _spread(dataset.target, split.labels)
    indices = places if split.indices is None else split.indices[places]
    titles = [_answer(dataset.target, split.labels[place]) for place in places]
    maximum = dataset.inputs.maximum if isinstance(dataset.inputs, ImageInput) else None
    with open_atomically(path) as temporary:
        draw_grid(list(split.inputs[indices]), titles, temporary, maximum=maximum)


def _spread(target: Any, labels: NDArray[Any]) -> NDArray[Any]:
    """Places of examples to draw: of each class in turn, as many as make four rows."""
    import numpy as np

    wanted = 24
    if not isinstance(target, ClassTarget):
        return np.arange(min(wanted, len(labels)))
    each = max(1, wanted // len(target.names))
    found = [np.flatnonzero(labels == label)[:each] for label in range(len(target.names))]
    return np.sort(np.concatenate(found)[:wanted]) if found else np.arange(0)
