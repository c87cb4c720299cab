"""The embedded dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from nncli import data
from nncli.data import DigitsDataset


def test_the_digits_are_those_of_scikit_learn(shared_cache: Path, reporter: Any) -> None:
    dataset = data.load(DigitsDataset(validation=0.0), seed=0, reporter=reporter)
    train, test = dataset.splits["train"], dataset.splits["test"]
    assert set(dataset.splits) == {"train", "test"}
    assert train.inputs.shape == (1438, 8, 8, 1)
    assert test.inputs.shape == (359, 8, 8, 1)
    assert train.inputs.dtype == np.uint8
    assert dataset.inputs.shape == (8, 8, 1)
    assert dataset.inputs.maximum == 16.0
    assert dataset.target.names == tuple("0123456789")
    pixels, labels = sklearn.datasets.load_digits(return_X_y=True)
    found = sorted(
        (int(label), image.tobytes())
        for split in (train, test)
        for image, label in zip(split.inputs, split.labels, strict=True)
    )
    expected = sorted(
        (int(label), image.tobytes())
        for image, label in zip(pixels.astype(np.uint8), labels, strict=True)
    )
    assert found == expected


def test_every_class_is_divided_alike(shared_cache: Path, reporter: Any) -> None:
    dataset = data.load(DigitsDataset(), seed=0, reporter=reporter)
    _, labels = sklearn.datasets.load_digits(return_X_y=True)
    counts = np.bincount(labels)
    test = np.bincount(dataset.splits["test"].labels)
    assert (np.abs(test - counts * 0.2) < 1).all()
    validation = np.bincount(dataset.splits["validation"].labels)
    assert (np.abs(validation - (counts - test) * 0.1) < 1).all()
    assert len(dataset.splits["validation"]) == 144
    assert len(dataset.splits["train"]) == 1294


def test_the_seed_moves_validation_and_never_test(shared_cache: Path, reporter: Any) -> None:
    once, other = (data.load(DigitsDataset(), seed=seed, reporter=reporter) for seed in (0, 1))
    np.testing.assert_array_equal(once.splits["test"].inputs, other.splits["test"].inputs)
    held = [one.splits["validation"].indices for one in (once, other)]
    assert held[0] is not None and held[1] is not None
    assert set(held[0].tolist()) != set(held[1].tolist())


def test_the_second_time_they_come_from_the_cache(
    monkeypatch: pytest.MonkeyPatch, reporter: Any
) -> None:
    first = data.load(DigitsDataset(), seed=0, reporter=reporter)

    def never(**_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(sklearn.datasets, "load_digits", never)
    second = data.load(DigitsDataset(), seed=0, reporter=reporter)
    np.testing.assert_array_equal(first.splits["train"].inputs, second.splits["train"].inputs)
    assert reporter.tasks == ["Decoding digits: train", "Decoding digits: test"]
