"""`about.json`: what people say about a run, its tags and its note."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nncli.errors import UsageError
from nncli.files import shown_path, storage_errors, to_json, write_atomically
from nncli.runs.folder import RunFolder
from nncli.runs.small_files import UnreadableError, read_small

__all__ = ["About", "read_about", "set_note", "tag"]

TAG = r"[^\s,=<>!\x00-\x1f]{1,50}"


@dataclass(frozen=True)
class About:
    """Tags in the order in which they were given, and a note, which may have several lines."""

    tags: tuple[str, ...] = ()
    note: str = ""


def read_about(folder: RunFolder) -> About:
    """What is said about the run; nothing where the file is missing or was written by others."""
    try:
        document = json.loads(read_small(folder.about)[0])
    except (UnreadableError, ValueError, RecursionError):
        return About()
    if not isinstance(document, dict):
        return About()
    tags, note = document.get("tags"), document.get("note")
    known = [one for one in tags if isinstance(one, str)] if isinstance(tags, list) else []
    return About(tuple(known), note if isinstance(note, str) else "")


def tag(folder: RunFolder, tags: Sequence[str], *, remove: bool = False) -> About:
    """Add `tags` to a run, or take them away; what is said about it then.

    Raises:
        UsageError: it is no run; a tag has spaces, commas or comparisons, or one to remove is not
            there.
        StorageError: it cannot be written.
    """
    about = read_about(folder)
    if wrong := [one for one in tags if not re.fullmatch(TAG, one)]:
        raise UsageError(
            f"{wrong[0]!r} is no tag.",
            hint="A tag is one word of up to 50 characters, without commas and = < > !",
        )
    if remove:
        if lacking := [one for one in tags if one not in about.tags]:
            has = ", ".join(about.tags) or "none"
            raise UsageError(f"{folder.path} has no tag {lacking[0]}.", hint=f"It has: {has}.")
        kept = tuple(one for one in about.tags if one not in tags)
        return _write(folder, replace(about, tags=kept))
    return _write(folder, replace(about, tags=tuple(dict.fromkeys((*about.tags, *tags)))))


def set_note(folder: RunFolder, note: str) -> About:
    """Write the note of a run in place of the one it has; an empty one removes it.

    Raises:
        UsageError: it is no run.
        StorageError: it cannot be written.
    """
    return _write(folder, replace(read_about(folder), note=note.strip()))


def _write(folder: RunFolder, about: About) -> About:
    with storage_errors(folder.path):
        if not folder.is_run():
            raise UsageError(f"{shown_path(folder.path)} is no run.")
    document = {"schema": 1, "tags": list(about.tags), "note": about.note}
    write_atomically(folder.about, to_json(document))
    return about
