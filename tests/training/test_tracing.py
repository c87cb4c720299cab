"""What is written for other tools: TensorBoard's scalars and a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nncli
from nncli.config import Layer
from nncli.errors import InterruptedRunError, NncliError
from stopping import Stopping

pytestmark = pytest.mark.usefixtures("shared_cache")

SMALL: dict[str, Any] = {"dataset": "digits", "model": {"hidden_units": [8]}}


def experiment(**training: Any) -> dict[str, Any]:
    """Two epochs of 11 executions unless told otherwise."""
    return {**SMALL, "training": {"epochs": 2, "steps_per_execution": 1, **training}}


@pytest.fixture
def no_profiler_left() -> Iterator[None]:
    """End a profiler that a run has left running: a process can have only one."""
    yield
    import tensorflow as tf

    try:
        tf.profiler.experimental.stop(save=False)
    except tf.errors.UnavailableError:
        return


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """The values of every tag by epoch, as TensorBoard itself reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    accumulator.Reload()
    return {
        tag: {e.step: tensor_util.make_ndarray(e.tensor_proto).item() for e in events}
        for tag in accumulator.Tags()["tensors"]
        for events in [accumulator.Tensors(tag)]
    }


def assert_is_the_history(run: nncli.TrainingResult) -> None:
    """Every column of the history is in TensorBoard's logs, and nothing else."""
    columns: dict[str, dict[int, float]] = {}
    for row in run.history:
        for name, value in row.items():
            if name != "epoch":
                columns.setdefault(name, {})[int(row["epoch"] or 0)] = value or 0.0
    train, validation = (
        scalars(run.folder / "tensorboard" / split) for split in ("train", "validation")
    )
    found = {f"validation_{tag}": values for tag, values in validation.items()}
    for tag, values in train.items():
        found[tag if tag in ("learning_rate", "seconds") else f"train_{tag}"] = values
    assert set(found) == set(columns)
    for name, values in columns.items():
        assert found[name] == pytest.approx(values, rel=1e-6), name


def traces(folder: Path) -> list[Path]:
    return [path for path in folder.glob("profile/**/*.xplane.pb") if path.stat().st_size > 1000]


def test_nothing_is_written_unless_it_is_asked_for(tmp_path: Path) -> None:
    nncli.train(experiment(), run_dir=tmp_path / "run")
    assert not {"tensorboard", "profile"} & {path.name for path in (tmp_path / "run").iterdir()}


def test_tensorboard_shows_the_history(tmp_path: Path) -> None:
    result = nncli.train(experiment(tensorboard=True), run_dir=tmp_path / "run")
    assert len(result.history) == 2
    assert_is_the_history(result)
    assert not (tmp_path / "run" / "profile").exists()


def test_tensorboard_shows_a_resumed_run_as_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        described = experiment(epochs=3, tensorboard=True)
        nncli.train(described, run_dir=folder, reporter=Stopping(steps=15))
    result = nncli.resume(folder)
    assert len(result.history) == 3
    assert_is_the_history(result)
    assert_is_the_history(nncli.resume(folder, Layer({"training": {"epochs": 4}})))


def test_a_run_without_validation_has_no_validation_in_tensorboard(tmp_path: Path) -> None:
    described = experiment(tensorboard=True) | {"dataset": {"type": "digits", "validation": 0.0}}
    result = nncli.train(described, run_dir=tmp_path / "run")
    assert [path.name for path in (result.folder / "tensorboard").iterdir()] == ["train"]


def test_without_tensorboard_a_run_that_wants_it_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nncli import backend

    monkeypatch.setattr(backend, "is_installed", lambda name: name != "tensorboard")
    with pytest.raises(NncliError, match="TensorBoard is not installed") as error:
        nncli.train(experiment(tensorboard=True), run_dir=tmp_path / "run")
    assert "pip install 'nncli[tensorboard]'" in str(error.value.hint)
    assert not (tmp_path / "run").exists()


def test_a_trace_of_some_steps_is_written(tmp_path: Path, no_profiler_left: None) -> None:
    result = nncli.train(experiment(profile=True), run_dir=tmp_path / "run")
    assert len(traces(result.folder)) == 1
    assert not (result.folder / "tensorboard").exists()


def test_a_trace_changes_no_number(tmp_path: Path, no_profiler_left: None) -> None:
    plain = nncli.train(experiment(), run_dir=tmp_path / "plain")
    watched = nncli.train(experiment(profile=True, tensorboard=True), run_dir=tmp_path / "watched")
    assert watched.metrics.test == plain.metrics.test
    assert watched.metrics.train == plain.metrics.train


def test_a_trace_of_a_run_with_few_executions_is_written(
    tmp_path: Path, no_profiler_left: None
) -> None:
    described = experiment(profile=True, steps_per_execution=11)
    assert len(traces(nncli.train(described, run_dir=tmp_path / "run").folder)) == 1


def test_a_trace_is_written_when_the_run_stops_early(
    tmp_path: Path, no_profiler_left: None
) -> None:
    stopping = {"patience": 1, "min_delta": 9.0}
    described = experiment(profile=True, steps_per_execution=11, epochs=9, early_stopping=stopping)
    result = nncli.train(described, run_dir=tmp_path / "run")
    assert result.metrics.outcome == "stopped_early" and len(result.history) == 2
    assert len(traces(result.folder)) == 1


def test_a_run_that_is_interrupted_during_its_trace_can_be_resumed(
    tmp_path: Path, no_profiler_left: None
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(experiment(profile=True), run_dir=folder, reporter=Stopping(steps=3))
    assert nncli.resume(folder).metrics.outcome == "completed"
    assert traces(folder)
