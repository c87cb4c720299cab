"""`nncli predict` as it is typed."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli.training import TrainingResult


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "my digits"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(3):
        Image.fromarray(random.integers(0, 17, (8, 8), np.uint8)).save(folder / f"{number}.png")
    return folder


def test_csv_where_there_is_no_terminal(
    run_cli: Any, digits_run: TrainingResult, photos: Path
) -> None:
    result = run_cli(["predict", digits_run.model_path, photos, "--top", "2"])
    assert result.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["input"] for row in rows] == [str(photos / f"{n}.png") for n in range(3)]
    for row in rows:
        assert row["prediction"] in "0123456789" and row["prediction_2"] != row["prediction"]
        assert 1 >= float(row["probability"]) >= float(row["probability_2"]) >= 0


def test_a_run_is_asked_by_its_name(run_cli: Any, digits_run: TrainingResult, photos: Path) -> None:
    of_file = run_cli(["predict", digits_run.model_path, photos])
    runs = digits_run.folder.parent
    for named in (digits_run.folder, "latest"):
        of_run = run_cli(["predict", named, photos, "--runs-dir", runs])
        assert of_run.exit_code == 0 and of_run.stdout == of_file.stdout
    unknown = run_cli(["predict", "no-such-run", photos, "--runs-dir", runs])
    assert unknown.exit_code == 2 and "There is no run no-such-run" in unknown.stderr


def test_of_a_cross_validation_a_fold_is_asked(
    run_cli: Any, digits_run: TrainingResult, photos: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "1-folds"
    for number in (1, 2):
        shutil.copytree(digits_run.folder, whole / f"fold-{number}")
    document = json.loads((digits_run.folder / "metrics.json").read_text())
    document["folds"] = [{"accuracy": 0.9}, {"accuracy": 0.9}]
    (whole / "metrics.json").write_text(json.dumps(document))
    result = run_cli(["predict", whole, photos])
    assert result.exit_code == 2
    assert "a cross-validation of 2 models" in result.stderr and "fold-1" in result.stderr


def test_every_format_says_the_same(
    run_cli: Any, digits_run: TrainingResult, photos: Path, tmp_path: Path
) -> None:
    from pyarrow import parquet

    for name in ("a.csv", "a.jsonl", "a.parquet"):
        arguments = ["predict", digits_run.model_path, photos, "--output", tmp_path / name]
        assert run_cli(arguments).exit_code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text())))
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    columns = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["prediction"] for row in rows] == [row["prediction"] for row in lines]
    assert [row["prediction"] for row in rows] == [row["prediction"] for row in columns]
    for one, other in zip(lines, columns, strict=True):
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-6)


def test_a_table_fits_a_narrow_terminal(
    run_cli: Any, digits_run: TrainingResult, photos: Path
) -> None:
    result = run_cli(["predict", digits_run.model_path, photos, "--format", "table"])
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["input", "prediction", "probability"]
    assert all(len(line) <= 80 for line in lines)
    asked = ["predict", digits_run.model_path, photos, "--format", "table", "--top", "3"]
    heading, first, *_ = run_cli(asked).stdout.splitlines()
    assert heading.split() == ["input", "prediction", "prediction_2", "prediction_3"]
    chances = [float(word) for word in first.split()[2::2]]
    assert len(chances) == 3 and chances == sorted(chances, reverse=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "About what?"),
        (["nothing.png"], "There is no file nothing.png"),
        (["--text", "hello"], "no text"),
        (["-"], "cannot be read from standard input"),
        ([".", "--top", "0"], "--top"),
        ([".", "--output", "x.xlsx"], "does not end in .csv"),
        ([".", "--format", "parquet"], "Parquet is no text"),
        ([".", "--format", "table", "--output", "x.csv"], "for the screen"),
        ([".", "--format", "csv", "--output", "x.parquet"], "contradict each other"),
    ],
)
def test_what_the_arguments_alone_tell_is_exit_code_2(
    run_cli: Any, digits_run: TrainingResult, arguments: list[str], said: str
) -> None:
    result = run_cli(["predict", digits_run.model_path, *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_damaged_file_fails_or_is_skipped(
    run_cli: Any, digits_run: TrainingResult, photos: Path, tmp_path: Path
) -> None:
    (photos / "1.png").write_bytes(b"")
    arguments = ["predict", digits_run.model_path, photos, "-o", tmp_path / "out.csv"]
    failed = run_cli(arguments)
    assert failed.exit_code == 1 and "1.png" in failed.stderr
    assert "--on-error skip" in failed.stderr and not (tmp_path / "out.csv").exists()
    result = run_cli([*arguments, "--on-error", "skip"])
    assert result.exit_code == 0
    assert "1 row or file was left out" in result.stderr
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


def test_answers_never_take_the_place_of_what_is_read(
    run_cli: Any, digits_run: TrainingResult, photos: Path
) -> None:
    assert digits_run.model_path is not None
    image = photos / "1.png"
    (photos / "link.csv").symlink_to(image)
    before = image.read_bytes(), digits_run.model_path.read_bytes()
    for output in (image, photos / "link.csv", digits_run.model_path):
        arguments = ["predict", digits_run.model_path, photos, "--format", "csv", "-o", output]
        result = run_cli(arguments)
        assert result.exit_code == 2 and "is itself one of the files" in result.stderr
    assert (image.read_bytes(), digits_run.model_path.read_bytes()) == before
    arguments[-1] = photos / "answers.csv"
    assert run_cli(arguments).exit_code == 0
    result = run_cli([*arguments, "--encoding", "klingon"])
    assert result.exit_code == 2 and "no encoding named 'klingon'" in result.stderr


@pytest.mark.slow
def test_a_table_from_standard_input(run_cli: Any, tmp_path: Path) -> None:
    rows = [f"{n % 7},{'red' if n % 3 else 'blue'},{n % 2}" for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["size,colour,kind", *rows]) + "\n")
    arguments = ["--dataset", tmp_path / "t.csv", "--set", "dataset.target=kind", "--epochs", "1"]
    assert run_cli(["train", *arguments, "--run-dir", tmp_path / "run"]).exit_code == 0
    command = [sys.executable, "-m", "nncli", "predict", str(tmp_path / "run" / "model.keras"), "-"]
    done = subprocess.run(
        command, input="colour;size\nred;1\nblue;\nred;x\n", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "standard input, row 4: size is to be a number, and is 'x'" in done.stderr
    done = subprocess.run(
        [*command, "--on-error", "skip"], input="colour;size\nred;1\nblue;\nred;x\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["input", "row 2", "row 3"]
    assert "standard input, row 4: size is to be a number, and is 'x'" in done.stderr


@pytest.mark.parametrize("output", ["-", "/dev/stdout"])
def test_standard_output_may_be_named(
    run_cli: Any, digits_run: TrainingResult, photos: Path, output: str
) -> None:
    """What libraries print goes elsewhere, and the answers must not go there with it."""
    asked = ["predict", digits_run.model_path, photos]
    plain = run_cli([*asked, "--format", "csv"])
    named = run_cli([*asked, "--output", output])
    assert named.exit_code == 0 and named.stdout == plain.stdout
    assert named.stdout.startswith("input,prediction,probability\n")


def test_an_error_stands_alone_on_the_screen(run_cli: Any, tmp_path: Path) -> None:
    """No header of a table that does not come."""
    table = tmp_path / "t.csv"
    table.write_text("a,kind\n" + "".join(f"{n % 7},{'xy'[n % 2]}\n" for n in range(40)))
    run = tmp_path / "run"
    options = ["--set", "dataset.target=kind", "--epochs", "1", "--run-dir", run]
    assert run_cli(["train", "--dataset", table, *options]).exit_code == 0
    (tmp_path / "word.csv").write_text("a\n1\nword\n2\n")
    wrong = run_cli(["predict", run / "model.keras", tmp_path / "word.csv"])
    assert wrong.exit_code == 1 and wrong.stdout == ""
    (tmp_path / "none.csv").write_text("a\n")
    none = run_cli(["predict", run / "model.keras", tmp_path / "none.csv"])
    assert none.exit_code == 0 and none.stdout == "input,prediction,probability\n"
