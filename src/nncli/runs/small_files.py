"""Reading the small files of a run folder, whatever else may lie there under their names."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["MissingError", "UnreadableError", "read_small"]

MOST_BYTES = 10_000_000


class UnreadableError(Exception):
    """A file cannot be read; the text says why, and begins with its name."""


class MissingError(UnreadableError):
    """There is no such file."""


def read_small(path: Path | str) -> tuple[str, float]:
    """The text of `path` and when it was last changed (seconds since 1970).

    Raises:
        UnreadableError: it is missing (then a `MissingError`), no file, closed to us, larger than
            10 MB or no UTF-8.
    """
    name = os.path.basename(path)  # noqa: PTH119 (ten thousand of them: a Path each is slow)
    try:  # a pipe of that name must not make us wait
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise MissingError(f"no {name}") from None
    except OSError as error:
        raise UnreadableError(f"{name}: {(error.strerror or str(error)).lower()}") from None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableError(f"{name} is a folder")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(f"{name} is no file")
        if status.st_size > MOST_BYTES:
            raise UnreadableError(f"{name} has {status.st_size // 1_000_000:,} MB")
        content = b""
        while len(content) < status.st_size and (
            more := os.read(descriptor, status.st_size - len(content))
        ):
            content += more
        return content.decode("utf-8"), status.st_mtime
    except OSError as error:
        raise UnreadableError(f"{name}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise UnreadableError(f"{name} is no text") from None
    finally:
        os.close(descriptor)
