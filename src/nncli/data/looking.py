"""Looking at a dataset: splits, classes, columns, a few examples, without importing TensorFlow
where the cache has them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from nncli import data
from nncli.data.dataset import Dataset, DecodedDataset, Source, Split
from nncli.data.overview import NumberSummary, Overview, Sketch, TextExample
from nncli.data.sampling import Sample
from nncli.data.summaries import number_summary, sketch, summed_up
from nncli.descriptions import (
    ArrayInput,
    ClassTarget,
    ImageInput,
    LabelsTarget,
    SoundInput,
    TableInput,
    Target,
    TextInput,
    ValueTarget,
)
from nncli.errors import StorageError
from nncli.files import cache_folder, remove_oldest, write_atomically
from nncli.preprocessing import ImagePreprocessing, SoundPreprocessing
from nncli.reporting import Reporter, SilentReporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["answer", "look", "spread"]

VERSION = 1
MAXIMUM_BYTES = 5_000_000
SKETCHES = 6
TEXTS = 6
LONGEST_TEXT = 1000
MEASURED = 2000


def look(settings: data.DatasetSettings, *, seed: int, reporter: Reporter) -> Overview:
    """Say what is in a dataset; it is loaded, and so cached, if it was not looked at before.

    Raises:
        As `nncli.data.load`.
    """
    source = data.source_of(settings, reporter=reporter)
    place = _place(source, settings, seed)
    try:
        return Overview.model_validate_json(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        pass  # not there, damaged, or of another version: it is made again
    dataset = data.load(settings, seed=seed, reporter=reporter)
    overview = _overview(dataset, source, reporter)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, overview.model_dump_json())
        remove_oldest(place.parent, MAXIMUM_BYTES)
    except (OSError, StorageError):
        pass  # it is made anew the next time
    return overview


def _place(source: Source, settings: data.DatasetSettings, seed: int) -> Path:
    """The file of the cache for everything that an overview depends on."""
    shares = [settings.validation, getattr(settings, "test", None)]
    key = json.dumps([VERSION, dict(source.key), seed, shares], sort_keys=True)
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return cache_folder() / "overviews" / f"{settings.label}-{digest}.json"


def _overview(dataset: Dataset, source: Source, reporter: Reporter) -> Overview:
    target, splits = dataset.target, dataset.splits
    first = next(iter(splits.values()))
    counts: dict[str, dict[str, int]] = {}
    values: dict[str, NumberSummary] = {}
    if isinstance(target, ValueTarget):
        for place, name in enumerate(target.names):
            summary = number_summary(first.labels[:, place])
            if summary is not None:
                values[name] = summary
    else:
        counts = {name: _counts(target, split.labels) for name, split in splits.items()}
    recorded: dict[str, Any] = {}
    if not isinstance(dataset.inputs, ImageInput | ArrayInput):
        decoded = source.read(dataset.preprocessing, SilentReporter())
        recorded = _recorded(dataset, decoded, reporter)
    elif isinstance(dataset.inputs, ImageInput):
        recorded = _pixels(dataset, dataset.inputs, first)
    return Overview(
        name=dataset.name,
        inputs=dataset.inputs,
        target=target,
        examples={name: len(split) for name, split in splits.items()},
        counts=counts,
        values=values,
        **recorded,
    )


def _counts(target: ClassTarget | LabelsTarget, labels: NDArray[Any]) -> dict[str, int]:
    import numpy as np

    if isinstance(target, LabelsTarget):
        counts = labels.sum(axis=0)
    else:
        counts = np.bincount(labels, minlength=len(target.names))
    return {name: int(count) for name, count in zip(target.names, counts, strict=True)}


def _pixels(dataset: Dataset, inputs: ImageInput, split: Split) -> dict[str, Any]:
    """What the pixels of some images are, and a few of them."""
    some = _some(split)
    facts = [
        f"Pixels from {some.min():,} to {some.max():,}, mean {some.mean():,.4g}, "
        f"deviation {some.std():,.4g}."
    ]
    prepared = dataset.preprocessing
    if inputs.varies and isinstance(prepared, ImagePreprocessing) and prepared.size:
        facts.append(f"Their sizes differ; they are brought to {some.shape[1]} x {some.shape[2]}.")
    return {"facts": tuple(facts), "sketches": _sketches(dataset, split)}


def _some(split: Split) -> NDArray[Any]:
    """Some inputs of a split, spread over it."""
    import numpy as np

    places = np.linspace(0, len(split) - 1, min(len(split), MEASURED)).astype(np.int64)
    return split.inputs[places if split.indices is None else split.indices[places]]


def _sketches(dataset: Dataset, split: Split) -> tuple[Sketch, ...]:
    places = spread(dataset.target, split.labels, SKETCHES)
    stored = places if split.indices is None else split.indices[places]
    sound = isinstance(dataset.inputs, SoundInput)
    return tuple(
        sketch(picture, answer(dataset.target, label), upside_down=sound)
        for picture, label in zip(split.inputs[stored], split.labels[places], strict=True)
    )  # fmt: skip


def _recorded(dataset: Dataset, decoded: DecodedDataset, reporter: Reporter) -> dict[str, Any]:
    """What only the recorded train split tells: its columns, texts, lengths."""
    split = next(iter(decoded.splits.values()))
    sample = Sample()
    examples: list[TextExample] = []
    lengths: list[int] = []
    with reporter.task(f"Looking at {dataset.name}", total=split.size, unit="examples") as task:
        for inputs, targets in split.batches():
            match dataset.inputs:
                case TableInput():
                    sample.add(inputs, targets)
                case TextInput():
                    lengths += [len(str(text).split()) for text in inputs]
                    examples += _examples(dataset.target, inputs, targets, TEXTS - len(examples))
                case SoundInput():
                    lengths += _lengths(inputs)
            task.advance(len(targets))
    match dataset.inputs:
        case TableInput():
            return {"columns": summed_up(dataset.inputs, sample.taken()[0])}
        case TextInput():
            least, middle, most = _quartiles(lengths)
            facts = f"Texts of {least:,.0f} to {most:,.0f} words, half of them below {middle:,.0f}."
            return {"facts": (facts,), "texts": tuple(examples)}
        case SoundInput():
            first = next(iter(dataset.splits.values()))
            facts = _about_sound(dataset, dataset.inputs.sample_rate, lengths)
            return {"facts": (facts,), "sketches": _sketches(dataset, first)}
        case _:
            return {}


def _examples(
    target: Target, inputs: NDArray[Any], targets: NDArray[Any], wanted: int
) -> list[TextExample]:
    """The first examples of a batch, of classes one each."""
    if wanted <= 0:
        return []
    places = spread(target, targets, wanted)
    return [
        TextExample(text=str(inputs[place])[:LONGEST_TEXT], answer=answer(target, targets[place]))
        for place in places.tolist()
    ]


def _lengths(samples: NDArray[Any]) -> list[int]:
    """How many samples of each sound lie before the silence that fills it up."""
    import numpy as np

    heard = samples != 0
    last = samples.shape[1] - np.argmax(heard[:, ::-1], axis=1)
    return [int(length) for length in np.where(heard.any(axis=1), last, 0)]


def _quartiles(lengths: list[int]) -> tuple[float, float, float]:
    import numpy as np

    return float(min(lengths)), float(np.median(lengths)), float(max(lengths))


def _about_sound(dataset: Dataset, rate: int, lengths: list[int]) -> str:
    least, middle, most = (length / rate for length in _quartiles(lengths))
    prepared = dataset.preprocessing
    cut = prepared.samples / rate if isinstance(prepared, SoundPreprocessing) else most
    return (
        f"Recordings of {least:.2f} to {most:.2f} s, half of them below {middle:.2f} s, at "
        f"{rate:,} samples a second; longer ones are cut at {cut:.2f} s."
    )


def answer(target: Target, value: Any) -> str:
    """What is to be said about one example, in words."""
    if isinstance(target, ClassTarget):
        return target.names[int(value)]
    if isinstance(target, LabelsTarget):
        return ", ".join(n for n, said in zip(target.names, value, strict=True) if said) or "-"
    return ", ".join(f"{number:g}" for number in value)


def spread(target: Target, labels: NDArray[Any], wanted: int) -> NDArray[np.int64]:
    """Places of up to `wanted` examples: of each class in turn, or the first ones."""
    import numpy as np

    if not isinstance(target, ClassTarget):
        return np.arange(min(wanted, len(labels)))
    each = -(-wanted // len(target.names))
    found = [np.flatnonzero(labels == label)[:each] for label in range(len(target.names))]
    chosen = np.concatenate(found)
    # One of each class before a second one of any.
    turn = np.concatenate([np.arange(len(places)) for places in found])
    first = np.argsort(turn, kind="stable")[:wanted]
    return chosen[np.sort(first)].astype(np.int64)
