"""Files of your own: which are meant, what they are called, whether they changed."""

from __future__ import annotations

import stat
import unicodedata
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, TypeVar, cast

from pydantic import AfterValidator

from nncli.backend import usable_cores
from nncli.errors import NotFoundError
from nncli.files import is_plain

__all__ = [
    "COPIED",
    "DataPath",
    "is_pattern",
    "label_of",
    "like",
    "no_file",
    "read_ahead",
    "read_in_batches",
    "stamp",
]

Content = TypeVar("Content")

LONGEST_LABEL = 80  # bytes: a run's name has more than this in it
# Of a file that ends too early.
COPIED = "Was it copied whole? Copy or download it again, or write it anew."
# What no data is read from, by the ending of its name.
ARCHIVE, DOCUMENT, PROGRAM = (
    "an archive: unpack it, and name the folder or the table that was in it",
    "a document: save its table as CSV, or its text as .txt",
    "a program, and no data",
)
OTHERS = {
    ARCHIVE: (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar"),
    DOCUMENT: (".pdf", ".doc", ".docx", ".odt", ".rtf", ".pptx"),
    PROGRAM: (".py", ".ipynb", ".r", ".sh", ".exe"),
    "a model: it is evaluated with nncli evaluate": (".keras",),
    "an experiment: it is named with -c": (".yaml", ".yml"),
}
WHAT_IS_READ = (
    "nncli reads tables (.csv, .tsv, .parquet, .jsonl), arrays (.npz, .npy), and folders of "
    "images, sound or texts with a sub-folder for each class"
)


def _data(path: Path) -> Path:
    """Refuse what the ending of a name says to be no data; a folder may be called as it likes."""
    name = path.name.lower()
    what = next((what for what, endings in OTHERS.items() if name.endswith(endings)), None)
    if what is not None and not path.is_dir():
        raise ValueError(f"is {what}. {WHAT_IS_READ}.")
    return path


DataPath = Annotated[Path, AfterValidator(_data)]


def label_of(path: Path) -> str:
    """The name of a file or folder, as far as it can be part of a run's: letters and digits of any
    script, `-` for all else."""
    name = path.name.partition(".")[0] or path.name.strip(".") or "data"
    composed = unicodedata.normalize("NFC", name)  # as macOS does not write it
    plain = "".join(letter if is_plain(letter) and letter != "." else "-" for letter in composed)
    short = plain.encode()[:LONGEST_LABEL].decode(errors="ignore")
    return short.strip("-_") or "data"


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


def read_in_batches(
    read: Callable[[Path], Content], files: Sequence[Path], batch_size: int
) -> Iterator[list[Content]]:
    """What `read` makes of each file, in batches, in order.

    All cores read, and while a batch is used they are at the next one; two are held in memory.
    """
    with ThreadPoolExecutor(usable_cores()) as pool:
        coming: Iterator[Content] | None = None
        for start in range(0, len(files), batch_size):
            batch, coming = coming, pool.map(read, files[start : start + batch_size])
            if batch is not None:
                yield list(batch)
        if coming is not None:
            yield list(coming)


def read_ahead(items: Iterator[Content]) -> Generator[Content]:
    """The same items, of which a thread makes the next one while one is used."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield cast("Content", item)
