"""A network that a Python function builds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import nncli
from nncli import functions
from nncli.config import Layer, load_experiment
from nncli.descriptions import ClassTarget, Features
from nncli.errors import ExperimentError, NncliError
from nncli.models import PythonModel, build

IMAGES = Features(kind="image", shape=(8, 8, 1))
TEN = ClassTarget(names=tuple("0123456789"))

WIDE = """
import keras
from layers_beside import hidden


def build(inputs, target, *, width: int = 8, activations: list[str] = ["relu"]):
    start = keras.Input(inputs.shape)
    features = keras.layers.Flatten()(start)
    for activation in activations:
        features = hidden(width, activation)(features)
    return keras.Model(start, features)


def whole(inputs, target):
    return keras.Sequential([
        keras.layers.Flatten(),
        keras.layers.Dense(len(target.names), activation="softmax"),
    ])


def broken(inputs, target):
    return keras.layers.Dense(0)


def nothing(inputs, target):
    return 7


def other_inputs(inputs, target):
    start = keras.Input((3,))
    return keras.Model(start, keras.layers.Dense(2)(start))


def alone():
    pass
"""
BESIDE = """
import keras


def hidden(width, activation):
    return keras.layers.Dense(width, activation=activation)
"""


@pytest.fixture
def file() -> Path:
    Path("my_model.py").write_text(WIDE)
    Path("layers_beside.py").write_text(BESIDE)
    return Path("my_model.py").absolute()


def built(file: Path, function: str = "build", **settings: Any) -> Any:
    return build(PythonModel(build=f"{file}:{function}", **settings), IMAGES, TEN)


def mistakes(**model: Any) -> list[str]:
    with pytest.raises(ExperimentError) as caught:
        load_experiment([], Layer({"model": {"type": "python"} | model}))
    return [f"{mistake.key}: {mistake.message}" for mistake in caught.value.mistakes]


def test_the_values_beside_the_function_are_its_arguments(file: Path) -> None:
    network = built(file, width=5, activations=["tanh", "gelu"])
    assert [layer.units for layer in network.layers[2:]] == [5, 5, 10]
    assert network.layers[2].activation.__name__ == "tanh"
    assert network.output_shape == (None, 10)


def test_a_model_with_its_own_output_gets_no_second_one(file: Path) -> None:
    network = built(file, "whole")
    assert [type(layer).__name__ for layer in network.layers] == ["InputLayer", "Flatten", "Dense"]
    assert network.layers[-1].activation.__name__ == "linear"


def test_checking_an_experiment_runs_nothing(file: Path) -> None:
    file.write_text("raise SystemExit\n" + WIDE)
    load_experiment([], Layer({"model": {"type": "python", "build": f"{file}:build", "width": 3}}))
    assert mistakes(build=f"{file}:build", widht=3) == [
        "model.widht: build has no argument widht; did you mean width?"
    ]


@pytest.mark.parametrize(
    ("build", "given", "mistake"),
    [
        ("none.py:build", {}, "model.build: there is no file"),
        ("no.such:build", {}, "model.build: there is no module no.such"),
        ("my_model.py:buidl", {}, "my_model.py has no function buidl; did you mean build?"),
        ("my_model.py", {}, "model.build: names a function as my_file.py:function"),
        ("my_model.py:alone", {}, "alone takes 0 arguments, and nncli gives it 2"),
        ("my_model.py:build", {"width": "wide"}, "model.width: must be int, not 'wide'"),
        ("my_model.py:build", {"activations": [1]}, "model.activations: must be list[str]"),
        ("my_model.py:build", {"width": True}, "model.width: must be int, not True"),
    ],
)
def test_mistakes_are_known_from_the_source(
    file: Path, build: str, given: dict[str, Any], mistake: str
) -> None:
    [said] = mistakes(build=build, **given)
    assert mistake in said


@pytest.mark.parametrize(
    ("argument", "text", "value"),
    [
        ("sizes: tuple[int, int] = (3, 7)", "3,5", [3, 5]),
        ("sizes: list[str]", "a, b", ["a", "b"]),
        ("sizes: 'list[float] | None' = None", "0.5", [0.5]),
        ("sizes: 'list[float] | None' = None", "null", None),
        ("sizes=(3, 7)", "3", [3]),
        ("sizes: list[int] = []", "[3, 5]", [3, 5]),
        ("sizes: int | list[int] = 3", "5", 5),
        ("sizes: str = ''", "3,5", "3,5"),
        ("sizes: str = ''", "a, 'b", "a, 'b"),
        ("sizes=3", "5", 5),
        ("filters: list[int] = []", "3,5", [3, 5]),
        ("filters: int = 3", "5", 5),
    ],
)
def test_a_list_for_ones_own_function_may_be_typed_without_brackets(
    argument: str, text: str, value: Any
) -> None:
    Path("own.py").write_text(f"def build(inputs, target, *, {argument}):\n    pass\n")
    key = argument.partition(":")[0].partition("=")[0]
    typed = Layer.of_texts([("--set", ("model", key), text)])
    model = load_experiment(
        [], Layer({"model": {"type": "python", "build": "own.py:build"}}), typed
    )
    given = (model.model.model_extra or {})[key]
    assert given == value and type(given) is type(value)


def test_what_is_no_list_for_ones_own_function_is_said_as_it_was_typed() -> None:
    Path("own.py").write_text(
        "def build(inputs, target, *, sizes: tuple[int, int] = (3, 7)):\n    0\n"
    )
    typed = Layer.of_texts([("--set", ("model", "sizes"), "3,x")])
    with pytest.raises(ExperimentError) as caught:
        load_experiment([], Layer({"model": {"type": "python", "build": "own.py:build"}}), typed)
    [mistake] = caught.value.mistakes
    assert mistake.message == "must be tuple[int, int], not '3,x'"


def test_a_file_that_is_no_python_says_so(file: Path) -> None:
    file.write_text("def build(:\n")
    [said] = mistakes(build=f"{file}:build")
    assert f"{file}, line 1 is no Python" in said


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("broken", r"my_model.py:broken failed in line 2\d: ValueError"),
        ("nothing", "returned int, not a keras.Model"),
        ("other_inputs", r"inputs \(3,\); the dataset's are \(8, 8, 1\)"),
    ],
)
def test_what_a_function_does_wrong_is_said(file: Path, function: str, message: str) -> None:
    with pytest.raises(NncliError, match=message):
        built(file, function)


@pytest.mark.usefixtures("shared_cache", "file")
def test_a_file_of_ones_own_trains_and_is_found_from_elsewhere(run_cli: Callable[..., Any]) -> None:
    text = "{type: python, build: my_model.py:build, width: 12}"
    done = run_cli(["train", "--dataset", "digits", "--epochs", "1", "--set", f"model={text}"])
    assert done.exit_code == 0, done.stderr
    config = Path("runs/1-digits-python/config.yaml").absolute()
    assert f"{Path('my_model.py').absolute()}:build" in config.read_text()
    again = nncli.train(config)
    first = json.loads((config.parent / "metrics.json").read_text())
    assert again.metrics.test == first["test"]


@pytest.mark.usefixtures("file")
def test_a_plug_in_is_found_by_its_name_and_imported_when_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(Path.cwd())
    offered = [EntryPoint("wide", "my_model:build", "nncli.models")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: offered)
    experiment = load_experiment([], Layer({"model": {"type": "wide", "width": 3}}))
    assert experiment.model.model_dump() == {
        "type": "python", "build": "my_model:build", "width": 3,
    }  # fmt: skip
    assert experiment.run_name == "mnist-wide"
    assert "my_model" not in sys.modules
    assert functions.Function("my_model:build").file == Path("my_model.py").absolute()
    assert build(experiment.model, IMAGES, TEN).layers[2].units == 3
    assert "my_model" in sys.modules
    del sys.modules["my_model"]


def test_the_name_of_a_plug_in_is_among_those_that_may_be_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered = [EntryPoint("two_sizes", "my_model:build", "nncli.models")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: offered)
    [said] = mistakes(type="tow_sizes")
    assert "there is no type 'tow_sizes'; did you mean two_sizes?" in said


def test_a_trained_model_answers_without_the_function_that_built_it(
    run_cli: Any, tmp_path: Path
) -> None:
    source = tmp_path / "gone.py"
    source.write_text(
        "import keras\n"
        "def build(inputs, target):\n"
        "    start = keras.Input(inputs.shape)\n"
        "    return keras.Model(start, keras.layers.Flatten()(start))\n"
    )
    command = ["train", "--dataset", "digits", "--epochs", "1", "--model", "python", "--quiet"]
    built = run_cli([*command, "--set", f"model.build={source}:build", "--run-dir", "run"])
    assert built.exit_code == 0, built.stderr
    source.unlink()
    result = run_cli(["evaluate", "run/model.keras", "--json"])
    assert result.exit_code == 0, result.stderr
    again = run_cli(["train", "-c", "run/config.yaml", "--quiet"])
    assert again.exit_code == 2 and "gone.py" in again.stderr
