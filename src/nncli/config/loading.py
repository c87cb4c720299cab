"""From files, environment and flags to an `Experiment`, and back to a file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nncli.config import yaml
from nncli.config.experiment import Experiment
from nncli.config.explaining import explain, located
from nncli.config.layers import (
    DEFAULT_TYPES,
    Discarded,
    Layer,
    Merged,
    at_home,
    expanded,
    merge_layers,
    with_absolute_paths,
)
from nncli.config.origins import Origin, Origins
from nncli.config.yaml import KeyPath
from nncli.errors import ExperimentError, NotFoundError

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
            if not isinstance(current, dict) or part not in current:
                return "default"
            current = current[part]
        found = Origins(self.merged.origins).find(key)
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
    for file in files:
        reader.read(file)
    everything = [*reader.layers, *layers]
    unreadable = [problem for layer in layers for problem in layer.problems]
    problems = [*reader.problems, *unreadable, *_overridden_mistakes(everything)]
    merged = merge_layers(everything)
    try:
        experiment = Experiment.model_validate(merged.values)
    except ValidationError as error:
        found = explain(error, merged.values, Origins(merged.origins))
        raise ExperimentError(list(dict.fromkeys([*problems, *found]))) from error
    if problems:
        raise ExperimentError(problems)
    return Resolved(experiment, merged)


def _overridden_mistakes(layers: Sequence[Layer]) -> list[str]:
    """Mistakes that a later layer hides.

    A file may leave to a later one what completes it, such as the type of the model: what could
    still become right is no mistake.
    """
    problems: dict[str, None] = {}
    for count in range(1, len(layers)):
        if not layers[count - 1].values:
            continue
        merged = merge_layers(layers[:count])
        typed = {
            group for layer in layers[:count] for group in DEFAULT_TYPES
            if "type" in _mapping(expanded(layer.values).get(group))
        }  # fmt: skip
        try:
            Experiment.model_validate(merged.values)
        except ValidationError as error:
            final = set(DEFAULT_TYPES) - typed
            found = explain(error, merged.values, Origins(merged.origins), unfinished=final)
            problems |= dict.fromkeys(found)
    return list(problems)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def plain_values(experiment: Experiment) -> dict[str, Any]:
    """Every value of `experiment` as YAML and JSON know them; what a group is comes first."""
    values = experiment.model_dump(mode="json")
    for key in DEFAULT_TYPES:
        values[key] = {"type": values[key].pop("type"), **values[key]}
    return values


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
        self.problems: list[str] = []
        self.files = 0

    def read(self, path: Path, extended_by: tuple[Path, ...] = ()) -> None:
        """Add the layers of `path`: first what it extends, then its own."""
        document = yaml.parse(_content(path))
        self.files += 1
        for problem in document.problems:
            origin = Origin.in_file(path, problem.position, document.lines)
            self.problems.append(located(origin, problem.key, problem.message))
        if document.value is None:
            if not document.problems:
                message = "the file is empty; write {} for nothing but defaults"
                self.problems.append(f"{path}:1:1  {message}")
            return
        if not isinstance(document.value, dict):
            kind = "a list" if isinstance(document.value, list) else "a single value"
            message = f"an experiment is a mapping (key: value); this file is {kind}"
            self.problems.append(f"{path}:1:1  {message}")
            return
        values = dict(document.value)
        origins = Origins.of_file(path, document)
        if "extends" in values:
            self.extend(values.pop("extends"), path, origins.find(("extends",)), extended_by)
        self.layers.append(Layer(with_absolute_paths(values, path.parent), origins))

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
                self.problems.append(located(origin, ("extends",), str(error).replace("\n", " ")))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(yaml.MAXIMUM_BYTES + 1)  # a pipe or a device may have no end
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path}.", hint=_nearby(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NotFoundError(f"Cannot read {path}: {reason}.") from error


def _nearby(path: Path) -> str | None:
    folder = path.parent if path.parent.is_dir() else Path()
    names = [str(file) for file in folder.glob("*.y*ml")]
    close = difflib.get_close_matches(str(path), names, n=1)
    return f"Did you mean {close[0]}?" if close else None
