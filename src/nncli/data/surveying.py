"""A dataset for whoever looks at it: read without TensorFlow, and no more of it than is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nncli.data.dataset import Dataset, DecodedDataset, Split
from nncli.data.loading import with_division
from nncli.data.recording import Recorder
from nncli.data.rows import PickedRows
from nncli.data.splits import Division
from nncli.descriptions import ImageInput, SoundInput
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["survey"]


def survey(
    decoded: DecodedDataset, division: Division, *, seed: int, reporter: Reporter
) -> Dataset | None:
    """The dataset of `load` for whoever looks at it, its inputs unprocessed and read on demand.

    Of images only those are read that are asked for, of all else the first split, once, for what is
    remembered of it. Nothing is cached, and TensorFlow is not imported.

    Returns:
        None for images and sound that are only read all together.
    """
    images = isinstance(decoded.inputs, ImageInput)
    alone = all(split.pick and split.targets is not None for split in decoded.splits.values())
    if isinstance(decoded.inputs, ImageInput | SoundInput) and not alone:
        return None
    recorder = Recorder(decoded)
    splits = {}
    for number, (name, split) in enumerate(decoded.splits.items()):
        targets = split.targets
        if targets is None or (number == 0 and not images):
            batches = recorder.batches(split) if number == 0 else split.batches()
            targets = _targets_of(batches, f"Reading {decoded.name}: {name}", split.size, reporter)
        divider = None if split.divider is None else split.divider()
        rows: Any = PickedRows(split.pick) if split.pick else None
        splits[name] = Split(rows, targets, divider=divider, stored=name)
    prepared: Any = decoded.preprocessing
    remembered = recorder.recorded()
    dataset = Dataset(
        decoded.name,
        decoded.inputs,
        decoded.target,
        prepared,
        splits,
        decoded.found,
        lambda: remembered,
        decoded.left_out,
        decoded.remarks,
    )
    return with_division(dataset, division, seed, reporter)


def _targets_of(batches: Iterator[Any], name: str, size: int, reporter: Reporter) -> NDArray[Any]:
    import numpy as np

    found = []
    with reporter.task(name, total=size, unit="examples") as task:
        for _, targets in batches:
            found.append(targets)
            task.advance(len(targets))
    return np.concatenate(found)
