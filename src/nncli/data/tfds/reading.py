"""From a prepared dataset of tensorflow-datasets to batches of typed arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from nncli.data.dataset import DecodedDataset, DecodedSplit
from nncli.data.image_sizes import size_of
from nncli.data.naming import check_needed, meant
from nncli.data.sounds import preprocessing_of
from nncli.data.tfds.dividers import divider_of, path_of_divider
from nncli.data.tfds.features import (
    Meaning,
    column_names,
    described,
    image_input,
    input_values,
)
from nncli.data.tfds.records import RecordReader
from nncli.data.tfds.splits import divided_as
from nncli.data.tfds.streaming import StreamReader
from nncli.data.tfds.targets import decided, encoded, has_target
from nncli.data.tfds.types import some
from nncli.descriptions import ImageInput, Input, SoundInput, TableInput
from nncli.errors import DataError
from nncli.preprocessing import ImagePreprocessing, Preprocessing, SoundPreprocessing
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nncli.data.tfds import TfdsDataset

__all__ = ["decode"]


Reader = StreamReader | RecordReader


def decode(
    settings: TfdsDataset,
    builder: Any,
    reader: Reader,
    found: Meaning,
    given: Preprocessing | None,
    reporter: Reporter,
) -> DecodedDataset:
    """The splits of `builder` that `settings` asks for, read batch by batch.

    Args:
        settings: of the dataset.
        builder: prepared.
        reader: of its splits.
        found: what of it is input and target.
        given: the preprocessing of a model; default: found out, or fitted later.
        reporter: told what is going on.

    Raises:
        DataError: there is no such split, or it cannot be read.
    """
    settings.check_kind(settings.label, found.kind)
    divider = path_of_divider(settings, builder)
    unknown = [name for name in settings.columns if name not in found.inputs]
    if unknown:
        raise DataError(
            f"dataset.columns: {settings.name} has no column {unknown[0]!r} among its inputs.",
            hint=f"{meant(unknown[0], found.inputs)}They are {some(list(found.inputs))}.",
        )
    parts = _labelled(settings, builder, reader, found, reporter)
    found, said = _with_target(settings, reader, found, parts, reporter)
    assert found.target is not None
    first = next(iter(parts.values()))[0]
    feature = found.features[next(iter(found.inputs.values()))]
    preprocessing: Preprocessing | None = None
    inputs: Input
    match found.kind:
        case "image":
            inputs = image_input(settings.name, feature)
            if given is not None and given.kind == "image":
                preprocessing = given
            else:
                size, chosen = size_of(settings, settings.label, inputs.shape[:2], reporter)
                said |= chosen
                if size:
                    inputs = ImageInput(shape=(None, None, inputs.shape[2]), maximum=inputs.maximum)
                preprocessing = ImagePreprocessing(inputs=inputs, size=size, resize=settings.resize)
        case "sound":
            preprocessing = given if given is not None and given.kind == "sound" else None
            preprocessing = preprocessing or _sound(settings, reader, feature, first, reporter)
            inputs = preprocessing.inputs
            if feature.sample_rate not in (None, inputs.sample_rate):
                inputs = SoundInput(sample_rate=feature.sample_rate)
        case _:
            kinds = {**settings.columns}
            if settings.by == "group":
                kinds |= {name: "ignore" for name, path in found.inputs.items() if path == divider}
            inputs = described(found, kinds, partial(reader.batches, first, None))
            if given is not None and given.kind == "table":
                inputs = _those_of_model(settings.name, inputs, found, given.inputs)
    # Whoever reads with TensorFlow reads everything.
    seen = found.kind in ("image", "sound")
    apart = reader if isinstance(reader, RecordReader) and seen else None
    return DecodedDataset(
        name=settings.label,
        inputs=inputs,
        target=found.target,
        splits={
            name: DecodedSplit(
                size,
                _Decoded(reader, found, split, preprocessing, inputs),
                targets=_targets(reader, found, split) if apart else None,
                divider=partial(divider_of, settings, builder, split) if settings.by else None,
                pick=partial(apart.pick, split, preprocessing=preprocessing) if apart else None,
            )
            for name, (split, size) in parts.items()
        },
        preprocessing=preprocessing,
        found=said,
    )


def _targets(reader: Reader, found: Meaning, split: str) -> NDArray[Any]:
    """The targets of a split as `nncli.data.Split` has them."""
    import numpy as np

    assert found.target is not None
    batches = reader.targets(split)
    return np.concatenate([encoded(found.target, b, by_name=found.by_name) for b in batches])


def _those_of_model(name: str, own: Input, found: Meaning, wanted: TableInput) -> Input:
    """The columns that a model was trained on; what is no table stays what it is, to be refused.

    Raises:
        DataError: some of them are not there.
    """
    if not isinstance(own, TableInput):
        return own
    check_needed(name, [column.name for column in wanted.columns], column_names(found))
    return wanted


def _with_target(
    settings: TfdsDataset,
    reader: Reader,
    found: Meaning,
    parts: Mapping[str, tuple[str, int]],
    reporter: Reporter,
) -> tuple[Meaning, dict[str, Any]]:
    """What is input and target, the values of the target looked through where only they tell; and
    the setting that says so."""
    if found.target is not None:
        return found, {}
    names = tuple(found.targets)
    with reporter.task(f"Looking through the targets of {settings.label}"):
        splits = {name: partial(reader.targets, split) for name, (split, _) in parts.items()}
        decision = decided(settings.label, names, splits, settings.task)
    if settings.task is None:
        other = "values" if decision.task == "classes" else "classes"
        less = f"; if it is {other}: --set dataset.task={other}" if len(names) == 1 else ""
        verb = "is" if len(names) == 1 else "are"
        reporter.notice(f"{settings.label}: {', '.join(names)} {verb} {decision.target}{less}")
    known = replace(found, target=decision.target, by_name=decision.by_name)
    return known, {"task": decision.task}


def _labelled(
    settings: TfdsDataset, builder: Any, reader: Reader, found: Meaning, reporter: Reporter
) -> dict[str, tuple[str, int]]:
    """The splits of a run that have targets, as expressions with their sizes."""
    wanted = settings.split_expressions
    parts = divided_as(settings.name, builder.info.splits, wanted, reporter)
    labelled = {}
    for name, (expression, size) in parts.items():
        if found.target is None or has_target(found.target, reader.first_targets(expression)):
            labelled[name] = (expression, size)
        elif wanted[name] not in (None, "train"):
            raise DataError(f"dataset.{name}: {expression} of {settings.name} has no targets.")
    if not labelled:
        others = [name for name in builder.info.splits if name not in parts]
        known = f"It has {', '.join(others)}: --set dataset.train={others[0]}" if others else None
        raise DataError(f"{settings.name} has no training split with targets.", hint=known)
    return labelled


def _sound(
    settings: TfdsDataset, reader: Reader, feature: Any, split: str, reporter: Reporter
) -> SoundPreprocessing:
    """How long the sound is, which only listening to all of it tells."""
    rate = feature.sample_rate or settings.sample_rate
    if rate is None:
        raise DataError(
            f"{settings.name} does not say how many samples a second its sound has.",
            hint="Say so: --set dataset.sample_rate=16000",
        )
    if settings.sample_rate not in (None, rate):
        raise DataError(
            f"{settings.name} has {rate:,} samples a second, which nncli does not change.",
            hint="Leave dataset.sample_rate out.",
        )
    seconds = [settings.seconds] if settings.seconds else []
    if not seconds:
        with reporter.task(f"Listening to {settings.label}"):
            seconds = [length / rate for length in reader.lengths(split)]
    return preprocessing_of(settings, rate, seconds)


class _Decoded:
    """Yields a split as `DecodedSplit` has it, its named features being what `inputs` describes."""

    def __init__(
        self,
        reader: Reader,
        found: Meaning,
        split: str,
        preprocessing: Preprocessing | None,
        inputs: Input,
    ) -> None:
        self.reader, self.found, self.split = reader, found, split
        self.preprocessing, self.inputs = preprocessing, inputs

    def __call__(self) -> Iterator[tuple[Any, NDArray[Any]]]:
        target = self.found.target
        assert target is not None
        for named, targets in self.reader.batches(self.split, self.preprocessing):
            yield self.typed(named), encoded(target, targets, by_name=self.found.by_name)

    def typed(self, named: Mapping[str, NDArray[Any]]) -> Any:
        """A batch of inputs by their names as an array, or for a table by columns."""
        if isinstance(self.inputs, ImageInput | SoundInput):
            return next(iter(named.values()))
        return input_values(self.found, self.inputs, named)
