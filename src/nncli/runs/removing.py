"""Removing runs, and nothing else."""

from __future__ import annotations

import shutil

from nncli.errors import UsageError
from nncli.files import shown_path, storage_errors
from nncli.runs.listing import RunRow

__all__ = ["check_removable", "remove"]


def check_removable(row: RunRow) -> None:
    """Refuse a run that still goes on, and a folder that has nothing of a run.

    Raises:
        UsageError: it stays.
        StorageError: it cannot be looked into.
    """
    if row.outcome == "running":
        raise UsageError(f"{row.name} is still running.", hint="Stop it first.")
    with storage_errors(row.path):  # where looking is forbidden
        is_run = row.folder.config.exists() or row.folder.metrics.exists()
    if not is_run:
        raise UsageError(f"{shown_path(row.path)} has nothing of a run: it stays.")


def remove(row: RunRow) -> None:
    """Remove a run with all its files.

    Raises:
        UsageError: another process has begun to write it.
        StorageError: it cannot be removed.
    """
    with row.folder.locked(), storage_errors(row.path):
        shutil.rmtree(row.path)
