"""Files that commands write: what is refused before the work whose result they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nncli.errors import NotFoundError, StorageError, UsageError

__all__ = ["PICTURES", "check_apart", "check_different", "check_output", "is_standard_output"]

PICTURES = (".png", ".svg")  # what a drawing without photographs can be written as
# Libraries are kept off the screen: a file of this name would be what they print to.
STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def is_standard_output(path: Path | str) -> bool:
    """Whether what is written there is for the screen, or for the next command."""
    return str(path) in STANDARD_OUTPUT


def check_output(option: str, path: Path | None, endings: Sequence[str] = ()) -> None:
    """Refuse a place that no file can be written to; None is no place, and nothing is refused.

    Args:
        option: what named it.
        path: the file to be.
        endings: those that it may have, in small letters; default: any.

    Raises:
        NotFoundError: its folder does not exist.
        UsageError: it ends otherwise, or is a folder.
        StorageError: nothing may be written there.
    """
    if path is None:
        return
    if endings and path.suffix.lower() not in endings:
        raise UsageError(f"{option}: {path} must end in {' or '.join(endings)}.")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder {path.parent} to write {path.name} into.")
    if path.is_dir():
        raise UsageError(f"{option}: {path} is a folder.", hint="Name a file in it.")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise StorageError(
            f"{option}: {path} cannot be written: there is no permission.",
            hint="Name another place.",
        )


def check_apart(option: str, output: Path | None, read: Iterable[Path]) -> None:
    """Refuse to write over what the command reads, whatever it is called there.

    Raises:
        UsageError: `output` is one of `read`.
    """
    if output is None or not output.is_file():
        return
    own = output.stat()
    if any(path.exists() and os.path.samestat(own, path.stat()) for path in read):
        raise UsageError(
            f"{option}: {output} is itself one of the files that are read.",
            hint="Name another file.",
        )


def check_different(places: Mapping[str, Path | None]) -> None:
    """Refuse two options that would write to one file.

    Raises:
        UsageError: two of `places`, by option, are the same.
    """
    taken: dict[str, str] = {}
    for option, path in places.items():
        if path is None:
            continue
        whole = os.path.realpath(path)
        if whole in taken:
            raise UsageError(f"{taken[whole]} and {option} both name {path}.")
        taken[whole] = option
