"""Folders of your own: a sub-folder a class, with images, sound or texts in it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from nncli.data import images, sounds
from nncli.data.dataset import DecodedDataset, DecodedSplit, Source
from nncli.data.files import is_pattern, label_of, like, stamp
from nncli.data.inputs import InputSettings
from nncli.data.skipping import OnError, Skipped
from nncli.data.splits import HeldOutShares
from nncli.descriptions import ClassTarget, TextInput
from nncli.errors import DataError, NotFoundError
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FolderDataset", "source"]

ENDINGS = {
    "image": (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"),
    "sound": (".wav", ".flac", ".ogg", ".mp3"),
    "text": (".txt",),
}
SPLIT_NAMES = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
BATCH_SIZE = 256
SHOWN = 8


class FolderDataset(InputSettings, HeldOutShares):
    """A folder of class sub-folders with images, sound or .txt files in them."""

    type: Literal["folder"] = Field(default="folder", description="A folder of files.")
    path: Path = Field(
        strict=False,
        description=(
            "The folder, with a sub-folder a class; train, validation and test may lie above "
            "the classes. Of text files named directly (texts/*.txt) each is a class, and each "
            "line an example."
        ),
    )
    encoding: str = Field(default="utf-8-sig", description="Of .txt files, such as cp1252.")
    on_error: OnError = Field(
        default="fail",
        description="Files that cannot be read: fail at the first, or skip, count and list them.",
    )

    @property
    def label(self) -> str:
        """The name that runs and reports give to this dataset."""
        return label_of(self.path)


@dataclass(frozen=True)
class _Files:
    """What lies in the folder: of each split the files, and the class of each."""

    paths: Mapping[str, Sequence[Path]]
    labels: Mapping[str, NDArray[Any]]
    classes: tuple[str, ...]
    kind: str


def source(settings: FolderDataset, *, reporter: Reporter) -> Source:
    """The folder that `settings` names.

    Raises:
        NotFoundError: there is no such folder.
        DataError: it has no classes, or files of several kinds.
    """
    lines = is_pattern(settings.path)
    found = _line_files(settings) if lines else _listed(settings, reporter)
    status = [
        (*stamp(path), int(label))
        for split, paths in found.paths.items()
        for path, label in zip(paths, found.labels[split], strict=True)
    ]
    kept = settings.model_dump(mode="json", exclude={"validation", "test"})
    key = {"name": settings.label, "files": status, "settings": kept}
    read = _decode_lines if lines else _decode
    return Source(key, lambda given, reporter: read(settings, found, given, reporter))


def _listed(settings: FolderDataset, reporter: Reporter) -> _Files:
    import numpy as np

    folder = settings.path
    if not folder.exists():
        raise NotFoundError(f"There is no folder {folder}.")
    if not folder.is_dir():
        raise NotFoundError(
            f"{folder} is a file that nncli does not know.",
            hint="Tables end in .csv, .tsv, .parquet or .jsonl, arrays in .npz or .npy; images, "
            "sound and texts lie in a folder with a sub-folder for each class.",
        )
    inside = _folders(folder)
    splits = {SPLIT_NAMES[f.name.lower()]: f for f in inside if f.name.lower() in SPLIT_NAMES}
    if "train" not in splits:
        splits = {"train": folder}
    files = {split: _by_class(place) for split, place in splits.items()}
    others = Counter(
        path.suffix.lower() or path.name
        for classes in files.values()
        for paths in classes.values()
        for path in paths
        if _kind(path) is None
    )
    kinds = Counter(
        kind
        for classes in files.values()
        for paths in classes.values()
        for path in paths
        if (kind := _kind(path))
    )
    if not kinds:
        raise DataError(
            f"{folder} has no sub-folders with images, sound or texts.",
            hint="nncli looks for FOLDER/CLASS/FILE or FOLDER/train/CLASS/FILE; files end in "
            + ", ".join(ending for endings in ENDINGS.values() for ending in endings) + ".",
        )  # fmt: skip
    if len(kinds) > 1:
        listed = " and ".join(f"{count:,} of {kind}" for kind, count in kinds.most_common())
        raise DataError(f"{folder} has files of several kinds: {listed}.")
    kind = next(iter(kinds))
    if others:
        listed = ", ".join(f"{name} ({count:,})" for name, count in others.most_common(SHOWN))
        reporter.warning(f"Left out of {folder.name}, for they are no {kind}: {listed}")
    files = {
        split: {name: [p for p in paths if _kind(p) == kind] for name, paths in classes.items()}
        for split, classes in files.items()
    }
    empty = sorted(name for name, paths in files["train"].items() if not paths)
    if empty:
        reporter.warning(f"Classes without a file, left out: {_some(empty)}")
    names = _sorted([name for name, paths in files["train"].items() if paths])
    if len(names) < 2:
        raise DataError(
            f"{splits['train']} has {len(names)} class(es) with files; there "
            "is nothing to tell apart.",
            hint="nncli looks for FOLDER/CLASS/FILE or FOLDER/train/CLASS/FILE.",
        )
    place = {name: number for number, name in enumerate(names)}
    paths: dict[str, list[Path]] = {}
    labels: dict[str, NDArray[Any]] = {}
    for split, classes in files.items():
        lost = sorted(name for name, found in classes.items() if found and name not in place)
        if lost:
            raise DataError(
                f"Classes that {split} has and train lacks: {_some(lost)}.",
                hint="A class that was never seen cannot be learned. Move or remove them.",
            )
        ordered = [name for name in names if classes.get(name)]
        paths[split] = [path for name in ordered for path in classes[name]]
        labels[split] = np.array([place[name] for name in ordered for _ in classes[name]], np.int64)
    return _Files(paths, labels, tuple(names), kind)


def _folders(folder: Path) -> list[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}.") from error
    return [path for path in inside if path.is_dir() and not path.name.startswith((".", "__"))]


def _by_class(folder: Path) -> dict[str, list[Path]]:
    return {place.name: _files_below(place) for place in _folders(folder)}


def _files_below(folder: Path) -> list[Path]:
    """All files below a folder, by name; links are followed, but never in a circle."""
    found: list[Path] = []
    visited: set[str] = set()
    for place, inside, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in visited:
            inside.clear()
            continue
        visited.add(real)
        inside[:] = sorted(name for name in inside if not name.startswith((".", "__")))
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.name.lower() not in ("thumbs.db", "desktop.ini"))


def _kind(path: Path) -> str | None:
    ending = path.suffix.lower()
    return next((kind for kind, endings in ENDINGS.items() if ending in endings), None)


def _sorted(names: Sequence[str]) -> list[str]:
    """By name; numbers by their value."""
    if all(name.isdecimal() for name in names):
        return sorted(names, key=int)
    return sorted(names)


def _decode(
    settings: FolderDataset, files: _Files, given: Preprocessing | None, reporter: Reporter
) -> DecodedDataset:
    skipped = Skipped(settings.on_error)
    settings.check_kind(settings.label, files.kind)
    opened: Any
    match files.kind:
        case "image":
            opened = images.opened(settings, files.paths, given, skipped, reporter)
        case "sound":
            opened = sounds.opened(settings, files.paths, given, skipped, reporter)
        case _:
            opened = _texts(settings, files.paths, skipped, reporter)
    skipped.report(reporter)
    target = ClassTarget(names=files.classes)
    splits = {}
    for split, readable in opened.readable.items():
        labels = files.labels[split][readable]
        splits[split] = DecodedSplit(len(labels), opened.batches(split, labels), labels)
    return DecodedDataset(
        name=settings.label,
        inputs=opened.inputs,
        target=target,
        splits=splits,
        preprocessing=opened.preprocessing,
    )


@dataclass(frozen=True)
class _Texts:
    """Texts in memory."""

    texts: Mapping[str, NDArray[Any]]
    readable: Mapping[str, NDArray[Any]]
    inputs: TextInput
    preprocessing: None = None

    def batches(self, split: str, labels: NDArray[Any]) -> Any:
        """Batches of a split, each time anew."""

        def read() -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
            for start in range(0, len(labels), BATCH_SIZE):
                stop = start + BATCH_SIZE
                yield self.texts[split][start:stop], labels[start:stop]

        return read


def _texts(
    settings: FolderDataset,
    paths: Mapping[str, Sequence[Path]],
    skipped: Skipped,
    reporter: Reporter,
) -> _Texts:
    import numpy as np

    texts, readable = {}, {}
    for split, files in paths.items():
        found: list[str] = []
        places: list[int] = []
        with reporter.task(f"Reading {split}", total=len(files), unit="files") as task:
            for place, path in enumerate(files):
                text = _text(path, settings.encoding, skipped)
                if text is not None:
                    found.append(text)
                    places.append(place)
                task.advance(1)
        texts[split] = np.array(found, object)
        readable[split] = np.array(places, np.int64)
    return _Texts(texts, readable, TextInput())


def _text(path: Path, encoding: str, skipped: Skipped) -> str | None:
    try:
        return path.read_bytes().decode(encoding).strip()
    except LookupError:
        raise DataError(f"There is no encoding named {encoding!r}.", hint="utf-8 is one.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        wrong = f"byte 0x{error.object[error.start]:02x}"
        skipped.note(
            f"{path}, line {line}: {wrong} is not {encoding.removesuffix('-sig')} (an old file may "
            "need --set dataset.encoding=cp1252)"
        )
    except OSError as error:
        skipped.note(f"{path}: {error.strerror}")
    return None


def _line_files(settings: FolderDataset) -> _Files:
    """Text files that are a class each."""
    import numpy as np

    paths = like(settings.path)
    if len(paths) < 2:
        raise DataError(
            f"{settings.path} is one file; of text files each is a class, so there must be two."
        )
    stems = {path.stem for path in paths}
    names = [path.stem if len(stems) == len(paths) else path.name for path in paths]
    if len(stems) == 1:
        names = [path.suffix.removeprefix(".") for path in paths]
    return _Files({"train": paths}, {"train": np.arange(len(paths))}, tuple(names), "text")


def _decode_lines(
    settings: FolderDataset, files: _Files, given: Preprocessing | None, reporter: Reporter
) -> DecodedDataset:
    import numpy as np

    skipped = Skipped(settings.on_error)
    settings.check_kind(settings.label, "text")
    texts: list[str] = []
    labels: list[int] = []
    for label, path in enumerate(files.paths["train"]):
        text = _text(path, settings.encoding, skipped)
        lines = [line.strip() for line in (text or "").splitlines()]
        kept = [line for line in lines if line]
        texts += kept
        labels += [label] * len(kept)
    skipped.report(reporter)
    opened = _Texts(
        {"train": np.array(texts, object)}, {"train": np.arange(len(texts))}, TextInput()
    )
    targets = np.array(labels, np.int64)
    return DecodedDataset(
        name=settings.label,
        inputs=TextInput(),
        target=ClassTarget(names=files.classes),
        splits={"train": DecodedSplit(len(texts), opened.batches("train", targets), targets)},
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
