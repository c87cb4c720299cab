"""The documentation says what is so: schema, links, commands, experiments and code blocks."""

from __future__ import annotations

import ast
import csv
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType, NoneType
from typing import TYPE_CHECKING, Any, NoReturn, get_args

import pytest
from pydantic import BaseModel

from nncli import errors
from nncli.errors import NncliError
from nncli.preprocessing.archive import MEMBER, ModelDescription
from nncli.runs.metrics import ClassMetrics, DatasetUsed, Metrics, Outcome, Timing

if TYPE_CHECKING:
    from conftest import CliResult
    from nncli.training import TrainingResult

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GENERATED = {ROOT / "docs" / "commands.md"}
RUN_FOLDER = ROOT / "docs" / "run-folder.md"
# Pages whose code shows files that are still to be written.
WALK_THROUGHS = {"docs/extending.md"}
NAMED = [str(page.relative_to(ROOT)) for page in PAGES]


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language and its text."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(page, line, match[1], match[2]))
    return [block for block in found if block.language in languages]


def write_files(page: Path, folder: Path) -> None:
    """Write the blocks of a page that begin with the name of a file, as `# my_model.py`."""
    for block in blocks("toml", "python"):
        name = re.match(r"# (\w+\.(?:toml|py))\n", block.text)
        if block.page == page and name is not None:
            (folder / name[1]).write_text(block.text, encoding="utf-8")


def without_blocks(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def section(page: Path, heading: str) -> str:
    """What stands below `heading`, up to the next heading."""
    _, found, rest = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")
    assert found, f"{page.name} has no heading {heading!r}"
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> dict[str, list[str]]:
    """The first table in `text`: by the words in backticks of the first cell, the other cells."""
    table = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n?)+)", text, re.MULTILINE)
    assert table, "no table"
    found = {}
    for line in table[1].splitlines():
        first, *others = (cell.strip() for cell in line.strip("|").split("|"))
        found[first.strip("`")] = others
    return found


# docs/run-folder.md: what is written down about files that programs read.


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("## metrics.json", Metrics),
        ("### `dataset`", DatasetUsed),
        ("### `timing`", Timing),
        ("### `per_class`", ClassMetrics),
    ],
)
def test_every_field_of_the_metrics_is_described(heading: str, model: type[BaseModel]) -> None:
    described = rows(section(RUN_FOLDER, heading))
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    assert list(described) == list(fields)
    for name, field in fields.items():
        kind, what = described[name]
        nullable = NoneType in get_args(field.annotation)
        assert kind.endswith(" or null") == nullable, f"{name} is {field.annotation}, not {kind}"
        assert what, f"{name} is not explained"


def test_every_outcome_is_described() -> None:
    listed = re.findall(r"^- `(\w+)`: \S", section(RUN_FOLDER, "## metrics.json"), re.MULTILINE)
    assert listed == list(get_args(Outcome))


def test_every_exit_code_is_described() -> None:
    tree = (errors.__doc__ or "").splitlines()
    codes = {int(code) for line in tree for code in re.findall(r"\b(\d+)(?:,|  )", line)}
    raised = {kind.exit_code for kind in _subclasses(NncliError)}
    assert raised <= codes
    described = rows(section(RUN_FOLDER, "## Exit codes"))
    assert {int(code) for code in described} == {0, *codes}


def _subclasses(kind: type[NncliError]) -> Iterator[type[NncliError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _subclasses(child)


def test_every_file_of_a_run_is_described(digits_run: TrainingResult) -> None:
    described = set(rows(RUN_FOLDER.read_text(encoding="utf-8")))
    folder = digits_run.folder
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    checkpoints = {name for name in left if name.startswith("checkpoints/")}
    assert checkpoints
    sometimes = {
        "checkpoints/", "lock", "tensorboard/", "profile/", "about.json", "mlflow.json",
    }  # fmt: skip
    assert described == left - checkpoints | sometimes


def test_every_column_of_the_history_is_described(digits_run: TrainingResult) -> None:
    with (digits_run.folder / "history.csv").open(newline="", encoding="utf-8") as stream:
        columns = next(csv.reader(stream))
    assert list(rows(section(RUN_FOLDER, "## history.csv"))) == columns


def test_every_key_of_the_environment_is_described(digits_run: TrainingResult) -> None:
    document = json.loads((digits_run.folder / "environment.json").read_text(encoding="utf-8"))
    assert list(rows(section(RUN_FOLDER, "## environment.json"))) == list(document)


def test_what_nncli_adds_to_a_model_is_described(digits_run: TrainingResult) -> None:
    text = section(RUN_FOLDER, "## model.keras")
    assert f"`{MEMBER}`" in text
    described = list(rows(text))
    with zipfile.ZipFile(digits_run.model_path) as archive:
        assert described == list(json.loads(archive.read(MEMBER)))
    assert described == list(ModelDescription.model_fields)


# Links and names.


@pytest.mark.parametrize("name", NAMED)
def test_relative_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    dead = []
    for target in re.findall(r"\]\(([^()\s]+)\)", without_blocks(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert not dead


def anchors(page: Path) -> set[str]:
    """The anchors that a Markdown viewer makes from headings."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / target).resolve()
        for target in re.findall(r"\]\(([^()\s#]+)\)", without_blocks(index))
    }
    assert not [str(page) for page in PAGES[1:] if page != index and page not in linked]


def test_functions_and_classes_that_pages_name_exist() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    defined = set(re.findall(r"^\s*(?:def|class) (\w+)", code, re.MULTILINE))
    pages = [page for page in PAGES if page.parent.name == "decisions" or "archit" in page.name]
    assert len(pages) > 1
    unknown = [
        f"{page.name}: {name}"
        for page in pages
        for name in re.findall(r"`(?:\w+\.)*(\w+)\(\)`", without_blocks(page))
        if name not in defined
    ]
    assert not unknown


@pytest.mark.parametrize("name", NAMED)
def test_source_files_that_pages_name_exist(name: str) -> None:
    source = ROOT / "src" / "nncli"
    rooms = "|".join(path.name for path in source.iterdir() if path.is_dir())
    text = without_blocks(ROOT / name)
    files = [ROOT / path for path in re.findall(r"`((?:src|tests|docs)/[\w/.]+)`", text)]
    files += [source / path for path in re.findall(rf"`((?:{rooms})/\w+\.py)`", text)]
    missing = [str(file.relative_to(ROOT)) for file in files if not file.exists()]
    if name in WALK_THROUGHS:
        missing = [file for file in missing if not re.search(rf"new file,\s+`{file}`", text)]
    assert not missing


# Code blocks.


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_blocks_compile_and_import_what_exists(block: Block) -> None:
    tree = ast.parse(block.text, filename=str(block))
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("nncli"):
            continue
        module = importlib.import_module(str(node.module))
        for alias in node.names:
            found = hasattr(module, alias.name) or importlib.util.find_spec(
                f"{node.module}.{alias.name}"
            )
            assert found, f"{block}: {node.module} has no {alias.name}"


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_blocks_are_experiments(block: Block, own_folders: Path) -> None:
    from nncli.config import load_experiment

    (own_folders / "base.yaml").write_text("{}\n")  # what an example may extend
    write_files(block.page, own_folders)  # functions that it may name
    file = own_folders / "experiment.yaml"
    file.write_text(block.text, encoding="utf-8")
    load_experiment([file])


def test_generated_pages_are_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "TERMINAL_WIDTH", "NO_COLOR"):
        monkeypatch.setenv(name, "1")  # what the generator changes is put back afterwards
    place = ROOT / "docs" / "generate.py"
    specification = importlib.util.spec_from_file_location("generate", place)
    assert specification and specification.loader
    generate = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generate)
    stale = [
        name
        for name, page in generate.PAGES.items()
        # The names are compared in tests/cli/test_completion.py, in a process of their own.
        if not name.endswith("tfds_names.txt")
        and (place.parent / name).read_text(encoding="utf-8") != page()
    ]
    assert not stale, "run `make docs`"


# Commands: each is parsed, checked and stopped at the door of the library.

LIBRARY = (
    "nncli.training.train",
    "nncli.training.overview.look",
    "nncli.training.range_test.find_learning_rate",
    "nncli.inference.evaluate",
    "nncli.data.prepare",
    "nncli.data.looking.augmenting.draw_augmented",
    "nncli.data.looking.look",
    "nncli.data.checking.check",
    "nncli.doctor.examine",
    "nncli.inference.Predictor",
    "nncli.runs.listing.listed_runs",
    "nncli.runs.selecting.listed_runs",
    "nncli.runs.selecting.newest_runs",
)


class ReachedLibraryError(NncliError):
    """Everything before the library was right."""

    exit_code = 99


def commands() -> list[Any]:
    """Every `nncli ...` line of the shell blocks; of a pipe, the part before it."""
    found = []
    for block in blocks("console", "sh", "shell"):  # bash: whole scripts, run by test_scripts.py
        if block.page in GENERATED:
            continue
        for line in block.text.splitlines():
            prompt = line.startswith("$ ")
            if block.language == "console" and not prompt:
                continue
            text = line.removeprefix("$ ").split(" | ")[0]
            words = shlex.split(text, comments=True)
            while words and re.match(r"[A-Z_]+=", words[0]):
                words = words[1:]
            if words and Path(words[0]).name == "nncli":
                found.append(pytest.param(block, words[1:], id=f"{block} {shlex.join(words)}"))
    return found


def test_there_are_commands_to_look_at() -> None:
    assert {"train", "evaluate", "data", "doctor"} <= {found.values[1][0] for found in commands()}


@pytest.mark.parametrize(("block", "arguments"), commands())
def test_commands_are_accepted(
    block: Block,
    arguments: list[str],
    own_folders: Path,
    run_cli: Callable[[Sequence[str]], CliResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reached(*_: object, **__: object) -> NoReturn:
        raise ReachedLibraryError("reached")

    for name in LIBRARY:
        monkeypatch.setattr(name, reached)
    arguments = [re.sub(r"^~(?=/)", str(own_folders), word) for word in arguments]
    _prepare_files(block.page, arguments, own_folders)
    result = run_cli(
        [
            str(path)
            for word in arguments
            for path in (own_folders.glob(word) if "*" in word else [word])
        ]
    )
    light = arguments[0] == "config" or arguments[:2] == ["model", "list"]
    light = light or "--version" in arguments or "--help" in arguments
    wanted = 0 if light else 99
    assert result.exit_code == wanted, result.stderr


def _prepare_files(page: Path, arguments: list[str], folder: Path) -> None:
    """Make what a reader of `page` has: shipped experiments, those of the page, and archives."""
    shutil.copytree(ROOT / "configs", folder / "configs")
    for block in blocks("yaml"):
        named = re.match(r"# (\S+\.yaml)\n", block.text)
        if named and block.page == page:
            (folder / named[1]).write_text(block.text, encoding="utf-8")
    made = [word for word in arguments if re.fullmatch(r"\w+\.yaml", word)]
    for word in ["base.yaml", *([] if "init" in arguments else made)]:
        (folder / word).write_text("{}\n")  # files that the page made in an earlier line
    for option, value in pairwise(arguments):
        if option == "--from":
            (folder / value).mkdir(parents=True)
        if option in ("-c", "--config") and re.fullmatch(r"runs/\d+-[\w-]+/config\.yaml", value):
            (folder / value).parent.mkdir(parents=True)
            (folder / value).write_text("", encoding="utf-8")


def written(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The file of the page about extending that defines the class `name`, as a module."""
    [code] = [block.text for block in blocks("python") if f"class {name}(" in block.text]
    place = folder / f"of_{name}.py"
    place.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(place.stem, place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, place.stem, module)  # pydantic looks annotations up there
    spec.loader.exec_module(module)
    return module


def test_the_model_family_of_the_page_about_extending_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nncli.descriptions import ClassTarget, Features

    module = written("PooledModel", tmp_path, monkeypatch)
    features = Features(kind="image", shape=(9, 7, 3))
    model = module.build(module.PooledModel(), features, ClassTarget(names=("a", "b")))
    assert model.output_shape == (None, 2)
    assert features.kind in module.PooledModel.kinds and module.PooledModel.looks


def test_the_data_source_of_the_page_about_extending_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nncli.data import loading
    from nncli.reporting import SilentReporter

    module = written("SvmlightDataset", tmp_path, monkeypatch)
    rows = [f"{n % 3} 1:{n % 3}.5 4:{n}" for n in range(40)]
    (tmp_path / "rows.txt").write_text("\n".join(rows))
    settings = module.SvmlightDataset(path=tmp_path / "rows.txt")
    source, division = module.source(settings), settings.division
    dataset = loading.load(
        source, settings, division, seed=0, given=None, reporter=SilentReporter()
    )
    assert dataset.target.names == ("0", "1", "2")
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 32, "validation": 4, "test": 4,
    }  # fmt: skip
    assert dataset.splits["train"].inputs.shape[1:] == (4,)


@pytest.mark.slow
def test_the_plug_in_of_the_page_about_extending_is_installed_and_trains(tmp_path: Path) -> None:
    package, place = tmp_path / "package", tmp_path / "installed"
    package.mkdir()
    write_files(ROOT / "docs" / "extending.md", package)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(place)]
    subprocess.run([*pip, *alone, str(package)], check=True)
    searched = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(searched)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nncli", *arguments],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    trained = run(
        "train", "--dataset", "stripes", "--model", "two_sizes", "--epochs", "20", "--json"
    )
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["test"]["accuracy"] > 0.9
    evaluated = run("evaluate", "runs/1-stripes-two_sizes/model.keras", "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    mistaken = run("train", "--model", "two_sizes", "--set", "model.filtres=3")
    assert mistaken.returncode == 2
    assert "build has no argument filtres; did you mean filters?" in mistaken.stderr
    listed = run("model", "list", "two_sizes", "--json")
    settings = {one["name"]: one["default"] for one in json.loads(listed.stdout)["settings"]}
    assert settings == {"filters": 8, "sizes": [3, 7]}
    for flag, typed, name in (
        ("model", "tow_sizes", "two_sizes"),
        ("dataset", "stripse", "stripes"),
    ):
        mistaken = run("train", f"--{flag}", typed)
        assert mistaken.returncode == 2
        assert f"id you mean {name}" in mistaken.stderr
