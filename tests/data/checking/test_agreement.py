"""Checking and training read the same table: one refuses what the other refuses, and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.data.checking import check
from nncli.data.table import TableDataset
from nncli.errors import DataError
from nncli.reporting import SilentReporter

ROWS = 60


def lines(*columns: list[object], separator: str = ",") -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


def numbers(seed: int = 0) -> list[object]:
    return [f"{value:.2f}" for value in np.random.default_rng(seed).normal(size=ROWS)]


KINDS: list[object] = [("rose", "tulip")[number % 2] for number in range(ROWS)]
PLAIN = "length,kind\n" + lines(numbers(), KINDS)
COMMAS: list[object] = [str(number).replace(".", ",") for number in numbers()]
DAYS: list[object] = [f"{number % 28 + 1}/{number % 12 + 1}/2024" for number in range(ROWS)]
GROUPS: list[object] = [f"p{number // 4}" for number in range(ROWS)]
OBJECTS: list[dict[str, Any]] = [
    {"length": {"cm": number}, "kind": kind} if n % 3 else {"kind": kind}
    for n, (number, kind) in enumerate(zip(numbers(), KINDS, strict=True))
]

CASES: dict[str, tuple[str, str, dict[str, object]]] = {
    "plain": ("a.csv", PLAIN, {}),
    "decimal commas": ("a.csv", "length;kind\n" + lines(COMMAS, KINDS, separator=";"), {}),
    "comments": ("a.csv", "# measured by hand\n\n" + PLAIN, {}),
    "a title": ("a.csv", "Flowers of 2024\n" + PLAIN, {}),
    "days first": ("a.csv", "day,length,kind\n" + lines(DAYS, numbers(), KINDS), {}),
    "objects": ("a.jsonl", "".join(json.dumps(row) + "\n" for row in OBJECTS), {}),
    "not json": ("a.jsonl", '{"length": 1, "kind": "rose"}\n{"length\n' * 20, {}),
    "-999": ("a.csv", PLAIN + "-999,rose\n", {"missing": [-999]}),
    "a word for missing": ("a.csv", PLAIN + "unknown,rose\n", {}),
    "none is a class": ("a.csv", PLAIN.replace("tulip", "none"), {}),
    "no target": ("a.csv", PLAIN + "1,\n", {}),
    "no target, skipped": ("a.csv", PLAIN + "1,\n", {"on_error": "skip"}),
    "a long row": ("a.csv", PLAIN + "1,rose,2\n", {}),
    "a long row, skipped": ("a.csv", PLAIN + "1,rose,2\n", {"on_error": "skip"}),
    "one class": ("a.csv", PLAIN.replace("tulip", "rose"), {}),
    "all without target": ("a.csv", PLAIN.replace("tulip", "").replace("rose", ""), {}),
    "no values": ("a.csv", PLAIN, {"task": "values"}),
    "no labels": ("a.csv", PLAIN, {"task": "labels"}),
    "too many classes": (
        "a.csv", "length,kind\n" + lines(list(range(ROWS)), KINDS),
        {"target": "length", "task": "classes"},
    ),
    "classes of one row each": ("a.csv", PLAIN, {"target": "length", "task": "classes"}),
    "another kind": ("a.csv", PLAIN + "x,rose\ny,rose\n", {"columns": {"length": "date"}}),
    "no such column": ("a.csv", PLAIN, {"columns": {"x": "number"}}),
    "no such target": ("a.csv", PLAIN, {"target": "kinds"}),
    "target twice": ("a.csv", PLAIN, {"target": ["kind", "kind"]}),
    "nothing to learn from": ("a.csv", PLAIN, {"columns": {"length": "ignore"}}),
    "another encoding": ("a.csv", PLAIN.replace("tulip", "t\xfclip"), {"encoding": "utf-8"}),
    "of images": ("a.csv", PLAIN, {"image_size": [8, 8]}),
    "groups": ("a.csv", "who,length,kind\n" + lines(GROUPS, numbers(), KINDS), {"group": "who"}),
    "a row without group": (
        "a.csv", "who,length,kind\n,1,rose\n" + lines(GROUPS, numbers(), KINDS), {"group": "who"},
    ),
    "no such group": ("a.csv", PLAIN, {"group": "who"}),
    "no time": ("a.csv", "who,length,kind\n" + lines(GROUPS, numbers(), KINDS), {"time": "who"}),
    "times": ("a.csv", "day,length,kind\n" + lines(DAYS, numbers(), KINDS), {"time": "day"}),
    "a share of everything": ("a.csv", PLAIN, {"test": 0.999}),
    "folds": ("a.csv", PLAIN, {"folds": 5, "fold": 2}),
    "too many folds": ("a.csv", PLAIN, {"folds": 500, "fold": 2}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_training_refuses_is_a_failure_and_nothing_else(tmp_path: Path, case: str) -> None:
    name, text, given = CASES[case]
    (tmp_path / name).write_text(text, encoding="latin-1")
    settings = TableDataset(path=tmp_path / name, **{"target": "kind", **given})
    found = check(settings, seed=0, reporter=SilentReporter())
    failed = [finding for finding in found if finding.grade == "fail"]
    try:
        data.load(settings, seed=0, reporter=SilentReporter())
    except DataError as error:
        assert failed, error
    else:
        assert not failed


def test_rows_are_equal_as_training_reads_them(tmp_path: Path) -> None:
    """1,50 and 1,5 are one number, and NA and nothing are both missing."""
    rows = lines(COMMAS, GROUPS, KINDS, separator=";")
    copies = "7,50;NA;rose\n7,5;;rose\n"
    (tmp_path / "a.csv").write_text("length;who;kind\n" + rows + copies)
    settings = TableDataset(path=tmp_path / "a.csv", target="kind", test=0.0, validation=0.0)
    found = check(settings, seed=0, reporter=SilentReporter())
    (equal,) = [finding for finding in found if finding.about == "copies"]
    assert equal.examples == [f"a.csv, row {ROWS + 3} = a.csv, row {ROWS + 2}"]


def test_a_group_is_no_input_that_could_give_the_target_away(tmp_path: Path) -> None:
    kinds: list[object] = [("rose", "tulip")[number // 20 % 2] for number in range(240)]
    groups: list[object] = [f"plant{number // 20}" for number in range(240)]
    random = np.random.default_rng(0)
    lengths: list[object] = [f"{value:.3f}" for value in random.normal(size=240)]
    (tmp_path / "a.csv").write_text("who,length,kind\n" + lines(groups, lengths, kinds))
    alone = TableDataset(path=tmp_path / "a.csv", target="kind")
    apart = alone.model_copy(update={"group": "who"})
    for settings, gives_away in ((alone, True), (apart, False)):
        found = check(settings, seed=0, reporter=SilentReporter())
        assert any(finding.about == "who" for finding in found) == gives_away


def test_copies_within_a_group_are_in_one_split(tmp_path: Path) -> None:
    """Without groups some of the copies are tested on what was trained on."""
    number_of = [*(n // 4 for n in range(40)), *range(10, 210)]  # ten plants measured four times
    groups: list[object] = [f"plant{number}" for number in number_of]
    lengths: list[object] = [number / 7 for number in number_of]
    kinds: list[object] = [("rose", "tulip")[number % 2] for number in number_of]
    (tmp_path / "a.csv").write_text("who,length,kind\n" + lines(groups, lengths, kinds))
    for group in (None, "who"):
        settings = TableDataset(path=tmp_path / "a.csv", target="kind", group=group)
        found = check(settings, seed=0, reporter=SilentReporter())
        assert any("in another split too" in f.message for f in found) == (group is None), found


def test_a_fold_leaves_the_test_split_for_later(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(PLAIN)
    (tmp_path / "b.csv").write_text("length,kind\n" + lines(numbers(1), KINDS))
    settings = TableDataset(
        path=tmp_path / "a.csv", test_path=tmp_path / "b.csv", target="kind", folds=5,
        validation=0.0,
    )  # fmt: skip
    found = check(settings, seed=0, reporter=SilentReporter())
    (sizes,) = [finding for finding in found if finding.about == "splits"]
    assert sizes.message == "48 train, 12 test"
