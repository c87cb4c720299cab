"""Files of NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.data import ArraysDataset
from nncli.descriptions import (
    ArrayInput,
    ClassTarget,
    ImageInput,
    LabelsTarget,
    TextInput,
    ValueTarget,
)
from nncli.errors import DataError, NotFoundError

RANDOM = np.random.default_rng(0)
CLASSES = np.arange(40) % 4


def read(path: Path, reporter: Any, **settings: Any) -> data.Dataset:
    return data.load(ArraysDataset(path=path, **settings), seed=0, reporter=reporter)


@pytest.mark.parametrize(
    ("inputs", "description", "shape"),
    [
        (
            RANDOM.integers(0, 255, (40, 5, 6), dtype=np.uint8),
            ImageInput(shape=(5, 6, 1)),
            (5, 6, 1),
        ),
        (RANDOM.normal(3, 2, (40, 7)), ArrayInput(shape=(7,)), (7,)),
        (RANDOM.normal(3, 2, (40, 9, 2)), ArrayInput(shape=(9, 2)), (9, 2)),
        (np.array([f"word {n}" for n in range(40)]), TextInput(), (2,)),
    ],
    ids=["images", "vectors", "sequences", "texts"],
)  # fmt: skip
def test_inputs(
    tmp_path: Path, reporter: Any, inputs: Any, description: Any, shape: tuple[int, ...]
) -> None:
    np.savez(tmp_path / "a.npz", x=inputs, y=CLASSES)
    dataset = read(tmp_path / "a.npz", reporter)
    assert dataset.inputs == description
    assert dataset.target == ClassTarget(names=("0", "1", "2", "3"))
    assert dataset.splits["train"].inputs.shape[1:] == shape
    if isinstance(description, ArrayInput):
        values = dataset.splits["train"].examples.reshape(-1, description.shape[-1])
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-5)


@pytest.mark.parametrize(
    ("targets", "description"),
    [
        (CLASSES[:, None], ClassTarget(names=("0", "1", "2", "3"))),
        (np.array(["b", "a"] * 20), ClassTarget(names=("a", "b"))),
        (RANDOM.normal(size=40), ValueTarget),
        (RANDOM.normal(size=(40, 3)), ValueTarget),
        (RANDOM.integers(0, 2, (40, 3)), LabelsTarget),
    ],
)
def test_targets(tmp_path: Path, reporter: Any, targets: Any, description: Any) -> None:
    np.savez(tmp_path / "a.npz", x=RANDOM.normal(size=(40, 2)), y=targets)
    found = read(tmp_path / "a.npz", reporter).target
    assert found == description if isinstance(description, ClassTarget) else (
        isinstance(found, description)
    )  # fmt: skip


def test_splits_of_their_own_and_two_files(tmp_path: Path, reporter: Any) -> None:
    x = RANDOM.normal(size=(40, 2))
    np.savez(tmp_path / "a.npz", x_train=x, y_train=CLASSES, x_test=x[:9], y_test=CLASSES[:9])
    dataset = read(tmp_path / "a.npz", reporter, validation=0)
    assert {n: len(split) for n, split in dataset.splits.items()} == {"train": 40, "test": 9}
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", CLASSES)
    with pytest.raises(DataError, match="where are the targets"):
        read(tmp_path / "x.npy", reporter)
    two = read(tmp_path / "x.npy", reporter, target_path=tmp_path / "y.npy", test=0, validation=0)
    assert len(two.splits["train"]) == 40


def test_what_is_wrong_is_said(tmp_path: Path, reporter: Any) -> None:
    def refused(message: str, settings: dict[str, Any] | None = None, **arrays: Any) -> None:
        np.savez(tmp_path / "a.npz", **arrays)
        with pytest.raises(DataError, match=message):
            read(tmp_path / "a.npz", reporter, **(settings or {}))

    x = RANDOM.normal(size=(40, 2))
    refused("which are inputs, which targets", first=x, second=x)
    refused("40 inputs and 39 targets", x=x, y=CLASSES[:-1])
    refused("all targets are 0", x=x, y=np.zeros(40, int))
    refused("row 3 is no finite number", x=x, y=np.where(np.arange(40) == 3, np.nan, x[:, 0]))
    refused("no array 'other'", settings={"inputs": "other"}, x=x, y=CLASSES)
    refused("has an array with no rows", x=x[:0], y=CLASSES[:0])
    refused("rows without numbers", x=x[:, :0], y=CLASSES)
    refused("a single number", x=np.array(5.0), y=CLASSES)
    refused("a single number", x=x, y=np.array(5))
    refused("all targets are 1.5", x=x, y=np.full(40, 1.5))
    refused("row 0 is empty", x=x, y=np.array(["", "a"] * 20))
    refused("not complex128", x=x + 1j, y=CLASSES)
    refused("not <U1 of shape", x=np.array([["a", "b"]] * 40), y=CLASSES)
    refused("test has inputs of shape", x_train=x, y_train=CLASSES, x_test=x[:, :1],
            y_test=CLASSES)  # fmt: skip
    pixels = np.zeros((40, 5, 5), np.uint8)
    refused("test has pixels of type float64, train of uint8", x_train=pixels, y_train=CLASSES,
            x_test=pixels / 255, y_test=CLASSES)  # fmt: skip
    refused("Python objects", x=np.array([{}] * 40), y=CLASSES)
    refused("the class 9, which train does not have", x_train=x, y_train=CLASSES, x_test=x[:2],
            y_test=np.array([0, 9]))  # fmt: skip
    (tmp_path / "b.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read as a file of NumPy"):
        read(tmp_path / "b.npz", reporter)
    with pytest.raises(NotFoundError, match="There is no file"):
        read(tmp_path / "c.npz", reporter)


def test_two_arrays_of_any_name_are_told_apart_by_their_axes(tmp_path: Path, reporter: Any) -> None:
    np.savez(tmp_path / "a.npz", CLASSES, RANDOM.normal(size=(40, 2)))
    dataset = read(tmp_path / "a.npz", reporter)
    assert {"inputs": "arr_1", "target": "arr_0"}.items() <= dataset.found.items()
    assert "arr_1 are inputs -> arr_0" in reporter.notices[0]


def test_rows_with_a_single_one_are_classes(tmp_path: Path, reporter: Any) -> None:
    """What Keras's to_categorical writes."""
    x = RANDOM.normal(size=(40, 2))
    np.savez(tmp_path / "a.npz", x=x, y=np.eye(4)[CLASSES])
    dataset = read(tmp_path / "a.npz", reporter, validation=0, test=0)
    assert dataset.target == ClassTarget(names=("0", "1", "2", "3"))
    np.testing.assert_array_equal(dataset.splits["train"].labels, CLASSES)
    labels = read(tmp_path / "a.npz", reporter, task="labels")
    assert isinstance(labels.target, LabelsTarget)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_numbers_that_are_none_count_as_the_mean(tmp_path: Path, reporter: Any, bad: float) -> None:
    x = RANDOM.normal(3, 2, size=(40, 2))
    x[3, 1] = bad
    np.savez(tmp_path / "a.npz", x=x, y=CLASSES)
    train = read(tmp_path / "a.npz", reporter, validation=0, test=0).splits["train"].examples
    assert np.isfinite(train).all() and train[3, 1] == 0
    assert "1 number is missing (NaN, or infinite)" in reporter.notices[0]


def test_inputs_without_targets_are_said_to_be_left_out(tmp_path: Path, reporter: Any) -> None:
    x = RANDOM.normal(size=(40, 2))
    np.savez(tmp_path / "a.npz", x_train=x, y_train=CLASSES, x_test=x)
    read(tmp_path / "a.npz", reporter)
    assert "Left out of a.npz, for no targets are beside it: x_test" in reporter.warnings[0]


def test_damaged_files_are_sentences(tmp_path: Path, reporter: Any) -> None:
    x = RANDOM.normal(size=(40, 2))
    np.savez_compressed(tmp_path / "a.npz", x=x, y=CLASSES)
    whole = (tmp_path / "a.npz").read_bytes()
    for content in (whole[:-50], whole[:100] + b"????" + whole[104:]):
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"a\.npz cannot be read as a file of NumPy"):
            read(tmp_path / "a.npz", reporter)
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "y.npz", y=CLASSES)
    with pytest.raises(DataError, match=r"y\.npz is an \.npz file"):
        read(tmp_path / "x.npy", reporter, target_path=tmp_path / "y.npz")
