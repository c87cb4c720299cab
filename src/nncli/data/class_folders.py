"""How a folder of one's own is laid out: its splits, its classes, and what kind its files are."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from nncli.errors import DataError
from nncli.reporting import Reporter, counted, listed

__all__ = [
    "ENDINGS",
    "LAYOUT",
    "SPLIT_NAMES",
    "FileKind",
    "by_class",
    "files_below",
    "folders_in",
    "kind_of",
    "kind_of_all",
    "leads_upwards",
    "links_upwards",
    "no_classes",
    "none_of_kind",
    "other_endings",
    "splits_in",
]

FileKind = Literal["image", "sound", "text"]
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
SHOWN = 8
LAYOUT = "nncli looks for FOLDER/CLASS/FILE or FOLDER/train/CLASS/FILE."


def splits_in(folder: Path, reporter: Reporter) -> dict[str, Path]:
    """The folder of each split; the whole folder is `train` where none is named so.

    A folder named like a split is one only if it has class folders of its own: `train` may also be
    a class beside `bus`.
    """
    inside = folders_in(folder)
    splits = {
        SPLIT_NAMES[place.name.lower()]: place
        for place in inside
        if place.name.lower() in SPLIT_NAMES and any(by_class(place).values())
    }
    if "train" in splits:
        others = [f.name for f in inside if f not in splits.values() and files_below(f)]
        if others:
            reporter.warning(
                f"Left out of {folder.name}, for they lie beside {splits['train'].name}: "
                f"{listed(others)}"
            )
        return splits
    if splits and len(splits) == len(inside):
        only = next(iter(splits.values()))
        raise DataError(
            f"{folder} has {' and '.join(splits)}, and no train.",
            hint=f"If {only.name} is all there is, name it itself: {only}",
        )
    return {"train": folder}


def kind_of_all(
    folder: Path,
    files: Mapping[str, Mapping[str, Sequence[Path]]],
    wanted: FileKind | None,
    reporter: Reporter,
) -> FileKind:
    """Whether images, sound or texts lie in the folder; says what else does.

    Args:
        folder: what it is called.
        files: of each split and each class.
        wanted: the kind that is meant where there are several.
        reporter: told what is left out.

    Raises:
        DataError: there are several kinds, or none, or not the one that is wanted.
    """
    paths = [path for classes in files.values() for inside in classes.values() for path in inside]
    kinds = Counter(kind for path in paths if (kind := kind_of(path)))
    if not kinds:
        raise no_classes(folder, other_endings(paths))
    kind, _ = kinds.most_common(1)[0]
    if wanted is not None and wanted not in kinds:
        raise none_of_kind(folder, wanted, kinds)
    if wanted is None and len(kinds) > 1:
        raise DataError(
            f"{folder} has files of several kinds: {_counts(kinds)}.",
            hint=f"nncli learns from one of them: --set dataset.kind={kind}",
        )
    kind = wanted or kind
    said = other_endings(paths, kind)
    if said:
        reporter.warning(f"Left out of {folder.name}, for they are no {kind} files: {said}")
    return kind


def none_of_kind(folder: Path, wanted: FileKind, kinds: Counter[FileKind]) -> DataError:
    """The error about a folder without a file of the kind that is wanted."""
    return DataError(
        f"dataset.kind: {folder} has no files of kind {wanted}, but {_counts(kinds)}.",
        hint=f"Leave dataset.kind out, or: --set dataset.kind={kinds.most_common(1)[0][0]}",
    )


def _counts(kinds: Counter[FileKind]) -> str:
    return " and ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())


def no_classes(folder: Path, others: str) -> DataError:
    """The error about a folder without a file in a class folder; `others`: what lies there."""
    loose = Counter(kind for path in folder.iterdir() if path.is_file() and (kind := kind_of(path)))
    what = f"; its files end in {others}" if others else ""
    if loose:
        kind, count = loose.most_common(1)[0]
        verb = "lies" if count == 1 else "lie"
        what = f"; {counted(count, f'{kind} file')} {verb} in it directly"
    endings = ", ".join(ending for endings in ENDINGS.values() for ending in endings)
    return DataError(
        f"{folder} has no sub-folders with images, sound or texts{what}.",
        hint=f"{LAYOUT} FILE ends in {endings}.",
    )


def other_endings(paths: Iterable[Path], kind: FileKind | None = None) -> str:
    """The endings of files that are not of this kind, the commonest first."""
    strangers = [path for path in paths if kind_of(path) is None or kind_of(path) != kind]
    others = Counter(path.suffix.lower() or "no ending" for path in strangers)
    return ", ".join(f"{name} ({count:,})" for name, count in others.most_common(SHOWN))


def folders_in(folder: Path) -> list[Path]:
    """The folders that lie directly in one, without links to that itself or to what it lies in:
    such a class would have the files of all classes."""
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}.") from error
    return [
        path
        for path in inside
        if path.is_dir() and not path.name.startswith((".", "__")) and not leads_upwards(path)
    ]


def leads_upwards(path: Path) -> bool:
    """Whether a path is a link to a folder that it lies in itself, however far above."""
    if not path.is_symlink():
        return False
    target = Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent)).is_relative_to(target)


def links_upwards(folder: Path) -> list[Path]:
    """All links below a folder that are passed over, for they lead upwards."""
    inside = (Path(place, name) for place, names, _ in os.walk(folder) for name in names)
    return sorted(path for path in inside if leads_upwards(path))


def by_class(folder: Path) -> dict[str, list[Path]]:
    """The files below each sub-folder."""
    return {place.name: files_below(place) for place in folders_in(folder)}


def files_below(folder: Path) -> list[Path]:
    """All files below a folder, by name; links are followed, but never in a circle nor upwards,
    where the other classes are."""
    found: list[Path] = []
    visited: set[str] = set()
    top = os.path.realpath(folder)
    for place, inside, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        above = real != top and f"{top}{os.sep}".startswith(f"{real}{os.sep}")
        if real in visited or above:
            inside.clear()
            continue
        visited.add(real)
        inside[:] = sorted(name for name in inside if not name.startswith((".", "__")))
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.name.lower() not in ("thumbs.db", "desktop.ini"))


def kind_of(path: Path) -> FileKind | None:
    """image, sound or text, by the ending of a file; None for what is none of them."""
    ending = path.suffix.lower()
    return next((kind for kind, endings in ENDINGS.items() if ending in endings), None)
