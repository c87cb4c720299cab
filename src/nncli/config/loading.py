"""From files, environment and flags to an `Experiment`, and back to a file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nncli.config import yaml
from nncli.config.experiment import Experiment
from nncli.config.explaining import explain, mistaken_keys
from nncli.config.keys import group_types
from nncli.config.layers import (
    DEFAULT_TYPES,
    Discarded,
    Layer,
    Merged,
    expanded,
    with_absolute_paths,
    with_types,
)
from nncli.config.origins import Origin, Origins, located, shortened
from nncli.config.yaml import KeyPath, Position, spaced
from nncli.errors import ExperimentError, Mistake, NotFoundError, UsageError, together
from nncli.files import at_home

__all__ = ["Resolved", "load_experiment", "plain_values", "resolve", "write_experiment"]

# A file extends a file that extends a file ...: more than this is a mistake, not a plan.
MAXIMUM_FILES = 100


@dataclass(frozen=True)
class Resolved:
    """An experiment, and where its values came from."""

    experiment: Experiment
    merged: Merged

    def origin(self, key: KeyPath) -> str:
        """Where the value of `key` came from: a place in a file, a flag, or `default`."""
        current: Any = self.merged.values
        for part in key:
            if part == "type" and isinstance(current, str):  # a short form
                break
            if not isinstance(current, dict) or part not in current:
                return "default"
            current = current[part]
        origins = Origins(self.merged.origins)
        found = origins.of_type(key[:-1]) if key[-1] == "type" else origins.find(key)
        return found.name if found else "default"

    @property
    def discarded(self) -> Sequence[Discarded]:
        """Values that a changed `type` made meaningless."""
        return self.merged.discarded


def load_experiment(files: Sequence[Path] = (), *layers: Layer) -> Experiment:
    """Merge defaults < `files` (in their order) < `layers` and check the result.

    Raises:
        ExperimentError: there are mistakes; all of them are in it.
        NotFoundError: a file does not exist.
    """
    return resolve(files, *layers).experiment


def resolve(files: Sequence[Path] = (), *layers: Layer) -> Resolved:
    """As `load_experiment`, remembering where every value came from."""
    reader = _Reader()
    missing: list[UsageError] = []
    for file in files:
        try:
            reader.read(file)
        except NotFoundError as error:
            missing.append(error)
    everything = [*reader.layers, *layers]
    resolved, found = _merged_and_checked(everything, complete=not missing and reader.complete)
    unreadable = [mistake for layer in layers for mistake in layer.problems]
    mistakes = list(dict.fromkeys([*reader.problems, *unreadable, *found]))
    if mistakes or missing:
        raise together([*missing, *([ExperimentError(mistakes)] if mistakes else [])])
    assert resolved is not None  # or there would be mistakes
    return resolved


def _merged_and_checked(
    layers: Sequence[Layer], *, complete: bool
) -> tuple[Resolved | None, list[Mistake]]:
    """The layers laid over each other, and the mistakes, those too that a later layer hides.

    A file may leave to a later one what completes it, such as the type of the model: what could
    still become right is no mistake, and neither is it where a file could not be read.
    """
    merged = Merged()
    mistakes: dict[Mistake, None] = {}
    typed: set[str] = set()
    experiment: Experiment | None = Experiment()
    for number, layer in enumerate(layers, start=1):
        merged.lay(layer)
        of_layer = expanded(layer.values)
        typed |= {group for group in DEFAULT_TYPES if "type" in _mapping(of_layer.get(group))}
        values, origins = with_types(merged.values), Origins(merged.origins)
        try:
            experiment = Experiment.model_validate(values)
        except ValidationError as error:
            experiment = None
            last = complete and number == len(layers)
            only = None if last else _certain(error, values, set(DEFAULT_TYPES) - typed)
            mistakes |= dict.fromkeys(explain(error, values, origins, only=only))
    return Resolved(experiment, merged) if experiment else None, list(mistakes)


def _certain(
    error: ValidationError, values: Mapping[str, Any], open_groups: Collection[str]
) -> set[KeyPath]:
    """The keys that are wrong whatever later layers say: in a group of `open_groups`, whose type
    may still be named, those that are wrong for every type."""
    certain = mistaken_keys(error, values)
    for group in open_groups:
        if not isinstance(values.get(group), Mapping):
            continue
        for kind in group_types((group,)):
            trial = {group: {**values[group], "type": kind}}
            try:
                Experiment.model_validate(trial)
                wrong: set[KeyPath] = set()
            except ValidationError as other:
                wrong = mistaken_keys(other, trial, unknown=False)
            certain = {key for key in certain if key[:1] != (group,) or key in wrong}
    return certain


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def plain_values(experiment: Experiment) -> dict[str, Any]:
    """Every value of `experiment` as YAML and JSON know them; what a group is comes first."""
    values = experiment.model_dump(mode="json")
    for key in DEFAULT_TYPES:
        values[key] = {"type": values[key].pop("type"), **values[key]}
    return values


def experiment_text(experiment: Experiment) -> str:
    """`experiment` with every value, as YAML that reads back as an equal experiment."""
    return yaml.dump(plain_values(experiment))


def write_experiment(experiment: Experiment, path: Path, *, header: str) -> None:
    """Write `experiment` with every value, as YAML that reads back as an equal experiment.

    Raises:
        StorageError: the file cannot be written.
    """
    yaml.write(plain_values(experiment), path, header=header)


class _Reader:
    """Reads files and what they extend into layers, and collects the mistakes of all of them."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.problems: list[Mistake] = []
        self.files = 0
        self.complete = True  # no file lacks that should lie below the others

    def read(self, path: Path, extended_by: tuple[Path, ...] = ()) -> None:
        """Add the layers of `path`: first what it extends, then its own. Of a run folder it is its
        config.yaml."""
        if _is_folder(path):
            path = _of_run(path)
        document = yaml.parse(_content(path))
        self.files += 1
        for problem in document.problems:
            origin = Origin.in_file(path, problem.position, document.lines)
            self.problems.append(located(origin, problem.key, problem.message))
        if not isinstance(document.value, dict):
            self.complete = False
        if document.value is None:
            if not document.problems:
                self.whole(path, "the file is empty; write {} for nothing but defaults")
            return
        if not isinstance(document.value, dict):
            kind = "a list" if isinstance(document.value, list) else "a single value"
            meant = spaced(str(document.value))
            space = f"; a space is missing: {meant}" if meant else ""
            self.whole(path, f"an experiment is a mapping (key: value); this file is {kind}{space}")
            return
        values = dict(document.value)
        origins = Origins.of_file(path, document)
        if "extends" in values:
            self.extend(values.pop("extends"), path, origins.find(("extends",)), extended_by)
        self.layers.append(Layer(with_absolute_paths(values, path.parent), origins))

    def whole(self, path: Path, message: str) -> None:
        """Note a mistake about a file as a whole."""
        self.problems.append(located(Origin.in_file(path, Position(1, 1), []), (), message))

    def extend(
        self, named: Any, path: Path, origin: Origin | None, extended_by: tuple[Path, ...]
    ) -> None:
        """Read the file that `path` names as its base."""
        chain = (*extended_by, path)
        if not isinstance(named, str):
            self.problems.append(located(origin, ("extends",), "must be the path of a file"))
            return
        base = path.parent / at_home(named)
        if base.resolve() in [file.resolve() for file in chain]:
            circle = " extends ".join(str(file) for file in (*chain, base))
            self.problems.append(located(origin, ("extends",), f"a circle: {circle}"))
        elif self.files >= MAXIMUM_FILES:
            message = f"more than {MAXIMUM_FILES} files extend each other"
            self.problems.append(located(origin, ("extends",), message))
        else:
            try:
                self.read(base, chain)
            except NotFoundError as error:
                self.complete = False
                self.problems.append(located(origin, ("extends",), str(error).replace("\n", " ")))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long
        return False


def _of_run(folder: Path) -> Path:
    """The experiment of a run folder."""
    if not (folder / "config.yaml").is_file():
        raise NotFoundError(
            f"{folder} is a folder without config.yaml.", hint="Name a YAML file or a run folder."
        )
    return folder / "config.yaml"


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(yaml.MAXIMUM_BYTES + 1)  # a pipe or a device may have no end
    except FileNotFoundError:
        message = f"There is no file {shortened(str(path), 200)}."
        raise NotFoundError(message, hint=_nearby(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NotFoundError(f"Cannot read {shortened(str(path), 200)}: {reason}.") from error


def _nearby(path: Path) -> str | None:
    if re.match(r"[a-z]+:/", str(path)):
        return "nncli reads files, not URLs: download it first."
    folder = path.parent if path.parent.is_dir() else Path()
    files = {file.stem: file for file in sorted(folder.glob("*.y*ml"))}
    close = difflib.get_close_matches(path.stem, files, n=1, cutoff=0.7)
    return f"Did you mean {files[close[0]]}?" if close else None
