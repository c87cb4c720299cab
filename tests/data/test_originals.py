"""What was recorded of an example is exactly what its arrays were made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from nncli import data
from nncli.config import Layer, load_experiment
from nncli.data import Dataset
from nncli.data.images import stretched
from nncli.data.originals import Originals
from nncli.data.splits import join
from nncli.descriptions import ImageInput, TableInput
from nncli.errors import DataError
from nncli.preprocessing import ImagePreprocessing
from nncli.preprocessing.applying import Applied
from nncli.reporting import SilentReporter


def write_table() -> dict[str, Any]:
    """Blank targets, a broken row, a blank cell, and a test file of its own."""
    lines = ["age,job,note,answer"]
    for number in range(60):
        answer = "" if number % 13 == 5 else "yes" if number % 3 else "no"
        job = "" if number % 7 == 3 else f"job {number % 4}"
        lines.append(f'{number},{job},"note {number}, said",{answer}')
    lines.insert(9, "only,two")
    Path("rows.csv").write_text("\n".join(lines) + "\n")
    Path("test.csv").write_text("\n".join(lines[:1] + lines[20:40]) + "\n")
    return {
        "type": "table", "path": "rows.csv", "test_path": "test.csv", "target": "answer",
        "on_error": "skip", "columns": {"age": "number", "note": "text", "job": "category"},
    }  # fmt: skip


def write_groups(by: str) -> dict[str, Any]:
    rows = "\n".join(f"{n * 7 % 31},{n % 9},{n},{'ab'[n % 2]}" for n in range(90))
    Path("groups.csv").write_text(f"value,patient,when,answer\n{rows}\n")
    settings = {"type": "table", "path": "groups.csv", "target": "answer", "test": 0.2}
    return settings | {by: "patient" if by == "group" else "when"}


def write_images() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        for number in range(12):
            place = Path("pictures", name, f"camera {number % 2}")
            place.mkdir(parents=True, exist_ok=True)
            pixels = generator.integers(0, 255, (10 + number, 14, 3), np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.png")
    Path("pictures", "cat", "broken.png").write_bytes(b"nothing")
    return {"type": "folder", "path": "pictures", "image_size": [8, 8], "on_error": "skip"}


def write_sounds() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    for name in ("low", "high"):
        Path("sounds", name).mkdir(parents=True)
        for number in range(8):
            samples = generator.normal(0, 0.1, 1500 + 100 * number)
            soundfile.write(f"sounds/{name}/{number}.wav", samples, 8000)
    return {"type": "folder", "path": "sounds", "test": 0.25}


def write_texts() -> dict[str, Any]:
    for name in ("good", "bad"):
        Path("texts", name).mkdir(parents=True)
        for number in range(10):
            Path("texts", name, f"{number}.txt").write_text(f"{name} text {number}\nsecond line")
    return {"type": "folder", "path": "texts", "folds": 3, "fold": 2}


def write_lines() -> dict[str, Any]:
    for name in ("positive", "negative"):
        Path(f"{name}.txt").write_text("\n\n".join(f"{name} line {n}" for n in range(20)))
    return {"type": "folder", "path": "*tive.txt"}


def write_arrays() -> dict[str, Any]:
    numbers = np.random.default_rng(0).normal(3, 2, (40, 5))
    numbers[3, 2] = np.nan
    np.savez("numbers.npz", x_train=numbers, y_train=np.arange(40) % 2, x_test=numbers[::2],
             y_test=np.arange(20) % 2)  # fmt: skip
    return {"type": "arrays", "path": "numbers.npz"}


def write_function() -> dict[str, Any]:
    Path("mine.py").write_text(
        "def load():\n    return [f'word {n}' for n in range(40)], ['a', 'b'] * 20\n"
    )
    return {"type": "python", "load": "mine.py:load"}


SOURCES = {
    "digits": lambda: {"type": "digits"},
    "table": write_table,
    "group": lambda: write_groups("group"),
    "time": lambda: write_groups("time"),
    "images": write_images,
    "sounds": write_sounds,
    "texts": write_texts,
    "lines": write_lines,
    "arrays": write_arrays,
    "function": write_function,
}


def loaded(described: dict[str, Any]) -> tuple[Any, Dataset, Originals]:
    settings = load_experiment([], Layer({"dataset": described})).dataset
    dataset = data.load(settings, seed=3, reporter=SilentReporter())
    return settings, dataset, Originals(settings, dataset, reporter=SilentReporter())


def together(dataset: Dataset, examples: Sequence[Any]) -> Any:
    """A batch of examples one by one, brought to the size of the network."""
    if isinstance(dataset.inputs, TableInput):
        return {name: np.array([row[name] for row in examples]) for name in examples[0]}
    prepared = dataset.preprocessing
    if isinstance(prepared, ImagePreprocessing) and prepared.size is not None:
        return np.stack([stretched(pixels, *prepared.size) for pixels in examples])
    return np.array(examples)


@pytest.mark.parametrize("source", SOURCES)
def test_what_was_recorded_becomes_the_arrays_of_the_same_places(source: str) -> None:
    _, dataset, originals = loaded(SOURCES[source]())
    applied = Applied(dataset.preprocessing)
    assert "test" in dataset.splits
    splits = [*dataset.splits.values(), join(list(dataset.splits.values()))]
    for split in splits:
        last = len(split) - 1
        places = [last, 0, last // 2, last // 3, 0]
        recorded = applied(together(dataset, originals.at(split, places)))
        np.testing.assert_array_equal(recorded, split.examples[places])


@pytest.mark.parametrize("source", SOURCES)
def test_the_batches_of_a_split_are_its_examples_in_order(source: str) -> None:
    _, dataset, originals = loaded(SOURCES[source]())
    applied = Applied(dataset.preprocessing)
    for split in (*dataset.splits.values(), join(list(dataset.splits.values()))):
        found = np.concatenate([applied(inputs) for inputs in originals.batches(split)])
        np.testing.assert_array_equal(found, split.examples)


def test_a_dataset_with_the_preprocessing_of_a_model_is_read_with_it() -> None:
    _, first, _ = loaded(write_table())
    Path("others.csv").write_text("answer,note,more,job,age\nyes,said,1,job 2,30\nno,,2,,\n")
    described = {"type": "table", "path": "others.csv", "target": "answer", "test": 0}
    settings = load_experiment([], Layer({"dataset": described | {"validation": 0}})).dataset
    reporter = SilentReporter()
    dataset = data.load(settings, seed=0, reporter=reporter, given=first.preprocessing)
    originals = Originals(settings, dataset, reporter=reporter, given=first.preprocessing)
    split = dataset.splits["train"]
    (row,) = originals.at(split, [0])
    assert row == {"age": 30, "job": "job 2", "note": "said"}
    found = Applied(dataset.preprocessing)(together(dataset, originals.at(split, [0, 1])))
    np.testing.assert_array_equal(found, split.examples)


def test_rows_are_called_by_their_file_and_the_row_that_a_spreadsheet_shows() -> None:
    _, dataset, originals = loaded(write_table())
    for name, file in (("train", "rows.csv"), ("validation", "rows.csv"), ("test", "test.csv")):
        split = dataset.splits[name]
        lines = Path(file).read_text().splitlines()
        names = originals.names(split, range(len(split)))
        rows = originals.at(split, range(len(split)))
        for called, row in zip(names, rows, strict=True):
            path, _, number = called.partition(":")
            assert path == file
            assert lines[int(number) - 1].startswith(f"{row['age']:g},{row['job']},")


def test_files_are_called_by_their_path_and_lines_by_their_number() -> None:
    _, dataset, originals = loaded(write_texts())
    split = dataset.splits["test"]
    texts = originals.at(split, range(len(split)))
    names = originals.names(split, range(len(split)))
    assert [Path("texts", name).read_text() for name in names] == texts
    assert set(originals.folders(split)) == {"good", "bad"}
    _, dataset, originals = loaded(write_lines())
    split = dataset.splits["test"]
    for name, text in zip(originals.names(split, [0, 2]), originals.at(split, [0, 2]), strict=True):
        file, _, line = name.partition(":")
        assert Path(file).read_text().splitlines()[int(line) - 1] == text


def test_what_has_no_file_is_called_by_the_published_split_and_its_index() -> None:
    _, dataset, originals = loaded({"type": "digits"})
    validation = dataset.splits["validation"]
    assert validation.indices is not None
    assert originals.names(validation, [4]) == [f"train:{validation.indices[4]}"]
    assert originals.names(dataset.splits["test"], [7]) == ["test:7"]
    whole = join(list(dataset.splits.values()))
    assert originals.names(whole, [len(whole) - 1]) == ["test:358"]


def test_images_of_a_folder_have_the_size_of_their_files() -> None:
    _, dataset, originals = loaded(write_images())
    assert isinstance(dataset.inputs, ImageInput)
    split = dataset.splits["train"]
    for name, pixels in zip(
        originals.names(split, [0, 5, 9]), originals.at(split, [0, 5, 9]), strict=True
    ):
        np.testing.assert_array_equal(pixels, np.asarray(Image.open(Path("pictures", name))))
        assert "broken" not in name
    assert {"cat/camera 0", "dog/camera 1"} <= set(originals.folders(split))


def test_columns_of_a_table_are_those_of_the_examples_even_if_they_are_no_inputs() -> None:
    _, dataset, originals = loaded(write_table())
    for split in (dataset.splits["validation"], join(list(dataset.splits.values()))):
        rows = originals.at(split, range(len(split)))
        assert originals.column(split, "age").tolist() == [row["age"] for row in rows]
        assert originals.column(split, "job").tolist() == [row["job"] for row in rows]
        labels = [dataset.target.names[label] for label in split.labels]
        assert originals.column(split, "answer").tolist() == labels
    with pytest.raises(DataError, match="has no column 'jobs'"):
        originals.column(split, "jobs")


def test_a_file_that_became_shorter_is_said_to_have_changed() -> None:
    _, dataset, originals = loaded(write_table())
    lines = Path("rows.csv").read_text().splitlines()
    Path("rows.csv").write_text("\n".join(lines[:20]))
    with pytest.raises(DataError, match="changed"):
        originals.at(dataset.splits["train"], [0])
