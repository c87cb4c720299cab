"""The page of an evaluation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncli
from nncli.training import TrainingResult


def test_a_page_about_a_model_says_all_that_is_known(
    run_cli: Any, digits_run: TrainingResult, tmp_path: Path
) -> None:
    model, place = digits_run.model_path, tmp_path / "page.html"
    options = ["--report", place, "--compare", model, "--json"]
    result = run_cli(["evaluate", model, "--split", "validation", *options])
    assert result.exit_code == 0 and "page.html" in result.stderr
    document = json.loads(result.stdout)
    page = place.read_text()
    assert "Evaluation report" in page and "What was evaluated" in page
    assert "Training report" not in page and "Learning curves" not in page
    for name, value in document["assessment"]["metrics"].items():
        low, high = document["assessment"]["intervals"][name]
        row = f'<th scope="row">{name}</th><td>{value:.4f}</td><td>{low:.4f} to {high:.4f}</td>'
        assert row in page, name
    assert "95 % on validation" in page and "Worst errors on validation" in page
    assert page.count('alt="what the answer hangs on"') == 12
    assert "difference 0.0000" in page and "hidden_units" in page  # how it was trained
    assert "nncli runs report" not in page and len(page) < 3_000_000


def table(path: Path, kinds: str, count: int) -> Path:
    """One column tells the class; every tenth label is that of the last class."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(count):
        kind = number % len(kinds)
        value = "abc".index(kinds[kind]) + random.normal(0, 0.1)
        rows.append(f"{value:.3f},{kinds[-1] if number % 10 == 0 else kinds[kind]}")
    path.write_text("x,kind\n" + "\n".join(rows) + "\n")
    return path


def test_classes_of_other_data_are_those_of_the_model(run_cli: Any, tmp_path: Path) -> None:
    """The other file lacks the first class, so that it counts the others from 0."""
    dataset = {
        "type": "table",
        "path": str(table(tmp_path / "t.csv", "abc", 300)),
        "target": "kind",
    }
    experiment = {"dataset": dataset, "training": {"epochs": 15}}
    model = nncli.train(experiment, run_dir=tmp_path / "run").model_path
    other, place = table(tmp_path / "u.csv", "bc", 80), tmp_path / "page.html"
    arguments = ["evaluate", model, "--dataset", other, "--report", place, "--slice", "x"]
    assert run_cli(arguments).exit_code == 0
    page = place.read_text()
    counts = dict(re.findall(r"<bdi>([abc])</bdi></th>.*?<td>([0-9]+)</td></tr>", page))
    assert counts == {"a": "0", "b": "32", "c": "48"}
    [cells] = re.findall(r'id="cells">(.*?)</script>', page)
    assert "2-1" in json.loads(cells)["examples"]  # c is taken for b, where the label is wrong
    assert re.search(r"u\.csv:\d+", page) and "Permutation importance on" in page
    assert "Slices on" in page


def test_a_model_that_nncli_did_not_make_has_a_page_too(run_cli: Any, tmp_path: Path) -> None:
    import keras

    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    keras.Sequential(layers).save(tmp_path / "plain.keras")
    place = tmp_path / "page.html"
    options = ["--dataset", "digits", "--pixel-range", "0,1", "--report", place]
    assert run_cli(["evaluate", tmp_path / "plain.keras", *options]).exit_code == 0
    page = place.read_text()
    assert "plain on digits" in page and "not by nncli" in page and "Flatten" in page
    assert 'alt="what the answer hangs on"' not in page and "How it was trained" not in page


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--report", "page.txt"], "must end in .html or .htm"),
        (["--report", "nowhere/page.html"], "no folder nowhere"),
        (["--report", "page.html", "--output", "page.html"], "both name page.html"),
    ],
)
def test_a_place_that_is_none_is_exit_code_2(
    run_cli: Any, digits_run: TrainingResult, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path, options: list[str], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    result = run_cli(["evaluate", digits_run.model_path, *options])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in " ".join(result.stderr.split())
