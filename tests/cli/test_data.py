"""`nncli data list`, `show` and `check`."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet
from rich.cells import cell_len

from nncli import data
from nncli.catalogue import catalogue, dataset_names
from nncli.config import Experiment
from nncli.data import expand
from nncli.data.looking import look
from nncli.files import cache_folder
from nncli.reporting import SilentReporter


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Planted: a copy across splits, an answer in another column, an identifier, mixed cells."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(200):
        answer = random.choice(["yes", "no"])
        size = "big" if number % 10 == 0 else f"{random.normal():.5f}"
        other = "" if number % 5 else "x"
        rows.append(f"id{number},{size},{answer[0].upper()},{other},{answer}")
    path = tmp_path / "planted.csv"
    path.write_text("key,size,letter,rare,answer\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def findings(run_cli: Any, *command: str, exit_code: int = 0) -> list[dict[str, Any]]:
    result = run_cli(["data", "check", *command, "--json"])
    assert result.exit_code == exit_code, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_the_catalogue_has_every_name_once() -> None:
    entries = catalogue()
    assert [entry.name for entry in entries] == dataset_names()
    usable = [entry for entry in entries if not entry.reason]
    assert len(usable) > 100
    assert all(entry.input and entry.target for entry in usable)


def test_list_finds_words_in_names_inputs_and_targets(run_cli: Any, tmp_path: Path) -> None:
    (tmp_path / "tfds" / "mnist" / "3.0.1").mkdir(parents=True)
    (tmp_path / "tfds" / "mnist" / "3.0.1" / "dataset_info.json").touch()
    command = ["data", "list", "mnist", "--data-dir", str(tmp_path / "tfds")]
    entries = {entry["name"]: entry for entry in json.loads(run_cli([*command, "--json"]).stdout)}
    assert entries["mnist"]["prepared"] and not entries["fashion_mnist"]["prepared"]
    assert entries["mnist"]["input"] == "image" and entries["mnist"]["target"] == "10 classes"
    assert entries["mnist"]["download_bytes"] == 11_594_722
    lines = run_cli(command).stdout.splitlines()
    assert lines[1].startswith("mnist") and lines[1].endswith("11.6 MB  yes")
    assert any(line.startswith("moving_mnist: does not say") for line in lines)
    shown = run_cli(["data", "list", "spoken"]).stdout
    assert "spoken_digit" in shown and "sound" in shown
    assert "Nothing is called" in run_cli(["data", "list", "no such thing"]).stdout
    assert "did you mean mnist" in run_cli(["data", "list", "minst"]).stdout


@pytest.mark.parametrize("installed", [True, False])
def test_list_says_what_a_package_is_lacking_for(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    found = object() if installed else None
    monkeypatch.setattr("nncli.catalogue.find_spec", lambda name: found)
    shown = run_cli(["data", "list", "spoken"]).stdout
    assert ("needs pydub" in shown) != installed
    assert ("pip install 'nncli[sound]'" in shown) != installed
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "pydub" not in run_cli(["data", "list", "fashion"]).stdout


def test_list_puts_every_size_below_its_heading(run_cli: Any) -> None:
    heading, *rows = run_cli(["data", "list"]).stdout.splitlines()
    end = heading.index("download") + len("download")
    rows = rows[: rows.index("")]
    assert len(rows) > 100
    # A size ends where its heading does, behind the longest target too.
    assert {row[end - 1] for row in rows} <= set("Bdey")
    assert {row[end : end + 2] for row in rows} <= {"", "  "}


@pytest.mark.parametrize("width", [40, 64, 80])
def test_list_shows_what_can_be_used_and_all_on_request(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = run_cli(["data", "list"]).stdout
    assert "mnist" in shown and "wordnet" not in shown and "nncli data list --all" in shown
    everything = run_cli(["data", "list", "--all"]).stdout
    assert "wordnet: does not say" in everything
    for text in (shown, everything):
        assert max(map(len, text.splitlines())) <= width


def test_list_counts_what_is_prepared_and_only_wants_to_be_told(
    run_cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "goemotions" / "0.1.0").mkdir(parents=True)
    (tmp_path / "goemotions" / "0.1.0" / "dataset_info.json").write_text("{}")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    shown = run_cli(["data", "list", "goemo"]).stdout
    assert "goemotions (prepared here): does not say what is input" in shown
    assert "--set dataset.inputs=NAME --set dataset.target=NAME" in shown
    assert "trains on" not in shown and shown.rstrip("\n") + "\n" == shown
    assert "more (1 prepared here) want to be told" in run_cli(["data", "list"]).stdout
    assert "1 name that nncli trains on as it is, 0" in run_cli(["data", "list", "penguins"]).stdout


def test_show_a_table(run_cli: Any, table: Path) -> None:
    command = ["data", "show", str(table), "--set", "dataset.target=answer"]
    result = run_cli(command)
    assert result.exit_code == 0, result.output
    assert "letter" in result.stdout and "category" in result.stdout
    assert "162 train, 18 validation, 20 test" in result.stdout
    assert "####" in result.stdout or "████" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert run_cli(command).stdout == result.stdout  # the second time from the cache
    values = json.loads(run_cli([*command, "--json"]).stdout)
    assert sum(values["examples"].values()) == 200
    assert set(values["counts"]["train"]) == {"no", "yes"}
    assert {column["name"] for column in values["columns"]} == {"size", "letter", "rare"}


def test_show_with_folds_shows_the_first_and_says_so(run_cli: Any, table: Path) -> None:
    command = ["data", "show", str(table), "--set", "dataset.target=answer", "--folds", "4"]
    result = run_cli(command)
    assert "Of 4 folds, each tested once, the first is shown." in result.stderr
    assert "135 train, 15 validation, 50 test" in result.stdout
    table.write_text(table.read_text().replace("big", "0.5"))
    refused = run_cli([*command, "--set", "dataset.time=size"])
    assert refused.exit_code == 2  # as train does
    assert "dataset.folds every part once" in refused.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2021", ""),
        ("[2021, 2022]", "has no column '2022'."),
        ("{a: b}", "dataset.target: must be a name, or several: [a, b]"),
        ("true", "dataset.target: true must be a name, or several: [a, b]"),
    ],
)
def test_a_number_can_be_the_name_of_a_column(
    run_cli: Any, tmp_path: Path, value: str, said: str
) -> None:
    path = tmp_path / "years.csv"
    path.write_text("2020,2021\n" + "".join(f"{n / 7:.3f},{n % 3 + 0.5}\n" for n in range(60)))
    command = ["data", "show", str(path), "--set", "dataset.header=true"]
    shown = run_cli([*command, "--set", f"dataset.target={value}"])
    if value == "2021":
        assert shown.exit_code == 0 and "2021: from 0.5 to 2.5" in shown.stdout, shown.output
        kinds = run_cli([*command, "--set", "dataset.target=2021", "--set",
                         "dataset.columns={2020: category}"])  # fmt: skip
        assert kinds.exit_code == 0 and "2020    category" in kinds.stdout, kinds.output
        return
    assert said in shown.stderr
    assert "tuple" not in shown.stderr and shown.stderr.count("dataset.target:") <= 1


def test_which_column_is_predicted_is_not_guessed_at(run_cli: Any, table: Path) -> None:
    asked = run_cli(["data", "show", str(table)])
    assert "It has key, size, letter, rare, answer." in asked.stderr
    assert "--set dataset.target=NAME" in asked.stderr


@pytest.mark.parametrize("name", ["t.parquet", "t.npz"])
def test_a_file_that_ends_too_early_is_told_to_be_copied_again(
    run_cli: Any, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name == "t.npz":
        np.savez(path, x=np.zeros((50, 4)), y=np.arange(50) % 2)
    else:
        parquet.write_table(pyarrow.table({"a": range(500), "y": range(500)}), path)
    path.write_bytes(path.read_bytes()[:-300])
    refused = run_cli(["data", "show", str(path), "--set", "dataset.target=y"])
    assert refused.exit_code == 1 and "Was it copied whole? Copy" in refused.stderr


def test_a_folder_beside_you_that_is_no_dataset_is_not_said_to_be_one(
    run_cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parts").mkdir()
    monkeypatch.chdir(tmp_path)
    refused = run_cli(["data", "show", "parts", "--set", "dataset.target=y"])
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: There is no dataset named 'parts'.")
    assert "The folder parts here is meant by ./parts." in refused.stderr


def test_show_sees_a_file_that_changed(run_cli: Any, table: Path) -> None:
    command = ["data", "show", str(table), "--set", "dataset.target=answer"]
    run_cli(command)
    table.write_text(table.read_text().replace("letter", "initial"))
    assert "initial" in run_cli(command).stdout


@pytest.mark.parametrize("width", [40, 80])
def test_show_fits_the_terminal_whatever_the_table(
    run_cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """230 columns, 300 classes, names that are long or wide, dates, texts, missing cells."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    random = np.random.default_rng(0)
    names = ["年齢と体重のとても長い名前" * 3, "a" * 60, "date", "text", "lacks"]
    names += [f"column {n}" for n in range(225)]
    lines = [",".join([*names, "answer"])]
    for number in range(900):
        day = f"2020-01-{number % 28 + 1:02}"
        cells = [f"{random.normal():.3f}", random.choice(["赤い" * 20, "青"]), day,
                 f"the text number {number} in words", "" if number % 3 else "1.5"]  # fmt: skip
        cells += [f"{value:.2f}" for value in random.normal(size=225)]
        lines.append(",".join([*cells, f"クラス class number {number % 300}"]))
    path = tmp_path / "wide.csv"
    path.write_text("\n".join(lines) + "\n")
    result = run_cli(["data", "show", str(path), "--set", "dataset.target=answer"])
    assert result.exit_code == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert "284 more" in result.stdout and "205 more: 205 number" in result.stdout
    for line in result.stdout.splitlines():
        assert cell_len(line.rstrip()) <= width, line


def test_show_writes_dates_as_people_do(run_cli: Any, tmp_path: Path) -> None:
    days = [f"{number % 28 + 1:02}/0{number % 9 + 1}/1955" for number in range(252)]
    path = tmp_path / "a.csv"
    rows = [f"{day},{number % 2}" for number, day in enumerate(days)]
    path.write_text("day,kind\n" + "\n".join(rows) + "\n")
    command = ["data", "show", str(path), "--set", "dataset.target=kind"]
    assert "1955-01-01 to 1955-09-28" in run_cli(command).stdout
    (column,) = json.loads(run_cli([*command, "--json"]).stdout)["columns"]
    assert column["numbers"] is None and sum(column["dates"]["bins"]) == 252
    assert (column["dates"]["first"], column["dates"]["last"]) == ("1955-01-01", "1955-09-28")
    picture = tmp_path / "a.png"
    assert run_cli([*command, "--picture", str(picture)]).exit_code == 0
    assert picture.stat().st_size > 5000


def test_show_values_and_labels(run_cli: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(300, 4))
    np.savez(tmp_path / "v.npz", x=inputs, y=random.normal(50, 10, 300))
    shown = run_cli(["data", "show", str(tmp_path / "v.npz")]).stdout
    assert "target: from " in shown and " ..  " in shown
    np.savez(tmp_path / "l.npz", x=inputs, y=random.integers(0, 2, (300, 3)))
    shown = run_cli(["data", "show", str(tmp_path / "l.npz")]).stdout
    assert "any of 3 labels" in shown and "target_3" in shown


def test_show_images_texts_and_sounds(run_cli: Any, photos: Path, tmp_path: Path) -> None:
    import soundfile

    shown = run_cli(["data", "show", str(photos)]).stdout
    assert "Pixels from 0 to 255, mean 12" in shown and "dog" in shown
    for name in ("high", "low"):
        for number in range(20):
            place = tmp_path / "sounds" / name / f"{number}.wav"
            place.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(place, np.random.default_rng(number).uniform(-1, 1, 4000), 8000)
            (tmp_path / "texts" / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / "texts" / name / f"{number}.txt").write_text(f"it sounds {name} {number}")
    shown = run_cli(["data", "show", str(tmp_path / "sounds")]).stdout
    assert "Recordings of 0.50 s at" in shown and "8,000 samples a second" in shown
    picture = tmp_path / "s.png"
    assert run_cli(["data", "show", str(tmp_path / "sounds"), "--picture", str(picture)])
    with Image.open(picture) as image:
        assert image.size[0] > 600
    shown = run_cli(["data", "show", str(tmp_path / "texts")]).stdout
    assert "Texts of 4 words." in shown and "[low] it sounds low" in shown
    refused = run_cli(["data", "show", str(tmp_path / "texts"), "--picture", "a.png"])
    assert refused.exit_code == 2 and "texts are shown in the terminal alone" in refused.stderr


def test_show_takes_texts_of_each_class_from_a_sorted_file(run_cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "sorted.csv"
    rows = [f"text number {n},{kind}\n" for kind in ("first", "last") for n in range(3000)]
    path.write_text("text,kind\n" + "".join(rows))
    columns = ["--set", "dataset.columns.text=text", "--set", "dataset.target=kind"]
    shown = run_cli(["data", "show", str(path), *columns, "--json"])
    texts = json.loads(shown.stdout)["texts"]
    assert [text["answer"] for text in texts] == ["first", "last"] * 3


def test_years_are_written_as_years(run_cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "years.csv"
    rows = [f"{1990 + n % 30},{1000 * (n % 50)},{'ab'[n % 2]}\n" for n in range(200)]
    path.write_text("year,price,kind\n" + "".join(rows))
    shown = run_cli(["data", "show", str(path), "--set", "dataset.target=kind"]).stdout
    assert "1990 to 2019, mean 200" in shown and "0 to 49,000" in shown


def test_show_draws_a_picture(run_cli: Any, photos: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    result = run_cli(["data", "show", str(photos), "--picture", str(picture)])
    assert result.exit_code == 0, result.output
    with Image.open(picture) as image:
        assert image.size[0] > 600
        # The examples are drawn, not only their titles: random pixels are of all colours.
        assert len(image.convert("RGB").getcolors(1 << 24)) > 1000
    refused = run_cli(["data", "show", str(photos), "--picture", "a.jpg"])
    assert refused.exit_code == 2 and "must end in .png" in refused.stderr


def test_show_draws_histograms(run_cli: Any, table: Path, tmp_path: Path) -> None:
    picture = tmp_path / "t.png"
    command = ["data", "show", str(table), "--set", "dataset.target=answer"]
    assert run_cli([*command, "--picture", str(picture)]).exit_code == 0
    assert picture.stat().st_size > 5000


def test_show_of_what_was_looked_at_before_needs_no_tensorflow(run_cli: Any) -> None:
    run_cli(["data", "show", "digits"])
    code = (
        "import sys\nfrom nncli.cli import main\n"
        "assert main(['data', 'show', 'digits']) == 0\n"
        "assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("kind", ["table", "sounds", "texts"])
def test_show_of_what_was_trained_on_reads_the_cache_alone(
    run_cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The columns, texts and lengths are kept while a dataset is read for training."""
    import soundfile

    path = tmp_path / kind
    for number in range(40):
        name = ("high", "low")[number % 2]
        file = path / name / f"{number}.{'wav' if kind == 'sounds' else 'txt'}"
        file.parent.mkdir(parents=True, exist_ok=True)
        if kind == "sounds":
            soundfile.write(file, np.full(4000 + number, 0.1), 8000)
        else:
            file.write_text(f"it sounds {name} {number}")
    if kind == "table":
        path = tmp_path / "a.csv"
        path.write_text("size,kind\n" + "".join(f"{n % 7}.5,{n % 2}\n" for n in range(100)))
    settings = expand(str(path)) | ({"target": "kind"} if kind == "table" else {})
    trained_on = Experiment.model_validate({"dataset": settings}).dataset
    data.load(trained_on, seed=0, reporter=SilentReporter())
    source = data.source_of(trained_on, reporter=SilentReporter())
    closed = dataclasses.replace(source, read=None)
    monkeypatch.setattr("nncli.data.source_of", lambda settings, *, reporter: closed)
    overview = look(trained_on, seed=0, reporter=SilentReporter())
    if kind == "table":
        (column,) = overview.columns
        assert column.numbers and (column.rows, column.numbers.largest) == (100, 6.5)
    else:
        said = {"sounds": "Recordings of 0.50 s at", "texts": "Texts of 4 words."}[kind]
        assert overview.facts[0].startswith(said) and bool(overview.texts) == (kind == "texts")


def test_clearing_the_cache_clears_what_show_keeps(run_cli: Any) -> None:
    run_cli(["data", "show", "digits"])
    assert list((cache_folder() / "overviews").iterdir())
    run_cli(["data", "cache", "clear"])
    assert not (cache_folder() / "overviews").exists()


def test_check_names_files_and_fails(run_cli: Any, photos: Path) -> None:
    (photos / "cat" / "empty.png").touch()
    (photos / "dog" / "none.png").write_text("no image")
    found = findings(run_cli, str(photos), exit_code=1)
    (failed,) = [finding for finding in found if finding["grade"] == "fail"]
    assert failed["message"] == "2 of 42 files cannot be read"
    assert [example.split(": ")[1] for example in failed["examples"]] == [
        "is empty (0 bytes)", "is no image, or damaged",
    ]  # fmt: skip
    shown = run_cli(["data", "check", str(photos)])
    assert shown.exit_code == 1
    assert "fail  files: 2 of 42 files cannot be read" in shown.stdout
    assert "empty.png: is empty (0 bytes)" in shown.stdout
    assert "\n      --set dataset.on_error=skip\n" in shown.stdout
    assert ", 1 fail\n" in shown.stdout


def test_check_shows_the_first_of_many_and_json_has_all(run_cli: Any, photos: Path) -> None:
    for number in range(30):
        (photos / "cat" / f"broken{number:02}.png").write_bytes(b"PNG")
    found = findings(run_cli, str(photos), exit_code=1)
    assert sum(len(finding["examples"]) for finding in found) == 30
    shown = run_cli(["data", "check", str(photos)]).stdout
    assert "broken19.png" in shown and "broken20.png" not in shown
    assert "and 10 more (--json has all)" in shown


@pytest.mark.parametrize("width", [40, 80])
def test_check_fits_the_terminal(
    run_cli: Any, table: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    shown = run_cli(["data", "check", str(table), "--set", "dataset.target=answer"])
    assert shown.exit_code == 0, shown.stderr
    assert "letter: alone gives the target" in shown.stdout and "\x1b" not in shown.stdout
    # What is to be copied, files and options, stays whole.
    lines = [x for x in shown.stdout.splitlines() if "--set" not in x and x[:8].strip()]
    assert max(map(len, lines)) <= width


def test_check_of_what_is_not_there_is_a_usage_error(run_cli: Any, tmp_path: Path) -> None:
    for name in ("none.csv", "none/", "none.npz"):
        result = run_cli(["data", "check", str(tmp_path / name)])
        assert result.exit_code == 2 and "error: " in result.stderr, result
