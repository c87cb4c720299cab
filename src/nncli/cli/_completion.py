"""What the shell offers behind an option, found without importing anything heavy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import typer

from nncli.catalogue import dataset_names
from nncli.functions import DATASETS, MODELS, plug_ins

__all__ = [
    "datasets",
    "experiments",
    "experiments_and_runs",
    "model_types",
    "model_types_and_models",
    "models",
    "models_and_runs",
    "optimizers",
    "runs",
]

RUNS = Path("runs")


def datasets(incomplete: str) -> list[str]:
    """Names of datasets, and those of plug-ins."""
    return _beginning(incomplete, [*dataset_names(), *plug_ins(DATASETS)])


def model_types(incomplete: str) -> list[str]:
    """Types of models, and plug-ins."""
    from nncli.models import ModelSettings

    return _beginning(incomplete, [*_types(ModelSettings), *plug_ins(MODELS)])


def optimizers(incomplete: str) -> list[str]:
    """Types of optimizers."""
    from nncli.optimizers import OptimizerSettings

    return _beginning(incomplete, _types(OptimizerSettings))


def experiments(incomplete: str) -> list[str]:
    """YAML files; nothing where folders are on the way to them, which shells complete better."""
    return _with_paths(incomplete, [], (".yaml", ".yml"))


def models(incomplete: str) -> list[str]:
    """Models of runs in `runs/`, folds too, and other .keras files; nothing where folders are on
    the way."""
    found = [*RUNS.glob("*/model.keras"), *RUNS.glob("*/fold-*/model.keras")]
    of_runs = [str(path) for path in sorted(found)]
    return _with_paths(incomplete, _beginning(incomplete, of_runs), (".keras",))


def model_types_and_models(incomplete: str) -> list[str]:
    """Types of models, and models to go on from."""
    return [*model_types(incomplete), *models(incomplete)]


def models_and_runs(context: typer.Context, incomplete: str) -> list[str]:
    """What names a run, as `runs`, and .keras files; nothing where other folders are on the way."""
    return _with_paths(incomplete, runs(context, incomplete), (".keras",))


def experiments_and_runs(incomplete: str) -> list[str]:
    """Run folders in `runs/` and YAML files, where no other folders are on the way; else what names
    a run."""
    paths = _beginning(incomplete, _run_paths(RUNS))
    found = _with_paths(incomplete, paths, (".yaml", ".yml"))
    return found or (_named_runs(incomplete, RUNS) if incomplete else [])


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """What names a run in `--runs-dir`, or else their folders."""
    typed = context.params.get("runs_dir")
    place = RUNS if typed is None else Path(typed)
    return _named_runs(incomplete, place) or _beginning(incomplete, _run_paths(place))


def _named_runs(incomplete: str, place: Path) -> list[str]:
    """Names of numbered runs, the newest first, `latest`, and `best:` with each metric that the
    newest run has."""
    from nncli.runs.finding import BEST
    from nncli.runs.folder import numbered_runs
    from nncli.runs.listing import read_run

    try:
        numbered = numbered_runs(place)
    except OSError:  # it may not be looked into
        return []
    names = [name for _, name in reversed(numbered)]
    words = [*names, *(["latest"] if names else [])]
    if incomplete and BEST.startswith(incomplete[: len(BEST)]):
        rows = (read_run(place / name) for name in names)
        metrics = next((row.metrics for row in rows if row.metrics), {})
        words += [f"{BEST}{key}" for key in metrics]
    return _beginning(incomplete, words)


def _run_paths(place: Path) -> list[str]:
    """The folders of runs, those without a number too, which have no shorter name."""
    return [str(path.parent) for path in sorted(place.glob("*/config.yaml"))]


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
