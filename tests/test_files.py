"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import json
import math
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.errors import StorageError
from nncli.files import (
    cache_folder,
    existing_part,
    open_atomically,
    shown_path,
    state_folder,
    storage_errors,
    to_json,
    typed_path,
    write_atomically,
)


def failing(code: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_is_written_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "größer\n")
    assert path.read_bytes() == "größer\n".encode()
    write_atomically(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"


def test_nobody_sees_a_file_before_it_is_whole(own_folders: Path) -> None:
    path = own_folders / "a.json"
    with open_atomically(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == ".json"
    assert path.read_text() == "half"
    assert names(own_folders) == ["a.json"]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_a_crash_inside_leaves_the_old_file_alone(
    own_folders: Path, kind: type[BaseException]
) -> None:
    path = own_folders / "a.json"
    path.write_text("old")
    with pytest.raises(kind), open_atomically(path) as temporary:
        temporary.write_text("new, but only hal")
        raise kind
    assert path.read_text() == "old"
    assert names(own_folders) == ["a.json"]


def test_a_full_disk_is_said_and_leaves_the_old_file_alone(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own_folders / "a.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    with pytest.raises(StorageError) as caught:
        write_atomically(path, "new")
    assert caught.value.message == f"Cannot write {path}: No space left on device."
    assert caught.value.hint is not None
    assert "Free some space" in caught.value.hint
    assert path.read_text() == "old"
    assert names(own_folders) == ["a.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_that_is_full_is_said() -> None:
    with pytest.raises(StorageError, match="Cannot write /dev/full: No space left on device"):
        write_atomically(Path("/dev/full"), "some text")


@pytest.mark.parametrize(
    ("code", "way_out"),
    [
        (errno.EACCES, "that you may write to"),
        (errno.EROFS, "that you may write to"),
        (errno.EDQUOT, "Free some space"),
        (errno.ENAMETOOLONG, "shorter name"),
        (errno.EISDIR, "has that name already"),
        (errno.EIO, "Check the folder"),
    ],
)
def test_every_failure_has_a_way_out(code: int, way_out: str) -> None:
    with pytest.raises(StorageError) as caught, storage_errors(Path("a.json")):
        failing(code)()
    assert caught.value.message == f"Cannot write a.json: {os.strerror(code)}."
    assert caught.value.hint is not None
    assert way_out in caught.value.hint


def test_a_folder_in_the_way_is_said(own_folders: Path) -> None:
    (own_folders / "a.json").mkdir()
    with pytest.raises(StorageError, match="Cannot write"):
        write_atomically(own_folders / "a.json", "new")
    assert names(own_folders) == ["a.json"]


def test_a_missing_folder_is_said(own_folders: Path) -> None:
    with pytest.raises(StorageError, match=r"Cannot write .*: No such file or directory"):
        write_atomically(own_folders / "nowhere" / "a.json", "new")


def test_a_name_that_is_too_long_is_said(own_folders: Path) -> None:
    with pytest.raises(StorageError, match="File name too long"):
        write_atomically(own_folders / f"{'a' * 300}.json", "new")
    assert names(own_folders) == []


def test_the_longest_possible_name_can_be_written(own_folders: Path) -> None:
    path = own_folders / f"{'a' * 250}.json"
    write_atomically(path, "new")
    assert path.read_text() == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_atomically(Path("/dev/null"), "gone")
    assert Path("/dev/null").is_char_device()


def test_a_pipe_without_a_name_gets_the_text() -> None:
    reading, writing = os.pipe()  # as `/dev/stdout` is in `nncli ... --output /dev/stdout | wc`
    write_atomically(Path(f"/dev/fd/{writing}"), "through the pipe")
    os.close(writing)
    with open(reading, encoding="utf-8") as stream:
        assert stream.read() == "through the pipe"


def test_a_pipe_gets_the_text(own_folders: Path) -> None:
    pipe = own_folders / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_atomically(pipe, "through the pipe")
    reader.join(10)
    assert read == [b"through the pipe"]
    assert pipe.is_fifo()


def test_numbers_that_json_lacks_become_null() -> None:
    document = {"a": math.nan, "b": [math.inf, 1.5], "c": {"d": (-math.inf, 2)}, "e": True}
    assert json.loads(to_json(document)) == {
        "a": None,
        "b": [None, 1.5],
        "c": {"d": [None, 2]},
        "e": True,
    }


def test_json_is_indented_readable_and_ends_in_a_line_break() -> None:
    assert to_json({"größe": 1}) == '{\n  "größe": 1\n}\n'


def test_the_users_folders_follow_the_environment(tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "user" / "cache" / "nncli"
    assert state_folder() == tmp_path / "user" / "state" / "nncli"


def test_a_link_stays_a_link(own_folders: Path) -> None:
    (own_folders / "real.json").write_text("old")
    (own_folders / "link.json").symlink_to("real.json")
    write_atomically(own_folders / "link.json", "new")
    assert (own_folders / "link.json").is_symlink()
    assert (own_folders / "real.json").read_text() == "new"


@pytest.mark.parametrize(
    ("path", "shown", "typed"),
    [
        ("runs/1-x", "runs/1-x", "runs/1-x"),
        ("here/my runs", "my runs", "'my runs'"),
        ("here/häuser", "häuser", "häuser"),
        ("here/it's", "it's", "'it'\"'\"'s'"),
        ("here", ".", "."),
        ("home/data", "~/data", "home/data"),
        ("elsewhere", "elsewhere", "elsewhere"),
    ],
)
def test_a_path_is_told_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, shown: str, typed: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    outside = path.startswith(("home", "elsewhere"))
    given = Path(path) if path.startswith("runs") else tmp_path / path
    whole = f"{tmp_path}/" if outside else ""
    assert shown_path(given) == (shown if shown.startswith("~") else f"{whole}{shown}")
    assert typed_path(given) == f"{whole}{typed}"


def test_the_nearest_part_of_a_path_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert existing_part(tmp_path / "file") == tmp_path / "file"
    assert existing_part(tmp_path / "file" / "below" / "it") == tmp_path / "file"
    assert existing_part(Path("no/such\0thing")) == Path.cwd()
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(OSError, match="symbolic links"):
        existing_part(tmp_path / "circle")
