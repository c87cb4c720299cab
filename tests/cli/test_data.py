"""`nncli data list`, `show` and `check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli.data.catalogue import catalogue, dataset_names


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
    command = ["data", "list", "mnist", "--data-dir", str(tmp_path / "tfds"), "--json"]
    entries = {entry["name"]: entry for entry in json.loads(run_cli(command).stdout)}
    assert entries["mnist"]["prepared"] and not entries["fashion_mnist"]["prepared"]
    assert entries["mnist"]["input"] == "image" and entries["mnist"]["target"] == "10 classes"
    assert entries["mnist"]["download_bytes"] == 11_594_722
    shown = run_cli(["data", "list", "spoken"]).stdout
    assert "spoken_digit" in shown and "sound" in shown
    assert "Nothing like that" in run_cli(["data", "list", "no such thing"]).stdout


def test_show_a_table(run_cli: Any, table: Path) -> None:
    result = run_cli(["data", "show", str(table), "--set", "dataset.target=answer"])
    assert result.exit_code == 0, result.output
    assert "letter" in result.stdout and "category" in result.stdout
    assert "160 train" in result.stdout or "train" in result.stdout
    assert "####" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    command = ["data", "show", str(table), "--set", "dataset.target=answer", "--json"]
    values = json.loads(run_cli(command).stdout)
    assert sum(values["examples"].values()) == 200
    assert set(values["counts"]["train"]) == {"no", "yes"}


def test_show_draws_a_picture(run_cli: Any, photos: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    result = run_cli(["data", "show", str(photos), "--picture", str(picture)])
    assert result.exit_code == 0, result.output
    with Image.open(picture) as image:
        assert image.size[0] > 600
    refused = run_cli(["data", "show", str(photos), "--picture", "a.jpg"])
    assert refused.exit_code == 2 and "must end in .png" in refused.stderr


def test_show_draws_histograms(run_cli: Any, table: Path, tmp_path: Path) -> None:
    picture = tmp_path / "t.png"
    command = ["data", "show", str(table), "--set", "dataset.target=answer"]
    assert run_cli([*command, "--picture", str(picture)]).exit_code == 0
    assert picture.stat().st_size > 5000


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
