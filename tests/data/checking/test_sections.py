"""What becomes of an error while a section of a check is examined."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from nncli.data import checking
from nncli.data.checking import Finding, check
from nncli.data.table import TableDataset
from nncli.errors import DataError
from nncli.reporting import SilentReporter


def findings(monkeypatch: pytest.MonkeyPatch, folder: Path, error: BaseException) -> list[Finding]:
    """Of a table, where looking for copies raises `error`."""

    def failing(*_: object) -> NoReturn:
        raise error

    path = folder / "t.csv"
    path.write_text("a,b\n" + "".join(f"{n / 7},{'xy'[n % 2]}\n" for n in range(40)))
    monkeypatch.setattr(checking, "copies", lambda *_: (failing() for _ in (1,)))
    settings = TableDataset(path=path, target=("b",))
    return check(settings, seed=0, reporter=SilentReporter())


def test_a_mistake_of_nncli_is_told_and_hides_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = findings(monkeypatch, tmp_path, KeyError("gone"))
    [one] = [one for one in found if one.about == "copies"]
    assert one.grade == "warn" and "KeyError" in one.message and len(found) > 2


def test_what_cannot_be_read_is_no_mistake_of_nncli(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = findings(monkeypatch, tmp_path, DataError("It went away.", hint="Bring it back."))
    [one] = [one for one in found if one.about == "copies"]
    assert (one.grade, one.message, one.hint) == ("fail", "It went away.", "Bring it back.")


def test_a_lack_of_memory_says_nothing_about_the_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(MemoryError):
        findings(monkeypatch, tmp_path, MemoryError())
