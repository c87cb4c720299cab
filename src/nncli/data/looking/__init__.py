"""Looking at a dataset: splits, classes, columns, a few examples, without importing TensorFlow
where the cache has them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from nncli import data
from nncli.data.choosing import answer, spread
from nncli.data.dataset import Dataset, Source, Split
from nncli.data.loading import read_key
from nncli.data.overview import NumberSummary, Overview, Sketch
from nncli.data.recording import Recorded
from nncli.data.remarks import say
from nncli.data.summaries import number_summary, sketch
from nncli.data.units import in_units
from nncli.descriptions import (
    ClassTarget,
    ImageInput,
    LabelsTarget,
    SoundInput,
    TableInput,
    TextInput,
    ValueTarget,
)
from nncli.errors import StorageError
from nncli.files import cache_folder, remove_oldest, write_atomically
from nncli.preprocessing import SoundPreprocessing
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["look"]

VERSION = 4
MAXIMUM_BYTES = 5_000_000
SKETCHES = 6
MEASURED = 300
MEASURED_VALUES = 12_000_000  # pixels that are held at a time, as float64


def look(settings: data.DatasetSettings, *, seed: int, reporter: Reporter) -> Overview:
    """Say what is in a dataset; as much of it is read as that takes.

    Raises:
        As `nncli.data.load`.
    """
    source = data.source_of(settings, reporter=reporter)
    place = _place(source, settings, seed)
    try:
        overview = Overview.model_validate_json(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, ValidationError):
        pass  # not there, damaged, or of another version: it is made again
    else:
        say(overview.remarks, reporter)
        return overview.model_copy(update={"target": in_units(settings, overview.target)})
    dataset = data.load_to_look_at(settings, seed=seed, reporter=reporter)
    overview = _overview(dataset)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, overview.model_dump_json())
        remove_oldest(place.parent, MAXIMUM_BYTES)
    except (OSError, StorageError):
        pass  # it is made anew the next time
    return overview


def _place(source: Source, settings: data.DatasetSettings, seed: int) -> Path:
    """The file of the cache for everything that an overview depends on."""
    key = json.dumps(
        [VERSION, read_key(source.key), seed, asdict(settings.division)], sort_keys=True
    )
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return cache_folder() / "overviews" / f"{settings.label}-{digest}.json"


def _overview(dataset: Dataset) -> Overview:
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
    return Overview(
        name=dataset.name,
        inputs=dataset.inputs,
        target=target,
        examples={name: len(split) for name, split in splits.items()},
        counts=counts,
        values=values,
        remarks=dataset.remarks,
        **_about_inputs(dataset, first),
    )


def _about_inputs(dataset: Dataset, split: Split) -> dict[str, Any]:
    """What is said about the inputs, and some of them."""
    recorded = dataset.recorded() or Recorded()
    match dataset.inputs:
        case ImageInput():
            return _pixels(dataset, dataset.inputs, split)
        case TableInput():
            return {"columns": recorded.columns}
        case TextInput() if recorded.lengths:
            return {"facts": (_about_words(recorded.lengths),), "texts": recorded.texts}
        case SoundInput():
            about = _about_sound(dataset, dataset.inputs.sample_rate, recorded.lengths)
            return {"facts": about, "sketches": _sketches(dataset, split)}
        case _:
            return {}


def _about_words(lengths: Sequence[float]) -> str:
    least, middle, most = map(round, lengths)
    if least == most:
        return f"Texts of {counted(most, 'word')}."
    return f"Texts of {least:,} to {most:,} words, half of them below {middle:,}."


def _about_sound(dataset: Dataset, rate: int, lengths: Sequence[float]) -> tuple[str, ...]:
    if not lengths:
        return ()
    least, middle, most = (length / rate for length in lengths)
    prepared = dataset.preprocessing
    cut = prepared.samples / rate if isinstance(prepared, SoundPreprocessing) else most
    span = f"{least:.2f} to {most:.2f} s, half of them below {middle:.2f} s,"
    if f"{least:.2f}" == f"{most:.2f}":
        span = f"{most:.2f} s"
    longer = f"; longer ones are cut at {cut:.2f} s" if cut < most else ""
    return (f"Recordings of {span} at {rate:,} samples a second{longer}.",)


def _counts(target: ClassTarget | LabelsTarget, labels: NDArray[Any]) -> dict[str, int]:
    import numpy as np

    if isinstance(target, LabelsTarget):
        counts = labels.sum(axis=0)
    else:
        counts = np.bincount(labels, minlength=len(target.names))
    return {name: int(count) for name, count in zip(target.names, counts, strict=True)}


def _pixels(dataset: Dataset, inputs: ImageInput, split: Split) -> dict[str, Any]:
    """What the pixels of some images are, and a few of them."""
    facts = [_about_pixels(split)]
    size = getattr(dataset.preprocessing, "size", None)
    if size is not None and size != inputs.shape[:2]:
        facts.append(f"All are brought to {size[0]} x {size[1]} pixels.")
    return {"facts": tuple(facts), "sketches": _sketches(dataset, split)}


def _about_pixels(split: Split) -> str:
    """Their ends, mean and deviation in some images, spread over the split; a few of these in
    memory at a time, for they may be photographs."""
    import numpy as np

    places = np.linspace(0, len(split) - 1, min(len(split), MEASURED)).astype(np.int64)
    lowest, highest, sums = math.inf, -math.inf, np.zeros(3)
    step = 1
    while len(places):
        some = split.taking(places[:step]).examples
        places, step = places[step:], max(1, MEASURED_VALUES // some[0].size)
        lowest, highest = min(lowest, int(some.min())), max(highest, int(some.max()))
        values = some.astype(np.float64)
        sums += (values.size, values.sum(), np.square(values).sum())
    mean = sums[1] / sums[0]
    deviation = math.sqrt(max(sums[2] / sums[0] - mean**2, 0.0))
    return f"Pixels from {lowest:,} to {highest:,}, mean {mean:,.4g}, deviation {deviation:,.4g}."


def _sketches(dataset: Dataset, split: Split) -> tuple[Sketch, ...]:
    places = spread(dataset.target, split.labels, SKETCHES)
    some = split.taking(places)
    sound = isinstance(dataset.inputs, SoundInput)
    return tuple(
        sketch(picture, answer(dataset.target, label), upside_down=sound)
        for picture, label in zip(some.examples, some.labels, strict=True)
    )  # fmt: skip
