"""The folder of one run. Nothing else knows the names of the files in it."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import platform
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.errors import NotFoundError, StorageError, UsageError
from nncli.files import existing_part, is_temporary, storage_errors, to_json, write_atomically
from nncli.runs.metrics import EpochRow, Metrics

if TYPE_CHECKING:  # whoever lists ten thousand runs does not wait for these
    from nncli.config import Experiment

__all__ = [
    "CONFIG",
    "HISTORY",
    "MODEL",
    "RunFolder",
    "check_place",
    "create",
    "environment_of",
    "history_rows",
    "no_runs",
    "number_of",
    "numbered_runs",
]

MODEL, CONFIG, HISTORY = "model.keras", "config.yaml", "history.csv"
NUMBERED = re.compile(r"(\d+)-.", re.DOTALL)  # how the name of a run begins


@dataclass(frozen=True)
class RunFolder:
    """The files of one run; every method writes a file whole or not at all (`StorageError`)."""

    path: Path

    @property
    def model(self) -> Path:
        """The best model: raw input in, answer out."""
        return self.path / MODEL

    @property
    def config(self) -> Path:
        """The resolved experiment; `nncli train -c` repeats the run."""
        return self.path / CONFIG

    @property
    def metrics(self) -> Path:
        """The metrics document."""
        return self.path / "metrics.json"

    @property
    def report(self) -> Path:
        """The page about the run."""
        return self.path / "report.html"

    @property
    def history(self) -> Path:
        """The rows of the epochs."""
        return self.path / HISTORY

    @property
    def environment(self) -> Path:
        """What is needed to repeat the run elsewhere."""
        return self.path / "environment.json"

    @property
    def about(self) -> Path:
        """What people say about the run: its tags and its note."""
        return self.path / "about.json"

    @property
    def log(self) -> Path:
        """What the libraries said."""
        return self.path / "log.txt"

    @property
    def checkpoints(self) -> Path:
        """The folder of what an exact resume needs."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's logs, if they were asked for."""
        return self.path / "tensorboard"

    @property
    def mlflow(self) -> Path:
        """Which run of MLflow follows this one, if that was asked for."""
        return self.path / "mlflow.json"

    @property
    def plots(self) -> Path:
        """The folder of the pictures."""
        return self.path / "plots"

    @property
    def documents(self) -> tuple[Path, ...]:
        """The small files that say what was done and what came of it."""
        return (self.config, self.metrics, self.history, self.environment)

    @property
    def profile(self) -> Path:
        """The folder of the trace, if it was asked for."""
        return self.path / "profile"

    @property
    def lock(self) -> Path:
        """Who writes the run."""
        return self.path / "lock"

    def is_run(self) -> bool:
        """Whether it is, or was, a run: its metrics are nncli's, or it has the name of one and some
        of its files. A folder with a `config.yaml` may be anybody's.

        Raises:
            OSError: it may not be looked into.
        """
        parts = (self.config, self.metrics, self.environment, self.checkpoints)
        named = number_of(self.path.absolute().name) is not None
        return self.read_metrics() is not None or (named and any(part.exists() for part in parts))

    def not_of_a_run(self) -> list[Path]:
        """What lies in the folder, or in those of its folds, and is none of the files of a run.

        Raises:
            OSError: it may not be looked into.
        """
        own = {
            *self.documents, self.model, self.report, self.about, self.log, self.checkpoints,
            self.tensorboard, self.mlflow, self.plots, self.profile, self.lock,
        }  # fmt: skip
        found = []
        for path in sorted(self.path.iterdir()):
            if re.fullmatch(r"fold-\d+", path.name) and path.is_dir() and not path.is_symlink():
                found += RunFolder(path).not_of_a_run()
            elif path not in own and not is_temporary(path):
                found.append(path)
        return found

    def fold(self, number: int) -> RunFolder:
        """The folder of one fold of a cross-validation, counted from 1."""
        return RunFolder(self.path / f"fold-{number}")

    def write_config(self, experiment: Experiment, version: str) -> None:
        """Write the resolved experiment."""
        from nncli.config import write_experiment

        header = (
            f"The resolved experiment of this run (nncli {version}).\n"
            f"Repeat it with: nncli train -c {shlex.quote(str(self.config))}"
        )
        write_experiment(experiment, self.config, header=header)

    def write_metrics(self, metrics: Metrics) -> None:
        """Write the metrics document."""
        metrics.write(self.metrics)

    def read_metrics(self) -> Metrics | None:
        """The metrics document; None if there is none that can be read."""
        return Metrics.read(self.metrics)

    def read_history(self) -> list[EpochRow]:
        """The rows of the history, none where there is no such file.

        Raises:
            ValueError: it is another tool's.
        """
        try:
            return history_rows(self.history.read_text(encoding="utf-8"))
        except OSError:
            return []

    def write_history(self, rows: Sequence[EpochRow]) -> None:
        """Write one row an epoch; a number that does not exist is an empty cell."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self.history, text.getvalue())

    def write_environment(self, command: Sequence[str]) -> None:
        """Write what is needed to repeat the run elsewhere; asks TensorFlow for its devices."""
        write_atomically(self.environment, to_json(environment_of(command)))

    def read_environment(self) -> dict[str, Any]:
        """What `write_environment` wrote; empty if it cannot be read."""
        try:
            document = json.loads(self.environment.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def plot(self, name: str) -> Path:
        """Where the picture `name` belongs; its folder exists."""
        with storage_errors(self.plots):
            self.plots.mkdir(exist_ok=True)
        return self.plots / f"{name}.png"

    def is_held(self) -> bool:
        """Whether a process holds the lock: it trains there now."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _remove_leftovers(self) -> None:
        """Remove what a killed training was writing, which may be gigabytes. Only who holds the
        lock writes models and checkpoints."""
        for path in (*self.path.glob(".*.keras"), *self.checkpoints.glob(".*.npz")):
            if is_temporary(path):
                path.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock whose pid tells a live run from a killed one.

        Raises:
            UsageError: another process holds it.
        """
        lock = self.lock
        with storage_errors(lock):
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.read(descriptor, 1000).decode(errors="replace").strip()
                raise UsageError(f"{self.path} is still running{_held_by(holder)}.") from None
            try:
                self._remove_leftovers()
                os.ftruncate(descriptor, 0)
                document = {"pid": os.getpid(), "host": platform.node()}
                os.write(descriptor, json.dumps(document).encode())
                yield
            finally:
                lock.unlink(missing_ok=True)
        finally:
            os.close(descriptor)  # which gives the lock back, as the death of the process does


def _held_by(holder: str) -> str:
    """Which process it is that `locked` says in the file."""
    try:
        document = json.loads(holder)
        return f": process {document['pid']} on {document['host']}"
    except (ValueError, TypeError, KeyError):  # it has not written yet
        return ""


def history_rows(text: str) -> list[EpochRow]:
    """The rows of a `history.csv`; an empty cell is None.

    Raises:
        ValueError: it is no table of numbers.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if any(None in row for row in rows):
        raise ValueError("a row has more cells than there are columns")
    return [{name: float(cell) if cell else None for name, cell in row.items()} for row in rows]


def check_place(runs_dir: Path, run_dir: Path | None) -> None:
    """Find out before any work is done that a run folder could not be made.

    Raises:
        UsageError: `run_dir` exists and is not empty.
        StorageError: the folder cannot be written.
    """
    place = run_dir or runs_dir
    with storage_errors(place):  # even looking may be forbidden
        occupied = run_dir is not None and run_dir.is_dir() and any(run_dir.iterdir())
        existing = existing_part(place)
    if occupied:
        raise UsageError(
            f"The run folder {run_dir} exists and is not empty.",
            hint="Runs are never overwritten: name another folder, or remove this one.",
        )
    if not existing.is_dir():
        raise StorageError(f"Cannot write {place}: {existing} is a file.", hint="Name a folder.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise StorageError(
            f"Cannot write {place}: {existing} is not writable.",
            hint="Choose another folder with --runs-dir, or change to one that is yours.",
        )


def create(runs_dir: Path, name: str, *, run_dir: Path | None = None) -> RunFolder:
    """Make a new run folder: `runs_dir`/<number>-<name>, or exactly `run_dir`.

    Numbers grow; two processes never get the same folder.

    Raises:
        UsageError: `run_dir` exists and is not empty.
        StorageError: it cannot be made.
    """
    if run_dir is not None:
        check_place(runs_dir, run_dir)
        with storage_errors(run_dir):
            run_dir.mkdir(parents=True, exist_ok=True)
        return RunFolder(run_dir)
    with storage_errors(runs_dir):
        runs_dir.mkdir(parents=True, exist_ok=True)
        with (runs_dir / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes or the process dies
            used = numbered_runs(runs_dir)
            path = runs_dir / f"{(used[-1][0] if used else 0) + 1}-{name}"
            path.mkdir()
    return RunFolder(path)


def number_of(name: str) -> int | None:
    """The number in the name of a run; None of what has not the name of one."""
    match = NUMBERED.match(name)
    return int(match[1]) if match else None


def numbered_runs(runs_dir: Path) -> list[tuple[int, str]]:
    """What in `runs_dir` has the name of a run, by number, each with its name; nothing where there
    is no such folder.

    Raises:
        OSError: it may not be looked into.
    """
    try:
        names = os.listdir(runs_dir)  # noqa: PTH208 (ten thousand of them: a Path each is slow)
    except (FileNotFoundError, NotADirectoryError):
        return []
    numbers = ((number_of(name), name) for name in names)
    return sorted((number, name) for number, name in numbers if number is not None)


def no_runs(runs_dir: Path, error: OSError) -> NotFoundError:
    """What is said where `runs_dir` cannot be looked into."""
    reason = (error.strerror or str(error)).lower()
    return NotFoundError(
        f"There are no runs in {runs_dir}: {reason}.",
        hint="Train one with nncli train, or name the folder of runs with --runs-dir.",
    )


def environment_of(command: Sequence[str]) -> dict[str, Any]:
    """What `environment.json` says of what runs now; Keras must be prepared."""
    from nncli.backend import devices, library_versions, usable_cores

    return {
        "schema": 1,
        "command": list(command),
        "folder": str(Path.cwd()),
        "versions": {"python": platform.python_version(), **library_versions()},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cores": usable_cores(),
        "devices": devices(),
        "git_commit": _git_commit(),
    }


def _git_commit() -> str | None:
    """The commit of the current folder, with `+` if files differ from it; None outside git."""
    try:
        command = ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None
