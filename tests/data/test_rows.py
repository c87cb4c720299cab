"""Examples that stay on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nncli.data import Dataset, Split
from nncli.data.pipelines import EpochOrder, Feed, fit_memory
from nncli.data.rows import DiskRows
from nncli.descriptions import ClassTarget, ImageInput
from nncli.errors import DataError


def mapped(
    path: Path, rows: int = 50, dtype: str = "uint8"
) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    values = np.random.default_rng(0).integers(0, 250, (rows, 3, 4, 2)).astype(dtype)
    np.save(path, values)
    return np.load(path, mmap_mode="r")


def made(array: object) -> Dataset:
    targets = np.arange(50, dtype=np.int64) % 3
    train, held = np.arange(40), np.arange(40, 50)
    splits = {"train": Split(array, targets, train), "validation": Split(array, targets, held)}  # type: ignore[arg-type]
    names = ClassTarget(names=("a", "b", "c"))
    return Dataset("made", ImageInput(shape=(3, 4, 2)), names, splits)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_rows_are_those_of_the_file(tmp_path: Path, dtype: str) -> None:
    array = mapped(tmp_path / "x.npy", dtype=dtype)
    rows = DiskRows(array)
    indices = np.array([7, 0, 49, 7, 3])
    assert rows[indices].dtype == array.dtype
    assert np.array_equal(rows[indices], array[indices])
    assert (len(rows), rows.shape, rows.nbytes) == (50, array.shape, array.nbytes)


def test_a_file_that_became_shorter_is_said(tmp_path: Path) -> None:
    rows = DiskRows(mapped(tmp_path / "x.npy"))
    with (tmp_path / "x.npy").open("rb+") as stream:
        stream.truncate(500)
    with pytest.raises(DataError, match="is shorter than it was"):
        rows[np.array([49])]


def test_what_exceeds_the_budget_stays_on_disk(tmp_path: Path) -> None:
    dataset = made(mapped(tmp_path / "x.npy"))
    assert fit_memory(dataset, 1200) is dataset
    smaller = fit_memory(dataset, 1199)
    train, validation = smaller.splits["train"], smaller.splits["validation"]
    assert isinstance(train.inputs, DiskRows) and train.inputs is validation.inputs
    assert np.array_equal(train.examples, dataset.splits["train"].examples)


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


def test_reading_takes_no_memory(tmp_path: Path) -> None:
    code = (
        "import numpy as np, resource, sys\n"
        "from nncli.data.rows import DiskRows\n"
        "rows = DiskRows(np.load(sys.argv[1], mmap_mode='r'))\n"
        "order = np.random.default_rng(0).permutation(len(rows))\n"
        "rows[order[:128]]\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for start in range(0, len(rows), 128): rows[order[start:start + 128]]\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    array = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (3000, 100_000))
    array[:] = 1
    array.flush()
    command = [sys.executable, "-c", code, str(tmp_path / "x.npy")]
    grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(grown) < 60_000  # KiB, of 300 MB that were read
