"""`nncli runs` as it is typed."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from nncli.cli._runs import curve
from nncli.training import TrainingResult


@pytest.fixture
def runs(digits_run: TrainingResult, tmp_path: Path) -> Path:
    """Two finished runs, one that was killed and a broken one."""
    folder = tmp_path / "runs"
    for number, accuracy in ((1, 0.9), (2, 0.8), (3, None)):
        place = folder / f"{number}-digits-mlp"
        shutil.copytree(digits_run.folder, place)
        document = json.loads((place / "metrics.json").read_text())
        if accuracy is None:
            document |= {"outcome": "running", "test": None}
        else:
            document["test"]["accuracy"] = accuracy
        (place / "metrics.json").write_text(json.dumps(document))
    config = folder / "2-digits-mlp" / "config.yaml"
    config.write_text(config.read_text().replace("epochs: 2", "epochs: 20"))
    (folder / "4-broken").mkdir()
    (folder / "4-broken" / "metrics.json").write_text("{")
    return folder


def names(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]


def test_all_runs_are_listed(run_cli: Any, runs: Path) -> None:
    result = run_cli(["runs", "list", "--runs-dir", runs])
    assert result.exit_code == 0
    listed = ["4-broken", "3-digits-mlp", "2-digits-mlp", "1-digits-mlp"]
    assert names(result.stdout)[:4] == listed
    lines = result.stdout.splitlines()
    assert "killed" in lines[2] and lines[5] == "4-broken is broken: metrics.json is no JSON"
    assert all(len(line) <= 80 for line in lines)


def test_the_best_come_first(run_cli: Any, runs: Path) -> None:
    arguments = ["runs", "list", "--runs-dir", runs, "--sort", "test.accuracy"]
    result = run_cli([*arguments, "--limit", "2"])
    assert names(result.stdout)[:2] == ["1-digits-mlp", "2-digits-mlp"]
    assert "... and 2 runs more" in result.stdout
    only = run_cli([*arguments, "--where", "training.epochs>=6", "--where", "dataset=digits"])
    assert names(only.stdout) == ["2-digits-mlp"]
    none = run_cli([*arguments, "--where", "dataset=mnist"])
    assert none.stdout == "No run is like that.\n"


@pytest.mark.parametrize(
    ("key", "head"),
    [
        ("epochs", "epochs"), ("date", "when"), ("dataset", "dataset"), ("duration", "duration"),
        ("parameters", "parameters"), ("training.epochs", "training.epochs"), ("tag", "tags"),
        ("outcome", "outcome"), ("validation.loss", "validation.loss"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("columns", [60, 80])
def test_what_runs_are_sorted_by_is_a_column(
    run_cli: Any, runs: Path, monkeypatch: pytest.MonkeyPatch, columns: int, key: str, head: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    run_cli(["runs", "tag", "1", "paper", "--runs-dir", runs])
    (runs / "1-digits-mlp").rename(runs / "1-digits-mlp-with-a-long-name")
    result = run_cli(["runs", "list", "--runs-dir", runs, "--sort", key])
    heading, *lines = result.stdout.splitlines()
    assert head in heading.split()
    assert all(len(line) <= columns for line in (heading, *lines[:4]))
    assert any(line.startswith("1-digits-mlp-with-a-long-name ") for line in lines)


def test_what_runs_are_sorted_by_is_in_markdown_too(run_cli: Any, runs: Path) -> None:
    result = run_cli(["runs", "list", "--runs-dir", runs, "--md", "--sort", "training.epochs"])
    lines = result.stdout.splitlines()
    assert lines[0].endswith(" tags | training.epochs |")
    assert [line.split(" | ")[-1] for line in lines[2:]] == ["2 |", "2 |", "20 |", "- |"]


def test_a_run_is_a_line_of_json(run_cli: Any, runs: Path) -> None:
    result = run_cli(["runs", "list", "--runs-dir", runs, "--json"])
    assert len(result.stdout.splitlines()) == len(json.loads(result.stdout)) == 4


def test_for_programs(run_cli: Any, runs: Path) -> None:
    arguments = ["runs", "list", "--runs-dir", runs]
    documents = json.loads(run_cli([*arguments, "--json"]).stdout)
    assert [one["number"] for one in documents] == [4, 3, 2, 1]
    assert documents[3]["metrics"]["test.accuracy"] == 0.9
    rows = list(csv.DictReader(io.StringIO(run_cli([*arguments, "--csv"]).stdout)))
    assert rows[2]["training.epochs"] == "20" and rows[2]["test.accuracy"] == "0.8"
    assert run_cli([*arguments, "--md"]).stdout.startswith("| run | outcome |")
    assert run_cli([*arguments, "--md", "--csv"]).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [["--sort", "test.acuracy"], ["--where", "dataset"], ["--where", "dateset=x"]]
)
def test_what_means_nothing(run_cli: Any, runs: Path, arguments: list[str]) -> None:
    assert run_cli(["runs", "list", "--runs-dir", runs, *arguments]).exit_code == 2


def test_one_run_with_its_curves(run_cli: Any, runs: Path) -> None:
    result = run_cli(["runs", "show", "best:test.accuracy", "--runs-dir", runs])
    lines = result.stdout.splitlines()
    assert lines[0] == "1-digits-mlp" and "outcome  completed" in lines
    [row] = [line for line in lines if line.startswith("train_loss")]
    assert "\u2588\u2581" in row
    assert "  model.keras" in lines
    broken = run_cli(["runs", "show", "4", "--runs-dir", runs])
    assert broken.exit_code == 0 and "broken: metrics.json is no JSON" in broken.stdout


def test_curves_are_blocks() -> None:
    assert curve([0, 1, 2, 3, 4, 5, 6, 7]) == "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
    assert curve([1.0, 1.0]) == "\u2581\u2581"
    assert len(curve(list(range(1000)))) == 40


def test_a_foreign_history_is_left_out(run_cli: Any, runs: Path) -> None:
    (runs / "1-digits-mlp" / "history.csv").write_text("epoch,loss\n1,low\n2,lower\n")
    assert run_cli(["runs", "show", "1", "--runs-dir", runs]).exit_code == 0


def test_what_differs(run_cli: Any, runs: Path) -> None:
    result = run_cli(["runs", "compare", "1", "2", "--runs-dir", runs])
    assert result.exit_code == 0
    [line] = [one for one in result.stdout.splitlines() if one.startswith("training.epochs")]
    assert line.split() == ["training.epochs", "2", "20"]
    assert "test.accuracy" in result.stdout and "0.9000" in result.stdout
    assert "model.type" not in result.stdout
    assert run_cli(["runs", "compare", "1", "--runs-dir", runs]).exit_code == 2


def test_a_comparison_of_many_runs_goes_on_below(run_cli: Any, runs: Path) -> None:
    for number in range(5, 17):
        place = runs / f"{number}-digits-mlp"
        shutil.copytree(runs / "1-digits-mlp", place)
        config = place / "config.yaml"
        config.write_text(config.read_text().replace("epochs: 2", f"epochs: {number}000000"))
    arguments = ["1", *map(str, range(5, 17))]
    lines = run_cli(["runs", "compare", *arguments, "--runs-dir", runs]).stdout.splitlines()
    assert all(len(line) <= 80 for line in lines)
    epochs = [cell for line in lines if line.startswith("training.epochs") for cell in line.split()]
    assert epochs.count("training.epochs") == 2
    assert set(epochs) - {"training.epochs"} == {"2", *(f"{n}000000" for n in range(5, 17))}


def test_a_run_is_not_compared_with_itself(run_cli: Any, runs: Path) -> None:
    place = ["--runs-dir", runs]
    result = run_cli(["runs", "compare", "1", "best:test.accuracy", *place])
    assert result.exit_code == 2
    assert "error: 1 and best:test.accuracy are the same run: " in result.stderr
    twice = run_cli(["runs", "compare", "1", "2", "1-digits-mlp", "--json", *place])
    assert [one["number"] for one in json.loads(twice.stdout)] == [1, 2]


def test_a_broken_run_beside_others(run_cli: Any, runs: Path) -> None:
    result = run_cli(["runs", "compare", "1", "4", "--runs-dir", runs])
    assert "4  4-broken, broken: metrics.json is no JSON" in result.stdout
    assert "model.type" not in result.stdout
    assert "The experiment of 4-broken cannot be read." in result.stdout


def test_a_folder_of_runs_without_any(run_cli: Any, tmp_path: Path) -> None:
    result = run_cli(["runs", "list", "--runs-dir", tmp_path])
    assert (result.exit_code, result.stdout) == (0, f"There are no runs in {tmp_path} yet.\n")


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["list", "--json"], ["list", "--md"], ["show", "9"], ["compare", "2", "9"],
     ["export"], ["export", "--jsonl"], ["tag", "9", "x"], ["rm", "9", "--yes"]],
    ids=" ".join,
)  # fmt: skip
def test_a_name_that_is_no_text_harms_nothing(
    run_cli: Any, runs: Path, arguments: list[str]
) -> None:
    (runs / "1-digits-mlp").rename(runs / os.fsdecode(b"9-\xff\x1b[31m"))
    result = run_cli(["runs", *arguments, "--runs-dir", runs])
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\\udcff" in result.stdout
    assert "\x1b" not in result.stdout or arguments == ["export"]  # CSV is as it is


def test_learning_curves_are_drawn_over_each_other(run_cli: Any, runs: Path) -> None:
    compare = ["runs", "compare", "--runs-dir", runs, "1", "2", "4", "--picture"]
    result = run_cli([*compare, "curves.png"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("\nPicture: curves.png\n")
    assert result.stderr == "4-broken is not drawn: it completed no epoch.\n"
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    as_json = run_cli([*compare, "curves.svg", "--json"])
    assert len(json.loads(as_json.stdout)) == 3
    assert "<!-- 2-digits-mlp: epochs=20 -->" in Path("curves.svg").read_text()


@pytest.mark.parametrize(
    ("picture", "said"),
    [("a.jpg", "must end in .png or .svg"), ("no/a.png", "no folder no"), ("a.png", "is a folder")],
)
def test_a_picture_that_cannot_be_is_refused(
    run_cli: Any, runs: Path, picture: str, said: str
) -> None:
    Path("a.png").mkdir()
    result = run_cli(["runs", "compare", "1", "2", "--runs-dir", runs, "--picture", picture])
    assert (result.exit_code, result.stdout) == (2, "") and said in result.stderr


def test_runs_without_epochs_cannot_be_drawn(run_cli: Any, runs: Path) -> None:
    for number in (1, 2):
        (runs / f"{number}-digits-mlp" / "history.csv").unlink()
    result = run_cli(["runs", "compare", "1", "2", "--runs-dir", runs, "--picture", "a.png"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "None of the runs has a history" in result.stderr and not Path("a.png").exists()


def test_all_runs_are_written_as_a_table(run_cli: Any, runs: Path) -> None:
    place = ["--runs-dir", runs]
    result = run_cli(["runs", "export", "--csv", "all.csv", *place])
    assert result.exit_code == 0 and result.stdout.startswith("Written: all.csv (4 runs, ")
    rows = list(csv.DictReader(io.StringIO(Path("all.csv").read_text())))
    assert [row["number"] for row in rows] == ["4", "3", "2", "1"]
    assert rows[2]["training.epochs"] == "20" and rows[2]["test.accuracy"] == "0.8"
    listed = run_cli(["runs", "list", "--csv", *place]).stdout
    for stdout in ([], ["-"], ["/dev/stdout"], ["--csv"]):
        assert run_cli(["runs", "export", *stdout, *place]).stdout == listed
    assert Path("all.csv").read_text() == listed


def test_some_runs_are_written_as_json_lines(run_cli: Any, runs: Path) -> None:
    chosen = ["--where", "outcome=completed", "--sort", "test.accuracy", "--limit", "1"]
    arguments = ["runs", "export", "--runs-dir", runs, *chosen]
    assert run_cli([*arguments, "some.jsonl", "--quiet"]).stdout == ""
    (line,) = Path("some.jsonl").read_text().splitlines()
    assert json.loads(line)["run"] == "1-digits-mlp"
    assert run_cli([*arguments, "--jsonl"]).stdout == f"{line}\n"
    assert run_cli([*arguments, "--csv", "other.jsonl"]).exit_code == 0
    assert Path("other.jsonl").read_text().startswith("run,number,")


def test_epochs_are_written_as_a_table(run_cli: Any, runs: Path) -> None:
    result = run_cli(["runs", "export", "--history", "--runs-dir", runs, "--where", "number!=2"])
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["run"], row["epoch"]) for row in rows] == [
        ("3-digits-mlp", "1"), ("3-digits-mlp", "2"), ("1-digits-mlp", "1"), ("1-digits-mlp", "2"),
    ]  # fmt: skip
    assert float(rows[0]["train_loss"]) > float(rows[1]["train_loss"]) > 0
    assert result.stderr == "4-broken completed no epoch.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.txt"], "does not end in .csv, .jsonl, .ndjson"),
        (["no/a.csv"], "no folder no"),
        (["folder.csv"], "is a folder"),
        (["--csv", "--jsonl"], "Only one of"),
        (["--where", "dateset=x"], "Did you mean dataset?"),
        (["--runs-dir", "nowhere"], "no runs in nowhere"),
    ],
)
def test_an_export_that_cannot_be_is_refused(
    run_cli: Any, runs: Path, arguments: list[str], said: str
) -> None:
    Path("folder.csv").mkdir()
    result = run_cli(["runs", "export", "--runs-dir", runs, *arguments])
    assert (result.exit_code, result.stdout) == (2, "") and said in result.stderr


@pytest.mark.parametrize(
    ("letters", "columns", "heads"),
    [
        (24, 120, "run outcome dataset test.accuracy epochs when tags"),
        (24, 80, "run outcome dataset test.accuracy tags"),
        (24, 60, "run outcome test.accuracy"),
        (36, 80, "run outcome test.accuracy tags"),
    ],
)
def test_names_are_whole_and_other_columns_give_way(
    run_cli: Any, runs: Path, monkeypatch: pytest.MonkeyPatch, letters: int, columns: int,
    heads: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", str(columns))
    name = f"2-{'x' * (letters - 2)}"
    place = (runs / "2-digits-mlp").rename(runs / name)
    document = json.loads((place / "metrics.json").read_text())
    document |= {"outcome": "stopped_early", "folds": [{}]}
    document["deviation"] = {"test": {"accuracy": 0.0125}}
    (place / "metrics.json").write_text(json.dumps(document))
    tags = ["paper", "baseline", "fold-wise"]
    assert run_cli(["runs", "tag", "2", *tags, "--runs-dir", runs]).exit_code == 0
    text = run_cli(["runs", "list", "--runs-dir", runs]).stdout
    assert text.splitlines()[0].split() == heads.split()
    [line] = [one for one in text.splitlines() if one.startswith(f"{name} ")]
    assert line.split()[1] == "stopped_early" and "0.8000 ± 0.0125" in line
    assert all(len(one) <= columns for one in text.splitlines())


def test_a_name_that_never_fits_goes_on_in_another_line(run_cli: Any, runs: Path) -> None:
    (runs / "2-digits-mlp").rename(runs / f"2-{'long-' * 20}")
    lines = run_cli(["runs", "list", "--runs-dir", runs]).stdout.splitlines()
    assert "0.8000" in lines[3] and all(len(line) <= 80 for line in lines)
    cells = [line[:54].strip() for line in lines[3:5]]
    assert "".join(cells) == f"2-{'long-' * 20}"


def test_what_a_finished_run_has_lost_is_named(run_cli: Any, runs: Path) -> None:
    (runs / "1-digits-mlp" / "model.keras").unlink()
    (runs / "1-digits-mlp" / "history.csv").unlink()
    (runs / "3-digits-mlp" / "history.csv").unlink()  # of one that was killed
    lines = run_cli(["runs", "list", "--runs-dir", runs]).stdout.splitlines()
    assert [line for line in lines if "lost" in line] == [
        "1-digits-mlp has lost its model.keras, history.csv"
    ]
    shown = run_cli(["runs", "show", "1", "--runs-dir", runs]).stdout
    assert "missing  model.keras, history.csv" in shown.splitlines()
    documents = json.loads(run_cli(["runs", "list", "--json", "--runs-dir", runs]).stdout)
    missing = [one["missing"] for one in documents]
    assert missing == [[], [], [], ["model.keras", "history.csv"]]
    compare = ["runs", "compare", "1", "2", "--picture", "a.png", "--runs-dir", runs]
    result = run_cli(compare)
    assert result.stderr == "1-digits-mlp is not drawn: it has lost its history.csv.\n"


def test_metrics_are_shown_in_the_unit_of_the_values(run_cli: Any, runs: Path) -> None:
    place = runs / "1-digits-mlp"
    document = json.loads((place / "metrics.json").read_text())
    document["test"] = {"loss": 0.5, "mae": 2.5}
    (place / "metrics.json").write_text(json.dumps(document))
    (place / "config.yaml").write_text("dataset:\n  type: table\n  unit: US$ [m]\n")
    lines = run_cli(["runs", "show", "1", "--runs-dir", runs]).stdout.splitlines()
    assert [line for line in lines if line.startswith("mae (US$ [m])") and "2.5000" in line]
    compare = ["runs", "compare", "1", "2", "--runs-dir", runs]
    lines = run_cli(compare).stdout.splitlines()
    assert [line for line in lines if line.startswith("test.mae (US$ [m])") and "2.5000" in line]
    other = runs / "2-digits-mlp"
    (other / "metrics.json").write_text(json.dumps(document))
    (other / "config.yaml").write_text("dataset:\n  type: table\n  unit: euro\n")
    (line,) = [one for one in run_cli(compare).stdout.splitlines() if one.startswith("test.mae")]
    assert line.split() == ["test.mae", "2.5000", "US$", "[m]", "2.5000", "euro"]


def test_removing_asks(
    run_cli: Any, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    place = runs / "1-digits-mlp"
    refused = run_cli(["runs", "rm", "1", "--runs-dir", runs])
    assert refused.exit_code == 2 and "--yes" in refused.stderr and place.is_dir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    other = run_cli(["runs", "rm", tmp_path / "mine", "--runs-dir", runs, "--yes"])
    assert other.exit_code == 2 and (tmp_path / "mine" / "thesis.txt").exists()
    assert run_cli(["runs", "rm", "1", "4", "--runs-dir", runs, "--yes"]).exit_code == 0
    assert not place.exists() and not (runs / "4-broken").exists()
    assert (runs / "2-digits-mlp").is_dir()


def test_stopping_at_the_question_removes_nothing(
    run_cli: Any, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise typer.Abort  # what a question makes of Ctrl-C

    monkeypatch.setattr("typer.confirm", stopped)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    result = run_cli(["runs", "rm", "1", "--runs-dir", runs])
    assert (result.exit_code, result.stderr) == (130, "error: Stopped by Ctrl-C.\n")
    assert (runs / "1-digits-mlp").is_dir()


def test_a_folder_that_is_no_run_gets_no_tag(run_cli: Any, runs: Path, tmp_path: Path) -> None:
    for command in (["tag", tmp_path, "x"], ["note", tmp_path, "x"]):
        assert run_cli(["runs", *command, "--runs-dir", runs]).exit_code == 2
    assert not (tmp_path / "about.json").exists()


def test_tags_and_notes(run_cli: Any, runs: Path) -> None:
    place = ["--runs-dir", runs]
    assert run_cli(["runs", "tag", "2", "paper", "best", *place]).exit_code == 0
    assert run_cli(["runs", "note", "2", "for table 3", *place]).exit_code == 0
    assert run_cli(["runs", "note", "2", *place]).stdout == "for table 3\n"
    found = run_cli(["runs", "list", "--where", "tag=paper", *place])
    assert names(found.stdout) == ["2-digits-mlp"] and "paper best" in found.stdout
    run_cli(["runs", "tag", "2", "paper", "--remove", *place])
    assert "best" in run_cli(["runs", "show", "2", *place]).stdout
    assert run_cli(["runs", "tag", "2", "two words", *place]).exit_code == 2


WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None
from nncli.cli.app import main
code = main(["runs", *sys.argv[1:]])
assert "keras" not in sys.modules
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["show", "1"], ["compare", "1", "2", "--picture", "a.png"], ["export"]],
)
def test_looking_back_needs_no_tensorflow(runs: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, *arguments, "--runs-dir", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
