"""Examining tables: each problem is planted in a table that is fine, and found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.data.checking import Finding, check
from nncli.data.table import TableDataset
from nncli.reporting import SilentReporter

Columns = dict[str, list[Any]]
ROWS = 400


def examined(path: Path, **settings: Any) -> list[Finding]:
    dataset = TableDataset(path=path, **{"target": "answer", **settings})
    return check(dataset, seed=0, reporter=SilentReporter())


def about(findings: Sequence[Finding], what: str, grade: str | None = None) -> list[Finding]:
    return [f for f in findings if f.about == what and grade in (None, f.grade)]


def said(findings: Sequence[Finding], grade: str = "warn") -> str:
    return "\n".join(f"{f.about}: {f.message}" for f in findings if f.grade == grade)


def fine(rows: int = ROWS, seed: int = 0) -> Columns:
    """A table without a problem: the answer depends on what its columns say, not on one alone."""
    random = np.random.default_rng(seed)
    height, weight = random.normal(170, 10, rows), random.normal(70, 12, rows)
    answer = np.where(height + weight + random.normal(0, 12, rows) > 240, "yes", "no")
    return {
        "height": [f"{value:.3f}" for value in height],
        "weight": [f"{value:.3f}" for value in weight],
        "colour": random.choice(["red", "green", "blue"], rows).tolist(),
        "answer": answer.tolist(),
    }


def written(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_clean_table_is_good(tmp_path: Path) -> None:
    found = examined(written(tmp_path / "a.csv", fine()))
    assert {finding.grade for finding in found} == {"good"}, said(found)


def test_a_column_of_lists_is_not_called_empty(tmp_path: Path) -> None:
    rows = [
        {"size": number % 7, "tags": ["a", number], "kind": "ab"[number % 2]}
        for number in range(60)
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    found = examined(path, target="kind")
    messages = [finding.message for finding in about(found, "columns", "warn")]
    assert messages == ["1 column is neither of numbers, words nor dates: tags (list)"]


def test_odd_columns_are_found_and_grouped(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    columns = fine()
    columns |= {
        "constant": ["x"] * ROWS,
        "constant_too": [7] * ROWS,
        "empty": ["NA"] * ROWS,
        "rare": ["1.5" if number % 10 == 0 else "" for number in range(ROWS)],
        "row": list(range(ROWS)),
        "shuffled": random.permutation(ROWS).tolist(),
        "patient_id": random.choice(10**6, ROWS, replace=False).tolist(),
        "code": [f"A{number:05}" for number in random.permutation(ROWS)],
        "visit": [f"v{number // 5 * 4 + number % 4}" for number in random.permutation(ROWS)],
        "mixed": ["big" if number % 5 == 0 else f"{number * 0.37:.2f}" for number in range(ROWS)],
        "place": [("Rome", "rome", "Paris")[number % 3] for number in range(ROWS)],
    }
    found = examined(written(tmp_path / "a.csv", columns))
    by_message = {f.message.split(": ")[0]: f for f in about(found, "columns", "warn")}
    assert set(by_message) == {
        "2 columns are the same in every row", "1 column is empty", "1 column is mostly missing",
        "4 columns are different in every row, as identifiers are",
        "1 column is words that hardly ever occur twice", "1 column is of mixed types",
        "1 column with values that differ in capitals or spaces alone",
    }  # fmt: skip
    assert "patient_id" in by_message["4 columns are different in every row, as identifiers are"
                                      ].message  # fmt: skip
    assert "80% numbers, others big" in by_message["1 column is of mixed types"].message
    assert "rare (90%)" in by_message["1 column is mostly missing"].message


def test_what_no_network_takes_is_called_so_and_no_identifier(tmp_path: Path) -> None:
    columns = fine()
    columns["far"] = [f"{1 + number}e39" for number in range(ROWS)]
    columns["tiny"] = [f"{1 + number}e-44" for number in range(ROWS)]
    (finding,) = about(examined(written(tmp_path / "a.csv", columns)), "columns", "warn")
    assert finding.message.startswith("2 columns are of numbers that no network takes: far (its")
    assert "tiny (its numbers are too small" in finding.message


@pytest.mark.parametrize("name", ["step", "id"])
def test_the_numbers_of_rows_that_training_keeps_are_no_identifiers(
    tmp_path: Path, name: str
) -> None:
    columns = {name: list(range(ROWS)), "answer": ["yes", "no"] * (ROWS // 2)}
    assert about(examined(written(tmp_path / "a.csv", columns)), "columns", "good")


def test_years_without_a_gap_are_no_identifiers(tmp_path: Path) -> None:
    years = list(range(1900, 1980))
    columns = {"year": years, "answer": ["yes", "no"] * (len(years) // 2)}
    assert about(examined(written(tmp_path / "a.csv", columns)), "columns", "good")


def test_measurements_that_differ_in_every_row_are_no_identifiers(tmp_path: Path) -> None:
    found = examined(written(tmp_path / "a.csv", fine(rows=2000)))
    assert about(found, "columns", "good")


def test_copies_conflicts_and_where_they_are(tmp_path: Path) -> None:
    columns = fine()
    for values in columns.values():
        values += [values[0], values[1], values[2]]
    columns["answer"][-1] = "no" if columns["answer"][2] == "yes" else "yes"
    found = examined(written(tmp_path / "a.csv", columns), test=0.0, validation=0.0)
    (copies,) = about(found, "copies", "warn")
    assert copies.message == "3 rows (0.74 %) are copies inside one split"
    assert copies.examples[0] == "a.csv, row 402 = a.csv, row 2"
    (answers,) = about(found, "answers", "warn")
    assert answers.message.startswith("2 rows (0.5 %) are equal to another that has a different")
    assert "a.csv, row 4 [" in answers.examples[0] and "a.csv, row 404 [" in answers.examples[0]


def test_copies_are_found_beneath_identifiers(tmp_path: Path) -> None:
    columns = fine()
    for values in columns.values():
        values += values[:8]
    columns["row"] = list(range(ROWS + 8))
    assert about(examined(written(tmp_path / "a.csv", columns)), "copies", "warn")


def test_rows_of_test_that_train_has(tmp_path: Path) -> None:
    train, test = fine(), fine(100, seed=1)
    for name, values in test.items():
        values[:10] = train[name][:10]
    path = written(tmp_path / "a.csv", train)
    other = written(tmp_path / "b.csv", test)
    found = examined(path, test_path=other, validation=0.0)
    (copies,) = about(found, "copies", "warn")
    assert copies.message == "10 rows of test (10 %) are in another split too"
    assert copies.examples[0] == "b.csv, row 2 = a.csv, row 2"


def test_tables_of_few_values_are_not_called_full_of_copies(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    columns: Columns = {name: random.integers(0, 2, ROWS).tolist() for name in "abc"}
    columns["answer"] = random.choice(["yes", "no"], ROWS).tolist()
    (copies,) = about(examined(written(tmp_path / "a.csv", columns)), "copies")
    assert copies.message.startswith("only 8 of 400 rows are different")


@pytest.mark.parametrize("disguise", ["words", "numbers", "threshold", "prefix", "missing"])
def test_a_column_that_gives_the_class_away(tmp_path: Path, disguise: str) -> None:
    columns, random = fine(), np.random.default_rng(2)
    answers = [answer == "yes" for answer in columns["answer"]]
    columns["leak"] = {
        "words": ["J" if answer else "N" for answer in answers],
        "numbers": [int(answer) for answer in answers],
        "threshold": [f"{random.uniform() + 2 * answer:.4f}" for answer in answers],
        "prefix": [f"{'s' if answer else 'h'}-{number // 2}" for number, answer in
                   enumerate(answers)],
        "missing": [f"{random.uniform():.4f}" if answer else "" for answer in answers],
    }[disguise]  # fmt: skip
    found = examined(written(tmp_path / "a.csv", columns))
    (leak,) = about(found, "leak", "warn")
    assert leak.message.startswith("alone gives the target away")
    assert "--set 'dataset.columns={leak: ignore}'" in leak.hint
    ignored = examined(tmp_path / "a.csv", columns={"leak": "ignore"})
    assert not about(ignored, "leak")


def test_a_leak_of_a_rare_class_is_found_and_a_useless_column_is_not(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    columns = fine(3000)
    rare = random.uniform(size=3000) < 0.03
    columns["answer"] = ["fraud" if one else "fine" for one in rare]
    columns["blocked"] = [int(one) for one in rare]
    found = examined(written(tmp_path / "a.csv", columns))
    leaks = [finding.about for finding in found if "gives the target away" in finding.message]
    assert leaks == ["blocked"]


def test_categories_of_many_values_do_not_give_anything_away_by_chance(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    columns = fine(2000)
    columns["town"] = [f"town{number}" for number in random.integers(0, 900, 2000)]
    found = examined(written(tmp_path / "a.csv", columns))
    assert not about(found, "town")


def test_a_column_that_gives_a_value_away(tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    columns = fine()
    price = np.exp(random.normal(5, 1, ROWS))
    columns["answer"] = [f"{value:.4f}" for value in price]
    columns["in_cents"] = [f"{value * 100:.1f}" for value in price]
    columns["noisy"] = [f"{value * random.uniform(0.5, 2):.3f}" for value in price]
    columns["group"] = [f"g{random.integers(0, 300)}" for _ in price]
    found = examined(written(tmp_path / "a.csv", columns))
    leaks = [finding.about for finding in found if "gives the target away" in finding.message]
    assert leaks == ["in_cents"]


def test_classes_that_only_test_has(tmp_path: Path) -> None:
    train, test = fine(), fine(100, seed=1)
    test["answer"][:3] = ["maybe", "never", "maybe"]
    test["answer"][3] = "Yes."
    path, other = written(tmp_path / "a.csv", train), written(tmp_path / "b.csv", test)
    found = examined(path, test_path=other)
    (lost,) = about(found, "classes", "fail")
    assert lost.message == "test has 2 classes that train lacks: maybe, never"
    assert about(found, "copies") and about(found, "columns")


def test_rows_that_cannot_be_read_are_all_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", fine())
    with path.open("a") as file:
        file.write("1,2\n170.0,70.0,red,yes\n1,2,3,4,5,6\n")
    found = examined(path)
    (rows,) = about(found, "rows", "fail")
    assert rows.message == "2 rows of train cannot be read" and len(rows.examples) == 2
    assert about(found, "copies", "good") and about(found, "columns", "good")


def test_a_damaged_file_is_examined_as_far_as_it_goes(tmp_path: Path) -> None:
    import gzip

    path = written(tmp_path / "a.csv", fine(60_000))
    packed = gzip.compress(path.read_bytes())
    (tmp_path / "b.csv.gz").write_bytes(packed[: len(packed) * 9 // 10])
    found = examined(tmp_path / "b.csv.gz")
    assert about(found, "files", "fail")
    path.write_bytes(path.read_bytes().replace(b"green", b"gr\xfcn", 1))
    (wrong,) = about(examined(path), "files", "fail")
    assert "byte 0xfc" in wrong.message and "encoding=cp1252" in wrong.hint


def test_missing_and_wrong_targets(tmp_path: Path) -> None:
    columns = fine()
    columns["answer"][5] = ""
    columns["answer"][9] = "NA"
    found = examined(written(tmp_path / "a.csv", columns))
    (blank,) = about(found, "target", "fail")
    assert blank.message == "2 rows of train (0.5 %) without answer"
    assert blank.examples == ["a.csv, row 7", "a.csv, row 11"]
    words = ["many", "few", "some", "none of them"]
    columns["answer"] = [*words, *(f"{n}.5" for n in range(4, ROWS))]
    found = examined(written(tmp_path / "a.csv", columns), task="values")
    assert "4 rows of train where the target is no number" in said(found, "fail")
    assert "a.csv, row 2: many" in about(found, "target", "fail")[0].examples
    # One word among numbers can only mean that there is none, to training as well.
    columns["answer"] = ["many", *(f"{n}.5" for n in range(1, ROWS))]
    found = examined(written(tmp_path / "a.csv", columns), task="values")
    assert "1 row of train (0.25 %) without answer" in said(found, "fail")


def test_without_a_target_the_rest_is_examined(tmp_path: Path) -> None:
    columns = fine() | {"empty": [""] * ROWS}
    found = examined(written(tmp_path / "a.csv", columns), target=None)
    assert "which column is to be predicted?" in said(found, "fail")
    assert "1 column is empty" in said(found)


def test_values_that_were_cut_off(tmp_path: Path) -> None:
    columns = fine()
    prices = np.minimum(np.random.default_rng(0).normal(300, 100, ROWS), 450)
    columns["answer"] = [f"{value:.2f}" for value in prices]
    (answer,) = about(examined(written(tmp_path / "a.csv", columns)), "answer", "warn")
    assert "exactly 450, the largest: were they cut off there?" in answer.message


def test_tables_of_text(tmp_path: Path) -> None:
    lines = [f"{'ham' if n % 2 else 'spam'}\tthis is the message number {n}" for n in range(300)]
    path = tmp_path / "a.tsv"
    path.write_text("kind\ttext\n" + "\n".join(lines) + "\n")
    assert not said(examined(path, target="kind"))
    lines += ["ham\tthis is the message number 2", "ham\t...", "ham\tthis is the message number 3"]
    path.write_text("kind\ttext\n" + "\n".join(lines) + "\n")
    found = examined(path, target="kind", test=0.0, validation=0.0)
    assert about(found, "contents", "warn")[0].examples == ["a.tsv, row 303"]
    assert about(found, "copies", "warn")[0].message.startswith("2 texts")
    (answers,) = about(found, "answers", "warn")
    assert answers.examples == ["a.tsv, row 4 [spam] = a.tsv, row 302 [ham]"]


def test_several_labels(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    columns = fine()
    del columns["answer"]
    columns["often"] = random.integers(0, 2, ROWS).tolist()
    columns["seldom"] = [int(number < 4) for number in range(ROWS)]
    columns["never"] = [0] * ROWS
    columns["leak"] = [f"w{value}" for value in columns["often"]]
    targets = ["often", "seldom", "never"]
    found = examined(written(tmp_path / "a.csv", columns), target=targets, task="labels")
    assert "labels: the same in every training example: never (never)" in said(found)
    assert "labels: with fewer than 10 training examples: seldom" in said(found)
    assert "leak: alone gives the target away: often 100.0%" in said(found)


def test_iris_and_the_shared_tables_raise_no_false_alarm(shared_data: Path) -> None:
    tables = shared_data / "tables"
    adult = TableDataset(
        path=tables / "adult-train.csv", test_path=tables / "adult-test.csv", target="column_15"
    )
    housing = TableDataset(path=tables / "california_housing.csv", target="median_house_value")
    penguins = TableDataset(path=tables / "palmerpenguins.csv", target="species")
    for settings in (adult, penguins):
        found = check(settings, seed=0, reporter=SilentReporter())
        assert {finding.grade for finding in found} == {"good"}, said(found)
    found = check(housing, seed=0, reporter=SilentReporter())
    assert [f.about for f in found if f.grade != "good"] == ["median_house_value"]  # true: capped


def test_wide_tables_take_no_longer_than_their_cells(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    columns = fine()
    columns |= {f"c{n}": [f"{v:.3f}" for v in random.normal(size=ROWS)] for n in range(300)}
    columns |= {f"k{n}": ["same"] * ROWS for n in range(100)}
    found = examined(written(tmp_path / "a.csv", columns))
    (constant,) = about(found, "columns", "warn")
    assert constant.message.startswith("100 columns are the same in every row: k0 (same), ")
    assert "and 94 more" in constant.message and len(constant.examples) == 100


def test_words_that_are_taken_for_missing_are_named_with_their_first_row(tmp_path: Path) -> None:
    rows = [f"{number % 7},{number % 11},{'ab'[number % 2]}" for number in range(30_000)]
    rows[20_000] = "abc,3,a"
    rows[20_005] = "abc,3,b"
    rows[7] = "1,n.d.,b"
    path = tmp_path / "late.csv"
    path.write_text("size,depth,kind\n" + "\n".join(rows) + "\n")
    found = check(TableDataset(path=path, target="kind"), seed=0, reporter=SilentReporter())
    [odd, usual] = [finding for finding in found if finding.about == "missing"]
    assert odd.grade == "warn" and usual.grade == "good"
    assert odd.examples == ["size: 'abc', 2 cells, first late.csv, row 20,002"]
    assert usual.examples == ["depth: 'n.d.', 1 cell, first late.csv, row 9"]
    stripped = [row for row in rows if "abc" not in row and "n.d." not in row]
    path.write_text("size,depth,kind\n" + "\n".join(stripped) + "\n")
    found = check(TableDataset(path=path, target="kind"), seed=0, reporter=SilentReporter())
    assert not [finding for finding in found if finding.about == "missing"]
