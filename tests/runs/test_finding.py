"""Which model somebody means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nncli.errors import NotFoundError
from nncli.runs import find_model


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A run with a model, and a newer cross-validation, which has none of its own."""
    for name in ("1-tea", "2-folds"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "runs" / "1-tea" / "model.keras").touch()
    return tmp_path / "runs"


@pytest.mark.parametrize("named", ["1", "tea", "1-tea"])
def test_the_name_of_a_run_means_its_model(runs: Path, named: str) -> None:
    assert find_model(runs, Path(named)) == runs / "1-tea" / "model.keras"


def test_the_folder_of_a_run_means_its_model_and_of_folds_the_folder(runs: Path) -> None:
    assert find_model(runs, runs / "1-tea") == runs / "1-tea" / "model.keras"
    assert find_model(runs, Path("latest")) == runs / "2-folds"


@pytest.mark.parametrize("named", ["tea.keras", "tea.h5", "no/tea", "/no"])
def test_a_path_stays_one(runs: Path, named: str) -> None:
    assert find_model(runs, Path(named)) == Path(named)


def test_a_file_comes_before_a_run_of_its_name(runs: Path) -> None:
    Path("tea").touch()
    assert find_model(runs, Path("tea")) == Path("tea")


def test_a_name_that_means_nothing_is_refused(runs: Path) -> None:
    with pytest.raises(NotFoundError, match="no run coffee"):
        find_model(runs, Path("coffee"))


@pytest.mark.parametrize("named", ["secret", "1-tea"])
def test_what_may_not_be_looked_at_is_no_model(
    runs: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = os.stat

    def forbidding(path: Any, *args: Any, **more: Any) -> os.stat_result:
        if str(path).endswith(("secret", "model.keras")):
            raise PermissionError(13, "Permission denied")
        return stat(path, *args, **more)

    monkeypatch.setattr(os, "stat", forbidding)
    if named == "secret":
        with pytest.raises(NotFoundError, match="no run secret"):
            find_model(runs, Path(named))
    else:
        assert find_model(runs, Path(named)) == runs / "1-tea"
