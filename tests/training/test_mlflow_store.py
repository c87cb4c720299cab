"""Which store of MLflow is meant, and what is refused before anything is loaded."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import nncli
from nncli import backend
from nncli.config import Experiment
from nncli.config.tracking import Mlflow
from nncli.data import network
from nncli.errors import NncliError
from nncli.training import mlflow_store
from nncli.training.mlflow_store import check_store, reason_of, without_password
from nncli.training.overview import look
from nncli.training.rehearsal import rehearse


@pytest.fixture(autouse=True)
def no_settings_of_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person who tests; what `check_store` sets is taken back."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in list(os.environ):
        if name.startswith("MLFLOW_"):
            monkeypatch.delenv(name)


def experiment(uri: str) -> dict[str, Any]:
    return {"dataset": "digits", "training": {"mlflow": {"tracking_uri": uri}}}


@pytest.mark.parametrize("package", ["mlflow", "sqlalchemy", "alembic"])
def test_without_mlflow_a_run_that_wants_it_is_refused_at_once(
    package: str, run_cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "is_installed", lambda name: name != package)
    monkeypatch.setattr(backend, "prepare", lambda **_: pytest.fail("Keras is started"))
    result = run_cli(["train", "--dataset", "digits", "--set", "training.mlflow=true"])
    assert result.exit_code == 2 and result.stdout == ""
    assert "is not installed" in result.stderr
    assert "pip install 'nncli[mlflow]'" in result.stderr
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("uri", "offline", "exit_code", "message"),
    [
        ("htp://host", False, 2, "knows no store like htp://host"),
        ("./mlruns", False, 2, "in databases now, not in a folder"),
        ("http://host:5000", True, 2, "store is on the network"),
        ("postgresql+psycopg://host/runs", True, 2, "store is on the network"),
        ("sqlite:///.", False, 1, "it is a folder"),
        ("sqlite:///file.txt", False, 1, "file is not a database"),
        ("sqlite:///file.txt/mlflow.db", False, 1, "file.txt is a file"),
    ],
)
def test_a_store_that_cannot_be_used_is_refused_at_once(
    uri: str, offline: bool, exit_code: int, message: str, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed (pip install 'nncli[mlflow]')")
    Path("file.txt").write_text("nothing of a database, but long enough\n" * 100)
    with network.offline() if offline else nullcontext(), pytest.raises(NncliError) as error:
        nncli.train(experiment(uri), run_dir=tmp_path / "run")
    assert message in error.value.message and error.value.hint
    assert error.value.exit_code == exit_code
    assert not (tmp_path / "run").exists()


def test_who_trains_nothing_needs_no_store() -> None:
    assert look(Experiment.model_validate(experiment("htp://host"))).type == "mlp"


def test_a_rehearsal_refuses_what_the_training_would() -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed (pip install 'nncli[mlflow]')")
    with pytest.raises(NncliError, match="knows no store"):
        rehearse(Experiment.model_validate(experiment("htp://host")))


def test_a_file_that_may_not_be_looked_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed (pip install 'nncli[mlflow]')")

    def forbidden(_: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(mlflow_store, "existing_part", forbidden)
    with pytest.raises(NncliError, match=r"cannot use secret/mlflow\.db: permission denied\."):
        check_store(Mlflow(tracking_uri=f"sqlite:///{Path.cwd()}/secret/mlflow.db"))


def test_settings_come_before_the_environment_and_that_before_where_a_run_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    mlflow.set_tracking_uri(None)
    named = Mlflow(tracking_uri="http://settings")
    here = f"sqlite:///{Path.cwd()}/mlflow.db"
    assert check_store(Mlflow()) == here
    assert check_store(Mlflow(), "http://recorded") == "http://recorded"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://environment")
    assert check_store(Mlflow(), "http://recorded") == "http://environment"
    assert check_store(named, "http://recorded") == "http://settings"


def test_mlflow_is_told_to_be_silent_unless_somebody_said_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    check_store(Mlflow(tracking_uri="http://host"))
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] == "true"
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "5"


def test_a_password_is_not_shown() -> None:
    assert without_password("http://me:p%40ss@host:5000/x") == "http://me@host:5000/x"
    assert without_password("sqlite:////a/b.db") == "sqlite:////a/b.db"


def test_a_reason_is_what_the_system_said_below_the_words_of_mlflow() -> None:
    try:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as error:
            raise RuntimeError("API request failed: a very long story") from error
    except RuntimeError as error:
        assert reason_of(error) == "Connection refused."
    assert reason_of(RuntimeError("no such thing.\nMore.")) == "no such thing."
