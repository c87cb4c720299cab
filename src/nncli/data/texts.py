"""Text files: a text each, or a text a line."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nncli.data.files import no_file
from nncli.data.skipping import Skipped
from nncli.descriptions import TextInput
from nncli.errors import DataError
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Lines", "Opened", "lines_of", "opened", "text_of"]

BATCH_SIZE = 256
BATCH_LETTERS = 4_000_000
# UTF-32's begins as that of UTF-16 does.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """Text files, read as they are needed; `readable`, `paths` and `found` as for images."""

    readable: Mapping[str, NDArray[Any]]
    paths: Mapping[str, Sequence[Path]]
    encoding: str
    inputs: TextInput
    preprocessing: None = None
    found: Mapping[str, Any] = field(default_factory=dict)

    def batches(self, split: str, labels: NDArray[Any]) -> Callable[[], Iterator[Any]]:
        """What yields (texts, labels) of a split: shape (n,), object."""
        files = [self.paths[split][place] for place in self.readable[split]]

        def read() -> Iterator[tuple[str, Any]]:
            for path, label in zip(files, labels, strict=True):
                yield text_of(path, self.encoding), label

        return lambda: _batched(read())

    def original(self, split: str, places: Sequence[int]) -> list[str]:
        """Some texts of a split alone."""
        files = [self.paths[split][self.readable[split][place]] for place in places]
        return [text_of(path, self.encoding) for path in files]


def opened(
    encoding: str, paths: Mapping[str, Sequence[Path]], skipped: Skipped, reporter: Reporter
) -> Opened:
    """Look which files there are; with `skip` read every one of them.

    Raises:
        DataError: a file cannot be read.
    """
    import numpy as np

    readable = {}
    for split, files in paths.items():
        places = []
        with reporter.task(f"Looking at {split}", total=len(files), unit="files") as task:
            for place, path in enumerate(files):
                task.advance(1)
                problem = _problem(path, encoding, whole=skipped.on_error == "skip")
                if problem:
                    skipped.note(problem)
                else:
                    places.append(place)
        readable[split] = np.array(places, np.int64)
    return Opened(readable, paths, encoding, TextInput())


@dataclass(frozen=True)
class Lines:
    """Text files each line of which is an example; their number is the label of their lines."""

    files: Sequence[tuple[int, Path]]
    encoding: str
    labels: NDArray[Any]

    def batches(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield (texts, labels): shape (n,), object."""

        def read() -> Iterator[tuple[str, int]]:
            for label, path in self.files:
                for line in _lines(path, self.encoding):
                    yield line, label

        return _batched(read())

    def names(self, places: Sequence[int]) -> list[str]:
        """The file and the line of some examples; lines without a text count too."""
        found = self._at(places)
        return [f"{found[place][0].name}:{found[place][1]}" for place in places]

    def original(self, places: Sequence[int]) -> list[str]:
        """Some of the texts."""
        found = self._at(places)
        return [found[place][2] for place in places]

    def _at(self, places: Sequence[int]) -> dict[int, tuple[Path, int, str]]:
        """The file, the line and the text of each place; read up to the last of them."""
        wanted, last = set(places), max(places, default=-1)
        found: dict[int, tuple[Path, int, str]] = {}
        place = 0
        for _, path in self.files:
            for number, line in _numbered_lines(path, self.encoding):
                if place in wanted:
                    found[place] = (path, number, line)
                place += 1
                if place > last:
                    return found
        return found


def lines_of(paths: Sequence[Path], encoding: str, skipped: Skipped, reporter: Reporter) -> Lines:
    """Count the lines of each file; a file that cannot be read is left out whole, or an error.

    Raises:
        DataError: a file cannot be read.
    """
    import numpy as np

    counts = []
    with reporter.task("Counting lines", total=len(paths), unit="files") as task:
        for path in paths:
            try:
                count = sum(1 for _ in _lines(path, encoding))
                if not count:
                    skipped.note(f"{path}: has no line with a text")
            except DataError as error:
                skipped.note(error.message.rstrip("."))
                count = 0
            counts.append(count)
            task.advance(1)
    labels = np.repeat(np.arange(len(paths), dtype=np.int64), counts)
    return Lines(
        [(place, path) for place, path in enumerate(paths) if counts[place]], encoding, labels
    )


def _batched(examples: Iterator[tuple[str, Any]]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Batches that are bounded in examples and in letters."""
    import numpy as np

    texts: list[str] = []
    labels: list[Any] = []
    letters = 0
    for text, label in examples:
        texts.append(text)
        labels.append(label)
        letters += len(text)
        if len(texts) == BATCH_SIZE or letters > BATCH_LETTERS:
            yield np.array(texts, object), np.array(labels, np.int64)
            texts, labels, letters = [], [], 0
    if texts:
        yield np.array(texts, object), np.array(labels, np.int64)


def _problem(path: Path, encoding: str, *, whole: bool) -> str:
    """Why a file cannot be read; an empty one is an empty text."""
    reason = no_file(path)
    if reason and "0 bytes" not in reason:
        return f"{path}: {reason}"
    if whole:
        try:
            text_of(path, encoding)
        except DataError as error:
            return error.message.rstrip(".")
    return ""


def text_of(path: Path, encoding: str) -> str:
    """What is written in a file.

    Raises:
        DataError: it cannot be read, or is in another encoding.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text = content.decode(_encoding(content, encoding)).strip()
    except LookupError:
        raise _unknown(encoding) from None
    except UnicodeError as error:
        raise _wrong(path, encoding, content) from error
    if "\0" in text:
        raise DataError(
            f"{path} is no text: it has a zero byte.",
            hint="If it is UTF-16 without a mark: --set dataset.encoding=utf-16-le",
        )
    return text


def _lines(path: Path, encoding: str) -> Iterator[str]:
    return (line for _, line in _numbered_lines(path, encoding))


def _numbered_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines with something in them, stripped, and their numbers in the file, counted from 1;
    only line ends part them."""
    reason = no_file(path)
    if reason:
        raise DataError(f"{path} {reason}.")
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
            stream.seek(0)
            with _decoded(stream, _encoding(start, encoding)) as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield number, line.strip()
    except LookupError:
        raise _unknown(encoding) from None
    except UnicodeError as error:
        raise _wrong(path, encoding, path.read_bytes()) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _decoded(stream: IO[bytes], encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding=encoding, newline=None)


def _encoding(start: bytes, encoding: str) -> str:
    """What a mark in front says, else what the user does."""
    if encoding != "utf-8-sig":
        return encoding
    return next((name for mark, name in MARKS if start.startswith(mark)), encoding)


def _unknown(encoding: str) -> DataError:
    return DataError(f"There is no encoding named {encoding!r}.", hint="utf-8 is one.")


def _wrong(path: Path, encoding: str, content: bytes) -> DataError:
    where = ""
    try:
        content.decode(encoding)
    except UnicodeDecodeError as first:
        line = content[: first.start].count(b"\n") + 1
        where = f", line {line}: byte 0x{content[first.start]:02x}"
    except UnicodeError:
        pass
    name = encoding.removesuffix("-sig")
    return DataError(
        f"{path}{where} is not {name} (an old file may need --set dataset.encoding=cp1252).",
        hint="Mend it, or leave out whatever cannot be read: --set dataset.on_error=skip",
    )
