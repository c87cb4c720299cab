"""What a model is asked about: files, rows and texts without answers, a batch at a time."""

from __future__ import annotations

import codecs
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from nncli.data import images, sounds, texts
from nncli.data.array_files import inputs_of
from nncli.data.arrays import as_described
from nncli.data.class_folders import ENDINGS, files_below
from nncli.data.files import is_pattern, read_ahead, read_in_batches
from nncli.data.folder import FolderDataset
from nncli.data.skipping import Skipped
from nncli.data.table import TABLE_ENDINGS, TableDataset
from nncli.data.table.unlabelled import read_table
from nncli.descriptions import ImageInput
from nncli.errors import DataError, NotFoundError, UsageError
from nncli.preprocessing import (
    ArrayPreprocessing,
    ImagePreprocessing,
    Preprocessing,
    SoundPreprocessing,
)
from nncli.reporting import listed

__all__ = ["Asked", "files_meant", "read_files", "read_lines", "read_stream", "read_texts"]

ARRAY_ENDINGS = (".npy", ".npz")
TAKEN = {
    "image": (*ENDINGS["image"], *ARRAY_ENDINGS),
    "sound": ENDINGS["sound"],
    "text": (*ENDINGS["text"], *TABLE_ENDINGS),
    "table": TABLE_ENDINGS,
    "array": ARRAY_ENDINGS,
}
FILES, TEXTS, ROWS = 64, 1024, 4096  # at a time
STREAM = "standard input"
OPTIONS = {"--set dataset.encoding=": "--encoding ", "--set dataset.on_error=": "--on-error "}


@dataclass(frozen=True)
class Asked:
    """Some examples: what each is called, and the inputs as the preprocessing takes them: an array
    of shape (examples, ...), or for a table a mapping of column names to such arrays."""

    names: Sequence[str]
    inputs: Any


def files_meant(words: Sequence[str], kind: str) -> list[Path]:
    """The files that somebody means by files, folders and patterns, those of a folder sorted.

    Args:
        words: as they were typed.
        kind: of the model's input, as in `nncli.descriptions`.

    Raises:
        NotFoundError: there is none.
        UsageError: a file is nothing that such a model takes.
    """
    found: list[Path] = []
    for word in words:
        path = Path(word)
        if path.is_dir():
            inside = [p for p in files_below(path) if _is_taken(p, kind) and _is_meant(p)]
            if not inside:
                raise NotFoundError(f"{word} has no files of {_endings(kind)} in it.")
            found += inside
        elif path.exists():
            found.append(path)
        elif is_pattern(path):
            matches = sorted(
                match
                for match in Path(path.anchor).glob(str(path.relative_to(path.anchor)))
                if match.is_file()
            )
            if not matches:
                raise NotFoundError(f"No file is like {word}.")
            found += matches
        else:
            raise NotFoundError(f"There is no file {word}.")
    for path in found:
        if not _is_taken(path, kind):
            raise UsageError(
                f"{path} is nothing that this model takes: its input is {_articled(kind)}.",
                hint=f"It takes files that end in {_endings(kind)}.",
            )
    return found


def _is_taken(path: Path, kind: str) -> bool:
    return path.name.lower().endswith(TAKEN[kind])


def _is_meant(path: Path) -> bool:
    """Whether something in a folder is a file; so is a link to nothing, about which whoever reads
    it complains."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _endings(kind: str) -> str:
    return listed(list(TAKEN[kind]))


def _articled(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def read_texts(lines: Iterator[tuple[str, str]]) -> Iterator[Asked]:
    """Texts with their names, in batches."""
    import numpy as np

    for batch in _in_parts(lines, TEXTS):
        names, contents = zip(*batch, strict=True)
        yield Asked(names, np.array(contents, object))


def read_lines(stream: IO[bytes], encoding: str | None, skipped: Skipped) -> Iterator[Asked]:
    """The lines of a stream with something in them, each a text; UTF-8, where nothing is said.

    Raises:
        DataError: a line is in another encoding.
    """
    name = encoding or "utf-8"
    plain = codecs.lookup(name).name == "utf-8"

    def lines() -> Iterator[tuple[str, str]]:
        for number, line in enumerate(stream, start=1):
            try:
                text = line.decode("utf-8-sig" if plain and number == 1 else name).strip()
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                problem = (
                    f"Line {number} of standard input is not {'UTF-8' if plain else name}: "
                    f"byte 0x{byte:02x} (old text may need --encoding cp1252)"
                )
                skipped.note(problem)
                continue
            if text:
                yield f"line {number}", text

    return read_texts(lines())


def read_stream(
    stream: IO[bytes], read: Callable[[Sequence[Path]], Iterator[Asked]], skipped: Skipped
) -> Iterator[Asked]:
    """The rows of CSV from a stream, which is kept in a file first: how it is written is found out
    from its beginning.

    Args:
        stream: of bytes.
        read: what reads files.
        skipped: told by `read` what cannot be read.

    Raises:
        DataError: as `read_files`.
    """
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder, "standard_input.csv")
        with kept.open("wb") as file:
            shutil.copyfileobj(stream, file)
        try:
            for asked in read([kept]):
                names = [name.replace(f"{kept}:", "row ") for name in asked.names]
                yield Asked(names, asked.inputs)
        except DataError as error:
            said = error.message.replace(str(kept), STREAM).replace(kept.name, STREAM)
            raise DataError(said, hint=error.hint) from error
        finally:
            skipped.call(kept, STREAM)


def read_files(
    files: Sequence[Path],
    preprocessing: Preprocessing,
    *,
    column: str | None,
    stored: TableDataset | FolderDataset | None,
    encoding: str | None,
    skipped: Skipped,
) -> Iterator[Asked]:
    """The examples in `files`, in order.

    Args:
        files: as `files_meant` gives them.
        preprocessing: of the model.
        column: of a table, the text; None is found out.
        stored: how the files were read that the model was trained on, if it was files.
        encoding: of texts and tables; default: UTF-8, what a mark says, or that of `stored`.
        skipped: told what cannot be read.

    Raises:
        DataError: something cannot be read, or is nothing that the model takes; what it says can
            be done is an option of `nncli predict`.
    """
    table = stored if isinstance(stored, TableDataset) else None
    folder = stored if isinstance(stored, FolderDataset) else None
    of_texts = encoding or (folder.encoding if folder else "utf-8-sig")

    def ending_of(path: Path) -> str:
        name = path.name.lower()
        if name.endswith(ARRAY_ENDINGS):
            return "array"
        return "table" if name.endswith(TABLE_ENDINGS) else "file"

    with _options_said():
        for how, group in groupby(files, ending_of):
            paths = list(group)
            if how == "file":
                yield from _read_each(paths, _reader(preprocessing, of_texts), skipped)
                continue
            for path in paths:
                if how == "table":
                    rows = read_table(path, preprocessing, column, table, encoding, skipped)
                    for names, inputs in read_ahead(rows):
                        yield Asked(names, inputs)
                else:
                    yield from _read_array(path, preprocessing)


@contextmanager
def _options_said() -> Iterator[None]:
    """What a reader says to set of a dataset, said as the option that there is here."""
    try:
        yield
    except DataError as error:
        hint = None if error.hint is None else _with_options(error.hint)
        raise DataError(_with_options(error.message), hint=hint) from error


def _with_options(text: str) -> str:
    for setting, option in OPTIONS.items():
        text = text.replace(setting, option)
    return text


def _reader(preprocessing: Preprocessing, encoding: str) -> Callable[[Path], Any]:
    """What reads one file as the preprocessing takes it."""
    match preprocessing:
        case ImagePreprocessing():
            return images.reader_of(preprocessing)
        case SoundPreprocessing():
            return partial(sounds.samples_of, settings=preprocessing, is_known=False)
        case _:
            return partial(texts.text_of, encoding=encoding)


def _read_each(
    paths: Sequence[Path], read: Callable[[Path], Any], skipped: Skipped
) -> Iterator[Asked]:
    import numpy as np

    def tried(path: Path) -> Any:
        try:
            return read(path)
        except DataError as error:
            return error

    done = 0
    for contents in read_in_batches(tried, paths, FILES):
        names, good = [], []
        for path, content in zip(paths[done:], contents, strict=False):
            if isinstance(content, DataError):
                skipped.note(_with_options(content.message).rstrip("."))
                continue
            names.append(str(path))
            good.append(content)
        done += len(contents)
        if good:
            strings = isinstance(good[0], str)
            yield Asked(names, np.array(good, object) if strings else np.stack(good))


def _read_array(path: Path, preprocessing: Preprocessing) -> Iterator[Asked]:
    assert isinstance(preprocessing, ImagePreprocessing | ArrayPreprocessing)
    inputs = preprocessing.inputs
    values = inputs_of(path)
    expected = inputs.shape
    shape = values.shape[1:]
    if isinstance(inputs, ImageInput) and len(shape) == 2:
        shape = (*shape, 1)
    if isinstance(inputs, ImageInput) and str(values.dtype) != inputs.dtype:
        raise DataError(
            f"{path} has pixels of type {values.dtype}; the model takes {inputs.dtype}.",
            hint="Save them as that type.",
        )
    fits = len(shape) == len(expected) and all(
        wanted is None or wanted == found for wanted, found in zip(expected, shape, strict=True)
    )
    if not fits and not (shape == () and expected == (1,)):
        raise DataError(
            f"{path} has examples of shape {values.shape[1:]}; the model takes {inputs}.",
            hint="The first axis counts the examples.",
        )
    sized = (
        images.sizer_of(preprocessing) if isinstance(preprocessing, ImagePreprocessing) else None
    )
    for start in range(0, len(values), ROWS):
        part = as_described(values[start : start + ROWS], inputs)
        names = [f"{path}[{start + place}]" for place in range(len(part))]
        yield Asked(names, part if sized is None else sized(part))


def _in_parts(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
