"""How a folder of one's own is laid out: its splits, its classes, and what kind its files are."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nncli.data.table.columns import matched
from nncli.errors import DataError, NotFoundError
from nncli.reporting import counted, listed

__all__ = [
    "ENDINGS",
    "LAYOUT",
    "ClassFolders",
    "FileKind",
    "check_place",
    "class_folders",
    "endings",
    "files_below",
    "folders_in",
    "in_order",
    "kinds_said",
    "of_unknown_kind",
]

FileKind = Literal["image", "sound", "text"]
ByClass = dict[str, list[Path]]
ENDINGS: dict[FileKind, tuple[str, ...]] = {
    "image": (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"),
    "sound": (".wav", ".flac", ".ogg", ".mp3"),
    "text": (".txt",),
}
SPLIT_NAMES = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
HIDDEN = (".", "__")  # what the names of folders begin with that no class is
LAYOUT = "nncli looks for FOLDER/CLASS/FILE or FOLDER/train/CLASS/FILE."


@dataclass(frozen=True)
class ClassFolders:
    """What a folder of one's own was found to hold.

    Attributes:
        place: where the classes of train lie.
        kind: of the files that are meant.
        files: of each split the files of that kind of each class that has any, called as it is in
            train where another split spells it differently.
        kinds: how many files there are of each known kind.
        others: files in classes that are of another kind.
        upwards: links that were passed over.
        beside: folders with files that lie beside the splits.
        empty: folders of train without a file of that kind, by name.
    """

    place: Path
    kind: FileKind
    files: Mapping[str, Mapping[str, Sequence[Path]]]
    kinds: Counter[FileKind]
    others: Sequence[Path]
    upwards: Sequence[Path]
    beside: Sequence[Path]
    empty: Sequence[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, which are those that train has files of."""
        return in_order(self.files["train"])


def class_folders(folder: Path, wanted: FileKind | None) -> ClassFolders:
    """Find out what lies in a folder: its splits, its classes, and which files are meant.

    Of several kinds of files the commonest is taken; whoever cannot do with that looks at `kinds`.

    Args:
        folder: with class folders, or with splits that have them.
        wanted: the kind that is meant where there are several.

    Raises:
        NotFoundError: there is no such folder.
        DataError: it has no classes, or splits without train, or no files of the wanted kind.
    """
    check_place(folder)
    places, splits, upwards = _splits_in(folder)
    everything = [path for found in splits.values() for paths in found.values() for path in paths]
    kinds = Counter(kind for path in everything if (kind := _kind_of(path)))
    if not kinds:
        raise _no_classes(folder, endings(everything))
    commonest = kinds.most_common(1)[0][0]
    if wanted is not None and wanted not in kinds:
        raise DataError(
            f"dataset.kind: {folder} has no files of kind {wanted}, but {kinds_said(kinds)}.",
            hint=f"Leave dataset.kind out, or: --set dataset.kind={commonest}",
        )
    kind = wanted or commonest
    files = {split: _of_kind(kind, found) for split, found in splits.items()}
    train = files["train"]
    beside = [] if places["train"] == folder else folders_in(folder)
    return ClassFolders(
        places["train"],
        kind,
        {split: _spelled_alike(found, train) for split, found in files.items()},
        kinds,
        [path for path in everything if _kind_of(path) != kind],
        sorted(upwards),
        [place for place in beside if place not in places.values() and files_below(place)],
        sorted(name for name in splits["train"] if name not in train),
    )


def check_place(folder: Path) -> None:
    """Refuse what is no folder.

    Raises:
        NotFoundError: there is nothing, or a file.
    """
    if not folder.exists():
        raise NotFoundError(f"There is no folder {folder}.")
    if not folder.is_dir():
        raise NotFoundError(
            f"{folder} is a file that nncli does not know.",
            hint="Tables end in .csv, .tsv, .parquet or .jsonl, arrays in .npz or .npy; images, "
            "sound and texts lie in a folder with a sub-folder for each class.",
        )


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names of classes by name; numbers by their value."""
    numbered = all(name.isdecimal() for name in names)
    return tuple(sorted(names, key=int) if numbered else sorted(names))


def kinds_said(kinds: Counter[FileKind]) -> str:
    """`20 image and 1 text`: how many files there are of each kind."""
    return " and ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())


def of_unknown_kind(paths: Iterable[Path]) -> list[Path]:
    """Files that are neither images nor sound nor text, by their endings."""
    return [path for path in paths if _kind_of(path) is None]


def endings(paths: Iterable[Path]) -> str:
    """The endings of files, the commonest first."""
    counts = Counter(path.suffix.lower() or "no ending" for path in paths)
    return listed([f"{name} ({count:,})" for name, count in counts.most_common()])


def _splits_in(folder: Path) -> tuple[dict[str, Path], dict[str, ByClass], list[Path]]:
    """The folder of each split, the files of each of its classes, and the links that were passed
    over; the whole folder is `train` where none is named so.

    A folder named like a split is one only if it has class folders of its own: `train` may also be
    a class beside `bus`.
    """
    inside = folders_in(folder)
    places: dict[str, Path] = {}
    splits: dict[str, ByClass] = {}
    upwards = _links_in(folder)
    for place in inside:
        split = SPLIT_NAMES.get(place.name.lower())
        if split is None:
            continue
        files, passed = _by_class(place)
        if any(files.values()):
            places[split], splits[split] = place, files
            upwards += passed
    if "train" in splits:
        return places, splits, upwards
    if splits and len(splits) == len(inside):
        only = next(iter(places.values()))
        raise DataError(
            f"{folder} has {' and '.join(splits)}, and no train.",
            hint=f"If {only.name} is all there is, name it itself: {only}",
        )
    files, upwards = _by_class(folder)
    return {"train": folder}, {"train": files}, upwards


def _of_kind(kind: FileKind, classes: ByClass) -> ByClass:
    """The files of one kind of the classes that have any."""
    found = {name: [p for p in paths if _kind_of(p) == kind] for name, paths in classes.items()}
    return {name: paths for name, paths in found.items() if paths}


def _spelled_alike(classes: ByClass, train: ByClass) -> ByClass:
    """The files of a split by the names that train gives to its classes."""
    numbers = {name: number for number, name in enumerate(in_order(train))}
    spelled = matched(numbers, [name for name in classes if name not in train])
    found: ByClass = {}
    for name, paths in classes.items():
        found.setdefault(spelled.get(name, name), []).extend(paths)
    return found


def _no_classes(folder: Path, others: str) -> DataError:
    """The error about a folder without a file in a class folder; `others`: what lies there."""
    loose = Counter(
        kind for path in folder.iterdir() if path.is_file() and (kind := _kind_of(path))
    )
    what = f"; its files end in {others}" if others else ""
    if loose:
        kind, count = loose.most_common(1)[0]
        verb = "lies" if count == 1 else "lie"
        what = f"; {counted(count, f'{kind} file')} {verb} in it directly"
    known = ", ".join(ending for each in ENDINGS.values() for ending in each)
    return DataError(
        f"{folder} has no sub-folders with images, sound or texts{what}.",
        hint=f"{LAYOUT} FILE ends in {known}.",
    )


def folders_in(folder: Path) -> list[Path]:
    """The folders that lie directly in one, without links to that itself or to what it lies in:
    such a class would have the files of all classes."""
    return [path for path in _inside(folder) if not _leads_upwards(path)]


def _links_in(folder: Path) -> list[Path]:
    """The links that lie directly in a folder and lead upwards."""
    return [path for path in _inside(folder) if _leads_upwards(path)]


def _inside(folder: Path) -> list[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}.") from error
    return [path for path in inside if path.is_dir() and not path.name.startswith(HIDDEN)]


def _leads_upwards(path: Path) -> bool:
    """Whether a path is a link to a folder that it lies in itself, however far above."""
    if not path.is_symlink():
        return False
    target = Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent)).is_relative_to(target)


def _by_class(folder: Path) -> tuple[ByClass, list[Path]]:
    """The files below each sub-folder, and the links that were passed over."""
    walked = {place.name: _walked(place) for place in folders_in(folder)}
    upwards = [link for _, links in walked.values() for link in links]
    return {name: files for name, (files, _) in walked.items()}, _links_in(folder) + upwards


def files_below(folder: Path) -> list[Path]:
    """All files below a folder, by name; links are followed, but never in a circle nor upwards,
    where the other classes are."""
    return _walked(folder)[0]


def _walked(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files below a folder, and the links that lead upwards."""
    found: list[Path] = []
    upwards: list[Path] = []
    visited: set[Path] = set()
    # A folder that is itself a link lies below two others.
    holder = Path(os.path.normpath(folder.absolute())).parent
    tops = [Path(os.path.realpath(place)) for place in (folder, holder)]
    for place, inside, names in os.walk(folder, followlinks=True):
        real = Path(os.path.realpath(place))
        above = real != tops[0] and any(top.is_relative_to(real) for top in tops)
        if real in visited or above:
            if above or _leads_upwards(Path(place)):
                upwards.append(Path(place))
            inside.clear()
            continue
        visited.add(real)
        inside[:] = sorted(name for name in inside if not name.startswith(HIDDEN))
        found += [Path(place, name) for name in names if not name.startswith(".")]
    files = sorted(path for path in found if path.name.lower() not in ("thumbs.db", "desktop.ini"))
    return files, upwards


def _kind_of(path: Path) -> FileKind | None:
    """image, sound or text, by the ending of a file; None for what is none of them."""
    ending = path.suffix.lower()
    return next((kind for kind, endings in ENDINGS.items() if ending in endings), None)
