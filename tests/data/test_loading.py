"""From a source to arrays: what is told meanwhile, and that what is found out repeats it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from nncli import data
from nncli.config import Layer, load_experiment
from nncli.data import FolderDataset
from nncli.files import cache_folder
from nncli.reporting import SilentReporter, Task


class Counting(SilentReporter):
    """Remembers how far each task came."""

    def __init__(self) -> None:
        self.totals: dict[str, float | None] = {}
        self.done: dict[str, list[float]] = {}

    @contextmanager
    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> Iterator[Task]:
        self.totals[description], amounts = total, self.done.setdefault(description, [])

        class Counted:
            def advance(self, amount: float = 1) -> None:
                amounts.append(amount)

            def update(self, *, completed: float | None = None, total: float | None = None) -> None:
                raise AssertionError("nobody says how far it is")

        yield Counted()


def test_examples_that_are_read_twice_are_counted_once(tmp_path: Path) -> None:
    for name, word in (("reviews.neg", "bad"), ("reviews.pos", "good")):
        (tmp_path / name).write_text("".join(f"a {word} film {n}\n" for n in range(400)))
    counting = Counting()
    data.load(FolderDataset(path=tmp_path / "reviews.*"), seed=0, reporter=counting)
    (reading,) = [name for name in counting.totals if name.startswith("Reading reviews: train")]
    assert counting.totals[reading] == 800
    assert sum(counting.done[reading]) == pytest.approx(800)
    assert len(counting.done[reading]) > 4  # a batch each, of both readings


def pictures(folder: Path) -> dict[str, Any]:
    for label, name in enumerate(("a", "b")):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            picture = Image.new("RGB", (40 + number, 30), (number * 9, 80 * label, 9))
            picture.save(folder / name / f"{number}.png")
    return {"path": str(folder)}


def recordings(folder: Path) -> dict[str, Any]:
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            rate = 8000 if number % 3 else 11_025
            samples = random.normal(0, 0.1, rate // 2 + 137 * number)
            soundfile.write(folder / name / f"{number}.wav", samples, rate)
    return {"path": str(folder)}


def photographs(folder: Path) -> dict[str, Any]:
    folder.mkdir()
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (24, 270, 280, 3), np.uint8)
    np.savez(folder / "p.npz", x=pixels, y=np.arange(24) % 2)
    return {"path": str(folder / "p.npz")}


def measurements(folder: Path) -> dict[str, Any]:
    folder.mkdir()
    lines = [
        f"{'-' if n % 9 == 4 else n % 7},{'tbd' if n == 3 else n % 5},"
        f"{'off' if n == 5 else n % 4},{('x', 'tbd')[n % 2]},{('no', 'off')[n % 3 == 0]}"
        for n in range(60)
    ]
    (folder / "m.csv").write_text("\n".join(["a,b,c,d,label", *lines]))
    return {"path": str(folder / "m.csv"), "target": "label"}


MADE: dict[str, tuple[Callable[[Path], dict[str, Any]], dict[str, Any]]] = {
    "images": (pictures, {"kind": "image", "image_size": (64, 64)}),
    "sound": (recordings, {"kind": "sound", "sample_rate": 8000}),
    "arrays": (photographs, {"task": "classes", "image_size": (64, 64)}),
    # What also is a category or a class is no word for missing wherever it stands.
    "table": (measurements, {"missing": ("-",)}),
}


@pytest.mark.parametrize("kind", MADE)
def test_what_was_found_out_repeats_the_reading(kind: str, tmp_path: Path, reporter: Any) -> None:
    make, expected = MADE[kind]
    settings = load_experiment([], Layer({"dataset": make(tmp_path / "data")})).dataset
    first = data.load(settings, seed=0, reporter=reporter)
    assert expected.items() <= first.found.items()
    written = settings.model_copy(update=dict(first.found)).model_dump(mode="json")
    again = load_experiment([], Layer({"dataset": json.loads(json.dumps(written))})).dataset
    reporter.tasks.clear()
    assert data.load(again, seed=0, reporter=reporter).found == first.found
    assert not [task for task in reporter.tasks if task.startswith(("Reading", "Decoding"))]
    shutil.rmtree(cache_folder())
    read = data.load(again, seed=0, reporter=reporter)
    assert (read.inputs, read.preprocessing, read.target) == (
        first.inputs,
        first.preprocessing,
        first.target,
    )
    for name, split in first.splits.items():
        np.testing.assert_array_equal(read.splits[name].examples, split.examples)
        np.testing.assert_array_equal(read.splits[name].labels, split.labels)
