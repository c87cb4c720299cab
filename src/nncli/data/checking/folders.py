"""Examining a folder: every file is opened, and what cannot be read is told with all the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nncli.backend import usable_cores
from nncli.data.checking.examples import Collected, Examined, digest
from nncli.data.checking.files import Contents, image_file, sound_file, text_file
from nncli.data.checking.finding import Finding, some
from nncli.data.class_folders import (
    ClassFolders,
    class_folders,
    endings,
    in_order,
    kinds_said,
    of_unknown_kind,
)
from nncli.data.files import is_pattern, like, no_file
from nncli.data.folder import FolderDataset
from nncli.data.image_sizes import DEFAULT_IMAGE_SIZE, DONE, SIZE_OPTION, is_kept
from nncli.descriptions import ClassTarget
from nncli.errors import DataError
from nncli.reporting import Reporter, counted

__all__ = ["examine"]

BATCH = 1024
ORDER = ("train", "validation", "test")


def examine(settings: FolderDataset, reporter: Reporter) -> Examined:
    """Open every file of a folder.

    Raises:
        NotFoundError: there is none.
    """
    if is_pattern(settings.path):
        return _lines(settings)
    try:
        found = class_folders(settings.path, settings.kind)
    except DataError as error:
        return Examined(None, [Finding("fail", "files", error.message, error.hint or "")])
    findings = [*_left_out(settings, found)]
    files = {split: found.files[split] for split in ORDER if split in found.files}
    # Those that train lacks included: what is wrong with them is told with all the rest.
    names = in_order({name for classes in files.values() for name in classes})
    contents: Callable[[Path], Contents] = {
        "image": image_file, "sound": sound_file,
        "text": lambda path: text_file(path, settings.encoding),
    }[found.kind]  # fmt: skip

    def opening(path: Path) -> Contents:
        reason = no_file(path)  # a pipe would wait for ever; what is empty says so itself
        return Contents(problem=reason) if reason and "0 bytes" not in reason else contents(path)

    collected = Collected(found.kind, tuple(files))
    readable: list[Path] = []
    seen = _Seen()
    places = {name: place for place, name in enumerate(names)}
    for split, classes in files.items():
        paths = [path for inside in classes.values() for path in inside]
        labels = [places[name] for name, inside in classes.items() for _ in inside]
        with (
            reporter.task(f"Opening {split}", total=len(paths), unit="files") as task,
            ThreadPoolExecutor(usable_cores()) as pool,
        ):
            for start in range(0, len(paths), BATCH):
                part = paths[start : start + BATCH]
                opened = list(pool.map(opening, part))
                seen.add(part, opened)
                good = [number for number, contents in enumerate(opened) if not contents.problem]
                readable += [part[number] for number in good]
                _collect(collected, split, [opened[n] for n in good],
                         [labels[start + n] for n in good])  # fmt: skip
                task.advance(len(part))
    findings += seen.findings(found.kind, settings)
    target = ClassTarget(names=names if len(names) > 1 else (*names, "(no other)"))
    examples = collected.examples(target, lambda number: _shown(readable[number]))
    return Examined(examples, findings)


def _left_out(settings: FolderDataset, found: ClassFolders) -> Iterator[Finding]:
    """What lies in the folder and is not examined further."""
    several = settings.kind is None and len(found.kinds) > 1
    unknown = of_unknown_kind(found.others)
    if several:
        unmeant = set(found.others) - set(unknown)
        yield Finding(
            "fail", "files", f"there are files of several kinds: {kinds_said(found.kinds)}",
            f"Training takes one kind:\n--set dataset.kind={found.kind}",
            [_shown(path) for path in found.others if path in unmeant],
        )  # fmt: skip
    strangers = unknown if several else found.others
    if strangers:
        other = "another" if settings.kind else "unknown"
        yield Finding(
            "warn", "files",
            f"{counted(len(strangers), 'file')} of {other} kind: {endings(strangers)}",
            "They are left out.", [_shown(path) for path in strangers],
        )  # fmt: skip
    if found.upwards:
        links = [_shown(path) for path in found.upwards]
        verb = "leads" if len(links) == 1 else "lead"
        yield Finding(
            "warn", "files", f"{counted(len(links), 'link')} {verb} upwards: {some(links)}",
            "Passed over: such a class would have the files of all.", links,
        )  # fmt: skip
    if found.beside:
        beside = [place.name for place in found.beside]
        yield Finding(
            "warn", "files", f"beside {found.place.name}, and in no split: {some(beside)}",
            "They are left out.", beside,
        )  # fmt: skip
    if found.empty:
        yield Finding("warn", "classes", f"without a file in train: {some(found.empty)}",
                      "Such a folder is no class.", found.empty)  # fmt: skip


def _collect(
    collected: Collected, split: str, opened: list[Contents], labels: list[int]
) -> None:  # fmt: skip
    import numpy as np

    small = [contents.thumbnail for contents in opened if contents.thumbnail is not None]
    collected.add(
        split,
        np.array([contents.digest for contents in opened], np.uint64),
        np.array(labels, np.int64),
        np.stack(small) if small else None,
    )


class _Seen:
    """What all files are like: their sizes, rates and lengths, and what is wrong with some."""

    def __init__(self) -> None:
        self.unreadable: list[str] = []
        self.forms: Counter[str] = Counter()
        self.colours: Counter[str] = Counter()
        self.one_of: dict[str, Path] = {}
        self.bare: list[str] = []
        self.files = 0

    def add(self, paths: list[Path], opened: list[Contents]) -> None:
        """Count a batch of files."""
        for path, contents in zip(paths, opened, strict=True):
            self.files += 1
            if contents.problem:
                self.unreadable.append(f"{_shown(path)}: {contents.problem}")
                continue
            self.forms[contents.form] += 1
            self.colours[contents.colour] += 1
            for what in (contents.form, contents.colour):
                self.one_of.setdefault(what, path)
            if contents.is_bare:
                self.bare.append(_shown(path))

    def findings(self, kind: str, settings: FolderDataset) -> Iterator[Finding]:
        """What there is to say about them."""
        noun = {"image": "image", "sound": "recording", "text": "text"}[kind]
        if self.unreadable:
            lost = len(self.unreadable)
            yield Finding(
                "fail", "files", f"{lost:,} of {counted(self.files, 'file')} cannot be read",
                "Replace them, or leave out what cannot be read:\n--set dataset.on_error=skip",
                self.unreadable,
            )  # fmt: skip
        else:
            yield Finding("good", "files", f"all {counted(self.files, noun)} can be read")
        if self.bare:
            what = {"image": "of one colour alone", "sound": "of silence", "text": "without a word"}
            yield Finding(
                "warn", "contents", f"{counted(len(self.bare), noun)} {what[kind]}",
                "Nothing can be learned from them; remove them.", self.bare,
            )  # fmt: skip
        if kind != "text":
            yield from self._differences(kind, settings)

    def _differences(self, kind: str, settings: FolderDataset) -> Iterator[Finding]:
        forms = self._each(self.forms)
        if kind == "sound" and len(self.forms) > 1:
            yield Finding(
                "warn", "sample rates", f"they differ: {some(forms)}",
                "All are brought to the commonest, which costs what higher ones have more; record "
                "them alike.", self._one_of_each(self.forms),
            )  # fmt: skip
        elif kind == "image" and settings.image_size is None and not self._keep_their_size():
            alone = len(self.forms) == 1
            have = f"all are {self._only}" if alone else f"images have {len(self.forms):,} sizes"
            sides = " x ".join(map(str, DEFAULT_IMAGE_SIZE))
            yield Finding(
                "warn", "sizes", have if alone else f"{have}: {some(forms)}",
                f"All are {DONE[settings.resize]} to {sides} pixels. Say what suits them:\n"
                f"{SIZE_OPTION}",
                [] if alone else self._one_of_each(self.forms),
            )  # fmt: skip
        elif self.forms:
            yield Finding("good", "sizes" if kind == "image" else "sample rates",
                          f"all are {self._only}" if len(self.forms) == 1
                          else f"they differ and are brought to one: {some(forms)}")  # fmt: skip
        if len(self.colours) > 1:
            what = "colours" if kind == "image" else "channels"
            hint = ("Grey ones are made coloured, and the network can tell them by that."
                    if kind == "image" else "All are mixed to one channel.")  # fmt: skip
            yield Finding("warn", what, f"they differ: {some(self._each(self.colours))}", hint,
                          self._one_of_each(self.colours))  # fmt: skip

    @property
    def _only(self) -> str:
        return next(iter(self.forms))

    def _keep_their_size(self) -> bool:
        """Whether nothing is done to the size of images; so it is where none can be read."""
        sides = [tuple(map(int, form.split(" x "))) for form in self.forms]
        return not sides or (len(sides) == 1 and is_kept(*sides[0]))

    def _each(self, counts: Counter[str]) -> list[str]:
        return [f"{form} ({count:,})" for form, count in counts.most_common()]

    def _one_of_each(self, counts: Counter[str]) -> list[str]:
        rarest = sorted(counts, key=lambda form: counts[form])
        return [f"{_shown(self.one_of[form])}: {form}" for form in rarest]


def _shown(path: Path) -> str:
    """As it can be typed: seen from the current folder, where it lies below that."""
    whole, here = path.absolute(), Path.cwd()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else path)


def _lines(settings: FolderDataset) -> Examined:
    """Text files that are a class each, their lines the examples."""
    import numpy as np

    paths = like(settings.path)
    findings: list[Finding] = []
    if len(paths) < 2:
        findings.append(Finding("fail", "files", f"{settings.path} is one file; of text files "
                                "each is a class, so there must be two"))  # fmt: skip
    names: list[str] = []
    collected = Collected("text", ("train",))
    unreadable, empty, places = [], 0, []
    for path in paths:
        try:
            text = path.read_bytes().decode(settings.encoding)
        except (OSError, UnicodeDecodeError, LookupError) as error:
            unreadable.append(f"{path}: {error}")
            continue
        lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
        kept = [(number, line) for number, line in lines if line]
        empty += len(lines) - len(kept)
        digests = np.array([digest(line.encode()) for _, line in kept], np.uint64)
        collected.add("train", digests, np.full(len(kept), len(names), np.int64))
        names.append(path.name)
        places += [f"{path.name}, line {number}" for number, _ in kept]
    if unreadable:
        findings.append(Finding("fail", "files", f"{counted(len(unreadable), 'file')} cannot be "
                                "read", "Its encoding may be another:\n"
                                "--set dataset.encoding=cp1252", unreadable))  # fmt: skip
    else:
        findings.append(Finding("good", "files", f"all {counted(len(paths), 'file')} can be read"))
    if empty:
        findings.append(Finding("good", "texts", f"{counted(empty, 'empty line')} left out"))
    target = ClassTarget(names=tuple(names)) if len(names) > 1 else None
    return Examined(collected.examples(target, lambda number: places[number]), findings)
