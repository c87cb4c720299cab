"""Rules of the house that no linter checks."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nncli

SOURCE = Path(nncli.__file__).parent
HEAVY = {
    "tensorflow", "numpy", "keras", "jax", "tensorflow_datasets", "sklearn", "scipy", "pandas",
    "matplotlib",
}  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after `code`."""
    probe = f"{code}\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def command(*arguments: str) -> str:
    """Code that runs a command which must succeed."""
    return f"from nncli.cli import main\nassert main({list(arguments)!r}) == 0"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("train", "--help"),
        ("evaluate", "--help"),
        ("data", "--help"),
        ("data", "prepare", "--help"),
        ("doctor", "--help"),
        ("model", "--help"),
        ("model", "list"),
        ("model", "list", "cnn", "--json"),
        ("model", "show", "--help"),
    ],
    ids=" ".join,
)
def test_a_command_that_computes_nothing_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    loaded = loaded_by(command(*arguments))
    assert {"nncli", "typer"} <= loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize(
    "arguments",
    [("train", "--help"), ("evaluate", "--help"), ("data", "list", "mnist"), ("runs", "--help")],
    ids=" ".join,
)
def test_help_and_lists_wait_for_no_class_of_an_experiment(arguments: tuple[str, ...]) -> None:
    probe = (
        "import sys\nassert 'nncli.cli' in sys.modules\nassert not {'nncli.config', 'nncli.data'}"
    )
    loaded_by(f"{command(*arguments)}\n{probe} & sys.modules.keys(), 'slow'")


def test_a_mistake_in_the_experiment_is_found_before_anything_heavy_is_loaded() -> None:
    Path("e.yaml").write_text("training: {epoch: 3}\n")
    code = "from nncli.cli import main\nassert main(['train', '-c', 'e.yaml']) == 2"
    assert loaded_by(code) & HEAVY == set()


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("train", "--dataset", "a.csv", "--set", "dataset.target=kinds"), 1),
        (("train", "--dataset", "a.csv"), 1),
        (("train", "--dataset", "a.csv", "--set", "dataset.target=kind",
          "--set", "dataset.group=nobody"), 1),
        (("train", "--dataset", "nowhere/"), 2),
        (("train", "--dataset", "nowhere.npz"), 2),
        (("train", "--dataset", "titanik"), 2),
        (("data", "show", "titanik", "--offline"), 2),
        (("data", "show", "a.csv", "--set", "dataset.target=kind", "--picture", "no/a.png"), 2),
    ],
)  # fmt: skip
def test_a_mistake_about_files_is_found_before_tensorflow_is_loaded(
    arguments: tuple[str, ...], exit_code: int
) -> None:
    Path("a.csv").write_text("size,kind\n" + "1,a\n2,b\n" * 20)
    code = f"from nncli.cli import main\nassert main({list(arguments)!r}) == {exit_code}"
    assert loaded_by(code) & {"tensorflow", "keras", "jax", "tensorflow_datasets"} == set()


def test_a_module_that_is_loaded_is_seen() -> None:
    assert loaded_by("import numpy") & HEAVY == {"numpy"}


def test_importing_nncli_loads_nothing_but_nncli() -> None:
    loaded = loaded_by("import nncli; nncli.__version__, dir(nncli)")
    assert "nncli" in loaded
    assert loaded & {"pydantic", "typer", "rich", "ruamel", *HEAVY} == set()


def modules() -> list[str]:
    found = pkgutil.walk_packages(nncli.__path__, "nncli.")
    return ["nncli", *(item.name for item in found if item.name != "nncli.__main__")]


@pytest.mark.parametrize("name", modules())
def test_all_names_what_is_there(name: str) -> None:
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert len(set(names)) == len(names)
    assert [one for one in names if not hasattr(module, one)] == []
    assert [one for one in names if isinstance(getattr(module, one), ModuleType)] == []


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_is_for(name: str) -> None:
    assert (importlib.import_module(name).__doc__ or "").strip()


def test_the_python_api_is_what_it_says() -> None:
    from nncli.inference import evaluate
    from nncli.training import train

    assert nncli.train is train
    assert nncli.evaluate is evaluate
    package: Any = nncli
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = package.trian


def calls_of_print(source: str) -> list[int]:
    """The lines in which `source` calls print()."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def test_a_print_is_found() -> None:
    assert calls_of_print("x = 1\nprint(x)\nscreen.print(x)\n") == [2]


def test_only_the_command_line_prints() -> None:
    files = [path for path in SOURCE.rglob("*.py") if "cli" not in path.relative_to(SOURCE).parts]
    assert len(files) > 20
    found = {
        str(path.relative_to(SOURCE)): lines
        for path in files
        if (lines := calls_of_print(path.read_text(encoding="utf-8")))
    }
    assert found == {}
