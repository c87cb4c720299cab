"""Names of columns that are not there: what was meant, and what there is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from nncli.errors import DataError
from nncli.reporting import counted, listed

__all__ = ["check_needed", "meant", "nearest", "no_column"]


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `name` is likely to mean; upper and lower case are alike."""
    plain = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), plain, n=1)
    return plain[close[0]] if close else None


def meant(name: str, names: Iterable[str]) -> str:
    """The same as a question with a space behind; empty where nothing is close."""
    close = nearest(name, names)
    return f"Did you mean {close!r}? " if close else ""


def no_column(where: str, key: str, name: str, names: Sequence[str]) -> DataError:
    """The error about a setting that names a column which `where` does not have."""
    return DataError(
        f"{key}: {where} has no column {name!r}.",
        hint=f"{meant(name, names)}It has {listed(names)}.",
    )


def check_needed(where: str, needed: Sequence[str], present: Sequence[str]) -> None:
    """Refuse a table that does not have all columns that a model was trained on.

    Raises:
        DataError: with the columns that are lacking, and what they may be called there.
    """
    absent = [name for name in needed if name not in present]
    if not absent:
        return
    left = [name for name in present if name not in needed]
    close = [(name, other) for name in absent if (other := nearest(name, left))]
    called = "".join(f"Is {name!r} called {other!r} there? " for name, other in close[:3])
    what = "the column" if len(absent) == 1 else counted(len(absent), "column")
    named = f" {absent[0]!r} that the model needs." if len(absent) == 1 else (
        f" that the model needs: {listed(absent)}."
    )  # fmt: skip
    wanted = f"\nThe model needs {listed(needed)}." if len(absent) < len(needed) else ""
    raise DataError(
        f"{where} lacks {what}{named}", hint=f"{called}It has {listed(present)}.{wanted}"
    )
