"""What is shown of a dataset, and how little is read for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli import data
from nncli.config import Layer, load_experiment
from nncli.data import DatasetSettings, looking
from nncli.data import rows as rows_module
from nncli.data.looking import look
from nncli.data.overview import Overview
from nncli.errors import DataError
from nncli.files import cache_folder
from nncli.reporting import SilentReporter


def described(**dataset: object) -> DatasetSettings:
    return load_experiment([], Layer({"dataset": dataset})).dataset


def photographs(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            size = (40 + number, 60, 3)
            Image.fromarray(random.integers(0, 256, size, np.uint8)).save(
                folder / name / f"{number}.png"
            )
    return folder


def rows(path: Path) -> Path:
    lines = [
        f"{n % 7},{'red' if n % 3 else ''},2024-01-{n % 28 + 1:02d},{n % 2}" for n in range(60)
    ]
    path.write_text("width,colour,day,label\n" + "\n".join(lines) + "\n")
    return path


def sentences(path: Path) -> Path:
    lines = [f"{'ham' if n % 3 else 'spam'}\tword{n} says {'no ' * (n % 5)}" for n in range(60)]
    path.write_text("label\ttext\n" + "\n".join(lines) + "\n")
    return path


def arrays(path: Path) -> Path:
    random = np.random.default_rng(0)
    np.savez(path, x=random.integers(0, 256, (40, 9, 9), np.uint8), y=np.arange(40) % 4)
    return path


def both_ways(settings: DatasetSettings) -> tuple[Overview, Overview]:
    """What is shown of a dataset that was never read, and of the cached one."""
    reporter = SilentReporter()
    before = look(settings, seed=0, reporter=reporter)
    assert not (cache_folder() / "datasets").exists()
    data.load(settings, seed=0, reporter=reporter)
    shutil.rmtree(cache_folder() / "overviews")
    return before, look(settings, seed=0, reporter=reporter)


def test_a_table_looks_alike_before_and_after_it_is_cached(tmp_path: Path) -> None:
    before, after = both_ways(described(path=str(rows(tmp_path / "rows.csv")), target="label"))
    assert before == after
    assert [column.kind for column in before.columns] == ["number", "category", "date"]


def test_texts_look_alike_before_and_after_they_are_cached(tmp_path: Path) -> None:
    before, after = both_ways(
        described(path=str(sentences(tmp_path / "sentences.tsv")), target="label")
    )
    assert before == after
    assert before.texts
    assert before.facts


def test_photographs_look_alike_before_and_after_they_are_cached(tmp_path: Path) -> None:
    before, after = both_ways(described(path=str(photographs(tmp_path / "photographs"))))
    assert before == after
    assert len(before.sketches) > 1


def test_arrays_look_alike_before_and_after_they_are_cached(tmp_path: Path) -> None:
    before, after = both_ways(described(path=str(arrays(tmp_path / "arrays.npz"))))
    assert before == after
    assert before.sketches


def test_digits_look_alike_before_and_after_they_are_cached() -> None:
    before, after = both_ways(described(type="digits"))
    assert before == after


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["titanic", "iris"])
def test_a_prepared_dataset_looks_alike_before_and_after_it_is_cached(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    settings = described(type="tfds", name=name, data_dir=str(tmp_path))
    data.prepare(settings, archives=shared_data / "tfds" / name, reporter=SilentReporter())
    before, after = both_ways(settings)
    assert before == after


@pytest.mark.data
@pytest.mark.slow
def test_prepared_images_look_alike_before_and_after_they_are_cached(prepared_mnist: Path) -> None:
    before, after = both_ways(
        described(type="tfds", name="mnist", data_dir=str(prepared_mnist), train="train[:2%]")
    )
    assert before == after
    assert len(before.sketches) == 6


@pytest.mark.data
@pytest.mark.slow
def test_prepared_sound_looks_alike_before_and_after_it_is_cached(
    shared_data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pydub", reason="spoken_digit is prepared with pydub")
    settings = described(
        type="tfds", name="spoken_digit", data_dir=str(tmp_path), train="train[:5%]"
    )
    archives = shared_data / "tfds" / "spoken_digit"
    data.prepare(settings, archives=archives, reporter=SilentReporter())
    before, after = both_ways(settings)
    assert before.model_copy(update={"sketches": after.sketches}) == after
    # Their shades are numbers that were rounded.
    for seen, again in zip(before.sketches, after.sketches, strict=True):
        assert seen.answer == again.answer
        shades = np.array([list(map(int, row)) for row in seen.rows])
        others = np.array([list(map(int, row)) for row in again.rows])
        assert (shades != others).mean() < 0.02
        assert len(np.unique(shades)) > 2
    without_tensorflow(tmp_path / "cache", "spoken_digit", "--data-dir", str(tmp_path))


@pytest.mark.data
def test_a_damaged_record_is_said(prepared_mnist: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared_mnist / "mnist", tmp_path / "mnist")
    [records] = tmp_path.glob("mnist/*/mnist-test.tfrecord*")
    records.write_bytes(records.read_bytes()[:1000])
    settings = described(type="tfds", name="mnist", data_dir=str(tmp_path))
    with pytest.raises(DataError, match=r"cut off|damaged") as caught:
        look(settings, seed=0, reporter=SilentReporter())
    assert "nncli data prepare mnist" in (caught.value.hint or "")


WITHOUT_TENSORFLOW = """
import sys
from nncli.cli.app import main
code = main(["data", "show", *sys.argv[1:]])
assert "tensorflow" not in sys.modules
sys.exit(code)
"""


def without_tensorflow(cache: Path, *named: str) -> None:
    """Show a dataset that was never cached, in a process that must not import TensorFlow."""
    shown = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, *named],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "train" in shown.stdout


def test_showing_does_without_tensorflow(tmp_path: Path) -> None:
    for named in (
        ["digits"],
        [str(photographs(tmp_path / "photographs"))],
        [str(rows(tmp_path / "rows.csv")), "--set", "dataset.target=label"],
    ):
        without_tensorflow(tmp_path / "cache", *named)


def test_what_reading_had_to_say_is_said_each_time(tmp_path: Path, reporter: Any) -> None:
    path = rows(tmp_path / "t.csv")
    path.write_text(path.read_text() + "1,red,2024-01-01\n")
    settings = described(path=str(path), target="label", on_error="skip")
    first = look(settings, seed=0, reporter=reporter)
    notices, warnings = list(reporter.notices), list(reporter.warnings)
    assert notices
    assert "left out" in warnings[0]
    assert look(settings, seed=0, reporter=reporter) == first
    assert (reporter.notices, reporter.warnings) == (notices * 2, warnings * 2)


def test_large_images_are_measured_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = described(path=str(photographs(tmp_path / "p")), image_size=[100, 100])
    whole = look(settings, seed=0, reporter=SilentReporter())
    shutil.rmtree(cache_folder())
    held = []
    read = rows_module.PickedRows.__getitem__

    def counted(picked: Any, indices: Any) -> Any:
        examples = read(picked, indices)
        held.append(len(examples))
        return examples

    monkeypatch.setattr(rows_module.PickedRows, "__getitem__", counted)
    monkeypatch.setattr(looking, "MEASURED_VALUES", 2 * 100 * 100 * 3)
    assert look(settings, seed=0, reporter=SilentReporter()) == whole
    assert max(held[:-1]) == 2, "the last are those that are drawn"
    assert sum(held[:-1]) == 20
