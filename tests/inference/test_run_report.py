"""The page of a run with everything that is costly."""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import nncli
from nncli.errors import NotFoundError
from nncli.inference.run_report import report
from nncli.training import TrainingResult


def table(path: Path) -> Path:
    """The answer is in one column, the other is noise; six labels are wrong."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(600):
        value = random.normal()
        kind = (value > 0) != (number % 100 == 7)
        rows.append(f"{value:.4f},{random.normal():.4f},{'yes' if kind else 'no'}")
    path.write_text("telling,noise,kind\n" + "\n".join(rows) + "\n")
    return path


def test_a_table_says_which_column_it_needs_and_which_rows_are_wrong(tmp_path: Path) -> None:
    dataset = {"type": "table", "path": str(table(tmp_path / "t.csv")), "target": "kind"}
    experiment = {"dataset": dataset, "training": {"epochs": 30}, "name": "planted"}
    result = nncli.train(experiment, run_dir=tmp_path / "run")
    before = (result.folder / "report.html").read_text()
    page = report(result.folder, slices=["telling"]).read_text()
    assert "Slices on test" in page and "Slices" not in before
    assert "Permutation importance on" in page and "Permutation importance on" not in before
    needed = page.split("Permutation importance on")[1]
    assert needed.index(">telling<") < needed.index(">noise<")
    assert "95 % on test" in page and "95 % on test" not in before
    assert re.search(r"telling: -?[\d.]+, noise: ", page)
    assert re.search(r"t\.csv:\d+", page)
    assert "nncli runs report" in before and "nncli runs report" not in page
    [cells] = re.findall(r'id="cells">(.*?)</script>', page)
    behind = json.loads(cells)["examples"]
    [wrong, *_] = [name for name in ("0-1", "1-0") if name in behind]
    assert behind[wrong][0]["words"].startswith("telling: ")
    assert behind[wrong][0]["name"].startswith("t.csv:")


def test_images_show_what_the_answer_hangs_on(digits_run: TrainingResult, tmp_path: Path) -> None:
    shutil.copytree(digits_run.folder, tmp_path / "run")
    page = report(tmp_path / "run").read_text()
    assert page.count('alt="what the answer hangs on"') == 12
    assert "test:" in page and len(page) < 3_000_000


def test_sound_can_be_played(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "noise" / name).mkdir(parents=True)
        for number in range(20):
            samples = random.normal(0, 0.1, 2400)
            soundfile.write(tmp_path / "noise" / name / f"{number}.wav", samples, 8000)
    dataset = {"type": "folder", "path": str(tmp_path / "noise"), "test": 0.4}
    result = nncli.train({"dataset": dataset, "training": {"epochs": 1}}, run_dir=tmp_path / "run")
    page = report(result.folder).read_text()
    found = re.search(r"data:audio/wav;base64,([^\"]+)", page)
    assert found is not None
    (tmp_path / "back.wav").write_bytes(base64.b64decode(found[1]))
    samples, rate = soundfile.read(tmp_path / "back.wav")
    assert rate == 8000 and np.abs(samples).max() > 0.1


def test_what_has_no_report(digits_run: TrainingResult, tmp_path: Path, run_cli: Any) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match="is no run"):
        report(tmp_path / "empty")
    shutil.copytree(digits_run.folder, tmp_path / "run")
    (tmp_path / "run" / "model.keras").unlink()
    with pytest.raises(NotFoundError, match=r"has lost model\.keras"):
        report(tmp_path / "run")


def test_a_cross_validation_gets_all_that_one_model_does_and_so_do_its_folds(
    run_cli: Any, tmp_path: Path
) -> None:
    dataset = {"path": str(table(tmp_path / "t.csv")), "target": "kind", "folds": 2}
    experiment = {"dataset": dataset, "training": {"epochs": 12}}
    folds = nncli.train(experiment, run_dir=tmp_path / "folds")
    before = (folds.folder / "report.html").read_text()
    page = report(folds.folder, slices=["telling"]).read_text()
    assert "95 % out of fold" in page and "95 % out of fold" not in before
    assert "Slices out of fold" in page and "Permutation importance" not in before
    needed = page.split("Permutation importance out of fold")[1]
    assert needed.index(">telling<") < needed.index(">noise<")
    assert "The mean over 2 models" in needed
    assert re.search(r"telling: -?[\d.]+, noise: ", page)
    assert "nncli runs report" in before and "nncli runs report" not in page
    result = run_cli(["runs", "report", tmp_path / "folds" / "fold-1"])
    assert result.exit_code == 0 and "Written: " in result.stdout
