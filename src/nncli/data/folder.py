"""Folders of your own: a sub-folder a class, with images, sound or texts in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from nncli.data import images, sounds, texts
from nncli.data.class_folders import (
    LAYOUT,
    ClassFolders,
    FileKind,
    check_place,
    class_folders,
    endings,
    folders_in,
    kinds_said,
)
from nncli.data.dataset import DecodedDataset, DecodedSplit, Source
from nncli.data.files import DataPath, is_pattern, label_of, like, stamp
from nncli.data.inputs import InputSettings
from nncli.data.skipping import OnError, Skipped
from nncli.data.splits import HeldOutShares
from nncli.descriptions import ClassTarget, TextInput
from nncli.errors import DataError
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter, SilentReporter, counted, listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FolderDataset", "check", "source"]


class FolderDataset(InputSettings, HeldOutShares):
    """A folder of class sub-folders with images, sound or .txt files in them."""

    type: Literal["folder"] = Field(default="folder", description="A folder of files.")
    path: DataPath = Field(
        strict=False,
        description=(
            "The folder, with a sub-folder a class; train, validation and test may lie above "
            "the classes. Of text files named directly (texts/*.txt) each is a class, and each "
            "line an example."
        ),
    )
    kind: FileKind | None = Field(
        default=None,
        description=(
            "Which files are meant: image, sound or text, by their endings; default: the only kind "
            "there is."
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
    kind: FileKind


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
    read_files = _decode_lines if lines else _decode
    read = partial(read_files, settings, found)
    return Source(key, read, partial(read, None))


def check(settings: FolderDataset) -> None:
    """Refuse what is no folder of classes, as far as that is seen without listing it.

    Raises:
        NotFoundError: there is no such folder, or no file like a pattern.
        DataError: it has no classes.
    """
    folder = settings.path
    if is_pattern(folder):
        like(folder)
        return
    check_place(folder)
    if len(folders_in(folder)) < 2:
        _listed(settings, SilentReporter())


def _listed(settings: FolderDataset, reporter: Reporter) -> _Files:
    import numpy as np

    found = class_folders(settings.path, settings.kind)
    _say_left_out(settings.path, found, reporter)
    if settings.kind is None and len(found.kinds) > 1:
        raise DataError(
            f"{settings.path} has files of several kinds: {kinds_said(found.kinds)}.",
            hint=f"nncli learns from one of them: --set dataset.kind={found.kind}",
        )
    names = found.names
    if len(names) < 2:
        raise DataError(
            f"{found.place} has {counted(len(names), 'class').replace('classs', 'classes')} "
            f"with files{': ' + names[0] if names else ''}; there is nothing to tell apart.",
            hint=LAYOUT,
        )
    class_of = {name: number for number, name in enumerate(names)}
    paths: dict[str, list[Path]] = {}
    labels: dict[str, NDArray[Any]] = {}
    for split, classes in found.files.items():
        lost = sorted(name for name in classes if name not in class_of)
        if lost:
            raise DataError(
                f"Classes that {split} has and train lacks: {listed(lost)}.",
                hint="A class that was never seen cannot be learned. Move or remove them.",
            )
        ordered = sorted(classes, key=lambda name: class_of[name])
        paths[split] = [path for name in ordered for path in classes[name]]
        labels[split] = np.array([class_of[n] for n in ordered for _ in classes[n]], np.int64)
    return _Files(paths, labels, names, found.kind)


def _say_left_out(folder: Path, found: ClassFolders, reporter: Reporter) -> None:
    reasons = {
        f"they lie beside {found.place.name}": listed([place.name for place in found.beside]),
        "it leads upwards" if len(found.upwards) == 1 else "they lead upwards": listed(
            [link.relative_to(folder).as_posix() for link in found.upwards]
        ),
        f"they are no {found.kind} files": endings(found.others),
    }
    for reason, names in reasons.items():
        if names:
            reporter.warning(f"Left out of {folder.name}, for {reason}: {names}")
    if found.empty:
        reporter.warning(f"Classes without a file, left out: {listed(found.empty)}")


def _decode(
    settings: FolderDataset, files: _Files, given: Preprocessing | None, reporter: Reporter
) -> DecodedDataset:
    skipped = Skipped(settings.on_error)
    settings.check_kind(settings.label, files.kind)
    opened: Any
    match files.kind:
        case "image":
            label = settings.label
            opened = images.opened(settings, label, files.paths, given, skipped, reporter)
        case "sound":
            opened = sounds.opened(settings, files.paths, given, skipped, reporter)
        case _:
            opened = texts.opened(settings.encoding, files.paths, skipped, reporter)
    skipped.report(reporter)
    if settings.on_error == "skip":
        kept = files.labels["train"][opened.readable["train"]]
        _check_classes(settings, files.classes, kept, reporter)
    target = ClassTarget(names=files.classes)
    splits = {}
    for split, readable in opened.readable.items():
        labels = files.labels[split][readable]
        pick = partial(opened.pick, split) if files.kind == "image" else None
        splits[split] = DecodedSplit(
            len(labels),
            opened.batches(split, labels),
            labels,
            pick=pick,
            original=partial(opened.original, split),
            names=partial(_names, settings.path, files.paths[split], readable),
        )
    return DecodedDataset(
        name=settings.label,
        inputs=opened.inputs,
        target=target,
        splits=splits,
        preprocessing=opened.preprocessing,
        found={"kind": files.kind, **opened.found},
        left_out=skipped.left_out,
    )


def _names(
    folder: Path, paths: Sequence[Path], readable: NDArray[Any], places: Sequence[int]
) -> list[str]:
    """The files of some examples, as they are called from the folder on."""
    return [paths[readable[place]].relative_to(folder).as_posix() for place in places]


def _line_files(settings: FolderDataset) -> _Files:
    """Text files that are a class each."""
    import numpy as np

    if settings.kind not in (None, "text"):
        raise DataError(
            f"dataset.kind: {settings.path} are files with an example a line, which are text.",
            hint="Leave dataset.kind out.",
        )
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
    skipped = Skipped(settings.on_error)
    settings.check_kind(settings.label, "text")
    lines = texts.lines_of(files.paths["train"], settings.encoding, skipped, reporter)
    skipped.report(reporter)
    _check_classes(settings, files.classes, lines.labels, reporter)
    return DecodedDataset(
        name=settings.label,
        inputs=TextInput(),
        target=ClassTarget(names=files.classes),
        found={"kind": files.kind},
        splits={
            "train": DecodedSplit(
                len(lines.labels),
                lines.batches,
                lines.labels,
                original=lines.original,
                names=lines.names,
            )
        },
        left_out=skipped.left_out,
    )


def _check_classes(
    settings: FolderDataset, classes: Sequence[str], labels: NDArray[Any], reporter: Reporter
) -> None:
    """Say which classes lost all their examples to what could not be read.

    Raises:
        DataError: fewer than two are left.
    """
    import numpy as np

    counts = np.bincount(labels, minlength=len(classes))
    lost = [name for name, count in zip(classes, counts, strict=True) if not count]
    if len(classes) - len(lost) < 2:
        raise DataError(
            f"{settings.path}: nothing of {listed(lost)} can be read; there is nothing to tell "
            "apart.",
            hint="What was left out is listed above.",
        )
    if lost:
        reporter.warning(f"Classes of which nothing can be read: {listed(lost)}")
