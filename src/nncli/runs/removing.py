"""Removing runs, and nothing else."""

from __future__ import annotations

import shutil

from nncli.errors import UsageError
from nncli.files import shown_path, storage_errors
from nncli.reporting import listed
from nncli.runs.listing import RunRow

__all__ = ["check_removable", "remove"]


def check_removable(row: RunRow) -> None:
    """Refuse a run that still goes on, and a folder that is no run, or that holds
    what nncli did not write there.

    Raises:
        UsageError: it stays.
        StorageError: it cannot be looked into.
    """
    if row.outcome == "running":
        raise UsageError(f"{row.name} is still running.", hint="Stop it first.")
    with storage_errors(row.path):  # where looking is forbidden
        is_run = row.folder.is_run()
        others = row.folder.not_of_a_run() if is_run else []
    if not is_run:
        raise UsageError(f"{shown_path(row.path)} is no run: it stays.")
    if others:
        names = [str(path.relative_to(row.path)) for path in others]
        raise UsageError(
            f"{shown_path(row.path)} holds what nncli did not write there: {listed(names)}.",
            hint="It stays. Move that away first.",
        )


def remove(row: RunRow) -> None:
    """Remove a run with all its files.

    Raises:
        UsageError: another process has begun to write it.
        StorageError: it cannot be removed.
    """
    with row.folder.locked(), storage_errors(row.path):
        shutil.rmtree(row.path)
