"""From files and flags to an `Experiment`: layers, merged in order, each value with its origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nncli import data, models, optimizers
from nncli.config import yaml
from nncli.config.experiment import Experiment
from nncli.config.explaining import Origins, explain, locate
from nncli.errors import ExperimentError, NotFoundError

__all__ = ["Layer", "load_experiment", "write_experiment"]

EXPANSIONS = {"dataset": data.expand, "model": models.expand, "optimizer": optimizers.expand}
DEFAULT_TYPES = {"dataset": "tfds", "model": "mlp", "optimizer": "adam"}
PATH_KEYS = (("dataset", "data_dir"),)


@dataclass(frozen=True)
class Layer:
    """One source of values: a file, or the flags of a command line.

    `origins` says for a key path where its value stands, in the words of an error message
    (`configs/mnist.yaml:7:3`, `--epochs`); `lines` is the text of a file, to be quoted.
    """

    values: Mapping[str, Any]
    origins: Origins = field(default_factory=Origins)


def load_experiment(files: Sequence[Path] = (), flags: Layer | None = None) -> Experiment:
    """Merge defaults < `files` (in their order) < `flags` and check the result.

    Raises:
        ExperimentError: there are mistakes; all of them are in it.
        NotFoundError: a file does not exist.
    """
    layers = [read_file(file) for file in files]
    if flags is not None:
        layers.append(flags)
    values: dict[str, Any] = {}
    origins = Origins()
    for layer in layers:
        values = merge(values, _expanded(layer.values))
        origins = origins.followed_by(layer.origins)
    for key, default in DEFAULT_TYPES.items():
        if isinstance(values.get(key), dict):
            values[key] = {"type": default, **values[key]}
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        raise ExperimentError(explain(error, values, origins)) from error


def read_file(path: Path) -> Layer:
    """Read one YAML file as a layer; its relative paths are relative to it.

    Raises:
        NotFoundError: there is no such file.
        ExperimentError: it is no YAML, or no mapping; all mistakes of the text are in it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path}.", hint=_nearby(path)) from None
    except OSError as error:
        raise NotFoundError(f"Cannot read {path}: {error.strerror}.") from error
    document = yaml.parse(content)
    problems = [
        locate(f"{path}:{p.position.line}:{p.position.column}", p.key, p.message,
               document.lines, p.position)
        for p in document.problems
    ]  # fmt: skip
    if not problems and document.value is not None and not isinstance(document.value, dict):
        kind = "a list" if isinstance(document.value, list) else "a single value"
        problems.append(f"{path}:1:1  an experiment is a mapping (key: value); this file is {kind}")
    if problems:
        raise ExperimentError(problems)
    values = document.value or {}
    for group, key in PATH_KEYS:
        mapping = values.get(group)
        if isinstance(mapping, dict) and isinstance(mapping.get(key), str):
            mapping[key] = str((path.parent / Path(mapping[key]).expanduser()).absolute())
    return Layer(values, Origins.of_file(path, document))


def merge(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `later` over `earlier`: mappings are merged, everything else is replaced.

    A mapping whose `type` changes replaces the earlier one: its other keys meant something else.
    """
    merged = dict(earlier)
    for key, value in later.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            changed = "type" in value and value["type"] != before.get("type", value["type"])
            merged[key] = dict(value) if changed else merge(before, value)
        else:
            merged[key] = value
    return merged


def write_experiment(experiment: Experiment, path: Path, *, header: str) -> None:
    """Write `experiment` with every value, as YAML that reads back as an equal experiment.

    Raises:
        StorageError: the file cannot be written.
    """
    values = experiment.model_dump(mode="json")
    for key in DEFAULT_TYPES:  # what a group is comes before what is set in it
        values[key] = {"type": values[key].pop("type"), **values[key]}
    yaml.write(values, path, header=header)


def _expanded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Short forms in full, so that a later layer can add a key to them."""
    return {
        key: EXPANSIONS[key](value) if key in EXPANSIONS else value
        for key, value in values.items()
        if value is not None or key == "name"
    }


def _nearby(path: Path) -> str | None:
    import difflib

    folder = path.parent if path.parent.is_dir() else Path()
    names = [str(file) for file in folder.glob("*.y*ml")]
    close = difflib.get_close_matches(str(path), names, n=1)
    return f"Did you mean {close[0]}?" if close else None
