"""`nncli train` as it is typed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

FAST = ("train", "--dataset", "digits", "--epochs", "2", "--hidden-units", "16")


def test_flags_lie_on_top_of_the_file(run_cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "wide.yaml"
    file.write_text(
        "dataset: digits\nmodel: {hidden_units: [32], dropout: 0.1}\n"
        "optimizer: {type: adam, learning_rate: 0.01}\ntraining: {epochs: 9, batch_size: 50}\n"
    )
    arguments = [
        "--epochs",
        "1",
        "--batch-size",
        "64",
        "--hidden-units",
        "24,16",
        "--optimizer",
        "sgd",
        "--seed",
        "3",
    ]
    result = run_cli(["train", "-c", str(file), *arguments, "--run-dir", "out", "--quiet"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    from nncli.config import load_experiment
    from nncli.optimizers import Sgd

    experiment = load_experiment([Path("out/config.yaml")])
    assert experiment.model.model_dump()["hidden_units"] == (24, 16)
    assert experiment.model.model_dump()["dropout"] == 0.1
    assert experiment.optimizer == Sgd()  # with its own default rate: Adam's went with Adam
    assert (experiment.training.epochs, experiment.training.batch_size) == (1, 64)
    assert experiment.seed == 3


def test_json_is_the_only_thing_on_stdout(run_cli: Any) -> None:
    result = run_cli([*FAST, "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document == json.loads(Path("runs/1-digits-mlp/metrics.json").read_text())
    assert "1/2" in result.stderr


def test_plain_lines_without_a_terminal(run_cli: Any) -> None:
    result = run_cli(FAST)
    assert result.exit_code == 0
    printed = result.stdout + result.stderr
    assert not any(ord(character) < 32 and character != "\n" for character in printed)
    assert all(len(line) <= 80 for line in printed.splitlines())
    epochs = [line.split()[0] for line in result.stderr.splitlines() if "/2 " in line]
    assert epochs == ["1/2", "2/2"]
    for word in ("train", "validation", "test", "runs/1-digits-mlp", "nncli evaluate"):
        assert word in result.stdout
    assert "Traceback" not in printed and "oneDNN" not in printed


def test_without_validation_the_heading_names_the_training_alone(run_cli: Any) -> None:
    result = run_cli([*FAST, "--set", "dataset.validation=0"])
    headings = [line.split() for line in result.stderr.splitlines() if line.startswith("    ")]
    assert headings[:2] == [["train"], ["epoch", "loss", "accuracy", "time"]]


def test_more_metrics_than_there_is_room_for(run_cli: Any) -> None:
    """What is watched is shown, and what is not shown is named."""
    wanted = "top_3_accuracy,balanced_accuracy,macro_f1,auc,crossentropy,macro_recall"
    rules = [f"metrics={wanted}", "monitor=validation_macro_f1"]
    result = run_cli([*FAST, *(word for rule in rules for word in ("--set", f"training.{rule}"))])
    assert result.exit_code == 0, result.stderr
    lines = result.stderr.splitlines() + result.stdout.splitlines()
    hidden = "top_3_accuracy, balanced_accuracy, auc, crossentropy, macro_recall"
    assert f"In history.csv alone: {hidden}" in lines
    assert all(len(line) <= 80 for line in lines if not line.startswith("In history"))
    [heading] = [line.split() for line in lines if line.startswith("    epoch")]
    assert heading == ["epoch", *2 * ["loss", "macro_f1", "accuracy"], "time"]
    document = json.loads(Path("runs/1-digits-mlp/metrics.json").read_text())
    assert list(document["test"]) == ["loss", "accuracy", *wanted.split(",")]
    [row] = [line.split() for line in lines if line.startswith("balanced_accuracy")]
    splits = [document[split]["balanced_accuracy"] for split in ("train", "validation", "test")]
    assert row[1:] == [f"{value:.4f}" for value in splits]
    shown = run_cli(["evaluate", "runs/1-digits-mlp/model.keras"]).stdout
    assert all(len(line) <= 80 for line in shown.splitlines())
    for name, value in document["test"].items():
        assert f"{name} {value:.4f}" in shown


def test_folds_end_with_every_model_and_the_way_to_one_of_all(run_cli: Any, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("size,kind\n" + "".join(f"{n % 7}.5,{'ab'[n % 2]}\n" for n in range(60)))
    data = ["--dataset", str(table), "--set", "dataset.target=kind"]
    result = run_cli(["train", *data, "--folds", "3", "--epochs", "1"])
    assert result.exit_code == 0, result.output
    assert "  runs/1-a-mlp/fold-1/model.keras to fold-3/model.keras\n" in result.stdout
    assert result.stderr.count("size number -> kind") == 1  # and not once for each fold
    command = shlex.split(result.stdout.splitlines()[-1])
    assert command[:2] == ["nncli", "train"]
    again = run_cli([*command[1:], "--json"])
    assert again.exit_code == 0, again.output
    examples = json.loads(again.stdout)["dataset"]["examples"]
    assert "test" not in examples and sum(examples.values()) == 60


@pytest.mark.parametrize("folds", [[], ["--folds", "2"]])
def test_errors_of_values_are_in_their_unit(run_cli: Any, folds: list[str]) -> None:
    rows = "".join(f"{age},{80 + 5 * age + age % 3}\n" for age in range(60))
    Path("heights.csv").write_text("age,height\n" + rows)
    settings = [f"dataset.{one}" for one in ("target=height", "unit=cm", "columns.age=number")]
    flags = [word for setting in settings for word in ("--set", setting)]
    result = run_cli(["train", "--dataset", "heights.csv", *flags, "--epochs", "1", *folds])
    assert result.exit_code == 0, result.stderr
    [heads] = [line for line in result.stdout.splitlines() if "mae" in line]
    assert heads.split()[-5:] == ["mae", "(cm)", "rmse", "(cm)", "r2"]


def test_an_early_end_says_why(run_cli: Any) -> None:
    rules = ["early_stopping.patience=1", "early_stopping.min_delta=9"]
    options = [word for rule in rules for word in ("--set", f"training.{rule}")]
    result = run_cli([*FAST, *options, "--epochs", "4"])
    assert "Ended by training.early_stopping: validation_loss improves no more." in result.stderr
    assert "(best validation_loss), stopped early, " in result.stdout


def test_the_two_commands_at_the_end_work(run_cli: Any) -> None:
    shown = run_cli([*FAST, "--name", "a.b"]).stdout
    commands = [line.split() for line in shown.splitlines() if line.startswith("  nncli ")]
    assert [command[1] for command in commands] == ["evaluate", "train"]
    for command in commands:
        assert run_cli(command[1:]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["--epoch", "3"], 2, "error: No such option: --epoch; did you mean --epochs?"),
        (["--epochs", "-1"], 2, "error: --epochs  training.epochs: must be at least 1, not -1"),
        (["--epochs", "1.5"], 2, "error: --epochs  training.epochs: must be a whole number"),
        (["--hidden-units", "8,x"], 2, "model.hidden_units[1]: must be a whole number, not 'x'"),
        (["--optimizer", "adan"], 2, "there is no type 'adan'; did you mean adam?"),
        (["--model", "mpl"], 2, "there is no type 'mpl'; did you mean mlp?"),
        (["--dataset", "./photos"], 2, "There is no folder"),
        (["--device", "tpu"], 2, "'tpu' is not one of 'auto', 'cpu', 'gpu'"),
        (["mine.yaml"], 2, "Did you mean -c mine.yaml?"),
        (["--run-dir", "a", "--runs-dir", "b"], 2, "--runs-dir does not apply"),
        (["--set", "epochs=3"], 2, "epochs: unknown key; did you mean training.epochs?"),
        (["--set", "dataset.name=digits"], 2, "write dataset: digits"),
        (["--data-dir", "nowhere"], 2, "There is no folder"),
        (["-c", "missing.yaml"], 2, "error: There is no file missing.yaml."),
        (["--seed", "-1"], 2, "error: --seed  seed: must be at least 0, not -1"),
        (["--name", "../up"], 2, "error: --name  name: '../up' is not a valid name; letters"),
        (["--learning-rate", "nan"], 2, "optimizer.learning_rate: must be a"),
        (["--dataset", "digits", "--runs-dir", "file/runs"], 1, "is a file."),
        (["--dataset", "digits", "--run-dir", "full"], 2, "exists and is not empty"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_one_message_and_no_run_folder(
    run_cli: Any, arguments: list[str], exit_code: int, message: str
) -> None:
    Path("file").touch()
    Path("full").mkdir()
    Path("full/something").touch()
    result = run_cli(["train", *arguments])
    assert message in result.stderr
    assert result.exit_code == exit_code
    assert "Traceback" not in result.stderr and result.stdout == ""
    assert not Path("runs").exists()


def test_debug_shows_the_traceback(run_cli: Any) -> None:
    assert "Traceback" in run_cli(["train", "--epochs", "0", "--debug"]).stderr


@pytest.mark.slow
def test_without_mnist_and_network_digits_stand_in_loudly(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    result = run_cli(["train", "--epochs", "1"])
    assert result.exit_code == 0
    assert "warning: MNIST is not on this machine and cannot be downloaded" in result.stderr
    assert os.environ["TFDS_DATA_DIR"] in result.stderr
    assert "These are digits, not MNIST" in result.stdout
    document = json.loads(Path("runs/1-digits-mlp/metrics.json").read_text())
    used = document["dataset"]
    assert (used["name"], used["requested"], used["fallback"]) == ("digits", None, True)
    named = run_cli(["train", "--epochs", "1", "--dataset", "mnist"])
    assert named.exit_code == 1
    assert "nncli data prepare mnist --from FOLDER" in named.stderr
    assert not Path("runs/2-mnist-mlp").exists()


def start(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nncli", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_run_with_their_exit_code(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = start(["train", "--dataset", "digits", "--epochs", "100000"], tmp_path)
    history = tmp_path / "runs/1-digits-mlp/history.csv"
    for _ in range(600):
        if history.exists():
            break
        time.sleep(0.1)
    document = json.loads((tmp_path / "runs/1-digits-mlp/metrics.json").read_text())
    assert document["outcome"] == "running"
    lock = json.loads((tmp_path / "runs/1-digits-mlp/lock").read_text())
    assert lock["pid"] == process.pid
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in stderr and "Stopped by" in stderr and stdout == ""
    document = json.loads((tmp_path / "runs/1-digits-mlp/metrics.json").read_text())
    assert document["outcome"] == "interrupted"
    assert (tmp_path / "runs/1-digits-mlp/model.keras").exists()
    assert not (tmp_path / "runs/1-digits-mlp/lock").exists()


@pytest.mark.slow
def test_nothing_of_tensorflow_reaches_the_streams(tmp_path: Path) -> None:
    process = start([*FAST, "--json"], tmp_path)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0
    assert json.loads(stdout)["outcome"] == "completed"
    for word in ("TensorFlow binary", "oneDNN", "absl", "cuda", "0000 00:00", "Warning"):
        assert word not in stderr
    log = (tmp_path / "runs/1-digits-mlp/log.txt").read_text()
    assert "absl::InitializeLog" in log  # which of its lines follow depends on the processor


@pytest.mark.slow
@pytest.mark.data
def test_the_default_experiment_on_the_real_mnist(run_cli: Any, prepared_mnist: Path) -> None:
    result = run_cli(["train", "--data-dir", str(prepared_mnist), "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["test"]["accuracy"] >= 0.970
    assert document["dataset"]["examples"] == {"train": 54000, "test": 10000, "validation": 6000}
    assert document["parameters"] == 101_770
    model = "runs/1-mnist-mlp/model.keras"
    again = run_cli(["evaluate", model, "--output", "out.json"])  # finds the data by itself
    assert again.exit_code == 0
    written = json.loads(Path("out.json").read_text())
    assert written["test"] == document["test"]
    assert [row["count"] for row in written["per_class"]][:2] == [980, 1135]


@pytest.mark.slow
def test_a_run_outlives_the_reader_of_its_output(tmp_path: Path) -> None:
    command = f"{sys.executable} -m nncli {' '.join(FAST)} --epochs 9 2>&1 | head -n 2"
    subprocess.run(["bash", "-c", command], check=True, cwd=tmp_path, capture_output=True)
    document = json.loads((tmp_path / "runs/1-digits-mlp/metrics.json").read_text())
    assert (document["outcome"], document["epochs"]) == ("completed", 9)


@pytest.mark.slow
def test_a_run_without_any_streams(tmp_path: Path) -> None:
    command = f"{sys.executable} -m nncli {' '.join(FAST)} <&- >&- 2>&-"
    done = subprocess.run(["bash", "-c", command], check=False, cwd=tmp_path)
    assert done.returncode == 0
    document = json.loads((tmp_path / "runs/1-digits-mlp/metrics.json").read_text())
    assert document["outcome"] == "completed"
