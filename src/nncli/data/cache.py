"""Decoded datasets on disk: decoded once, then mapped into memory by every later run.

One folder a dataset, named by a digest of everything it depends on, made under a temporary name
and renamed when it is whole; of two processes that make the same one the second keeps the first's.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from nncli.data.dataset import Dataset, DecodedDataset, DecodedSplit, Split
from nncli.data.recording import Recorded
from nncli.data.remarks import Remarks
from nncli.descriptions import Input, Target
from nncli.errors import NotFoundError, StorageError
from nncli.files import cache_folder, is_plain, storage_errors
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter
from nncli.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cached", "alias", "cached", "clear", "fetch", "store"]

# Part of every key: raise it when the files below change their meaning.
VERSION = 5
DESCRIPTION = "description.json"
RECORDED = "recorded.json"  # apart, for it can be large and only `data show` reads it
ABANDONED_SECONDS = 60 * 60  # without a byte written


class CachedDescription(Settings):
    """`description.json` of a cached dataset."""

    name: str
    inputs: Input
    target: Target
    preprocessing: Preprocessing
    splits: tuple[str, ...]
    has_divider: bool
    found: dict[str, Any]
    left_out: int
    remarks: Remarks
    settings: dict[str, Any] = Field(default_factory=dict)  # tells those of one name apart


def fetch(key: Mapping[str, Any]) -> Dataset | None:
    """The dataset cached under `key`, its arrays mapped read-only; None if there is none."""
    folder = _folder(key)
    dataset = _read(folder)
    if dataset is not None:
        with contextlib.suppress(OSError):  # a cache that can only be read
            os.utime(folder / DESCRIPTION)
    return dataset


@dataclass(frozen=True)
class Cached:
    """A dataset in the cache; `used` is when, in seconds since 1970; damaged ones have no examples.

    `name` is what `clear` takes: that of the dataset, or that of the folder; `settings` is what
    was set for it, and how it was divided where something was fitted.
    """

    name: str
    folder: Path
    examples: Mapping[str, int]
    bytes: int
    used: float
    settings: Mapping[str, Any] = field(default_factory=dict)


def cached() -> list[Cached]:
    """What the cache holds, by name."""
    place = cache_folder() / "datasets"
    if not place.is_dir():
        return []
    folders = [path for path in sorted(place.iterdir()) if path.is_dir() and not path.is_symlink()]
    found = [_described(folder) for folder in folders]
    return [entry for entry in found if entry is not None]


def _is_abandoned(entry: Cached) -> bool:
    return time.time() - entry.used > ABANDONED_SECONDS


def _described(folder: Path) -> Cached | None:
    """What is in `folder`; None if it has just gone away."""
    try:
        status = [path.stat() for path in folder.iterdir()]
        used = max((one.st_mtime for one in status), default=folder.stat().st_mtime)
    except FileNotFoundError:
        return None
    dataset = _read(folder)
    examples = {name: len(split) for name, split in dataset.splits.items()} if dataset else {}
    name = dataset.name if dataset else folder.name
    settings = _description(folder).settings if dataset else {}
    return Cached(name, folder, examples, sum(one.st_size for one in status), used, settings)


def clear(names: Collection[str] = ()) -> list[Cached]:
    """Remove cached datasets, all of them without `names`; those that were removed.

    A process that reads one keeps it until it ends. What is being written at the moment, under a
    temporary name, stays; what was left under one by a process that died an hour ago goes.

    Raises:
        NotFoundError: a name is not in the cache.
        StorageError: a folder cannot be removed.
    """
    entries = cached()
    unknown = [n for n in names if n not in {x for e in entries for x in (e.name, e.folder.name)}]
    if unknown:
        known = sorted({entry.name for entry in entries})
        hint = f"It holds {', '.join(known)}." if known else "It is empty."
        raise NotFoundError(f"The cache has no dataset {unknown[0]}.", hint=hint)
    removed = []
    for entry in entries:
        temporary = entry.folder.name.startswith(".")
        if names and not {entry.name, entry.folder.name} & set(names):
            continue
        if not temporary or _is_abandoned(entry):
            with storage_errors(entry.folder):
                shutil.rmtree(entry.folder)
            removed.append(entry)
    if not names:  # what `data show` keeps
        shutil.rmtree(cache_folder() / "overviews", ignore_errors=True)
    for path in (cache_folder() / "datasets").glob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink(missing_ok=True)
    return removed


def _description(folder: Path) -> CachedDescription:
    text = (folder / DESCRIPTION).read_text(encoding="utf-8")
    return CachedDescription.model_validate_json(text)


def _read(folder: Path) -> Dataset | None:
    import numpy as np

    try:
        description = _description(folder)
        splits = {
            name: Split(
                np.load(folder / f"{name}.inputs.npy", mmap_mode="r"),
                np.load(folder / f"{name}.targets.npy", mmap_mode="r"),
                divider=(
                    np.load(folder / f"{name}.divider.npy") if description.has_divider else None
                ),
                stored=name,
            )
            for name in description.splits
        }
    except (OSError, EOFError, ValueError, ValidationError):
        return None  # absent or damaged: it is made again
    return Dataset(
        description.name,
        description.inputs,
        description.target,
        description.preprocessing,
        splits,
        # JSON has no tuples, and settings no lists.
        {k: tuple(v) if isinstance(v, list) else v for k, v in description.found.items()},
        partial(_recorded, folder),
        description.left_out,
        description.remarks,
    )


def _recorded(folder: Path) -> Recorded | None:
    try:
        return Recorded.model_validate_json((folder / RECORDED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def store(
    key: Mapping[str, Any],
    decoded: DecodedDataset,
    preprocessing: Preprocessing,
    *,
    reporter: Reporter,
) -> Dataset:
    """Read `decoded`, whose batches `preprocessing` made, into the cache and return it from there.

    Where the cache cannot be written (no space, no permission) the arrays are kept in memory
    instead, and `reporter` is told.
    """
    try:
        _write(_folder(key), key, decoded, preprocessing, reporter)
    except StorageError as error:
        reporter.warning(f"The dataset is not cached and will be decoded again: {error.message}")
        return _in_memory(decoded, preprocessing, reporter)
    return fetch(key) or _in_memory(decoded, preprocessing, reporter)


def alias(key: Mapping[str, Any], of: Mapping[str, Any]) -> None:
    """Let `key` find the dataset that is cached under `of`; a cache that cannot be written is done
    without."""
    place, target = _folder(key), _folder(of)
    if place != target and target.is_dir():
        with contextlib.suppress(OSError):
            place.symlink_to(target.name, target_is_directory=True)


def _folder(key: Mapping[str, Any]) -> Path:
    text = json.dumps({"cache": VERSION, **key}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    name = "".join(x if is_plain(x) else "-" for x in str(key.get("name", "dataset")))
    return cache_folder() / "datasets" / f"{name[:40]}-{digest}"


def _write(
    folder: Path,
    key: Mapping[str, Any],
    decoded: DecodedDataset,
    preprocessing: Preprocessing,
    reporter: Reporter,
) -> None:
    description = CachedDescription(
        name=decoded.name,
        inputs=decoded.inputs,
        target=decoded.target,
        preprocessing=preprocessing,
        splits=tuple(decoded.splits),
        has_divider=any(split.divider for split in decoded.splits.values()),
        found=dict(decoded.found),
        left_out=decoded.left_out,
        remarks=decoded.remarks,
        settings=_plain({**key.get("settings", {}), **key.get("fitted_on", {})}),
    )
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in filter(None, map(_described, folder.parent.glob(".*"))):
            if _is_abandoned(left):  # by a process that was killed
                shutil.rmtree(left.folder, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            for name, split in decoded.splits.items():
                _write_split(temporary, name, split, decoded.name, reporter)
            recorded = decoded.recorded()
            if recorded is not None:
                text = recorded.model_dump_json()
                (temporary / RECORDED).write_text(text, encoding="utf-8")
            text = description.model_dump_json(indent=2)
            (temporary / DESCRIPTION).write_text(text, encoding="utf-8")
            if folder.exists() and _read(folder) is None:
                shutil.rmtree(folder)  # damaged
            if folder.is_symlink():
                folder.unlink(missing_ok=True)  # of a dataset that was cleared
            temporary.rename(folder)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise  # otherwise another process was faster, and its files are the same
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON has them, a name of a file that is no UTF-8 with `?` in it."""
    text = json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
    plain: dict[str, Any] = json.loads(text)
    return plain


def _write_split(
    folder: Path, name: str, split: DecodedSplit, dataset: str, reporter: Reporter
) -> None:
    import numpy as np

    targets: list[NDArray[Any]] = []
    with (folder / f"{name}.inputs.npy").open("wb") as stream:
        for inputs, batch_targets in _counted(split, f"Decoding {dataset}: {name}", reporter):
            if not targets:  # plain writes, not a memory map: a full disk is then an error
                header = {
                    "descr": np.lib.format.dtype_to_descr(inputs.dtype),
                    "fortran_order": False,
                    "shape": (split.size, *inputs.shape[1:]),
                }
                np.lib.format.write_array_header_1_0(stream, header)
            stream.write(np.ascontiguousarray(inputs).data)
            targets.append(batch_targets)
    np.save(folder / f"{name}.targets.npy", np.concatenate(targets))
    if split.divider is not None:
        np.save(folder / f"{name}.divider.npy", split.divider())


def _counted(
    split: DecodedSplit, description: str, reporter: Reporter
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    with reporter.task(description, total=split.size, unit="examples") as task:
        for inputs, targets in split.batches():
            yield inputs, targets
            task.advance(len(targets))


def _in_memory(
    decoded: DecodedDataset, preprocessing: Preprocessing, reporter: Reporter
) -> Dataset:
    import numpy as np

    splits = {}
    for name, split in decoded.splits.items():
        batches = list(_counted(split, f"Decoding {decoded.name}: {name}", reporter))
        splits[name] = Split(
            np.concatenate([inputs for inputs, _ in batches]),
            np.concatenate([targets for _, targets in batches]),
            divider=None if split.divider is None else split.divider(),
            stored=name,
        )
    return Dataset(
        decoded.name,
        decoded.inputs,
        decoded.target,
        preprocessing,
        splits,
        decoded.found,
        decoded.recorded,
        decoded.left_out,
        decoded.remarks,
    )
