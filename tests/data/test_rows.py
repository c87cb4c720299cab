"""Examples that stay on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nncli.data import Dataset, Split
from nncli.data.pipelines import EpochOrder, Feed, fit_memory
from nncli.data.rows import DiskRows
from nncli.descriptions import ClassTarget, ImageInput
from nncli.errors import DataError
from nncli.preprocessing import ImagePreprocessing
from nncli.reporting import SilentReporter


def mapped(
    path: Path, rows: int = 50, dtype: str = "uint8"
) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    values = np.random.default_rng(0).integers(0, 250, (rows, 3, 4, 2)).astype(dtype)
    np.save(path, values)
    return np.load(path, mmap_mode="r")


def made(array: Any) -> Dataset:
    targets = np.arange(50, dtype=np.int64) % 3
    train, held = np.arange(40), np.arange(40, 50)
    splits = {"train": Split(array, targets, train), "validation": Split(array, targets, held)}
    names = ClassTarget(names=("a", "b", "c"))
    inputs = ImageInput(shape=(3, 4, 2))
    return Dataset("made", inputs, names, ImagePreprocessing(inputs=inputs), splits)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_rows_are_those_of_the_file(tmp_path: Path, dtype: str) -> None:
    array = mapped(tmp_path / "x.npy", dtype=dtype)
    rows = DiskRows(array)
    indices = np.array([7, 0, 49, 7, 3])
    assert rows[indices].dtype == array.dtype
    assert np.array_equal(rows[indices], array[indices])
    assert (len(rows), rows.shape, rows.nbytes) == (50, array.shape, array.nbytes)


@pytest.mark.parametrize("dtype", ["bool", "float16", ">i4", "float64", "int64", "<U3"])
@pytest.mark.parametrize("shape", [(20,), (20, 5), (20, 1, 3)])
def test_rows_have_any_shape_and_dtype(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    np.save(tmp_path / "x.npy", np.arange(np.prod(shape)).reshape(shape).astype(dtype))
    array = np.load(tmp_path / "x.npy", mmap_mode="r")
    indices = np.random.default_rng(0).integers(0, 20, 64)
    rows = DiskRows(array)[indices]
    assert rows.dtype == array.dtype and rows.shape == (64, *shape[1:])
    assert np.array_equal(rows, array[indices])


def test_no_rows_are_an_empty_array(tmp_path: Path) -> None:
    rows = DiskRows(mapped(tmp_path / "x.npy"))[np.array([], np.int64)]
    assert rows.shape == (0, 3, 4, 2) and rows.dtype == np.uint8


def test_a_file_that_became_shorter_is_said(tmp_path: Path) -> None:
    rows = DiskRows(mapped(tmp_path / "x.npy"))
    with (tmp_path / "x.npy").open("rb+") as stream:
        stream.truncate(500)
    with pytest.raises(DataError, match="is shorter than it was"):
        rows[np.array([49])]


def test_a_disk_that_cannot_be_read_any_more_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = DiskRows(mapped(tmp_path / "x.npy"))
    with (tmp_path / "y").open("wb") as unreadable:
        monkeypatch.setattr(rows, "descriptor", os.dup(unreadable.fileno()))
    with pytest.raises(DataError, match=r"x\.npy"):
        rows[np.array([0])]


def test_a_training_whose_file_became_shorter_says_so(shared_cache: Path, tmp_path: Path) -> None:
    import nncli

    class Shortening(SilentReporter):
        def epoch_ended(self, epoch: int, values: object) -> None:
            # Other tests may have put other datasets into the cache that they share.
            for path in cache.rglob("train.inputs.npy"):
                with path.open("rb+") as stream:
                    stream.truncate(5_000)

    cache = tmp_path / "cache"
    shutil.copytree(shared_cache, cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        training = {"epochs": 2, "memory_budget": "1kB"}
        with pytest.raises(DataError, match="is shorter than it was"):
            nncli.train(
                {"dataset": "digits", "training": training},
                run_dir=tmp_path / "run",
                reporter=Shortening(),
            )
    document = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert document["outcome"] == "failed" and "is shorter than it was" in document["error"]


def test_what_exceeds_the_budget_stays_on_disk(tmp_path: Path) -> None:
    dataset = made(mapped(tmp_path / "x.npy"))
    assert fit_memory(dataset, 1200) is dataset
    smaller = fit_memory(dataset, 1199)
    train, validation = smaller.splits["train"], smaller.splits["validation"]
    assert isinstance(train.inputs, DiskRows) and train.inputs is validation.inputs
    assert np.array_equal(train.examples, dataset.splits["train"].examples)


def test_what_is_in_memory_anyway_stays_there(tmp_path: Path) -> None:
    held = np.zeros((50, 3, 4, 2), np.uint8)
    splits = dict(made(mapped(tmp_path / "x.npy")).splits)
    splits["test"] = Split(held, np.zeros(50, np.int64))
    dataset = made(held).with_splits(splits)
    assert fit_memory(dataset, 2400) is dataset  # the array that two splits share counts once
    smaller = fit_memory(dataset, 2399)
    assert smaller.splits["test"].inputs is held
    assert isinstance(smaller.splits["train"].inputs, DiskRows)


def batches_of(dataset: Dataset, epochs: int = 1, **options: Any) -> list[tuple[Any, ...]]:
    """The batches of 16 of the training split, epoch after epoch."""
    order = EpochOrder(40, 7)
    batches = Feed().shuffled(dataset.splits["train"], 16, order, **options)
    return [batch for order.epoch in range(epochs) for batch in batches.as_numpy_iterator()]


def test_every_epoch_is_the_same_from_disk_and_from_memory(tmp_path: Path) -> None:
    dataset = made(mapped(tmp_path / "x.npy"))
    from_memory, from_disk = batches_of(dataset, 3), batches_of(fit_memory(dataset, 1), 3)
    assert len(from_memory) == len(from_disk) == 9
    for ours, theirs in zip(from_memory, from_disk, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert not np.array_equal(from_disk[0][0], from_disk[3][0])


@pytest.mark.parametrize("first_step", [0, 1, 2])
def test_the_first_batches_are_left_out(tmp_path: Path, first_step: int) -> None:
    dataset = fit_memory(made(mapped(tmp_path / "x.npy")), 1)
    expected = batches_of(dataset)[first_step:]
    found = batches_of(dataset, first_step=first_step)
    assert len(found) == 3 - first_step
    for ours, theirs in zip(found, expected, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_batches_are_the_same_from_disk_and_from_memory(tmp_path: Path) -> None:
    dataset = made(mapped(tmp_path / "x.npy"))
    weights = np.array([1.0, 2.0, 3.0], np.float32)
    seen = []
    for one in (dataset, fit_memory(dataset, 1)):
        order = EpochOrder(40, 0)
        batches = Feed().shuffled(
            one.splits["train"], 16, order, first_step=1, class_weights=weights
        )
        seen.append([[np.asarray(part) for part in batch] for batch in batches.as_numpy_iterator()])
    assert [len(batch[1]) for batch in seen[0]] == [16, 8]
    for ours, theirs in zip(*seen, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
        assert np.array_equal(ours[2], weights[ours[1]])
    expected = EpochOrder(40, 0).permutation()[16:]
    assert np.array_equal(np.concatenate([batch[1] for batch in seen[0]]), expected % 3)


def test_a_training_from_disk_gives_the_weights_of_one_from_memory(
    shared_cache: Path, tmp_path: Path
) -> None:
    import nncli

    weights = []
    for budget in ("1GB", "1kB"):
        training = {"epochs": 2, "class_weight": "balanced", "memory_budget": budget}
        described = {"dataset": "digits", "model": {"hidden_units": [8]}, "training": training}
        result = nncli.train(described, run_dir=tmp_path / budget)
        weights.append(keras.saving.load_model(result.model_path).get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


READING = """
import sys
import numpy as np
from nncli.data.rows import DiskRows

def peak():  # not getrusage's, which begins with that of the process that started this one
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

rows = np.load(sys.argv[1], mmap_mode="r")
if sys.argv[2] == "disk":
    rows = DiskRows(rows)
order = np.random.default_rng(0).permutation(len(rows))
rows[order[:8]]
before = peak()
for start in range(0, len(rows), 128):
    rows[order[start : start + 128]]
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_reading_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (3000, 100_000))
    array[:] = 1
    array.flush()
    grown = {}
    for how in ("disk", "map"):
        command = [sys.executable, "-c", READING, str(path), how]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        grown[how] = int(done.stdout)
    assert grown["disk"] < 60_000  # KiB, of 300 MB that were read
    assert grown["map"] > 100_000, "the measurement no longer sees memory: it proves nothing"
