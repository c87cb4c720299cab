"""Removing runs, and nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nncli.errors import StorageError, UsageError
from nncli.files import open_atomically
from nncli.runs.folder import RunFolder
from nncli.runs.listing import read_run
from nncli.runs.removing import check_removable, remove
from nncli.training import TrainingResult

NOBODY = 65534


@pytest.fixture
def closed_run() -> Iterator[Path]:
    """A run that others may not look into."""
    with tempfile.TemporaryDirectory(prefix="nncli-test-") as folder:
        Path(folder).chmod(0o755)
        run = Path(folder, "1-a")
        run.mkdir(mode=0o000)
        yield run


def test_a_run_goes_with_all_its_files(make: Callable[..., RunFolder]) -> None:
    row = read_run(make("1-a").path)
    check_removable(row)
    remove(row)
    assert not row.path.exists()


def test_what_is_no_run_and_what_still_runs_stay(
    make: Callable[..., RunFolder], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="is no run"):
        check_removable(read_run(tmp_path))
    folder = make("1-a", outcome="running")
    with folder.locked(), pytest.raises(UsageError, match="still running"):
        check_removable(read_run(folder.path))


@pytest.mark.parametrize("name", ["config.yaml", "metrics.json"])
def test_a_folder_of_somebody_else_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(UsageError, match="is no run"):
        check_removable(read_run(tmp_path))


@pytest.mark.parametrize("name", ["thesis.txt", ".git", "fold-1/thesis.txt"])
def test_a_run_that_holds_something_else_stays(make: Callable[..., RunFolder], name: str) -> None:
    folder = make("1-a")
    (folder.path / name).parent.mkdir(exist_ok=True)
    (folder.path / name).write_text("years of work")
    with pytest.raises(UsageError, match=f"did not write there: {name}"):
        check_removable(read_run(folder.path))


def test_all_that_a_training_writes_may_go(digits_run: TrainingResult) -> None:
    check_removable(read_run(digits_run.folder))


def test_what_a_killed_process_left_half_written_may_go(make: Callable[..., RunFolder]) -> None:
    folder = make("1-a")
    with pytest.raises(RuntimeError), open_atomically(folder.model) as temporary:
        name = temporary.name
        raise RuntimeError
    (folder.path / name).write_text("half")
    check_removable(read_run(folder.path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give its rights up for a while")
def test_a_run_that_may_not_be_looked_into_stays(closed_run: Path) -> None:
    os.seteuid(NOBODY)
    try:
        with pytest.raises(StorageError, match="Permission denied"):
            check_removable(read_run(closed_run))
    finally:
        os.seteuid(0)
    assert closed_run.is_dir()
