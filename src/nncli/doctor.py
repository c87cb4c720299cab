"""Is this machine ready: libraries, bytecode, devices, folders, network, and a short training."""

from __future__ import annotations

import errno
import importlib.metadata
import importlib.util
import json
import logging
import os
import platform
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import nncli
from nncli import backend
from nncli.config import Experiment, TrainingSettings
from nncli.data import DigitsDataset, TfdsDataset
from nncli.data.network import is_offline, reachable
from nncli.data.tfds import data_folder
from nncli.errors import InterruptedRunError, NncliError, Terminated
from nncli.files import cache_folder, existing_part, to_json
from nncli.reporting import Reporter, SilentReporter
from nncli.training import train

__all__ = ["Finding", "Grade", "Report", "examine"]

Grade = Literal["good", "warn", "fail"]

# Libraries that get a finding each; what else nncli requires shares one.
LIBRARIES = {
    "tensorflow": "tensorflow",
    "keras": "keras",
    "tfds": "tensorflow-datasets",
    "numpy": "numpy",
}
# Importing TensorFlow and Keras loads more than half of their files.
LEAST_COMPILED_SHARE = 1 / 3
SCARCE_BYTES, TOO_FEW_BYTES = 2e9, 200e6
# Three epochs of digits reach 0.9; guessing reaches 0.1.
LEAST_ACCURACY = 0.5
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
# One of the files that tensorflow-datasets downloads; asking it would need TensorFlow.
MNIST_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz"

logger = logging.getLogger("nncli")


@dataclass(frozen=True)
class Finding:
    """One thing that was examined; `remedy` is what to type where it is not good."""

    name: str
    grade: Grade
    message: str
    remedy: str | None = None


@dataclass(frozen=True)
class Report:
    """Everything that was examined, in the order of examination."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed; warnings are no failures."""
        return not self.graded("fail")

    def graded(self, grade: Grade) -> list[Finding]:
        """The findings of one grade."""
        return [finding for finding in self.findings if finding.grade == grade]

    def to_json(self) -> str:
        """The report as indented JSON: `schema`, `ok` and `findings`."""
        findings = [asdict(finding) for finding in self.findings]
        return to_json({"schema": 1, "ok": self.ok, "findings": findings})


class _Answer(NamedTuple):
    grade: Grade
    message: str
    remedy: str | None = None


def examine(*, reporter: Reporter | None = None) -> Report:
    """Examine this machine and the current folder; imports TensorFlow and trains for two seconds.

    Nothing is changed except that the embedded digits are cached. Whatever goes wrong is a finding
    and never an exception, except for Ctrl-C and SIGTERM.
    """
    reporter = reporter or SilentReporter()
    findings: dict[str, Finding] = {}
    for name, check in _checks().items():
        with reporter.task(f"Examining {name}"):
            if name == "training" and findings["devices"].grade == "fail":
                check = partial(_Answer, "fail", "not tried", "See devices above.")
            findings[name] = _examined(name, check)
    return Report(tuple(findings.values()))


def _checks() -> dict[str, Callable[[], _Answer]]:
    """All checks. What importing TensorFlow changes is looked at before `devices` imports it."""
    return {
        "python": _python,
        "nncli": _nncli,
        **{name: partial(_library, package) for name, package in LIBRARIES.items()},
        "other packages": _other_packages,
        "bytecode": _bytecode,
        "backend": _keras_settings,
        "devices": _devices,
        "data folder": _data_folder,
        "datasets": _datasets,
        "cache folder": _cache_folder,
        "runs folder": _runs_folder,
        "network": _network,
        "training": _training,
    }


def _examined(name: str, check: Callable[[], _Answer]) -> Finding:
    try:
        return Finding(name, *check())
    except NncliError as error:
        return Finding(name, "fail", error.message, error.hint)
    except Exception as error:  # one broken thing must not hide the others: logged, and a finding
        logger.exception("examining %s failed", name)
        return Finding(
            name, "fail", _reason(error), "nncli did not foresee this: the traceback is in the log."
        )


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


# Versions: what nncli requires is written in its package's metadata and nowhere else.


def _requirements() -> dict[str, str]:
    """Package (or `python`) -> versions such as `>=2.21,<2.22`; empty if nncli is not installed."""
    try:
        metadata = importlib.metadata.metadata("nncli")
    except importlib.metadata.PackageNotFoundError:
        return {}
    lines = [f"python{metadata['Requires-Python']}", *(metadata.get_all("Requires-Dist") or ())]
    found = [re.fullmatch(r"([\w.-]+)\s*([^;]*)", line) for line in lines]
    return {match[1]: _lowest_first(match[2]) for match in found if match}  # no match: an extra


def _lowest_first(versions: str) -> str:
    return ",".join(sorted((part.strip() for part in versions.split(",")), reverse=True))


def _fits(version: str, versions: str) -> bool:
    """Whether `version` is within `versions`, which consist of `>=` and `<`."""
    release = _numbers(version)
    for part in versions.split(","):
        if part.startswith(">=") and release < _numbers(part[2:]):
            return False
        if re.match(r"<\d", part) and release >= _numbers(part[1:]):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(number) for number in release[0].split(".")) if release else ()


def _python() -> _Answer:
    version, versions = platform.python_version(), _requirements().get("python", "")
    if _fits(version, versions):
        return _Answer("good", version)
    return _Answer(
        "fail",
        f"{version}; nncli needs {versions}",
        "Make an environment with another Python: python3.12 -m venv .venv",
    )


def _nncli() -> _Answer:
    if _requirements():
        return _Answer("good", nncli.__version__)
    return _Answer(
        "warn",
        f"{nncli.__version__}, not installed: which libraries it needs is unknown",
        "pip install --editable . (in the folder of its pyproject.toml)",
    )


def _library(package: str) -> _Answer:
    misfit = _misfit(package)
    if misfit:
        return _Answer("fail", misfit, _install([package]))
    return _Answer("good", importlib.metadata.version(package))


def _other_packages() -> _Answer:
    others = [name for name in _requirements() if name not in ("python", *LIBRARIES.values())]
    misfits = {name: misfit for name in others if (misfit := _misfit(name))}
    if not misfits:
        return _Answer("good", f"{len(others)} as required")
    message = ", ".join(f"{name} {misfit}" for name, misfit in misfits.items())
    return _Answer("fail", message, _install(misfits))


def _misfit(package: str) -> str | None:
    """What is wrong with the installed version of `package`; None if it fits."""
    versions = _requirements().get(package, "")
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
    return None if _fits(version, versions) else f"{version}; nncli needs {versions}"


def _install(packages: Iterable[str], *, again: bool = False) -> str:
    requirements = _requirements()
    named = [shlex.quote(f"{package}{requirements.get(package, '')}") for package in packages]
    return f"pip install {'--force-reinstall ' if again else ''}{' '.join(named)}"


# What TensorFlow starts with.


def _bytecode() -> _Answer:
    found = {name: importlib.util.find_spec(name) for name in ("tensorflow", "keras")}
    folders = {
        name: Path(spec.origin).parent for name, spec in found.items() if spec and spec.origin
    }
    missing = [name for name, folder in folders.items() if not _is_compiled(folder)]
    if not missing:
        return _Answer("good", "compiled")
    return _Answer(
        "warn",
        f"{' and '.join(missing)} not compiled: starting takes three times longer",
        shlex.join([sys.executable, "-m", "compileall", "-q", str(folders[missing[0]].parent)]),
    )


def _is_compiled(package: Path) -> bool:
    """Whether this Python finds bytecode for the files in the folder `package`."""
    sources = package.rglob("*.py")
    compiled = [Path(importlib.util.cache_from_source(str(file))).exists() for file in sources]
    return sum(compiled) >= LEAST_COMPILED_SHARE * len(compiled)


def _keras_settings() -> _Answer:
    ignored = []
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        ignored.append(f"KERAS_BACKEND={os.environ['KERAS_BACKEND']}")
    file = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "keras.json"
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        named = settings.get("backend", "tensorflow")
    except (OSError, ValueError, AttributeError):
        named = "tensorflow"  # absent or damaged: Keras passes over it, too
    if named != "tensorflow":
        ignored.append(f"{named} in {file}")
    notice = f"; nncli ignores {' and '.join(ignored)}" if ignored else ""
    return _Answer("good", f"tensorflow{notice}")


def _devices() -> _Answer:
    try:
        backend.prepare()
        names = backend.devices()
    except NncliError:
        raise
    except Exception as error:  # a broken installation raises anything: logged, and a finding
        logger.exception("TensorFlow does not start")
        remedy = _install(["tensorflow", "keras"], again=True)
        return _Answer("fail", f"TensorFlow does not start: {_reason(error)}", remedy)
    accelerators = [name for name in names if name != "CPU"]
    cores = backend.usable_cores()
    message = ", ".join([*accelerators, f"CPU: {cores} {'core' if cores == 1 else 'cores'}"])
    if accelerators:
        return _Answer("good", message)
    if not NVIDIA_DRIVER.exists() and not shutil.which("nvidia-smi"):
        return _Answer("good", f"{message}; no GPU")
    remedy = "pip install 'nncli[gpu]'"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        remedy = "unset CUDA_VISIBLE_DEVICES"
    return _Answer(
        "warn", f"{message}; there is an NVIDIA GPU that TensorFlow does not see", remedy
    )


# Folders and the network.


def _data_folder() -> _Answer:
    return _folder(
        data_folder(TfdsDataset()),
        "Name another folder: export TFDS_DATA_DIR=FOLDER",
        unwritable="warn" if _prepared() else "fail",  # shared ones may be meant to be read only
    )


def _datasets() -> _Answer:
    names = _prepared()
    shown = [*names[:6], *([f"{len(names) - 6} more"] if len(names) > 6 else [])]
    return _Answer("good", f"digits (embedded), prepared: {', '.join(shown) or 'none yet'}")


def _prepared() -> list[str]:
    """Names of the datasets in the data folder, found without importing tensorflow-datasets."""
    folder = data_folder(TfdsDataset())
    found = [
        path
        for depth in ("*", "*/*")
        for path in folder.glob(f"{depth}/[0-9]*.[0-9]*.[0-9]*/dataset_info.json")
    ]
    return sorted({path.relative_to(folder).parts[0] for path in found})


def _cache_folder() -> _Answer:
    return _folder(
        cache_folder(),
        "Name another folder: export XDG_CACHE_HOME=FOLDER\n"
        "Without one, nncli decodes the data anew for every run.",
        unwritable="warn",
    )


def _runs_folder() -> _Answer:
    remedy = "Change to a folder of yours, or name one: nncli train --runs-dir FOLDER"
    return _folder(Path("runs").absolute(), remedy)


def _folder(place: Path, remedy: str, *, unwritable: Grade = "fail") -> _Answer:
    """Whether files can be written to `place`, or to a folder of that name still to be made."""
    try:
        existing = existing_part(place)
        if not existing.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{existing.name} is a file")
        with tempfile.TemporaryFile(dir=existing):  # permissions alone do not tell: it is tried
            pass
        free = shutil.disk_usage(existing).free
    except OSError as error:
        reason = error.strerror or str(error)
        return _Answer(unwritable, f"{place} cannot be written: {reason}", remedy)
    made = "" if existing == place else " (will be made)"
    amount = f"{free / 1e9:,.1f} GB" if free >= 1e9 else f"{free / 1e6:,.0f} MB"
    message = f"{place}{made}, {amount} free"
    if free >= SCARCE_BYTES:
        return _Answer("good", message)
    grade: Grade = "fail" if free < TOO_FEW_BYTES else "warn"
    return _Answer(grade, message, f"Free some space on that disk. {remedy}")


def _network() -> _Answer:
    host = urlsplit(MNIST_URL).hostname
    if is_offline():
        return _Answer("good", "not asked: prepared datasets and digits can be used offline")
    if reachable([MNIST_URL]):
        return _Answer("good", f"{host} answers: datasets can be downloaded")
    return _Answer(
        "warn",
        f"{host} does not answer",
        "Only prepared datasets and digits can be used. With archives at hand:\n"
        "nncli data prepare mnist --from FOLDER",
    )


# The proof.


def _training() -> _Answer:
    """Train for two seconds in a temporary folder."""
    experiment = Experiment(
        dataset=DigitsDataset(), training=TrainingSettings(epochs=3, batch_size=32)
    )
    with tempfile.TemporaryDirectory(prefix="nncli-doctor-", ignore_cleanup_errors=True) as folder:
        try:
            result = train(experiment, runs_dir=folder, command=["nncli", "doctor"])
        except InterruptedRunError as error:
            raise (Terminated if error.exit_code == 143 else KeyboardInterrupt) from None
    accuracy = (result.metrics.test or {}).get("accuracy") or 0.0
    seconds = result.metrics.timing.total_seconds
    message = f"3 epochs of digits in {seconds:.1f} s, accuracy {accuracy:.2f}"
    if accuracy > LEAST_ACCURACY:
        return _Answer("good", message)
    remedy = f"The libraries compute wrong numbers: {_install(LIBRARIES.values(), again=True)}"
    return _Answer("fail", f"{message}: should be above {LEAST_ACCURACY}", remedy)
