"""Decoded datasets on disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.data.cache import cached, clear, fetch, store
from nncli.data.dataset import Dataset, DecodedDataset, DecodedSplit
from nncli.descriptions import ClassTarget, ImageInput
from nncli.errors import DataError, NotFoundError
from nncli.files import cache_folder
from nncli.preprocessing import ImagePreprocessing

KEY = {"name": "shapes", "version": 1}

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 3, 4, 2), dtype=np.uint8)
CLASSES = np.arange(10, dtype=np.int64) % 3
PREPROCESSING = ImagePreprocessing(inputs=ImageInput(shape=(3, 4, 2)), size=(3, 4))


class Source:
    """A dataset of ten small images that counts how often it is decoded."""

    def __init__(self, fails_with: Exception | None = None) -> None:
        self.decoded = 0
        self.fails_with = fails_with

    def batches(self) -> Iterator[tuple[Any, Any]]:
        self.decoded += 1
        yield IMAGES[:6], CLASSES[:6]
        if self.fails_with:
            raise self.fails_with
        yield IMAGES[6:], CLASSES[6:]

    @property
    def dataset(self) -> DecodedDataset:
        return DecodedDataset(
            name="shapes",
            inputs=ImageInput(shape=(3, 4, 2)),
            target=ClassTarget(names=("a", "b", "c")),
            splits={
                "train": DecodedSplit(10, self.batches),
                "test": DecodedSplit(4, lambda: iter([(IMAGES[:4], CLASSES[:4])])),
            },
            found={"columns": {"a": "number"}},
        )


def assert_whole(dataset: Dataset | None) -> None:
    assert dataset is not None
    assert (dataset.name, dataset.preprocessing) == ("shapes", PREPROCESSING)
    assert dataset.found == {"columns": {"a": "number"}}
    assert dataset.inputs == ImageInput(shape=(3, 4, 2))
    assert dataset.target.names == ("a", "b", "c")
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 10, "test": 4}
    train = dataset.splits["train"]
    assert train.inputs.dtype == np.uint8
    assert train.targets.dtype == np.int64
    np.testing.assert_array_equal(train.inputs, IMAGES)
    np.testing.assert_array_equal(train.labels, CLASSES)
    np.testing.assert_array_equal(dataset.splits["test"].inputs, IMAGES[:4])


def cached_folder() -> Path:
    [folder] = (cache_folder() / "datasets").iterdir()  # no temporary one beside it either
    return folder


def test_nothing_is_cached_at_first() -> None:
    assert fetch(KEY) is None


def test_what_is_stored_is_fetched_from_the_same_files(reporter: Any) -> None:
    source = Source()
    assert_whole(store(KEY, source.dataset, PREPROCESSING, reporter=reporter))
    fetched = fetch(KEY)
    assert_whole(fetched)
    assert source.decoded == 1
    assert fetched is not None
    inputs = fetched.splits["train"].inputs
    assert isinstance(inputs, np.memmap)
    assert Path(str(inputs.filename)) == cached_folder() / "train.inputs.npy"
    assert not inputs.flags.writeable
    assert reporter.warnings == []
    assert reporter.tasks == ["Decoding shapes: train", "Decoding shapes: test"]


def test_the_folder_says_what_is_in_it(reporter: Any) -> None:
    key = {"name": "cifar10_corrupted/fog 1", "size": [3, 4]}
    store(key, Source().dataset, PREPROCESSING, reporter=reporter)
    assert cached_folder().name.startswith("cifar10_corrupted-fog-1-")


@pytest.mark.parametrize("other", [{"name": "shapes", "version": 2}, {"name": "forms"}])
def test_another_key_is_another_dataset(other: dict[str, Any], reporter: Any) -> None:
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    assert fetch(other) is None


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"{" + path.read_bytes())


@pytest.mark.parametrize("damage", [truncate, empty, garble, Path.unlink])
@pytest.mark.parametrize("name", ["description.json", "train.inputs.npy", "train.targets.npy"])
def test_a_damaged_file_is_made_again(name: str, damage: Any, reporter: Any) -> None:
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    damage(cached_folder() / name)
    assert fetch(KEY) is None
    assert_whole(store(KEY, Source().dataset, PREPROCESSING, reporter=reporter))
    assert_whole(fetch(KEY))
    cached_folder()


def test_a_description_of_another_version_is_made_again(reporter: Any) -> None:
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    (cached_folder() / "description.json").write_text('{"name": "shapes", "colour": "red"}')
    assert fetch(KEY) is None


def test_of_two_that_make_the_same_the_second_keeps_the_firsts(reporter: Any) -> None:
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    before = (cached_folder() / "train.inputs.npy").stat().st_ino
    assert_whole(store(KEY, Source().dataset, PREPROCESSING, reporter=reporter))
    assert (cached_folder() / "train.inputs.npy").stat().st_ino == before


def test_arrays_in_use_survive_the_removal_of_the_cache(reporter: Any) -> None:
    dataset = store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    shutil.rmtree(cached_folder())
    assert_whole(dataset)


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reporter: Any
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    dataset = store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    assert_whole(dataset)
    [warning] = reporter.warnings
    assert warning.startswith("The dataset is not cached and will be decoded again: Cannot write ")
    assert str(in_the_way) in warning


def test_a_full_disk_is_done_without_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, reporter: Any
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", full)
    dataset = store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    assert_whole(dataset)
    assert "No space left on device" in reporter.warnings[0]
    assert list((cache_folder() / "datasets").iterdir()) == []


def test_a_source_that_cannot_be_read_leaves_nothing(reporter: Any) -> None:
    with pytest.raises(DataError, match="broken"):
        store(KEY, Source(DataError("broken")).dataset, PREPROCESSING, reporter=reporter)
    assert list((cache_folder() / "datasets").iterdir()) == []
    assert fetch(KEY) is None


@pytest.mark.parametrize(("seconds", "stays"), [(60, True), (2 * 3600, False)])
def test_what_a_killed_process_was_writing_goes_when_the_next_one_writes(
    reporter: Any, seconds: int, stays: bool
) -> None:
    left = cache_folder() / "datasets" / ".shapes-0123.abc"
    left.mkdir(parents=True)
    (left / "train.inputs.npy").touch()
    written = time.time() - seconds
    os.utime(left / "train.inputs.npy", (written, written))
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    assert left.exists() == stays


def two_cached(reporter: Any) -> None:
    """Two datasets of the same name, as two versions of one are, and a third one."""
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    store({**KEY, "version": 2}, Source().dataset, PREPROCESSING, reporter=reporter)
    forms = DecodedDataset(**{**vars(Source().dataset), "name": "forms"})
    store({"name": "forms"}, forms, PREPROCESSING, reporter=reporter)


def test_without_a_cache_nothing_is_listed() -> None:
    assert cached() == []
    assert clear() == []


def test_what_is_cached_is_listed_by_name(reporter: Any) -> None:
    began = time.time()
    two_cached(reporter)
    entries = cached()
    assert [entry.name for entry in entries] == ["forms", "shapes", "shapes"]
    for entry in entries:
        assert entry.examples == {"train": 10, "test": 4}
        assert entry.bytes == sum(path.stat().st_size for path in entry.folder.iterdir())
        assert entry.bytes > IMAGES.nbytes
        assert began - 1 <= entry.used <= time.time() + 1


def test_a_dataset_that_is_fetched_was_used_just_now(reporter: Any) -> None:
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    for path in cached_folder().iterdir():
        os.utime(path, (1_000_000, 1_000_000))
    assert cached()[0].used == 1_000_000
    began = time.time()
    fetch(KEY)
    assert cached()[0].used >= began - 1


def test_clearing_a_name_leaves_the_others(reporter: Any) -> None:
    two_cached(reporter)
    assert [entry.name for entry in clear(["shapes"])] == ["shapes", "shapes"]
    assert [entry.name for entry in cached()] == ["forms"]
    assert fetch(KEY) is None and fetch({"name": "forms"}) is not None


def test_one_of_the_same_name_is_cleared_by_its_folder(reporter: Any) -> None:
    two_cached(reporter)
    folder = cached()[-1].folder
    [removed] = clear([folder.name])
    assert removed.folder == folder and not folder.exists()
    assert [entry.name for entry in cached()] == ["forms", "shapes"]


def test_without_a_name_all_is_cleared(reporter: Any) -> None:
    two_cached(reporter)
    assert len(clear()) == 3
    assert list((cache_folder() / "datasets").iterdir()) == []


def test_an_unknown_name_is_refused_with_the_known_ones(reporter: Any) -> None:
    with pytest.raises(NotFoundError, match="no dataset colours") as empty:
        clear(["colours"])
    assert empty.value.hint == "It is empty."
    two_cached(reporter)
    with pytest.raises(NotFoundError, match="no dataset colours") as error:
        clear(["shapes", "colours"])
    assert error.value.hint == "It holds forms, shapes."
    assert len(cached()) == 3


def test_a_damaged_dataset_is_listed_under_its_folder_and_can_be_cleared(reporter: Any) -> None:
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    truncate(cached_folder() / "train.inputs.npy")
    [entry] = cached()
    assert (entry.name, entry.examples) == (cached_folder().name, {})
    assert entry.bytes > 0
    assert clear([entry.name]) == [entry]
    assert cached() == []


@pytest.mark.parametrize("names", [[], ["shapes"], [".shapes-0123.abc"]])
@pytest.mark.parametrize("minutes", [0, 59, 61])
def test_what_is_being_written_stays_for_an_hour(
    names: list[str], minutes: int, reporter: Any
) -> None:
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    temporary = cache_folder() / "datasets" / ".shapes-0123.abc"
    shutil.copytree(cached_folder(), temporary)
    moment = time.time() - minutes * 60
    for path in [*temporary.iterdir(), temporary]:
        os.utime(path, (moment, moment))
    clear(names)
    assert temporary.exists() == (minutes < 60)


def test_the_cache_is_listed_as_json(run_cli: Any, reporter: Any) -> None:
    assert run_cli(["data", "cache", "list", "--json"]).stdout == "[]\n"
    store(KEY, Source().dataset, PREPROCESSING, reporter=reporter)
    result = run_cli(["data", "cache", "list", "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    [entry] = json.loads(result.stdout)
    used = datetime.fromisoformat(entry.pop("used"))
    assert used.tzinfo is not None and abs(used.timestamp() - time.time()) < 60
    assert entry == {
        "name": "shapes",
        "folder": str(cached_folder()),
        "examples": {"train": 10, "test": 4},
        "bytes": sum(path.stat().st_size for path in cached_folder().iterdir()),
        "settings": {},
    }


def test_the_cache_is_listed_for_people(run_cli: Any, reporter: Any) -> None:
    assert run_cli(["data", "cache", "list"]).stdout == "The cache is empty.\n"
    two_cached(reporter)
    truncate(cached()[-1].folder / "train.targets.npy")
    result = run_cli(["data", "cache", "list"])
    heading, *rows, empty, place = result.stdout.splitlines()
    assert heading.split() == ["dataset", "examples", "MB", "last", "used", "what", "was", "set"]
    assert [row.split()[1] for row in rows] == ["14", "14", "damaged"]
    assert (empty, place) == ("", f"in {cache_folder() / 'datasets'}")
    assert all(len(line) <= 80 for line in (heading, *rows))


def test_what_was_set_is_listed_in_one_line_what_tells_alike_ones_apart_first(
    run_cli: Any, reporter: Any
) -> None:
    columns = {f"column_{number}": "number" for number in range(50)}
    common = {"type": "table", "path": "t.csv", "group": None, "columns": columns}
    for size in (8, 16):
        settings = {**common, "image_size": [size, size]}
        key = {**KEY, "settings": settings, "fitted_on": {"seed": 0, "validation": 0.1, "test": 0}}
        store(key, Source().dataset, PREPROCESSING, reporter=reporter)
    heading, *rows, _, _ = run_cli(["data", "cache", "list"]).stdout.splitlines()
    place = heading.index("what was set")
    assert sorted(row[place:] for row in rows) == [
        "image_size: [16, 16], columns: 5\u2026", "image_size: [8, 8], columns: 50\u2026",
    ]  # fmt: skip
    assert all(len(row) <= 80 for row in rows)


def test_entries_with_the_same_settings_are_told_by_their_folder(
    run_cli: Any, reporter: Any
) -> None:
    for stamp in (1, 2):  # a file that changed
        store({**KEY, "files": stamp}, Source().dataset, PREPROCESSING, reporter=reporter)
    shown = run_cli(["data", "cache", "list"]).stdout
    assert all(entry.folder.name in shown for entry in cached())


def test_the_cache_is_cleared_from_the_command_line(run_cli: Any, reporter: Any) -> None:
    two_cached(reporter)
    result = run_cli(["data", "cache", "clear", "forms"])
    assert (result.exit_code, result.stdout) == (0, "Removed 1 dataset (0.0 MB)\n")
    result = run_cli(["data", "cache", "clear", "colours"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: The cache has no dataset colours.\n  It holds shapes.\n"
    assert run_cli(["data", "cache", "clear", "--quiet"]).stdout == ""
    assert cached() == []
    assert run_cli(["data", "cache", "clear"]).stdout == "The cache is empty.\n"
