"""Removing runs, and nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nncli.errors import StorageError, UsageError
from nncli.runs.folder import RunFolder
from nncli.runs.listing import read_run
from nncli.runs.removing import check_removable, remove

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
    with pytest.raises(UsageError, match="has nothing of a run"):
        check_removable(read_run(tmp_path))
    folder = make("1-a", outcome="running")
    with folder.locked(), pytest.raises(UsageError, match="still running"):
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
