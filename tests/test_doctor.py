"""Every problem that the doctor looks for is planted: it is found, graded and has a remedy."""

from __future__ import annotations

import errno
import http.server
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nncli import backend, doctor, optimizers
from nncli.doctor import Finding, examine
from nncli.errors import InterruptedRunError, Terminated, TrainingError

ROOT = Path(__file__).resolve().parents[1]
NAMES = [
    "python",
    "nncli",
    "tensorflow",
    "keras",
    "tfds",
    "numpy",
    "other packages",
    "bytecode",
    "backend",
    "devices",
    "data folder",
    "datasets",
    "cache folder",
    "runs folder",
    "network",
    "training",
]


def found(name: str) -> Finding:
    """What one check finds."""
    return doctor._examined(name, doctor._checks()[name])


@pytest.fixture
def few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes seconds: TensorFlow, the network and the training."""
    for check in ("_devices", "_network", "_training"):
        monkeypatch.setattr(doctor, check, lambda: doctor._Answer("good", "left out"))


@pytest.mark.slow
@pytest.mark.usefixtures("shared_cache", "no_network")
def test_a_sound_machine_without_network_is_ready(own_folders: Path, reporter: Any) -> None:
    report = examine(reporter=reporter)
    findings = {finding.name: finding for finding in report.findings}
    assert list(findings) == NAMES
    assert report.ok, report.graded("fail")
    assert all(finding.remedy for finding in report.findings if finding.grade != "good")
    assert findings["network"].grade == "warn"
    assert findings["training"].grade == "good"
    assert float(findings["training"].message.split()[-1]) > 0.8
    assert reporter.tasks == [f"Examining {name}" for name in NAMES]
    assert list(own_folders.iterdir()) == []  # the training leaves nothing behind


@pytest.mark.usefixtures("few_checks")
@pytest.mark.parametrize("broken", ["_python", "_bytecode", "_data_folder", "_training"])
def test_a_check_that_raises_fails_and_the_others_go_on(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises() -> doctor._Answer:
        raise ZeroDivisionError("by zero\nsecond line")

    monkeypatch.setattr(doctor, broken, raises)
    report = examine()
    assert [finding.name for finding in report.findings] == NAMES
    failed = report.graded("fail")
    assert [f.name for f in failed] == [broken.removeprefix("_").replace("_", " ")]
    assert failed[0].message == "ZeroDivisionError: by zero"
    assert "log" in (failed[0].remedy or "")
    assert not report.ok


# Versions


def test_python_that_is_too_new_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("python").grade == "good"
    monkeypatch.setattr(platform, "python_version", lambda: "3.14.0")
    finding = found("python")
    assert finding.grade == "fail"
    assert finding.message == "3.14.0; nncli needs >=3.11,<3.14"
    assert "python3.12 -m venv" in (finding.remedy or "")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """Versions to be reported instead of the real ones; None: not installed."""
    planted: dict[str, str | None] = {}
    real = importlib.metadata.version

    def version(name: str) -> str:
        answer = planted[name] if name in planted else real(name)
        if answer is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return answer

    monkeypatch.setattr(importlib.metadata, "version", version)
    return planted


@pytest.mark.parametrize("version", ["2.20.1", "2.22.0", "3.0.0"])
def test_another_tensorflow_fails(installed: dict[str, str | None], version: str) -> None:
    installed["tensorflow"] = version
    finding = found("tensorflow")
    assert finding.grade == "fail"
    assert finding.message == f"{version}; nncli needs >=2.21,<2.22"
    assert finding.remedy == "pip install 'tensorflow>=2.21,<2.22'"


@pytest.mark.parametrize("version", ["2.21.0", "2.21.3", "2.21.1rc0"])
def test_every_tensorflow_2_21_is_good(installed: dict[str, str | None], version: str) -> None:
    installed["tensorflow"] = version
    assert found("tensorflow") == Finding("tensorflow", "good", version)


def test_keras_2_fails(installed: dict[str, str | None]) -> None:
    installed["keras"] = "2.15.0"
    finding = found("keras")
    assert finding.grade == "fail"
    assert (finding.remedy or "").startswith("pip install 'keras>=3.")


def test_missing_packages_are_named(installed: dict[str, str | None]) -> None:
    assert found("other packages").grade == "good"
    installed |= {"importlib-resources": None, "rich": "13.0"}
    finding = found("other packages")
    assert finding.grade == "fail"
    assert finding.message == "importlib-resources not installed, rich 13.0; nncli needs >=14,<16"
    assert finding.remedy == "pip install 'importlib-resources>=6' 'rich>=14,<16'"


def test_nncli_that_is_not_installed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def metadata(name: str) -> Any:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "metadata", metadata)
    assert found("nncli").grade == "warn"
    assert found("python").grade == found("tensorflow").grade == "good"


def test_the_doctor_understands_every_version_that_nncli_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [f"python{project['requires-python']}", *project["dependencies"]]
    for requirement in requirements:
        assert re.fullmatch(r"[\w.-]+(>=|<)[\d.]+(,(>=|<)[\d.]+)*", requirement), requirement
    assert set(doctor.LIBRARIES.values()) <= set(doctor._requirements())


# What TensorFlow starts with


def test_missing_bytecode_is_found_and_its_remedy_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "a folder" / "site-packages"
    for package in ("tensorflow", "keras"):
        (site / package / "inner").mkdir(parents=True)
        for file in ("__init__.py", "inner/__init__.py", "inner/ops.py"):
            (site / package / file).write_text("x = 1\n")
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: importlib.util.spec_from_file_location(name, site / name / "__init__.py"),
    )
    finding = found("bytecode")
    assert finding.grade == "warn"
    assert "tensorflow and keras not compiled" in finding.message
    assert finding.remedy is not None and "-m compileall" in finding.remedy
    subprocess.run(shlex.split(finding.remedy), check=True)
    assert found("bytecode") == Finding("bytecode", "good", "compiled")
    shutil.rmtree(site / "keras" / "__pycache__")
    shutil.rmtree(site / "keras" / "inner" / "__pycache__")
    assert found("bytecode").message.startswith("keras not compiled")


def test_bytecode_of_another_place_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    assert found("bytecode").grade == "warn"


def test_a_stray_backend_is_mentioned_and_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert found("backend") == Finding("backend", "good", "tensorflow")
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    assert found("backend").message == f"tensorflow; nncli ignores torch in {tmp_path}/keras.json"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    finding = found("backend")
    assert finding.grade == "good"
    assert "ignores KERAS_BACKEND=jax and torch" in finding.message
    (tmp_path / "keras.json").write_text("[broken")
    assert found("backend").message == "tensorflow; nncli ignores KERAS_BACKEND=jax"


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What TensorFlow is said to see; there is no NVIDIA driver."""
    names = ["CPU"]
    monkeypatch.setattr(backend, "prepare", lambda: None)
    monkeypatch.setattr(backend, "devices", lambda: names)
    monkeypatch.setattr(doctor, "NVIDIA_DRIVER", tmp_path / "driver")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return names


def test_a_machine_without_gpu_is_good(seen: list[str]) -> None:
    finding = found("devices")
    assert finding.grade == "good"
    assert finding.message.startswith("CPU: ") and finding.message.endswith("; no GPU")


def test_a_gpu_is_named(seen: list[str], tmp_path: Path) -> None:
    (tmp_path / "driver").touch()
    seen.append("GPU: NVIDIA H100")
    finding = found("devices")
    assert finding.grade == "good"
    assert finding.message.startswith("GPU: NVIDIA H100, CPU: ")


def test_a_gpu_that_tensorflow_does_not_see_is_a_warning(
    seen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "driver").touch()
    finding = found("devices")
    assert (finding.grade, finding.remedy) == ("warn", "pip install 'nncli[gpu]'")
    assert "NVIDIA GPU" in finding.message
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    finding = found("devices")
    assert (finding.grade, finding.remedy) == ("warn", "unset CUDA_VISIBLE_DEVICES")


@pytest.mark.usefixtures("no_network")
def test_without_tensorflow_the_rest_is_still_examined() -> None:
    program = (
        "import sys; sys.modules['tensorflow'] = None; from nncli.cli import main; "
        "sys.exit(main(['doctor', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 1
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert list(findings) == NAMES
    assert {name for name in NAMES if findings[name]["grade"] == "fail"} == {"devices", "training"}
    assert "TensorFlow does not start" in findings["devices"]["message"]
    assert "--force-reinstall 'tensorflow>=2.21,<2.22'" in findings["devices"]["remedy"]
    assert findings["training"]["message"] == "not tried"
    assert done.stderr == ""


# Folders


def plant_dataset(folder: Path, *parts: str) -> None:
    """Make what a prepared dataset is recognised by."""
    place = folder.joinpath(*parts)
    place.mkdir(parents=True)
    (place / "dataset_info.json").touch()


def test_a_missing_data_folder_is_good(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "some" / "data"))
    finding = found("data folder")
    assert finding.grade in ("good", "warn")  # the disk may be nearly full
    assert f"{tmp_path}/some/data (will be made)" in finding.message
    assert not (tmp_path / "some").exists()


def test_a_data_folder_below_a_file_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "file" / "data"))
    finding = found("data folder")
    assert finding.grade == "fail"
    assert finding.message == f"{tmp_path}/file/data cannot be written: file is a file"
    assert "TFDS_DATA_DIR=" in (finding.remedy or "")


def test_a_data_folder_to_read_only_is_a_warning_if_there_is_something_to_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))

    def read_only(dir: Path) -> Any:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    assert found("data folder").grade == "fail"
    plant_dataset(folder, "mnist", "3.0.1")
    finding = found("data folder")
    assert finding.grade == "warn"
    assert finding.message.endswith("cannot be written: Read-only file system")


def test_prepared_datasets_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert found("datasets").message == "digits (embedded), prepared: none yet"
    plant_dataset(tmp_path, "mnist", "3.0.1")
    plant_dataset(tmp_path, "emnist", "letters", "3.1.0")
    plant_dataset(tmp_path, "downloads", "extracted")
    assert found("datasets").message == "digits (embedded), prepared: emnist, mnist"
    for letter in "abcdef":
        plant_dataset(tmp_path, letter, "1.0.0")
    assert found("datasets").message.endswith("a, b, c, d, e, emnist, 2 more")


def test_a_cache_that_cannot_be_written_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    finding = found("cache folder")
    assert finding.grade == "warn"  # training goes on without one
    assert "XDG_CACHE_HOME=" in (finding.remedy or "")


def test_a_file_in_place_of_the_runs_folder_fails(own_folders: Path) -> None:
    (own_folders / "runs").touch()
    finding = found("runs folder")
    assert finding.grade == "fail"
    assert "--runs-dir" in (finding.remedy or "")


@pytest.mark.parametrize("name", ["data folder", "cache folder", "runs folder"])
@pytest.mark.parametrize(
    ("free", "grade", "shown"),
    [
        (3e9, "good", "3.0 GB free"),
        (1.9e9, "warn", "1.9 GB free"),
        (150e6, "fail", "150 MB free"),
    ],
)
def test_scarce_space_is_graded(
    name: str, free: float, grade: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1e12, 1e12 - free, free))
    finding = found(name)
    assert finding.grade == grade
    assert finding.message.endswith(shown)
    assert (finding.remedy is None) == (grade == "good")
    assert grade == "good" or "Free some space" in (finding.remedy or "")


# The network


@pytest.mark.usefixtures("no_network")
def test_no_network_is_a_warning_with_the_way_around() -> None:
    finding = found("network")
    assert finding.grade == "warn"
    assert "storage.googleapis.com does not answer" in finding.message
    assert "nncli data prepare mnist --from FOLDER" in (finding.remedy or "")


def test_the_host_is_the_one_that_mnist_comes_from() -> None:
    import tensorflow_datasets as tfds

    assert doctor.MNIST_URL in tfds.builder_cls("mnist").url_infos


@pytest.fixture
def local_server() -> Iterator[str]:
    """The address of a server in this process."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *details: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/train.gz"
        server.shutdown()
        thread.join()


def test_a_host_that_answers_is_good(local_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(doctor, "MNIST_URL", local_server)
    finding = found("network")
    assert (finding.grade, finding.remedy) == ("good", None)
    assert finding.message.startswith("127.0.0.1 answers")


# The training


@pytest.mark.slow
@pytest.mark.usefixtures("shared_cache")
def test_a_training_that_learns_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def frozen(settings: Any, **_: Any) -> Any:
        import keras

        return keras.optimizers.SGD(learning_rate=0.0)

    monkeypatch.setattr(optimizers, "build", frozen)
    finding = found("training")
    assert finding.grade == "fail"
    assert "should be above 0.5" in finding.message
    assert "pip install --force-reinstall 'tensorflow" in (finding.remedy or "")


@pytest.mark.parametrize(
    ("accuracy", "grade"), [(0.9, "good"), (0.5, "fail"), (0.1, "fail"), (None, "fail")]
)
def test_accuracy_is_graded(
    accuracy: float | None, grade: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = SimpleNamespace(test={"accuracy": accuracy}, timing=SimpleNamespace(total_seconds=2))
    monkeypatch.setattr(doctor, "train", lambda *a, **k: SimpleNamespace(metrics=metrics))
    assert found("training").grade == grade


def failing_train(error: BaseException) -> Callable[..., Any]:
    def train(*arguments: Any, **settings: Any) -> Any:
        raise error

    return train


def test_a_training_that_breaks_fails_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    error = TrainingError("The loss is not a finite number any more.", hint="Do this.")
    monkeypatch.setattr(doctor, "train", failing_train(error))
    assert found("training") == Finding("training", "fail", error.message, "Do this.")
    monkeypatch.setattr(doctor, "train", failing_train(RuntimeError("no kernel image")))
    assert found("training").message == "RuntimeError: no kernel image"


@pytest.mark.parametrize(("code", "raised"), [(130, KeyboardInterrupt), (143, Terminated)])
def test_interruptions_are_no_findings(
    code: int, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = InterruptedRunError("Stopped", exit_code=code)
    monkeypatch.setattr(doctor, "train", failing_train(error))
    with pytest.raises(KeyboardInterrupt) as caught:
        found("training")
    assert caught.type is raised
