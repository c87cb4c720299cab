"""Files of your own: which are meant, what they are called, whether they changed."""

from __future__ import annotations

import stat
from pathlib import Path

from nncli.errors import NotFoundError

__all__ = ["is_pattern", "label_of", "like", "no_file", "stamp"]


def label_of(path: Path) -> str:
    """The name of a file or folder, as far as it can be part of a run's."""
    name = path.name.partition(".")[0] or path.name.strip(".") or "data"
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "-"
        for letter in name
    )
    return plain.strip("-_") or "data"


def is_pattern(path: Path) -> bool:
    """Whether a path stands for all files that are like it."""
    return any(letter in path.name for letter in "*?[") and not path.exists()


def like(path: Path) -> list[Path]:
    """The files that a pattern stands for, by name, absolute.

    Raises:
        NotFoundError: there is none.
    """
    found = sorted(file.absolute() for file in path.parent.glob(path.name) if file.is_file())
    if not found:
        raise NotFoundError(f"No file is like {path}.")
    return found


def stamp(path: Path) -> tuple[str, int, int]:
    """What tells whether a file changed: its absolute path, size and time of change; a file that
    cannot be looked at is found out when it is read."""
    try:
        status = path.stat()
    except OSError:
        return str(path.absolute()), -1, -1
    return str(path.absolute()), status.st_size, status.st_mtime_ns


def no_file(path: Path) -> str:
    """Why nothing can be read from a path, whatever it should hold; empty if something can.

    What is no regular file is never opened: a pipe would wait for ever.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return "is a link to nothing" if path.is_symlink() else "does not exist any more"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    return "" if status.st_size else "is empty (0 bytes)"
