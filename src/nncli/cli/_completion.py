"""What the shell offers behind an option, found without importing anything heavy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from nncli.data.catalogue import dataset_names
from nncli.models import ModelSettings
from nncli.optimizers import OptimizerSettings

__all__ = [
    "datasets",
    "experiments",
    "experiments_and_runs",
    "model_types",
    "models",
    "optimizers",
    "runs",
]


def datasets(incomplete: str) -> list[str]:
    """Names of datasets."""
    return _beginning(incomplete, dataset_names())


def model_types(incomplete: str) -> list[str]:
    """Types of models."""
    return _beginning(incomplete, _types(ModelSettings))


def optimizers(incomplete: str) -> list[str]:
    """Types of optimizers."""
    return _beginning(incomplete, _types(OptimizerSettings))


def experiments(incomplete: str) -> list[str]:
    """YAML files, and folders on the way to them."""
    return _paths(incomplete, (".yaml", ".yml"))


def models(incomplete: str) -> list[str]:
    """Models of runs in `runs/`, other .keras files, and folders on the way to them."""
    of_runs = [str(path) for path in sorted(Path("runs").glob("*/model.keras"))]
    return list(dict.fromkeys(_beginning(incomplete, of_runs) + _paths(incomplete, (".keras",))))


def experiments_and_runs(incomplete: str) -> list[str]:
    """Run folders in `runs/`, YAML files, and folders on the way to them."""
    return list(dict.fromkeys(_beginning(incomplete, _runs()) + experiments(incomplete)))


def runs(incomplete: str) -> list[str]:
    """Run folders in `runs/`, and `latest`."""
    return _beginning(incomplete, ["latest", *_runs()])


def _runs() -> list[str]:
    return [str(path.parent) for path in sorted(Path("runs").glob("*/config.yaml"))]


def _types(union: Any) -> list[str]:
    """The values of `type` in a union of settings."""
    members = get_args(get_args(union)[0])
    return [str(member.model_fields["type"].default) for member in members]


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _paths(incomplete: str, suffixes: tuple[str, ...]) -> list[str]:
    folder, _, name = incomplete.rpartition("/")
    place = Path(folder or ("/" if incomplete.startswith("/") else "."))
    prefix = incomplete[: len(incomplete) - len(name)]
    found = []
    for path in sorted(place.iterdir()) if place.is_dir() else []:
        if path.name.startswith(name) and (name.startswith(".") or path.name[0] != "."):
            if path.is_dir():
                found.append(f"{prefix}{path.name}/")
            elif path.suffix in suffixes:
                found.append(f"{prefix}{path.name}")
    return found
