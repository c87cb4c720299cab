"""The feature of a tensorflow-datasets builder that its splits are divided by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli.data.dividers import group_numbers
from nncli.data.table.cells import days, numbers
from nncli.data.tfds.types import (
    SEPARATOR,
    flat,
    is_numeric,
    is_scalar,
    is_string,
    paths_of,
    strings,
    type_of,
)
from nncli.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nncli.data.tfds import TfdsDataset

__all__ = ["divider_of", "path_of_divider"]

BATCH_SIZE = 4096


def path_of_divider(settings: TfdsDataset, builder: Any) -> str | None:
    """The path of the feature that `dataset.group` or `dataset.time` names; None without either.

    Raises:
        DataError: it is no feature with one value an example.
    """
    if settings.divided_by is None:
        return None
    features = dict(flat(builder.info.features))
    path = paths_of(settings.name, features, [settings.divided_by])[0]
    feature = features[path]
    if not (is_scalar(feature) and (is_numeric(feature) or is_string(feature))):
        raise DataError(
            f"dataset.{settings.by}: {settings.divided_by} of {settings.name} is no number and no "
            f"text, but {type_of(feature)}."
        )
    return path


def divider_of(settings: TfdsDataset, builder: Any, split: str) -> NDArray[Any]:
    """The group or time of each example of a split, as `nncli.data.Split` has it.

    Args:
        settings: which name the feature.
        builder: prepared.
        split: as tensorflow-datasets writes it.

    Raises:
        DataError: an example lacks it, or it is no time.
    """
    import numpy as np
    import tensorflow_datasets as tfds

    found = path_of_divider(settings, builder)
    assert found is not None
    path = found.split(SEPARATOR)
    wanted: Any = True  # of all features this one alone is decoded
    for key in reversed(path):
        wanted = {key: wanted}
    examples = builder.as_dataset(
        split=split,
        shuffle_files=False,
        read_config=tfds.ReadConfig(try_autocache=False),
        decoders=tfds.decode.PartialDecoding(wanted),
    )

    def alone(example: Any) -> Any:
        for key in path:
            example = example[key]
        return example

    batches = list(examples.map(alone).batch(BATCH_SIZE).as_numpy_iterator())
    recorded = np.concatenate(batches)
    cells = strings(recorded) if recorded.dtype == object else recorded.astype(str).astype(object)
    values: NDArray[Any]
    if settings.by == "group":
        values, lacks = group_numbers(cells), cells == ""
    else:
        values = numbers(cells)
        if np.isnan(values).all():
            values = days(cells)
        lacks = np.isnan(values)
    if lacks.any():
        raise DataError(
            f"{settings.name}: {settings.divided_by} of {int(lacks.sum()):,} examples of {split} "
            f"{'is missing' if settings.by == 'group' else 'is no date and no number'}, so that "
            f"dataset.{settings.by} cannot divide by it."
        )
    return values
