"""Units of values: said wherever values are, and in no number, key or name of a column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nncli import data
from nncli.data import TableDataset, load, source_of
from nncli.data.looking import look
from nncli.descriptions import ValueTarget
from nncli.errors import DataError

UNITS = {"height": "cm", "mass": "µg/m²"}


@pytest.fixture
def plants(tmp_path: Path) -> Path:
    path = tmp_path / "plants.csv"
    rows = (f"{n % 7},{n * 0.5 + 10},{n % 11 + 0.25},{'ab'[n % 2]}" for n in range(60))
    path.write_text("\n".join(["light,height,mass,kind", *rows]))
    return path


def of_plants(path: Path, target: Any, **more: Any) -> TableDataset:
    return TableDataset.model_validate({"path": path, "target": target, **more})


def test_the_same_cached_arrays_serve_any_unit(plants: Path, reporter: Any) -> None:
    """A unit is no reason to read a dataset again, and the cached one has no old unit."""
    plain = of_plants(plants, "height")
    found = []
    for unit in ("cm", None, "in"):
        settings = of_plants(plants, "height", unit=unit)
        keys = [source_of(one, reporter=reporter).key for one in (settings, plain)]
        assert keys[0] == keys[1]
        target = load(settings, seed=0, reporter=reporter).target
        shown = look(settings, seed=0, reporter=reporter).target
        assert isinstance(target, ValueTarget) and isinstance(shown, ValueTarget)
        assert target.unit == shown.unit
        found.append((target.unit, str(target)))
    assert found == [("cm", "a value in cm"), ("", "a value"), ("in", "a value in in")]


def test_several_values_have_a_unit_each_or_one_together(plants: Path, reporter: Any) -> None:
    def target(unit: Any) -> ValueTarget:
        settings = of_plants(plants, ["height", "mass"], unit=unit)
        found = data.load(settings, seed=0, reporter=reporter).target
        assert isinstance(found, ValueTarget)
        return found

    assert target(UNITS).units == UNITS and not target(UNITS).unit
    assert target({"mass": "g"}).units == {"mass": "g"} and not target({"mass": "g"}).unit
    assert target("cm").unit == "cm"


@pytest.mark.parametrize(
    ("target", "unit", "said"),
    [
        ("kind", "cm", "dataset.unit is about values, and the target is one of 2 classes"),
        ("height", {"heigth": "cm"}, "dataset.unit: 'heigth' is no target"),
    ],
)
def test_a_unit_of_nothing_is_refused(
    plants: Path, reporter: Any, target: str, unit: Any, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        load(of_plants(plants, target, unit=unit), seed=0, reporter=reporter)


def test_values_are_said_in_their_unit(plants: Path, run_cli: Any, tmp_path: Path) -> None:
    """By the commands and the page; the columns of files keep their names."""
    run = tmp_path / "run"
    options = ["--set", "dataset.target=height", "--set", "dataset.unit=cm", "--epochs", "1"]
    trained = run_cli(["train", "--dataset", plants, *options, "--run-dir", run])
    assert trained.exit_code == 0, trained.stderr
    written = (run / "report.html").read_text()
    for said in ("test mae (cm)", "true height (cm)", "height (cm): errors by tenths"):
        assert said in written
    evaluated = run_cli(["evaluate", run / "model.keras"]).stdout
    metrics = json.loads(run_cli(["evaluate", run / "model.keras", "--json"]).stdout)["test"]
    assert f"mae {metrics['mae']:.4f} cm" in evaluated
    assert "rmse (cm)" in evaluated and "\nheight (cm)" in evaluated
    assert "r2 (cm)" not in evaluated
    page = tmp_path / "page.html"
    assert run_cli(["evaluate", run / "model.keras", "--report", page]).exit_code == 0
    assert "test mae (cm)" in page.read_text()
    asked = ["predict", run / "model.keras", plants]
    assert run_cli([*asked, "--format", "table"]).stdout.splitlines()[0].endswith("height (cm)")
    assert run_cli([*asked, "--format", "csv"]).stdout.splitlines()[0] == "input,height"
