"""Checkpoints: what is read is what was written, or it is called damaged."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from nncli.errors import StorageError
from nncli.training.checkpoints import Checkpoint, Found, newest, save

ARRAYS: dict[str, list[NDArray[Any]]] = {
    "model": [
        np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
        np.array([7, 2**32 - 1], np.uint32),  # the state of a seed generator
        np.array([np.nan, -np.inf, -0.0, 1e-45], np.float32),
    ],
    "optimizer": [np.array(2**62, np.int64), np.array(0.25, np.float32)],  # 0-dimensional
    "metrics": [np.zeros((0, 3), np.float32), np.zeros(0, np.int64)],
    "best": [],
}
ROWS = (
    {"epoch": 1.0, "train_loss": 0.1, "validation_loss": None, "seconds": 0.125},
    {"epoch": 2.0, "train_loss": 1 / 3, "validation_loss": 5e-324, "seconds": 1e300},
)


def checkpoint(epoch: int = 2, step: int = 3, **changes: Any) -> Checkpoint:
    values: dict[str, Any] = {
        "rows": ROWS,
        "fit_seconds": 1.5,
        "epoch_seconds": 0.75,
        "arrays": ARRAYS,
    }
    return Checkpoint(epoch, step, **(values | changes))


def contents(read: Checkpoint) -> dict[str, Any]:
    """Everything in a checkpoint as values that are equal when it is the same."""
    arrays = {
        name: [(array.dtype.str, array.shape, array.tobytes()) for array in group]
        for name, group in read.arrays.items()
    }
    return {**vars(read), "arrays": arrays, "rows": tuple(dict(row) for row in read.rows)}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


def test_what_is_read_is_what_was_written(folder: Path) -> None:
    save(folder, checkpoint())
    found = newest(folder)
    assert found.damaged == []
    assert found.checkpoint is not None
    assert contents(found.checkpoint) == contents(checkpoint())
    assert names(folder) == ["epoch-000002-step-000000003.npz"]


@given(
    group=st.lists(
        st.sampled_from(["<f4", "<f2", "<f8", "<u4", "<i8", "|b1", "|u1"]).flatmap(
            lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, min_side=0))
        ),
        max_size=4,
    )
)
@settings(deadline=None, max_examples=50)
def test_arrays_of_any_dtype_and_shape_come_back(
    group: list[NDArray[Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("checkpoints")
    written = checkpoint(arrays={"model": group, "best": group[:1]})
    save(folder, written)
    read = newest(folder).checkpoint
    assert read is not None and contents(read) == contents(written)


def test_only_the_last_two_are_kept(folder: Path) -> None:
    for moment in ((0, 9), (1, 0), (1, 5), (9, 0), (10, 7)):
        save(folder, checkpoint(*moment))
    assert names(folder) == ["epoch-000009-step-000000000.npz", "epoch-000010-step-000000007.npz"]


def test_the_newest_is_the_one_that_has_come_farthest(folder: Path) -> None:
    moments = ((1, 9), (2, 0), (2, 10), (10, 0), (10, 123_456_789), (999_999, 0), (1_000_000, 0))
    for epoch, step in moments:  # as many epochs as an experiment may have
        save(folder, checkpoint(epoch, step))
        read = newest(folder).checkpoint
        assert read is not None and (read.epoch, read.step) == (epoch, step)


def test_the_same_moment_again_replaces_the_file(folder: Path) -> None:
    save(folder, checkpoint(1, 0))
    save(folder, checkpoint(2, 0))
    save(folder, checkpoint(2, 0, fit_seconds=9.0))
    read = newest(folder).checkpoint
    assert read is not None and read.fit_seconds == 9.0
    assert len(names(folder)) == 2


def test_without_a_folder_there_is_none(folder: Path) -> None:
    assert newest(folder) == Found(None, [])
    folder.mkdir()
    assert newest(folder) == Found(None, [])


def test_files_of_strangers_are_left_alone(folder: Path) -> None:
    strangers = [
        "notes.txt",
        "epoch-000009-step-000000000.npz.backup",
        ".epoch-000009-step-000000000.12-ab.npz",
        "epoch-9-step-0.npz",
        "best.npz",
    ]
    folder.mkdir()
    for name in strangers:
        (folder / name).write_text("not a checkpoint")
    for epoch in (1, 2, 3):
        save(folder, checkpoint(epoch, 0))
    found = newest(folder)
    assert found.checkpoint is not None and found.checkpoint.epoch == 3
    assert found.damaged == []
    ours = [f"epoch-00000{epoch}-step-000000000.npz" for epoch in (2, 3)]
    assert names(folder) == sorted([*strangers, *ours])


def two_saved(folder: Path) -> tuple[Path, bytes]:
    """Two checkpoints; the path and the content of the newer one."""
    save(folder, checkpoint(1, 0, fit_seconds=0.5))
    save(folder, checkpoint(2, 3))
    path = folder / "epoch-000002-step-000000003.npz"
    return path, path.read_bytes()


def assert_found_out_or_harmless(folder: Path, path: Path) -> bool:
    """Whether damage to the newer of the two was found out; content is never another one."""
    found = newest(folder)
    assert found.checkpoint is not None
    if list(found.damaged) == [path]:
        assert contents(found.checkpoint) == contents(checkpoint(1, 0, fit_seconds=0.5))
        return True
    assert found.damaged == []
    assert contents(found.checkpoint) == contents(checkpoint(2, 3))
    return False


def test_a_file_that_lost_its_end_is_damaged_and_the_one_before_is_used(folder: Path) -> None:
    path, whole = two_saved(folder)
    lengths = {*range(0, len(whole), 7), *range(len(whole) - 200, len(whole))}
    for length in lengths:
        path.write_bytes(whole[:length])
        assert assert_found_out_or_harmless(folder, path), length
    path.write_bytes(whole)
    assert not assert_found_out_or_harmless(folder, path)


def test_a_flipped_bit_is_found_out_or_changes_nothing(folder: Path) -> None:
    path, whole = two_saved(folder)
    positions = random.Random(0).sample(range(len(whole)), 400)
    found_out = 0
    for position in positions:
        for bit in range(8):
            content = bytearray(whole)
            content[position] ^= 1 << bit
            path.write_bytes(content)
            found_out += assert_found_out_or_harmless(folder, path)
    assert found_out > 1600  # some bits are of no consequence: a date, padding


def test_a_member_that_is_missing_is_found_out(folder: Path) -> None:
    path, _ = two_saved(folder)
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files if name != "optimizer.1"}
    np.savez(path, allow_pickle=False, **members)
    assert assert_found_out_or_harmless(folder, path)


def test_an_overwritten_file_is_found_out(folder: Path) -> None:
    path, whole = two_saved(folder)
    for content in (bytes(len(whole)), b"\xff" * len(whole), os.urandom(len(whole))):
        path.write_bytes(content)
        assert assert_found_out_or_harmless(folder, path)


def test_when_both_are_damaged_both_are_listed_newest_first(folder: Path) -> None:
    path, _ = two_saved(folder)
    older = folder / "epoch-000001-step-000000000.npz"
    for file in (path, older):
        file.write_bytes(b"")
    assert newest(folder) == Found(None, [path, older])


def test_what_was_written_last_is_kept_beside_damaged_ones_of_later_epochs(folder: Path) -> None:
    for path in (folder / f"epoch-{epoch:06d}-step-000000000.npz" for epoch in (8, 9)):
        folder.mkdir(exist_ok=True)
        path.write_bytes(b"damaged")
    save(folder, checkpoint(1, 0))
    read = newest(folder).checkpoint
    assert read is not None and (read.epoch, read.step) == (1, 0)


def test_nothing_in_a_file_is_executed(folder: Path) -> None:
    """An object array is a pickle, which could run anything."""
    path, _ = two_saved(folder)
    with np.load(path) as archive:
        members: dict[str, Any] = {name: archive[name] for name in archive.files}
    members["model.0"] = np.array([Trap()], dtype=object)
    np.savez(path, **members)
    assert assert_found_out_or_harmless(folder, path)
    assert not Path("sprung").exists()


class Trap:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("sprung",)


def full_disk(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("fails", ["os.fsync", "numpy.savez", "os.mkdir"])
def test_a_full_disk_is_said_and_leaves_the_earlier_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    if fails != "os.mkdir":
        two_saved(folder)
    before = names(folder) if folder.exists() else []
    with monkeypatch.context() as patch:
        patch.setattr(fails, full_disk)
        with pytest.raises(StorageError, match="No space left on device") as error:
            save(folder, checkpoint(3, 0))
    assert "Free some space" in str(error.value)
    assert (names(folder) if folder.exists() else []) == before
    if before:
        read = newest(folder).checkpoint
        assert read is not None and contents(read) == contents(checkpoint(2, 3))
