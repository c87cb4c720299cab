"""Writing files so that nobody ever sees half of one, and the user's own folders."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import re
import shlex
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nncli.errors import StorageError

__all__ = [
    "at_home",
    "cache_folder",
    "encodable",
    "existing_part",
    "finite",
    "in_words",
    "is_plain",
    "is_temporary",
    "open_atomically",
    "remove_oldest",
    "shown_path",
    "state_folder",
    "storage_errors",
    "to_json",
    "typed_path",
    "write_atomically",
]

# `json.dumps` makes one for every value that it is asked about.
IN_WORDS = json.JSONEncoder(ensure_ascii=False)


def at_home(text: str) -> Path:
    """The path that `text` names; `~` is the home folder, of a user that does not exist nothing."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def shown_path(path: Path) -> str:
    """`path` as people are told it: relative to the current folder where it lies in that, else
    absolute, with `~` for the home folder."""
    place = _relative(path)
    home = Path.home()
    if place.is_absolute() and place.is_relative_to(home) and place != home:
        return f"~{os.sep}{place.relative_to(home)}"
    return str(place)


def typed_path(path: Path) -> str:
    """The same as a word of a shell's command line: quoted, which `~` must not be, where a shell
    would take a letter for something else; `shlex.quote` does so for every letter beyond ASCII."""
    word = str(_relative(path))
    return word if all(is_plain(one) or one in "/:@%+=," for one in word) else shlex.quote(word)


def _relative(path: Path) -> Path:
    whole = path.expanduser().absolute()
    here = Path.cwd()
    return whole.relative_to(here) if whole.is_relative_to(here) else whole


def is_plain(letter: str) -> bool:
    """Whether file systems and shells take a letter as it is: those and the digits of any script,
    with what is put above and below them, `.`, `_` and `-`."""
    return letter.isalnum() or letter in "._-" or unicodedata.category(letter).startswith("M")


def existing_part(path: Path) -> Path:
    """The nearest of `path` and the folders above it that there is.

    Raises:
        OSError: it may not be looked for, or links lead in a circle.
    """
    path = path.absolute()
    for part in (path, *path.parents):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
            part.stat()  # `exists` raises on some Pythons and is silent on others
            return part
    return path


def cache_folder() -> Path:
    """Where nncli keeps what it can make again (on Linux `$XDG_CACHE_HOME/nncli`)."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("nncli", appauthor=False))


def state_folder() -> Path:
    """Where nncli keeps logs of commands without a run folder (`$XDG_STATE_HOME/nncli`)."""
    import platformdirs

    return Path(platformdirs.user_state_dir("nncli", appauthor=False))


def remove_oldest(folder: Path, limit: int) -> None:
    """Remove the files of `folder` that were used longest ago until it has `limit` bytes or less.

    Another process may remove the same files at the same time.
    """
    found = []
    for path in folder.iterdir():
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.append((max(status.st_atime, status.st_mtime), status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit:
            return
        path.unlink(missing_ok=True)
        total -= size


@contextmanager
def storage_errors(what: Path) -> Iterator[None]:
    """Turn an `OSError` raised inside into a `StorageError` about `what`, with the way out."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(f"Cannot write {what}: {reason}.", hint=_way_out(error)) from error


def _way_out(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space on that disk, or choose another folder."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Choose a folder that you may write to."
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return "Something else has that name already: choose another."
    if error.errno == errno.ENAMETOOLONG:
        return "Choose a shorter name."
    return "Check the folder, or choose another."


@contextmanager
def open_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` when the block succeeds.

    What was written is flushed to the disk before the rename, so that after a crash there is
    either the old file or the whole new one. A target that is no regular file (`/dev/stdout`, a
    pipe) is written to directly. The temporary file keeps the suffix of `path`.

    Raises:
        StorageError: the file cannot be written.
    """
    with storage_errors(path):
        # Before it is resolved: a pipe behind `/dev/stdout` has no name that could be opened.
        if path.exists() and not path.is_file() and not path.is_dir():
            yield path
            return
        path = path.resolve()  # a link stays a link: what it names is replaced
        unique = f".{path.stem[:100]}.{os.getpid()}-{os.urandom(4).hex()}{path.suffix}"
        temporary = path.with_name(unique)
        temporary.touch(exist_ok=False)
        try:
            yield temporary
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:  # swallows nothing: cleans up after Ctrl-C too
            temporary.unlink(missing_ok=True)
            raise


def is_temporary(path: Path) -> bool:
    """Whether `open_atomically` gave a file its name, and the process died before it was whole."""
    return re.fullmatch(r"\..*\.\d+-[0-9a-f]{8}(\.\w+)?", path.name) is not None


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` (text as UTF-8) to `path`, whole or not at all.

    Raises:
        StorageError: the file cannot be written.
    """
    with open_atomically(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def encodable(text: str) -> str:
    r"""`text` with what UTF-8 lacks written as `\udcff`, which JSON reads: a file may have a name
    that is no text."""
    return text.encode("utf-8", "backslashreplace").decode()


def to_json(document: Any) -> str:
    """Write `document` as indented JSON; numbers that JSON lacks (NaN, infinities) become null."""
    return json.dumps(finite(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def in_words(value: Any) -> str:
    """A value on one line: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else IN_WORDS.encode(value)


def finite(value: Any) -> Any:
    """A value with None for every number in it that JSON lacks: NaN and infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
