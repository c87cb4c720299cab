"""The `training.mlflow` group: its short forms, its paths, and what does not belong in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nncli.config import Layer, load_experiment
from nncli.config.schema import experiment_schema
from nncli.config.tracking import Mlflow, absolute_uri
from nncli.errors import ExperimentError


def mlflow(*values: Any, files: list[Path] | None = None) -> Mlflow | None:
    """The group when every one of `values` is laid over those before it."""
    layers = [Layer.of([("--set", ("training", "mlflow"), value)]) for value in values]
    return load_experiment(files or [], *layers).training.mlflow


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([True], Mlflow()),
        ([{}], Mlflow()),
        ([False], None),
        ([True, False], None),
        ([{"experiment": "a"}, True], Mlflow(experiment="a")),
        ([False, {"experiment": "a"}], Mlflow(experiment="a")),
        ([{"experiment": "a"}, {"tracking_uri": "http://b"}], Mlflow(experiment="a", tracking_uri="http://b")),
    ],
)  # fmt: skip
def test_true_and_false_stand_for_a_mapping_and_nothing(
    values: list[Any], expected: Mlflow | None
) -> None:
    assert mlflow(*values) == expected
    for value in values:
        document = {"training": {"mlflow": value}}
        jsonschema.validate(document, experiment_schema())


def test_a_path_in_a_file_is_relative_to_the_file() -> None:
    folder = Path("configs")
    folder.mkdir()
    file = folder / "a.yaml"
    file.write_text("training:\n  mlflow:\n    tracking_uri: sqlite:///runs.db\n")
    found = mlflow(files=[file])
    assert found == Mlflow(tracking_uri=f"sqlite:///{Path.cwd()}/configs/runs.db")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sqlite:///a.db", "sqlite:////base/a.db"),
        ("sqlite:///a.db?timeout=5", "sqlite:////base/a.db?timeout=5"),
        ("sqlite:////a.db", "sqlite:////a.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("./mlruns", "/base/mlruns"),
        ("file:/a", "file:/a"),
        ("http://host:5000", "http://host:5000"),
        ("postgresql+psycopg://host/a", "postgresql+psycopg://host/a"),
        ("databricks", "databricks"),
    ],
)
def test_of_an_address_only_a_file_or_folder_becomes_absolute(uri: str, expected: str) -> None:
    assert absolute_uri(uri, Path("/base")) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("~/mlruns", "/home/ada/mlruns"),
        ("sqlite:///~/mlflow.db?timeout=5", "sqlite:////home/ada/mlflow.db?timeout=5"),
        ("~nobody-of-that-name/mlruns", "/base/~nobody-of-that-name/mlruns"),
    ],
)
def test_a_tilde_in_an_address_is_the_home_folder(
    uri: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert absolute_uri(uri, Path("/base")) == expected


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(ExperimentError, match="MLFLOW_TRACKING_URI") as error:
        mlflow({"tracking_uri": "http://me:secret@host"})
    assert "training.mlflow.tracking_uri: holds a password" in str(error.value)
    assert "secret" not in str(error.value)


def test_what_is_no_mapping_is_refused_with_what_it_is_like() -> None:
    with pytest.raises(ExperimentError, match=r"like true, or \{experiment: digits\}"):
        mlflow(5)
