"""Preprocessing of table rows: one vector of numbers from columns of every kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from nncli.descriptions import Block, Features, TableInput
from nncli.preprocessing.moments import Moments, standardized
from nncli.preprocessing.text import Vocabulary
from nncli.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TablePreprocessing", "cached_input", "features", "fit", "front", "keys", "strings"]
__all__ += ["places_of"]

MAXIMUM_CATEGORIES = 200
MAXIMUM_WORDS = 1000
MOST_COUNTED = 500_000
# Standardized numbers beyond this are cut: one mistyped value must not drown all others.
FARTHEST = 10.0
DATE_PARTS = 5
DAYS_OF_YEAR = 365.2425
DAYS_OF_WEEK = 7.0


class CategoryColumn(Settings):
    """What the training split has in a column of categories."""

    vocabulary: tuple[str, ...] = Field(description="The categories, the most frequent first.")
    missing: bool = Field(description="Whether some are missing.")
    others: bool = Field(description="Whether there are more categories than the vocabulary has.")


class TablePreprocessing(Settings):
    """Tables: what is done to each column, in plain values.

    `means`, `deviations` and `missing` belong to the columns of numbers and dates, in their order.
    """

    kind: Literal["table"] = "table"
    inputs: TableInput
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    missing: tuple[bool, ...]
    categories: dict[str, CategoryColumn]
    words: dict[str, tuple[str, ...]]

    def __str__(self) -> str:
        done = {
            "number": "standardized",
            "date": "as waves of year and week",
            "category": "one-hot",
            "text": "as known words",
        }
        counts = Counter[str](column.kind for column in self.inputs.columns)
        plural = {"number": "numbers", "date": "dates", "category": "categories", "text": "texts"}
        return ", ".join(
            f"{counts[kind]:,} {plural[kind] if counts[kind] > 1 else kind} {how}"
            for kind, how in done.items()
            if counts[kind]
        )


def keys(inputs: TableInput) -> dict[str, str]:
    """The name of the Keras input of each column: the column's own, where Keras allows it."""
    found: dict[str, str] = {}
    for column in inputs.columns:
        key = re.sub(r"[/\\:\x00-\x1f]", "_", column.name) or "column"
        while key in found.values():
            key += "_"
        found[column.name] = key
    return found


def fit(inputs: TableInput, batches: Iterator[Mapping[str, NDArray[Any]]]) -> TablePreprocessing:
    """What the training split says: moments, categories, words."""
    import numpy as np

    measured = _named(inputs, "number", "date")
    named = {name: Counter[str]() for name in _named(inputs, "category")}
    texts = {
        name: Vocabulary(tokens="words", size=MAXIMUM_WORDS) for name in _named(inputs, "text")
    }
    moments = Moments()
    for batch in batches:
        if measured:
            moments.add(np.stack([batch[name] for name in measured], axis=1))
        for name, counts in list(named.items()):
            counts.update(batch[name].tolist())
            if len(counts) > MOST_COUNTED:  # hardly one of these can be among the most frequent
                kept = dict(counts.most_common(MOST_COUNTED // 2))
                named[name] = Counter({**kept, "": counts[""]} if "" in counts else kept)
        for name, vocabulary in texts.items():
            vocabulary.add(batch[name])
    words = {name: vocabulary.tokens() for name, vocabulary in texts.items()}
    return TablePreprocessing(
        inputs=inputs,
        means=moments.means if measured else (),
        deviations=moments.deviations if measured else (),
        missing=moments.lacks if measured else (),
        categories={name: _categories(counts) for name, counts in named.items()},
        words=words,
    )


def _categories(counts: Counter[str]) -> CategoryColumn:
    # Equally frequent ones by name, so that the order of the rows does not matter.
    ordered = sorted((name for name in counts if name), key=lambda name: (-counts[name], name))
    return CategoryColumn(
        vocabulary=tuple(ordered[:MAXIMUM_CATEGORIES]),
        missing="" in counts,
        others=len(ordered) > MAXIMUM_CATEGORIES,
    )


def features(settings: TablePreprocessing) -> Features:
    """One vector: numbers first, and behind them a block for each column of strings."""
    dates = len(_named(settings.inputs, "date"))
    numbers = len(settings.means) - dates
    width = numbers + dates * DATE_PARTS + sum(settings.missing)
    blocks = []
    for size in (
        *(len(_kept(column)) for column in settings.categories.values()),
        *(len(_vocabulary(words)) + 1 for words in settings.words.values()),  # 1: the unknown
    ):
        if size:
            blocks.append(Block(start=width, width=size))
        width += size
    return Features(kind="vector", shape=(width,), categories=tuple(blocks))


def places_of(settings: TablePreprocessing) -> dict[str, list[int]]:
    """Which numbers of the vector come from each column, by its name; none where the training
    split had nothing in a column."""
    measured, dates = (_named(settings.inputs, *kinds) for kinds in (("number", "date"), ("date",)))
    found = {column.name: list[int]() for column in settings.inputs.columns}
    width = 0

    def add(name: str, count: int = 1) -> None:
        nonlocal width
        found[name] += range(width, width + count)
        width += count

    for name in measured:
        add(name)
    for name, lacks in zip(measured, settings.missing, strict=True):
        if lacks:
            add(name)
    for _ in range(DATE_PARTS - 1):  # sine and cosine of the year, then of the week, of all dates
        for name in dates:
            add(name)
    for name, category in settings.categories.items():
        add(name, len(_kept(category)))
    for name, words in settings.words.items():
        add(name, len(_vocabulary(words)) + 1)
    return found


def cached_input(settings: TablePreprocessing) -> Any:
    """The Keras input of cached vectors."""
    import keras

    return keras.Input(features(settings).shape, name="preprocessed")


def strings(settings: TablePreprocessing) -> dict[str, Any]:
    """The layers that take strings, by the name of their input."""
    import keras

    key = keys(settings.inputs)
    layers = {}
    for number, (name, column) in enumerate(settings.categories.items(), start=1):
        layers[key[name]] = keras.layers.StringLookup(
            vocabulary=_vocabulary(column.vocabulary), mask_token="", name=f"categories_{number}"
        )
    for number, (name, words) in enumerate(settings.words.items(), start=1):
        layers[key[name]] = keras.layers.TextVectorization(
            vocabulary=_vocabulary(words), output_mode="multi_hot", name=f"words_{number}"
        )
    return layers


def inputs_of(settings: TablePreprocessing) -> dict[str, Any]:
    """The Keras inputs of the columns as they are recorded."""
    import keras

    key = keys(settings.inputs)
    return {
        key[column.name]: keras.Input(
            (),
            dtype="float32" if column.kind in ("number", "date") else "string",
            name=key[column.name],
        )
        for column in settings.inputs.columns
    }


def front(settings: TablePreprocessing) -> tuple[Any, Any]:
    """The columns as Keras inputs, and the vector that is made of them."""
    start = inputs_of(settings)
    layers = strings(settings)
    numbered = {key: layers[key](value) if key in layers else value for key, value in start.items()}
    return start, vector(settings, numbered)


def vector(settings: TablePreprocessing, columns: Mapping[str, Any]) -> Any:
    """The vector of columns whose strings are numbers already."""
    import keras
    from keras import ops

    key = keys(settings.inputs)
    parts = []
    measured = _named(settings.inputs, "number", "date")
    if measured:
        recorded = ops.stack([columns[key[name]] for name in measured], axis=-1)
        scaled = standardized(recorded, settings.means, settings.deviations)
        scaled = ops.clip(scaled, -FARTHEST, FARTHEST)
        unknown = ops.isnan(recorded)
        parts.append(ops.where(unknown, 0.0, scaled))
        flagged = [place for place, lacks in enumerate(settings.missing) if lacks]
        if flagged:
            parts.append(ops.take(ops.cast(unknown, "float32"), flagged, axis=-1))
        dates = _named(settings.inputs, "date")
        if dates:
            days = ops.stack([columns[key[name]] for name in dates], axis=-1)
            for period in (DAYS_OF_YEAR, DAYS_OF_WEEK):
                angle = days * (2 * 3.141592653589793 / period)
                waves = (ops.sin(angle), ops.cos(angle))
                parts += [ops.where(ops.isnan(days), 0.0, wave) for wave in waves]
    for number, (name, column) in enumerate(settings.categories.items(), start=1):
        encoding = keras.layers.CategoryEncoding(
            (len(column.vocabulary) or 1) + 2, output_mode="one_hot", name=f"one_hot_{number}"
        )
        kept = _kept(column)
        if kept:
            parts.append(ops.take(encoding(columns[key[name]]), kept, axis=-1))
    parts += [ops.cast(columns[key[name]], "float32") for name in settings.words]
    return ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]


def _vocabulary(words: Sequence[str]) -> list[str]:
    """What a Keras layer knows, which cannot be nothing."""
    return list(words) or ["a"]


def _kept(column: CategoryColumn) -> list[int]:
    """Which of missing, unknown, and the categories become a number: those that the training split
    has. Another would get a weight that nothing was learned for; it is all zeros instead."""
    places = [place for place, used in enumerate((column.missing, column.others)) if used]
    return [*places, *range(2, 2 + len(column.vocabulary))]


def _named(inputs: TableInput, *kinds: str) -> list[str]:
    return [column.name for kind in kinds for column in inputs.columns if column.kind == kind]
