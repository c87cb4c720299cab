"""What the shell offers behind an option, found without importing anything heavy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from nncli.catalogue import dataset_names

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
    from nncli.models import ModelSettings

    return _beginning(incomplete, _types(ModelSettings))


def optimizers(incomplete: str) -> list[str]:
    """Types of optimizers."""
    from nncli.optimizers import OptimizerSettings

    return _beginning(incomplete, _types(OptimizerSettings))


def experiments(incomplete: str) -> list[str]:
    """YAML files; nothing where folders are on the way to them, which shells complete better."""
    return _with_paths(incomplete, [], (".yaml", ".yml"))


def models(incomplete: str) -> list[str]:
    """Models of runs in `runs/`, and other .keras files; nothing where folders are on the way."""
    of_runs = [str(path) for path in sorted(Path("runs").glob("*/model.keras"))]
    return _with_paths(incomplete, _beginning(incomplete, of_runs), (".keras",))


def experiments_and_runs(incomplete: str) -> list[str]:
    """Run folders in `runs/`, and YAML files; nothing where other folders are on the way."""
    return _with_paths(incomplete, _beginning(incomplete, _runs()), (".yaml", ".yml"))


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


def _with_paths(incomplete: str, words: list[str], suffixes: tuple[str, ...]) -> list[str]:
    """`words` and the files with these suffixes; nothing where there are folders to go through.

    What a shell offers by itself goes through folders, and knows a folder from a word.
    """
    folder, _, name = incomplete.rpartition("/")
    place = Path(folder or ("/" if incomplete.startswith("/") else "."))
    prefix = incomplete[: len(incomplete) - len(name)]
    offered = dict.fromkeys(words)
    for path in sorted(place.iterdir()) if place.is_dir() else []:
        if not path.name.startswith(name) or (path.name[0] == "." and name[:1] != "."):
            continue
        word = f"{prefix}{path.name}"
        if path.is_dir() and not any(w == word or w.startswith(f"{word}/") for w in words):
            return []
        if path.suffix in suffixes and not path.is_dir():
            offered[word] = None
    return list(offered)
