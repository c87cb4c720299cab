"""What an exact resume needs, in files of which the last two are kept.

A file is an .npz archive of arrays with a JSON document inside. It is written under another name,
flushed and renamed, and the folder is flushed too; the checksums of the archive's members find a
flipped bit or a missing end when it is read.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.files import open_atomically, storage_errors
from nncli.runs import EpochRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Arrays", "Checkpoint", "Found", "newest", "save"]

Arrays = Mapping[str, "Sequence[NDArray[Any]]"]

# Part of every file: raise it when the contents change their meaning.
VERSION = 1
KEPT = 2
# What zipfile, NumPy and our own reading raise about a file with a flipped bit or a missing end:
# a flipped header asks for encryption (RuntimeError), another method, or far too much memory.
DAMAGE = (
    OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error,
    RuntimeError, MemoryError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """A moment of a training.

    Attributes:
        epoch: how many epochs are complete.
        step: how many steps of the epoch behind them are done.
        rows: the history of the complete epochs.
        fit_seconds: time spent in `fit` so far.
        epoch_seconds: the part of it that belongs to the broken epoch.
        arrays: values by group (`model`, `optimizer`, `metrics`, `best`), in Keras's order.
    """

    epoch: int
    step: int
    rows: tuple[EpochRow, ...]
    fit_seconds: float
    epoch_seconds: float
    arrays: Arrays


@dataclass(frozen=True)
class Found:
    """The newest checkpoint that can be read, if any, and the damaged ones that are newer."""

    checkpoint: Checkpoint | None
    damaged: Sequence[Path]


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` into `folder`, and remove all but it and the one before it.

    Files that name a later moment are damaged ones, which a resume has passed over: they go too.

    Raises:
        StorageError: it cannot be written; those before it are still there.
    """
    import numpy as np

    document = {
        "version": VERSION,
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "rows": checkpoint.rows,
        "fit_seconds": checkpoint.fit_seconds,
        "epoch_seconds": checkpoint.epoch_seconds,
        "groups": {name: len(arrays) for name, arrays in checkpoint.arrays.items()},
    }
    members = {
        f"{name}.{number}": array
        for name, arrays in checkpoint.arrays.items()
        for number, array in enumerate(arrays)
    }
    members["document"] = np.frombuffer(json.dumps(document).encode(), dtype=np.uint8)
    path = folder / f"epoch-{checkpoint.epoch:06d}-step-{checkpoint.step:09d}.npz"
    with storage_errors(folder):
        folder.mkdir(exist_ok=True)
    with open_atomically(path) as temporary:
        np.savez(temporary, allow_pickle=False, **members)
    _flush(folder)
    files = _files(folder)
    past = files[: files.index(path) + 1]
    for useless in [*past[:-KEPT], *files[len(past) :]]:
        useless.unlink(missing_ok=True)


def newest(folder: Path) -> Found:
    """Read the newest checkpoint in `folder` that is whole."""
    damaged: list[Path] = []
    for path in reversed(_files(folder)):
        checkpoint = _read(path)
        if checkpoint is not None:
            return Found(checkpoint, damaged)
        damaged.append(path)
    return Found(None, damaged)


def _files(folder: Path) -> list[Path]:
    """The checkpoints in `folder`, oldest first."""
    if not folder.is_dir():
        return []
    pattern = re.compile(r"epoch-(\d{6,})-step-(\d{9,})\.npz")
    found = [(pattern.fullmatch(path.name), path) for path in folder.iterdir()]
    return [path for _, path in sorted(((int(m[1]), int(m[2])), p) for m, p in found if m)]


def _read(path: Path) -> Checkpoint | None:
    """The checkpoint in `path`; None if it is damaged, or of another version."""
    import numpy as np

    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            document = json.loads(archive["document"].tobytes())
            if document["version"] != VERSION:
                return None
            arrays = {
                name: [archive[f"{name}.{number}"] for number in range(count)]
                for name, count in document["groups"].items()
            }
            return Checkpoint(
                document["epoch"],
                document["step"],
                tuple(document["rows"]),
                document["fit_seconds"],
                document["epoch_seconds"],
                arrays,
            )
    except DAMAGE:
        return None


def _flush(folder: Path) -> None:
    """Make the renames in `folder` outlive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
