"""A run that was interrupted goes on as if nothing had happened."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import nncli
from nncli import runs
from nncli.config import Layer
from nncli.errors import InterruptedRunError, NotFoundError, StorageError, UsageError
from nncli.files import shown_path, typed_path
from nncli.reporting import SilentReporter
from nncli.runs import RunFolder
from nncli.training import TrainingResult, checkpoints
from stopping import Stopping

pytestmark = pytest.mark.usefixtures("shared_cache")

EXPERIMENT: dict[str, Any] = {
    "dataset": "digits",
    "model": {"hidden_units": [16], "dropout": 0.3},
    "optimizer": {"learning_rate": {"type": "cosine", "warmup_epochs": 1.5}},
    "training": {"epochs": 4, "batch_size": 64, "steps_per_execution": 4},
}


def experiment(**changes: Mapping[str, Any]) -> dict[str, Any]:
    before: dict[str, Any] = {**EXPERIMENT, "dataset": {"type": "digits"}}
    return {**before, **{key: {**before[key], **v} for key, v in changes.items()}}


def everything(result: TrainingResult) -> dict[str, Any]:
    """Every number of a run but the times."""
    last = checkpoints.newest(result.folder / "checkpoints").checkpoint
    assert last is not None
    weights = keras.saving.load_model(result.model_path).get_weights()
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in result.history]
    arrays = {name: [array.tobytes() for array in group] for name, group in last.arrays.items()}
    metrics = json.loads((result.folder / "metrics.json").read_text())
    return {
        "weights": [array.tobytes() for array in weights],
        "checkpoint": (last.epoch, last.step, arrays),
        "history": rows,
        "metrics": {key: value for key, value in metrics.items() if key != "timing"},
    }


VARIANTS: dict[str, dict[str, Any]] = {
    "schedule and dropout": {},
    "early stopping": {"training": {"early_stopping": {"patience": 1, "min_delta": 0.5}}},
    "plateau": {
        "optimizer": {
            "learning_rate": {"type": "reduce_on_plateau", "patience": 1, "min_delta": 9.0}
        }
    },
    "accumulation": {"training": {"gradient_accumulation_steps": 3}},
    "small batches": {"training": {"epochs": 3, "batch_size": 16}},
    "momentum": {"optimizer": {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9}},
    "class weights and clipping": {"training": {"class_weight": "balanced", "clipnorm": 0.5}},
    "augmentation": {
        "dataset": {
            "augment": {
                "crop": 1,
                "rotation": 10.0,
                "rand_augment": {},
                "noise": 0.1,
                "mixup": 0.3,
                "cutmix": 1.0,
            },
        }
    },
    "averages": {"optimizer": {"use_ema": True, "ema_momentum": 0.9}},
    "averages that training goes on from": {
        "optimizer": {"use_ema": True, "ema_overwrite_frequency": 5}
    },
    "matrices": {"optimizer": {"type": "muon", "use_ema": True}},
    "metrics": {"training": {"metrics": ["auc", "macro_f1", "top_3_accuracy"]}},
    "half precision": {"training": {"precision": "mixed_bfloat16"}},
}


@pytest.mark.slow
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_an_interrupted_run_ends_with_the_numbers_of_an_undisturbed_one(
    tmp_path: Path, variant: str
) -> None:
    described = experiment(**VARIANTS[variant])
    undisturbed = nncli.train(described, run_dir=tmp_path / "whole")
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(described, run_dir=folder, reporter=Stopping(steps=8))
    inside = checkpoints.newest(folder / "checkpoints").checkpoint
    assert inside is not None and inside.step > 0, "it should stop inside an epoch"
    with pytest.raises(InterruptedRunError):
        nncli.resume(folder, reporter=Stopping(epochs=1))
    behind = checkpoints.newest(folder / "checkpoints").checkpoint
    assert behind is not None and (behind.epoch, behind.step) == (inside.epoch + 1, 0)
    resumed = nncli.resume(folder)
    assert everything(resumed) == everything(undisturbed)


@pytest.fixture(scope="module")
def whole(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every number of an undisturbed run of `EXPERIMENT`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(session_cache))
        return everything(nncli.train(EXPERIMENT, run_dir=tmp_path_factory.mktemp("whole") / "run"))


# 21 steps an epoch, 4 an execution: the sixth execution is the last of its epoch.
MOMENTS: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "after the first execution": ({"steps": 1}, (0, 4)),
    "in the last step of an epoch": ({"steps": 6}, (1, 0)),
    "twice, which nothing can wait for": ({"steps": 9, "times": 2}, (1, 0)),
    "at the end of the last epoch": ({"epochs": 4}, (4, 0)),
    "while the test split is evaluated": ({"task": "Evaluating"}, (4, 0)),
    "while the curves are drawn": ({"task": "Drawing"}, (4, 0)),
}


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_a_run_can_be_interrupted_at_any_moment(
    tmp_path: Path, whole: dict[str, Any], moment: str
) -> None:
    when, position = MOMENTS[moment]
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(EXPERIMENT, run_dir=folder, reporter=Stopping(**when))
    document = json.loads((folder / "metrics.json").read_text())
    assert document["outcome"] == "interrupted" and document["test"] is None
    found = checkpoints.newest(folder / "checkpoints").checkpoint
    assert found is not None and (found.epoch, found.step) == position
    assert everything(nncli.resume(folder)) == whole


@contextmanager
def interruption(folder: Path, number: int) -> Iterator[None]:
    """Send a signal to this process as soon as there is a checkpoint in `folder`."""

    def watch() -> None:
        while not ended.is_set():
            if list(folder.glob("checkpoints/epoch-*.npz")):
                os.kill(os.getpid(), number)
                return
            time.sleep(0.005)

    ended = threading.Event()
    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "name"), [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")]
)
def test_an_interrupted_command_prints_the_one_that_goes_on(
    run_cli: Any, number: int, code: int, name: str
) -> None:
    folder = Path("runs/1-digits-mlp")
    command = ["train", "--dataset", "digits", "--hidden-units", "8", "--epochs", "20", "--quiet"]
    with interruption(folder, number):
        result = run_cli(command)
    assert result.exit_code == code
    assert f"Stopped by {name}: " in result.stderr
    advice = "Go on with: nncli "
    [said] = [line for line in result.stderr.splitlines() if advice in line]
    document = json.loads((folder / "metrics.json").read_text())
    assert document["outcome"] == "interrupted" and 1 <= document["epochs"] < 20
    going_on = shlex.split(said.partition(advice)[2])
    assert going_on == ["train", "--resume", str(folder)]
    assert run_cli([*going_on, "--quiet"]).exit_code == 0
    document = json.loads((folder / "metrics.json").read_text())
    assert (document["outcome"], document["epochs"]) == ("completed", 20)
    assert document["timing"]["total_seconds"] > document["timing"]["fit_seconds"]


def test_the_command_that_goes_on_works_in_a_folder_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "my run"
    with pytest.raises(InterruptedRunError) as error:
        nncli.train(EXPERIMENT, run_dir=folder, reporter=Stopping(steps=1))
    assert error.value.hint is not None
    command = error.value.hint.removeprefix("Go on with: ")
    assert shlex.split(command) == ["nncli", "train", "--resume", str(folder)]


def test_a_resumed_run_remembers_that_its_data_is_a_stand_in(tmp_path: Path) -> None:
    short = {"model": {"hidden_units": [4]}, "training": {"epochs": 2}}
    with pytest.raises(InterruptedRunError):
        nncli.train(short, run_dir=tmp_path / "run", reporter=Stopping(epochs=1))
    used = nncli.resume(tmp_path / "run").metrics.dataset
    assert (used.name, used.requested, used.fallback) == ("digits", None, True)


def test_when_every_checkpoint_is_damaged_new_ones_are_kept_all_the_same(
    tmp_path: Path, whole: dict[str, Any]
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(EXPERIMENT, run_dir=folder, reporter=Stopping(epochs=4))
    damaged = sorted((folder / "checkpoints").iterdir(), reverse=True)
    assert len(damaged) == 2
    for path, left in zip(damaged, (0, 100), strict=True):
        path.write_bytes(path.read_bytes()[:left])
    reporter = Stopping(epochs=1)
    with pytest.raises(InterruptedRunError):
        nncli.resume(folder, reporter=reporter)
    assert reporter.warnings == [f"{shown_path(path)} is damaged and left out." for path in damaged]
    assert "No checkpoint is whole: the run begins anew." in reporter.notices
    found = checkpoints.newest(folder / "checkpoints").checkpoint
    assert found is not None and (found.epoch, found.step) == (1, 0)
    assert everything(nncli.resume(folder)) == whole


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, number: int, code: int) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError) as error:
        nncli.train(EXPERIMENT, run_dir=folder, reporter=Stopping(epochs=2, number=number))
    assert error.value.exit_code == code
    assert error.value.hint == f"Go on with: nncli train --resume {typed_path(folder)}"
    document = json.loads((folder / "metrics.json").read_text())
    assert (document["outcome"], document["epochs"]) == ("interrupted", 2)
    assert not (folder / "lock").exists()


def test_a_finished_run_says_so_and_changes_nothing(run_cli: Any) -> None:
    assert run_cli(["train", "--dataset", "digits", "--epochs", "1", "--quiet"]).exit_code == 0
    before = {p: p.read_bytes() for p in Path("runs").rglob("*") if p.is_file()}
    result = run_cli(["train", "--resume", "latest"])
    assert result.exit_code == 0
    assert "runs/1-digits-mlp is finished (1 epoch): there is nothing left to do." in result.stderr
    after = {p: p.read_bytes() for p in Path("runs").rglob("*") if p.is_file()}
    assert after == before


def test_a_finished_run_can_become_longer(tmp_path: Path) -> None:
    constant = {**EXPERIMENT, "optimizer": {"learning_rate": 0.001}}
    longer = nncli.train(constant, run_dir=tmp_path / "whole")
    shorter = {**constant, "training": {**EXPERIMENT["training"], "epochs": 2}}
    nncli.train(shorter, run_dir=tmp_path / "run")
    grown = nncli.resume(tmp_path / "run", Layer({"training": {"epochs": 4}}))
    assert everything(grown) == everything(longer)
    assert "epochs: 4" in (tmp_path / "run" / "config.yaml").read_text()


def test_another_experiment_is_refused(run_cli: Any) -> None:
    run_cli(["train", "--dataset", "digits", "--epochs", "2", "--quiet"])
    result = run_cli(["train", "--resume", "1", "--batch-size", "64", "--seed", "3"])
    assert (result.exit_code, result.stderr) == (
        2,
        "error: A resumed run has the experiment that it began with; this one differs:\n"
        "  seed: 0 in the run, 3 now\n"
        "  training.batch_size: 128 in the run, 64 now\n"
        "  Leave it as it was (--epochs may grow), or start a new run.\n",
    )
    result = run_cli(["train", "--resume", "1-digits-mlp", "--epochs", "1"])
    assert result.exit_code == 2
    assert "The run is one of 2 epochs: it can only become longer." in result.stderr


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, whole: dict[str, Any]) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(EXPERIMENT, run_dir=folder, reporter=Stopping(epochs=3))
    *_, last = sorted((folder / "checkpoints").iterdir())
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    last.write_bytes(content)
    reporter = Stopping()
    resumed = nncli.resume(folder, reporter=reporter)
    assert reporter.warnings == [f"{last} is damaged and left out."]
    assert everything(resumed) == whole


def test_without_a_checkpoint_the_run_begins_anew(tmp_path: Path, whole: dict[str, Any]) -> None:
    folder = tmp_path / "run"
    with pytest.raises(InterruptedRunError):
        nncli.train(EXPERIMENT, run_dir=folder, reporter=Stopping(steps=2))
    for path in (folder / "checkpoints").iterdir():
        path.unlink()
    reporter = Stopping()
    assert everything(nncli.resume(folder, reporter=reporter)) == whole
    assert reporter.notices == ["No checkpoint is there yet: the run begins anew."]


def test_a_run_that_is_running_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    nncli.train(experiment(training={"epochs": 1}), run_dir=folder)
    code = (
        "import sys; from pathlib import Path; from nncli.runs import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=rf"is still running: process {holder.pid} on "):
            nncli.resume(folder)
        holder.kill()
    with RunFolder(folder).locked():
        pass


def test_no_run_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"has no config\.yaml"):
        nncli.resume(tmp_path)
    with pytest.raises(NotFoundError, match="There is no run 7, and runs has none"):
        runs.find(Path("runs"), "7")


def test_a_run_that_ran_out_of_time_is_evaluated_and_can_go_on(
    tmp_path: Path, whole: dict[str, Any]
) -> None:
    limited = experiment(training={"max_minutes": 0.0001})
    stopped = nncli.train(limited, run_dir=tmp_path / "run")
    assert stopped.metrics.outcome == "stopped_early"
    assert stopped.metrics.test is not None and len(stopped.history) < 4
    found = checkpoints.newest(tmp_path / "run" / "checkpoints").checkpoint
    assert found is not None and (found.epoch, found.step) == (0, 4)  # the first execution's end
    more = Layer({"training": {"max_minutes": 60.0}})
    reporter = Stopping()
    resumed = nncli.resume(tmp_path / "run", more, reporter=reporter)
    assert resumed.metrics.outcome == "completed" and reporter.notices == []
    assert everything(resumed) == whole


def test_checkpoints_inside_an_epoch(tmp_path: Path) -> None:
    often = experiment(training={"epochs": 1, "checkpoint_minutes": 1e-6})
    steps: list[int] = []

    class Watching(SilentReporter):
        def step_ended(self, step: int, values: Mapping[str, float]) -> None:
            found = checkpoints.newest(tmp_path / "run" / "checkpoints").checkpoint
            steps.append(found.step if found else 0)

    nncli.train(often, run_dir=tmp_path / "run", reporter=Watching())
    assert max(steps) > 0
    assert np.all(np.diff(steps) >= 0)


def test_a_run_without_a_whole_epoch_can_be_shown(run_cli: Any) -> None:
    settings = ["--set", "training.max_minutes=0.00001", "--set", "training.steps_per_execution=1"]
    result = run_cli(["train", "--dataset", "digits", *settings])
    assert result.exit_code == 0
    document = json.loads(Path("runs/1-digits-mlp/metrics.json").read_text())
    assert (document["epochs"], document["kept_epoch"]) == (0, None)
    assert f"{document['test']['accuracy']:.4f}" in result.stdout
    assert "None" not in result.stdout


def test_a_run_that_ran_out_of_time_is_finished_until_it_gets_more(run_cli: Any) -> None:
    folder = Path("runs/1-digits-mlp")
    short = ["--set", "training.max_minutes=0.00001", "--set", "training.steps_per_execution=1"]
    command = ["train", "--dataset", "digits", "--epochs", "2", "--quiet"]
    assert run_cli([*command, *short]).exit_code == 0
    assert run_cli([*command, "--set", "training.steps_per_execution=1"]).exit_code == 0
    resume = ["train", "--resume", str(folder), "--quiet"]
    assert run_cli(resume).exit_code == 0
    assert json.loads((folder / "metrics.json").read_text())["outcome"] == "stopped_early"
    assert run_cli([*resume, "--set", "training.max_minutes=10"]).exit_code == 0
    both = [
        json.loads(Path("runs", n, "metrics.json").read_text())
        for n in sorted(path.name for path in Path("runs").iterdir())
        if n[0].isdigit()
    ]
    assert both[0]["outcome"] == "completed"
    for document in both:
        del document["timing"]
    assert both[0] == both[1]


def test_a_full_disk_ends_a_run_that_can_go_on_once_there_is_space(
    tmp_path: Path, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    written = []

    def savez(*arguments: Any, **arrays: Any) -> None:
        written.append(arguments)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(*arguments, **arrays)

    original = np.savez
    often = experiment(training={"checkpoint_minutes": 1e-6})
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", savez)
        with pytest.raises(StorageError, match="No space left on device") as raised:
            nncli.train(often, run_dir=folder)
    assert raised.value.hint is not None
    assert f"go on with: nncli train --resume {typed_path(folder)}" in raised.value.hint
    document = json.loads((folder / "metrics.json").read_text())
    assert document["outcome"] == "failed" and "No space left" in document["error"]
    found = checkpoints.newest(folder / "checkpoints").checkpoint
    assert found is not None and (found.epoch, found.step) == (0, 4)
    assert everything(nncli.resume(folder)) == whole


def test_a_long_validation_is_not_waited_for(
    tmp_path: Path, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The epoch whose validation was cut off is not complete: what was saved before it counts."""
    from nncli.training import callbacks

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(callbacks, "VALIDATION_PATIENCE_SECONDS", 0.0)
        with pytest.raises(InterruptedRunError):
            nncli.train(EXPERIMENT, run_dir=folder, reporter=Stopping(steps=12))
    document = json.loads((folder / "metrics.json").read_text())
    assert (document["outcome"], document["epochs"]) == ("interrupted", 1)
    found = checkpoints.newest(folder / "checkpoints").checkpoint
    assert found is not None and (found.epoch, found.step) == (1, 0)
    assert everything(nncli.resume(folder)) == whole
