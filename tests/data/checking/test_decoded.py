"""Examining arrays and datasets that have a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.data import load, source_of
from nncli.data.arrays import ArraysDataset
from nncli.data.checking import Finding, check, decoded
from nncli.data.digits import DigitsDataset
from nncli.data.tfds import TfdsDataset
from nncli.reporting import SilentReporter


def examined(settings: Any) -> list[Finding]:
    return check(settings, seed=0, reporter=SilentReporter())


def unreadable(settings: Any) -> Any:
    """A source of data like that of `settings`, which refuses to be read."""

    def read(given: Any, reporter: Any) -> Any:
        raise AssertionError("read again")

    source = replace(source_of(settings, reporter=SilentReporter()), read=read)
    return lambda settings, *, reporter: source


def said(findings: list[Finding]) -> dict[str, str]:
    return {f"{f.grade} {f.about}": f.message for f in findings}


def arrays(path: Path, **members: Any) -> ArraysDataset:
    np.savez(path, **members)
    return ArraysDataset(path=path)


def test_the_digits_are_good_with_the_cache_and_without() -> None:
    first = examined(DigitsDataset())
    assert {finding.grade for finding in first} == {"good"}, first
    load(DigitsDataset(), seed=0, reporter=SilentReporter())
    assert examined(DigitsDataset()) == first


def test_images_in_the_cache_are_not_decoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    load(DigitsDataset(), seed=0, reporter=SilentReporter())
    monkeypatch.setattr(
        decoded.data, "source_of", unreadable(DigitsDataset(augment={"noise": 0.1}))
    )
    assert said(examined(DigitsDataset()))["good reading"] == "all 1,797 examples can be read"


def test_copies_in_arrays_and_which_rows_they_are(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(200, 5)).astype(np.float32)
    labels = random.integers(0, 3, 200)
    settings = arrays(tmp_path / "a.npz", x_train=inputs, y_train=labels,
                      x_test=np.concatenate([random.normal(size=(50, 5)), inputs[:6]]),
                      y_test=np.concatenate([random.integers(0, 3, 50), labels[:6]]))  # fmt: skip
    found = examined(settings)
    (copies,) = [finding for finding in found if finding.about == "copies"]
    assert copies.message == "6 rows of test (11 %) are in another split too"
    assert copies.examples[0] == "test row 51 = train row 1"


def test_numbers_that_are_none(tmp_path: Path) -> None:
    inputs = np.random.default_rng(0).normal(size=(200, 5))
    inputs[7, 2] = np.nan
    inputs[9, 0] = np.inf
    found = examined(arrays(tmp_path / "a.npz", x=inputs, y=np.arange(200) % 2))
    assert said(found)["warn contents"] == "2 rows with NaN or infinity"
    (finding,) = [finding for finding in found if finding.about == "contents"]
    assert "counts as the mean" in finding.hint  # as the notice of training says


def test_near_copies_in_arrays_of_pixels(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    coarse = random.integers(20, 200, (120, 5, 5))
    inputs = np.kron(coarse, np.ones((1, 6, 6))).astype(np.uint8)
    inputs[100] = np.clip(inputs[3] * 0.9 + 12, 0, 255)
    found = examined(arrays(tmp_path / "a.npz", x=inputs, y=np.arange(120) % 2))
    (near,) = [finding for finding in found if finding.about == "near copies"]
    assert near.examples[0] in ("train row 101 ~ train row 4", "train row 4 ~ train row 101")


def test_classes_that_only_test_has(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    settings = arrays(tmp_path / "a.npz", x_train=random.normal(size=(100, 4)),
                      y_train=np.arange(100) % 2, x_test=random.normal(size=(20, 4)),
                      y_test=np.arange(20) % 4)  # fmt: skip
    failed = [finding for finding in examined(settings) if finding.grade == "fail"]
    assert len(failed) == 1 and "2" in failed[0].message


@pytest.mark.data
@pytest.mark.slow
def test_titanic_is_given_away_by_its_boats(shared_data: Path, tmp_path: Path) -> None:
    from nncli.data import prepare

    settings = TfdsDataset(name="titanic", data_dir=tmp_path)
    prepare(settings, archives=shared_data / "tfds" / "titanic", reporter=SilentReporter())
    found = examined(settings)
    leaks = [finding.about for finding in found if "gives the target away" in finding.message]
    assert leaks == ["boat"]
