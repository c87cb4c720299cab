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
    def refused(message: str, **arrays: Any) -> None:
        np.savez(tmp_path / "a.npz", **arrays)
        with pytest.raises(DataError, match=message):
            read(tmp_path / "a.npz", reporter)

    x = RANDOM.normal(size=(40, 2))
    refused("which are inputs, which targets", first=x, second=x)
    refused("40 inputs and 39 targets", x=x, y=CLASSES[:-1])
    refused("all targets are 0", x=x, y=np.zeros(40, int))
    refused("row 3 is no finite number", x=x, y=np.where(np.arange(40) == 3, np.nan, x[:, 0]))
    refused("Python objects", x=np.array([{}] * 40), y=CLASSES)
    refused("the class 9, which train does not have", x_train=x, y_train=CLASSES, x_test=x[:2],
            y_test=np.array([0, 9]))  # fmt: skip
    (tmp_path / "b.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read as a file of NumPy"):
        read(tmp_path / "b.npz", reporter)
    with pytest.raises(NotFoundError, match="There is no file"):
        read(tmp_path / "c.npz", reporter)
