"""What is said about shares that groups and times made larger or smaller than asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nncli import data
from nncli.data import TableDataset

ROWS = 120


def read(
    path: Path,
    reporter: Any,
    patient: Callable[[int], object],
    kind: Callable[[int], str],
    **settings: Any,
) -> data.Dataset:
    rows = "".join(f"{n % 7},{patient(n)},{kind(n)}\n" for n in range(ROWS))
    path.write_text(f"size,patient,kind\n{rows}")
    dataset = TableDataset(path=path, target="kind", **settings)
    return data.load(dataset, seed=0, reporter=reporter)


def alternating(number: int) -> str:
    return "ab"[number // 3 % 2]


def test_few_groups_give_other_shares_and_that_is_told(tmp_path: Path, reporter: Any) -> None:
    dataset = read(
        tmp_path / "t.csv", reporter, lambda n: f"p{n % 3}", alternating, group="patient"
    )
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 40, "validation": 40, "test": 40
    }  # fmt: skip
    told = [said for said in reporter.notices if "asked" in said]
    assert told == [
        "test has 33 % of the examples of t (asked: 10 %): there are only 3 groups.",
        "validation has 33 % of the examples of t (asked: 10 %): there are only 3 groups.",
    ]


def test_many_groups_are_no_news(tmp_path: Path, reporter: Any) -> None:
    read(tmp_path / "t.csv", reporter, lambda n: f"p{n % 40}", alternating, group="patient")
    assert not any("asked" in said for said in reporter.notices)
    assert not reporter.warnings


def test_a_group_that_is_most_of_the_data_is_named_as_the_reason(
    tmp_path: Path, reporter: Any
) -> None:
    def year(number: int) -> int:
        return 1900 + min(number, 60)

    read(tmp_path / "t.csv", reporter, year, alternating, time="patient", test=0.0)
    (told,) = [said for said in reporter.notices if "asked" in said]
    assert told == (
        "validation has 50 % of the examples of t (asked: 10 %): the largest of 61 different times "
        "has 50 %, and a time stays together."
    )


def test_a_share_of_what_a_large_test_split_left_is_no_news(tmp_path: Path, reporter: Any) -> None:
    shares = {"test": 0.6, "validation": 0.2}
    read(tmp_path / "t.csv", reporter, lambda n: n, alternating, time="patient", **shares)
    assert not any("asked" in said for said in reporter.notices)


@pytest.mark.parametrize("by", ["group", "time"])
def test_a_class_that_only_the_held_out_have_is_warned_of(
    tmp_path: Path, reporter: Any, by: str
) -> None:
    def kind(number: int) -> str:
        return "late" if number >= 110 else alternating(number)

    settings = {by: "patient", "validation": 0.0}
    read(tmp_path / "t.csv", reporter, lambda n: n // 10, kind, **settings)
    late = [said for said in reporter.warnings if "no example of" in said]
    if by == "time":
        assert late == [
            "Classes of t that train has no example of, as all are in what is held out: late. They "
            "cannot be learned."
        ]
    else:
        dataset = read(tmp_path / "t.csv", reporter, lambda n: n // 10, kind, **settings)
        assert bool(late) == (2 not in dataset.splits["train"].labels)
