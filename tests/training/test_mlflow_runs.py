"""A run followed in MLflow, read back from a store of its own kind: a file of SQLite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nncli
from nncli import backend
from nncli.config import Layer, load_experiment
from nncli.config.tracking import absolute_uri
from nncli.errors import InterruptedRunError, StorageError, TrainingError
from nncli.runs import RunFolder
from nncli.training import engine
from nncli.training.mlflow_runs import followed
from stopping import Stopping

pytest.importorskip("mlflow", reason="MLflow is not installed (pip install 'nncli[mlflow]')")
pytest.importorskip("alembic", reason="Alembic is not installed (pip install 'nncli[mlflow]')")

pytestmark = [
    pytest.mark.usefixtures("shared_cache", "no_settings_of_mlflow"),
    pytest.mark.slow,
    # MLflow 3.17 on SQLAlchemy 2.1, whenever it opens a store: theirs to mend.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
]

STORE = "sqlite:///mlflow.db"
SMALL: dict[str, Any] = {"dataset": "digits", "model": {"hidden_units": [8]}}


def experiment(mlflow: Any = True, **training: Any) -> dict[str, Any]:
    """Two epochs of 11 executions unless told otherwise, followed in `./mlflow.db`."""
    settings = {"epochs": 2, "steps_per_execution": 1, "mlflow": mlflow, **training}
    return {**SMALL, "training": settings}


@pytest.fixture
def no_settings_of_mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of the person who tests, nor of the tests before: MLflow keeps its URI itself."""
    import mlflow

    for name in list(os.environ):
        if name.startswith("MLFLOW_"):
            monkeypatch.delenv(name)
    yield
    mlflow.set_tracking_uri(None)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A new store: MLflow needs seconds to make the tables."""
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        MlflowClient(STORE)
    return (folder / "mlflow.db").read_bytes()


@pytest.fixture(autouse=True)
def store(own_folders: Path, empty_store: bytes) -> Path:
    """A store where MLflow looks for one without being told: `mlflow.db` in the current folder.

    Its experiments keep artifacts in `mlruns` beside it."""
    path = own_folders / "mlflow.db"
    path.write_bytes(empty_store)
    return path


def client(uri: str = STORE) -> Any:
    """MLflow's, which keeps a store for each address: a relative one is that of the first test."""
    from mlflow import MlflowClient

    return MlflowClient(absolute_uri(uri, Path()))


def runs_of(name: str, uri: str = STORE) -> list[Any]:
    """The runs of an experiment, the oldest first; none without the experiment."""
    found = client(uri).get_experiment_by_name(name)
    if found is None:
        return []
    return list(client(uri).search_runs([found.experiment_id], order_by=["start_time ASC"]))


def the_run(name: str = "digits", uri: str = STORE) -> Any:
    [run] = runs_of(name, uri)
    return run


def columns(run: Any) -> dict[str, list[tuple[int, float]]]:
    """Every metric of a run as (step, value), in the order of steps; twice what is there twice."""
    return {
        name: sorted((m.step, m.value) for m in client().get_metric_history(run.info.run_id, name))
        for name in run.data.metrics
    }


def assert_has_the_history(run: Any, result: nncli.TrainingResult) -> None:
    """Every number of every row is there once, at its epoch."""
    found = columns(run)
    for name in result.history[0]:
        if name != "epoch":
            wanted = [(int(row["epoch"] or 0), row[name]) for row in result.history]
            assert found[name] == wanted, name


def artifacts(run: Any) -> dict[str, Path]:
    """The files that MLflow keeps of a run, by their place there."""
    root = Path(run.info.artifact_uri.removeprefix("file://"))
    return {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}


def test_a_run_is_in_mlflow_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    result = nncli.train(experiment(), run_dir=tmp_path / "5-mine", command=["nncli", "train"])
    run = the_run()
    assert run.info.status == "FINISHED" and run.info.run_name == "5-mine"
    assert_has_the_history(run, result)
    assert result.metrics.test is not None and result.metrics.kept_epoch == 2
    assert columns(run)["test_accuracy"] == [(2, result.metrics.test["accuracy"])]
    assert columns(run)["test_loss"] == [(2, result.metrics.test["loss"])]
    tags = run.data.tags
    assert tags["nncli.version"] == nncli.__version__ and tags["nncli.dataset"] == "digits"
    assert tags["nncli.folder"] == str(result.folder) and tags["nncli.kept_epoch"] == "2"
    assert tags["mlflow.source.name"] == "nncli train" and "mlflow.parentRunId" not in tags
    kept = artifacts(run)
    assert set(kept) == {
        "config.yaml", "environment.json", "history.csv", "metrics.json", "model.keras",
        "plots/learning_curves.png", "report.html",
    }  # fmt: skip
    for name, path in kept.items():
        assert path.read_bytes() == (result.folder / name).read_bytes(), name


def test_every_value_of_the_experiment_is_a_param(tmp_path: Path) -> None:
    nncli.train(experiment(class_weight={"3": 2.0, "8": 0.5}), run_dir=tmp_path / "run")
    params = the_run().data.params
    assert params["training.epochs"] == "2" and params["model.hidden_units"] == "[8]"
    assert params["optimizer.type"] == "adam" and params["optimizer.amsgrad"] == "false"
    assert params["training.batch_size"] == "128" and params["training.clipnorm"] == "null"
    assert params["training.class_weight.3"] == "2.0"
    assert not [name for name in params if "mlflow" in name]


def test_params_keep_to_the_limits_of_mlflow(tmp_path: Path) -> None:
    units = [10_000] * 1000  # more text than a param may have
    weights = {f"Größe {n}/{'x' * 300}": 1.0 for n in range(230)}  # more than a batch may have
    described = load_experiment(
        [], Layer(experiment(class_weight=weights) | {"model": {"hidden_units": units}})
    )
    with followed(RunFolder(tmp_path), described, reporter := Stopping()):
        pass
    assert reporter.warnings == []
    params = the_run().data.params
    assert params["model.hidden_units"].startswith("[10000, 10000, ")
    assert len(params["model.hidden_units"]) == 6000
    assert len([name for name in params if name.startswith("training.class_weight.")]) == 230


def test_nothing_is_sent_unless_it_is_asked_for(tmp_path: Path) -> None:
    result = nncli.train(experiment(mlflow=False), run_dir=tmp_path / "run")
    assert runs_of("digits") == [] and not (result.folder / "mlflow.json").exists()


def test_a_dry_run_sends_nothing(run_cli: Any, store: Path) -> None:
    before = store.read_bytes()
    arguments = ["--dataset", "digits", "--set", "training.mlflow=true", "--dry-run"]
    assert run_cli(["train", *arguments]).exit_code == 0
    assert store.read_bytes() == before


def test_the_yaml_wins_over_the_environment_of_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: bytes
) -> None:
    for name in ("yaml.db", "environment.db"):
        Path(name).write_bytes(empty_store)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///environment.db")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "of the environment")
    nncli.train(experiment(), run_dir=tmp_path / "a")
    assert the_run("of the environment", "sqlite:///environment.db").info.run_name == "a"
    said = {"experiment": "of the file", "tracking_uri": "sqlite:///yaml.db"}
    nncli.train(experiment(said), run_dir=tmp_path / "b")
    assert the_run("of the file", "sqlite:///yaml.db").info.run_name == "b"
    assert runs_of("digits") == []


def test_a_resumed_run_goes_on_in_the_same_run_of_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(experiment(epochs=3), run_dir=folder, reporter=Stopping(steps=15))
    run = the_run()
    assert run.info.status == "KILLED" and len(columns(run)["train_loss"]) == 1
    assert "model.keras" not in artifacts(run)
    store = Path.cwd() / "mlflow.db"
    monkeypatch.chdir(tmp_path)  # where MLflow would look into another file
    result = nncli.resume(folder)
    monkeypatch.chdir(store.parent)
    assert the_run().info.run_id == run.info.run_id and the_run().info.status == "FINISHED"
    assert len(result.history) == 3
    assert_has_the_history(the_run(), result)
    longer = nncli.resume(folder, Layer({"training": {"epochs": 4}}))
    assert_has_the_history(the_run(), longer)
    assert the_run().data.params["training.epochs"] == "3"  # which MLflow changes for nobody
    assert the_run().data.tags["nncli.resumed.training.epochs"] == "4"


def test_a_run_whose_store_is_gone_keeps_its_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(experiment(epochs=3), run_dir=folder, reporter=Stopping(steps=15))
    store.write_text("nothing of a database, but long enough\n" * 100)
    monkeypatch.chdir(tmp_path)  # where MLflow would find no fault
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(backend, "prepare", lambda **_: pytest.fail("Keras is started"))
        with pytest.raises(StorageError, match="file is not a database"):
            nncli.resume(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_run_whose_store_breaks_before_it_goes_on_keeps_its_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(InterruptedRunError):
        nncli.train(experiment(epochs=3), run_dir=folder.path, reporter=Stopping(steps=15))
    monkeypatch.setattr(engine, "checked_store", lambda *_: None)  # as if it had been whole then
    (Path.cwd() / "mlflow.db").write_text("nothing of a database, but long enough\n" * 100)
    with pytest.raises(StorageError, match="file is not a database"):
        nncli.resume(folder.path)
    metrics = folder.read_metrics()
    assert metrics is not None and metrics.outcome == "interrupted"


def test_a_fold_that_is_new_goes_where_the_whole_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = experiment(epochs=1) | {"dataset": {"type": "digits", "folds": 2}}
    folder = tmp_path / "whole"
    with pytest.raises(InterruptedRunError):
        nncli.train(described, run_dir=folder, reporter=Stopping(steps=5))
    store = Path.cwd() / "mlflow.db"
    monkeypatch.chdir(tmp_path)  # where MLflow would look into another file
    nncli.resume(folder)
    monkeypatch.chdir(store.parent)
    whole, *folds = runs_of("digits")
    assert {fold.data.tags["mlflow.parentRunId"] for fold in folds} == {whole.info.run_id}
    assert [fold.info.run_name for fold in folds] == ["fold-1", "fold-2"]


def test_an_epoch_that_is_trained_again_is_not_sent_twice(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(experiment(epochs=3), run_dir=folder, reporter=Stopping(steps=25))
    assert [step for step, _ in columns(the_run())["train_loss"]] == [1, 2]
    for path in (folder / "checkpoints").iterdir():  # as if the machine had died without one
        path.unlink()
    result = nncli.resume(folder)
    assert len(result.history) == 3
    assert [step for step, _ in columns(the_run())["train_loss"]] == [1, 2, 3]


def test_a_run_that_fails_is_said_to_have_failed(tmp_path: Path) -> None:
    described = experiment() | {"optimizer": {"type": "sgd", "learning_rate": 1e30}}
    with pytest.raises(TrainingError):
        nncli.train(described, run_dir=tmp_path / "run")
    assert the_run().info.status == "FAILED"
    failure = json.loads(artifacts(the_run())["metrics.json"].read_text())
    assert failure["outcome"] == "failed"


def test_folds_are_runs_within_the_run_of_the_whole(tmp_path: Path) -> None:
    described = experiment(epochs=1) | {"dataset": {"type": "digits", "folds": 2}}
    result = nncli.train(described, run_dir=tmp_path / "whole")
    whole, *folds = runs_of("digits")
    assert whole.info.run_name == "whole" and whole.info.status == "FINISHED"
    assert [fold.info.run_name for fold in folds] == ["fold-1", "fold-2"]
    assert {fold.data.tags["mlflow.parentRunId"] for fold in folds} == {whole.info.run_id}
    for fold, of_fold in zip(folds, result.folds, strict=True):
        assert_has_the_history(fold, of_fold)
    assert result.metrics.test is not None and result.metrics.deviation is not None
    assert whole.data.metrics["test_loss"] == result.metrics.test["loss"]
    deviation = whole.data.metrics["test_loss_deviation"]
    assert deviation == result.metrics.deviation["test"]["loss"]
    assert {"metrics.json", "report.html"} <= set(artifacts(whole))


def test_a_fold_alone_is_a_run_of_its_own(tmp_path: Path) -> None:
    described = experiment(epochs=1) | {"dataset": {"type": "digits", "folds": 2, "fold": 1}}
    nncli.train(described, run_dir=tmp_path / "one")
    assert "mlflow.parentRunId" not in the_run().data.tags


def test_a_server_that_is_away_costs_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    reporter = Stopping()
    result = nncli.train(experiment(), run_dir=tmp_path / "run", reporter=reporter)
    assert result.metrics.outcome == "completed" and len(result.history) == 2
    first, last = reporter.warnings  # and not one for every epoch
    assert "MLflow failed (http://me@127.0.0.1:9): Connection refused." in first
    assert f"nncli train --resume {result.folder}" in last
    texts = [path for path in result.folder.iterdir() if path.is_file()]
    assert not [path for path in texts if b"secret" in path.read_bytes()]
    # It is sent when there is a store again, without training anything.
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    model = result.model_path
    assert model is not None
    written = model.stat().st_mtime_ns
    later = nncli.resume(result.folder)
    assert model.stat().st_mtime_ns == written
    assert_has_the_history(the_run(), later)
    assert the_run().info.status == "FINISHED" and "model.keras" in artifacts(the_run())
    nncli.resume(result.folder)  # there is nothing left to send
    assert_has_the_history(the_run(), later)


def test_what_a_longer_run_added_while_the_server_was_away_is_sent_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = nncli.train(experiment(epochs=1), run_dir=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        nncli.resume(result.folder, Layer({"training": {"epochs": 2}}))
    later = nncli.resume(result.folder)
    assert len(later.history) == 2
    assert_has_the_history(the_run(), later)


def test_a_store_that_breaks_during_the_run_gets_all_of_it_when_it_is_back(
    tmp_path: Path, store: Path
) -> None:
    class Breaking(Stopping):
        def epoch_started(self, epoch: int) -> None:
            if epoch == 2:
                store.rename("away.db")
                store.mkdir()

        def fit_ended(self) -> None:
            store.rmdir()
            Path("away.db").rename(store)

    reporter = Breaking()
    result = nncli.train(experiment(epochs=4), run_dir=tmp_path / "run", reporter=reporter)
    [warning] = reporter.warnings
    assert "MLflow failed" in warning and "at its end MLflow is asked again" in warning
    assert_has_the_history(the_run(), result)
    assert the_run().info.status == "FINISHED"


def test_folds_are_not_sent_without_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    described = experiment(epochs=1) | {"dataset": {"type": "digits", "folds": 2}}
    reporter = Stopping()
    result = nncli.train(described, run_dir=tmp_path / "whole", reporter=reporter)
    assert len(reporter.warnings) == 2  # about the whole, none about the folds
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    nncli.resume(result.folder)
    whole, *folds = runs_of("digits")
    assert {fold.data.tags["mlflow.parentRunId"] for fold in folds} == {whole.info.run_id}
    assert len(folds) == 2


def test_a_run_that_mlflow_has_lost_begins_anew_there(tmp_path: Path) -> None:
    with pytest.raises(InterruptedRunError):
        nncli.train(experiment(epochs=3), run_dir=tmp_path / "run", reporter=Stopping(steps=15))
    lost = the_run()
    client().delete_run(lost.info.run_id)
    reporter = Stopping()
    result = nncli.resume(tmp_path / "run", reporter=reporter)
    assert any("a new one begins" in said for said in reporter.notices)
    assert the_run().info.run_id != lost.info.run_id
    assert_has_the_history(the_run(), result)


def test_a_run_that_was_not_followed_can_be_sent_when_it_is_finished(tmp_path: Path) -> None:
    result = nncli.train(experiment(mlflow=False), run_dir=tmp_path / "run")
    nncli.resume(result.folder, Layer({"training": {"mlflow": True}}))
    assert_has_the_history(the_run(), result)
    assert "experiment: null" in artifacts(the_run())["config.yaml"].read_text()


def test_the_numbers_of_a_run_are_the_same_with_and_without_mlflow(tmp_path: Path) -> None:
    plain = nncli.train(experiment(mlflow=False), run_dir=tmp_path / "plain")
    followed = nncli.train(experiment(), run_dir=tmp_path / "followed")
    assert followed.metrics.test == plain.metrics.test
    assert followed.metrics.train == plain.metrics.train


def test_on_jax_tensorflow_is_not_loaded_and_the_screen_is_left_alone() -> None:
    pytest.importorskip("jax")
    arguments = [
        "train", "--dataset", "digits", "--hidden-units", "8", "--epochs", "1", "--backend", "jax",
        "--set", "training.mlflow=true", "--json",
    ]  # fmt: skip
    code = (
        "import sys\nfrom nncli.cli import main\n"
        f"assert main({arguments!r}) == 0\nassert 'mlflow' in sys.modules\n"
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "completed"
    about_mlflow = [line for line in done.stderr.splitlines() if "mlflow" in line.lower()]
    assert len(about_mlflow) == 1 and about_mlflow[0].startswith("MLflow: run 1-digits-mlp of")
    assert the_run().info.status == "FINISHED"
