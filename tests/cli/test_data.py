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


def findings(run_cli: Any, *command: str, exit_code: int = 0) -> list[dict[str, str]]:
    result = run_cli(["data", "check", *command, "--json"])
    assert result.exit_code == exit_code, result.output
    found: list[dict[str, str]] = json.loads(result.stdout)
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


def test_check_finds_what_is_planted_in_a_table(run_cli: Any, table: Path) -> None:
    found = findings(run_cli, str(table), "--set", "dataset.target=answer")
    by_column = {finding["about"]: finding for finding in found}
    assert "identifier" in by_column["key"]["message"]
    assert "alone gives the target away" in by_column["letter"]["message"]
    assert "80% is missing" in by_column["rare"]["message"]
    clean = findings(
        run_cli, str(table), "--set", "dataset.target=answer", "--set",
        "dataset.columns={letter: ignore, key: ignore, rare: ignore}",
    )  # fmt: skip
    assert not [finding for finding in clean if "gives" in finding["message"]]


def test_check_finds_copies_and_conflicts(run_cli: Any, photos: Path) -> None:
    good = findings(run_cli, str(photos))
    assert {finding["grade"] for finding in good if finding["about"] == "copies"} == {"good"}
    for number in range(12):
        source = photos / "cat" / f"{number}.png"
        (photos / "dog" / f"copy{number}.png").write_bytes(source.read_bytes())
    said = " ".join(finding["message"] for finding in findings(run_cli, str(photos)))
    assert "stands in several splits" in said
    assert "12 equal examples have different answers" in said


def test_check_finds_nearly_the_same_images(run_cli: Any, photos: Path, tmp_path: Path) -> None:
    parted = tmp_path / "parted"
    parted.mkdir()
    photos.rename(parted / "train")
    (parted / "test" / "cat").mkdir(parents=True)
    with Image.open(parted / "train" / "cat" / "0.png") as image:
        brighter = Image.fromarray((np.asarray(image) * 0.9 + 20).astype(np.uint8))
    brighter.save(parted / "test" / "cat" / "almost.png")
    said = " ".join(finding["message"] for finding in findings(run_cli, str(parted)))
    assert "1 image nearly as another split has them" in said


def test_check_fails_on_what_cannot_be_read_and_goes_on(run_cli: Any, photos: Path) -> None:
    (photos / "cat" / "empty.png").touch()
    (photos / "dog" / "none.png").write_text("no image")
    found = findings(run_cli, str(photos), exit_code=1)
    failed = " ".join(finding["message"] for finding in found if finding["grade"] == "fail")
    assert "empty.png" in failed and "none.png" in failed
    assert any(finding["about"] == "copies" for finding in found)
    shown = run_cli(["data", "check", str(photos)])
    assert shown.exit_code == 1 and "fail" in shown.stdout
