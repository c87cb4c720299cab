"""Columns of patients and the like are told from those of places, tickets and measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.data.checking import Finding, check
from nncli.data.table import TableDataset
from nncli.reporting import SilentReporter

PATIENTS, VISITS = 120, 4


def cohort(path: Path, names: dict[str, list[object]], *, alike: bool = True) -> Path:
    """Visits of patients: each patient is ill or not at every visit, or at each by chance."""
    random = np.random.default_rng(0)
    ill = random.integers(0, 2, PATIENTS).repeat(VISITS)
    if not alike:
        ill = random.permutation(ill)
    columns = {
        **names,
        "pulse": [f"{value:.2f}" for value in random.normal(70, 10, PATIENTS * VISITS)],
        "answer": ["ill" if one else "well" for one in ill],
    }
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]))
    return path


def codes(pattern: str) -> list[object]:
    return [pattern.format(number // VISITS) for number in range(PATIENTS * VISITS)]


def found(path: Path, **settings: Any) -> list[Finding]:
    dataset = TableDataset(path=path, target="answer", **settings)
    findings = check(dataset, seed=0, reporter=SilentReporter())
    return [f for f in findings if "dataset.group=" in f.hint]


@pytest.mark.parametrize("name", ["patient_id", "Speaker", "who"])
def test_rows_of_one_patient_are_to_stay_together(tmp_path: Path, name: str) -> None:
    path = cohort(tmp_path / "a.csv", {name: codes("P{:03}")})
    (finding,) = found(path)
    assert finding.about == name and finding.grade == "warn"
    assert finding.message.startswith("120 values of 4 rows each, whose targets are alike")
    assert f"--set dataset.group={name}" in finding.hint
    assert not found(path, group=name)
    assert not found(path, validation=0.0, test=0.0)  # nothing is drawn by chance


def test_numbers_are_taken_for_patients_by_their_name_alone(tmp_path: Path) -> None:
    assert found(cohort(tmp_path / "a.csv", {"patient": codes("{}")}))
    assert not found(cohort(tmp_path / "b.csv", {"height": codes("{}")}))


def test_a_patient_that_is_no_input_still_stands_on_both_sides(tmp_path: Path) -> None:
    path = cohort(tmp_path / "a.csv", {"patient_id": codes("P{}")})
    assert found(path, columns={"patient_id": "ignore"})


def test_values_are_alike_too(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    weights = random.normal(70, 12, PATIENTS).repeat(VISITS) + random.normal(
        0, 3, PATIENTS * VISITS
    )
    lines = [f"m{n // VISITS},{random.normal():.3f},{w:.2f}" for n, w in enumerate(weights)]
    path = tmp_path / "a.csv"
    path.write_text("molecule,size,answer\n" + "\n".join(lines))
    assert found(path)


def test_no_alarm_where_rows_with_the_same_cell_differ(tmp_path: Path) -> None:
    assert not found(cohort(tmp_path / "a.csv", {"patient_id": codes("P{}")}, alike=False))


def test_no_alarm_where_most_cells_are_there_once(tmp_path: Path) -> None:
    tickets: list[object] = [f"T{max(n, 200) // 2}" for n in range(PATIENTS * VISITS)]
    assert not found(cohort(tmp_path / "a.csv", {"ticket": tickets}))


@pytest.mark.data
def test_no_alarm_on_tables_without_groups(shared_data: Path) -> None:
    tables = shared_data / "tables"
    for name, target in (
        ("adult-train", "column_15"), ("california_housing", "median_house_value"),
        ("palmerpenguins", "species"), ("palmerpenguins", "body_mass_g"),
        ("palmerpenguins", "sex"),
    ):  # fmt: skip
        settings = TableDataset(path=tables / f"{name}.csv", target=target, on_error="skip")
        findings = check(settings, seed=0, reporter=SilentReporter())
        assert not [f for f in findings if "dataset.group=" in f.hint], (name, target)


def test_a_group_that_is_said_is_divided_by(tmp_path: Path) -> None:
    path = cohort(tmp_path / "a.csv", {"patient_id": codes("P{}")})
    settings = TableDataset(path=path, target="answer", group="patient_id")
    splits = data.load(settings, seed=0, reporter=SilentReporter()).splits
    parts = [set(split.dividers.tolist()) for split in splits.values()]
    assert not parts[0] & parts[1] and not parts[0] & parts[2]
