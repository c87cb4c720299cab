"""From a source to arrays: read once, preprocessed once, kept in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from nncli import objectives
from nncli.data.cache import alias, fetch, store
from nncli.data.dataset import Dataset, DecodedDataset, DecodedSplit, Source, Split, rows_of
from nncli.data.inputs import InputSettings
from nncli.data.recording import Recorder
from nncli.data.remarks import Noting, say
from nncli.data.splits import Division, divided, hold_out
from nncli.data.unevenness import tell_uneven
from nncli.descriptions import ArrayInput, ImageInput, TableInput, TextInput
from nncli.errors import DataError, ModelFileError
from nncli.preprocessing import (
    Given,
    ImagePreprocessing,
    Preprocessing,
    SubwordPreprocessing,
    Tokenizer,
    array,
    subwords,
    table,
    text,
)
from nncli.reporting import Reporter, listed
from nncli.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["load", "load_cached", "read_key", "with_division"]

# Settings that say what is done with the arrays in the cache, not what they are.
NOT_READ = ("augment", "folds", "fold")


def load(
    source: Source,
    settings: Settings,
    division: Division,
    *,
    seed: int,
    given: Given | None,
    reporter: Reporter,
) -> Dataset:
    """The dataset of `source`, the splits that it lacks held out, its targets understood.

    Args:
        source: where it comes from.
        settings: of the dataset: how its inputs are preprocessed.
        division: how the splits that it lacks are made.
        seed: fixes the held-out shares.
        given: the preprocessing of a model, or its tokenizer; default: fitted on the training
            split.
        reporter: told what is going on.

    Raises:
        DataError: it cannot be read.
    """
    keys = _keys(source, division, seed, given)
    dataset = _fetched(keys)
    if dataset is not None:
        say(dataset.remarks, reporter)
    else:
        tokenizer, whole = (given, None) if isinstance(given, Tokenizer) else (None, given)
        noting = Noting(reporter)
        decoded = source.read(whole, noting)
        if given is not None:
            _check_fit(decoded, given)
        preprocessing = whole or decoded.preprocessing
        key = keys[0] if preprocessing else keys[-1]
        if preprocessing is None:
            preprocessing = _fitted(decoded, settings, division, seed, reporter, tokenizer)
        applied = replace(_applied(decoded, preprocessing), remarks=noting.remarks)
        dataset = store(key, applied, preprocessing, reporter=reporter)
        said = {**key["settings"], **decoded.found}
        if decoded.found:  # a run is repeated with what was found out written in its config.yaml
            alias({**key, "settings": said}, key)
        if tokenizer is not None:  # whoever evaluates the model has what was fitted from its file
            alias(_key_of({**read_key(source.key), "settings": said}, preprocessing), key)
    return with_division(dataset, division, seed, reporter)


def load_cached(
    source: Source, division: Division, *, seed: int, reporter: Reporter
) -> Dataset | None:
    """What `load` returns, if the cache has it."""
    dataset = _fetched(_keys(source, division, seed, None))
    if dataset is None:
        return None
    say(dataset.remarks, reporter)
    return with_division(dataset, division, seed, reporter)


def _keys(
    source: Source, division: Division, seed: int, given: Given | None
) -> list[dict[str, Any]]:
    """Under which keys the cache may have a dataset; the last is that of a fitted one."""
    read = read_key(source.key)
    fitted = {"fitted_on": {"seed": seed, **asdict(division)}}
    if isinstance(given, Tokenizer):
        is_fitted = read["settings"].get("sequence_length") is None
        cut = {**read, "tokenizer": given.model_dump(mode="json")}
        return [{**cut, **fitted} if is_fitted else cut]
    if given is not None:
        return [_key_of(read, given)]
    # What is not fitted does not depend on how the data is divided.
    return [read, {**read, **fitted}]


def _key_of(read: Mapping[str, Any], given: Preprocessing) -> dict[str, Any]:
    return {**read, "preprocessing": given.model_dump(mode="json")}


def _fetched(keys: Sequence[Mapping[str, Any]]) -> Dataset | None:
    return next((dataset for key in keys if (dataset := fetch(key))), None)


def with_division(dataset: Dataset, division: Division, seed: int, reporter: Reporter) -> Dataset:
    """`dataset` with the splits that it lacks, its target fitted on the training split."""
    published, dataset = dataset, hold_out(dataset, division, seed=seed)
    noting = Noting(reporter)
    tell_uneven(published, dataset, division, noting)
    dataset = replace(dataset, remarks=dataset.remarks + noting.remarks)
    if "train" not in dataset.splits:
        return dataset
    return dataset.with_target(objectives.fitted(dataset.target, dataset.splits["train"].labels))


def read_key(key: Mapping[str, Any]) -> dict[str, Any]:
    """`key` without the settings that do not matter to what is read."""
    settings = {k: v for k, v in key.get("settings", {}).items() if k not in NOT_READ}
    return {**key, "settings": settings}


def _check_fit(decoded: DecodedDataset, given: Given) -> None:
    """Refuse data that the preprocessing of a model cannot take."""
    if isinstance(given, Tokenizer):
        _check_is_text(decoded)
        return
    mine, wanted = decoded.inputs, given.inputs
    fits = mine == wanted
    if isinstance(given, ImagePreprocessing) and isinstance(mine, ImageInput):
        own = given.inputs
        alike = mine.shape[2] == own.shape[2] and mine.maximum == own.maximum
        fits = alike and (given.size is not None or mine.shape == own.shape)
    if not fits:
        columns = ""
        if isinstance(wanted, TableInput):
            columns = f" ({listed([column.name for column in wanted.columns])})"
        raise ModelFileError(
            f"The model takes {wanted}{columns}; {decoded.name} has {mine}.",
            hint="Take a dataset with the same inputs, or train a new model on this one.",
        )


def _check_is_text(decoded: DecodedDataset) -> None:
    """Refuse what no tokenizer can cut."""
    if isinstance(decoded.inputs, TextInput):
        return
    hint = "nncli model list names the models that take such data."
    if isinstance(decoded.inputs, TableInput):
        hint = (
            "Of a table it reads one column: --set dataset.columns.NAME=text, and ignore for "
            "the others."
        )
    raise ModelFileError(
        f"The model reads texts; {decoded.name} has {decoded.inputs}.",
        hint=hint,
    )


def _fitted(
    decoded: DecodedDataset,
    settings: Settings,
    division: Division,
    seed: int,
    reporter: Reporter,
    tokenizer: Tokenizer | None,
) -> Preprocessing:
    """The preprocessing of `decoded`, fitted on what will be its training split; `tokenizer` is
    what cuts its texts, where that is known."""
    options = settings if isinstance(settings, InputSettings) else InputSettings()
    if tokenizer is not None and options.sequence_length is not None:
        return SubwordPreprocessing(tokenizer=tokenizer, length=options.sequence_length)
    split = decoded.splits.get("train")
    if split is None:
        raise DataError(f"{decoded.name} has no training split that preprocessing could learn of.")
    name = f"Reading {decoded.name}: train"
    chosen = _training_rows(decoded, division, seed)
    # Texts are read twice, for their lengths and for their words: each time is half of the work.
    passes = 2 if isinstance(decoded.inputs, TextInput) and tokenizer is None else 1
    with reporter.task(name, total=split.size, unit="examples") as task:

        def batches() -> Iterator[Any]:
            start = 0
            for inputs, targets in split.batches():
                stop = start + len(targets)
                yield rows_of(inputs, chosen[start:stop])
                task.advance(len(targets) / passes)
                start = stop

        match decoded.inputs:
            case TableInput():
                return table.fit(decoded.inputs, batches())
            case TextInput() if tokenizer is not None:
                return subwords.fit(tokenizer, batches, examples=split.size)
            case TextInput():
                return text.fit(
                    batches,
                    tokens=options.tokens,
                    vocabulary_size=options.vocabulary_size,
                    length=options.sequence_length,
                )
            case ArrayInput():
                return array.fit(decoded.inputs, batches())
            case _:
                raise AssertionError(f"{decoded.inputs.kind} is not fitted")


def _training_rows(decoded: DecodedDataset, division: Division, seed: int) -> NDArray[np.bool_]:
    """Which examples of the published training split stay in it, shape (n,)."""
    import numpy as np

    def only_targets(split: DecodedSplit) -> Split:
        targets = split.targets
        if targets is None:
            targets = np.concatenate([targets for _, targets in split.batches()])
        divider = None if split.divider is None else split.divider()
        return Split(np.empty((len(targets), 0)), targets, divider=divider)

    # The other splits count only in that they exist.
    splits = {
        name: only_targets(split) if name == "train" else Split(np.empty(0), np.empty(0))
        for name, split in decoded.splits.items()
    }
    train = divided(decoded.name, splits, division, seed=seed)["train"]
    chosen = np.zeros(len(train.targets), bool)
    chosen[slice(None) if train.indices is None else train.indices] = True
    return chosen


def _applied(decoded: DecodedDataset, preprocessing: Preprocessing) -> DecodedDataset:
    """`decoded` with preprocessed batches, and what is remembered of them as they were."""
    from nncli.preprocessing.applying import Applied

    applied, recorder = Applied(preprocessing), Recorder(decoded)
    first = next(iter(decoded.splits), None)

    def preprocessed(name: str, split: DecodedSplit) -> DecodedSplit:
        def batches() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
            for inputs, targets in recorder.batches(split) if name == first else split.batches():
                yield applied(inputs), targets

        return replace(split, batches=batches)

    splits = {name: preprocessed(name, split) for name, split in decoded.splits.items()}
    return replace(decoded, splits=splits, recorded=recorder.recorded)
