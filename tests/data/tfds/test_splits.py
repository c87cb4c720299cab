"""Splits and slices as tensorflow-datasets writes them."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow_datasets as tfds
from pydantic import ValidationError

from nncli.data import TfdsDataset
from nncli.data.tfds.splits import Slice, divided_as, overlapping, slices
from nncli.errors import DataError


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("train", (Slice("train"),)),
        ("train[:80%]", (Slice("train", None, 80, "%"),)),
        ("train[-10%:]", (Slice("train", -10, None, "%"),)),
        ("train[1_000:2000]", (Slice("train", 1000, 2000),)),
        ("train[12.5%:25%]", (Slice("train", 12.5, 25, "%"),)),
        ("train[:2shard]", (Slice("train", None, 2, "shard"),)),
        ("train[1shard]", (Slice("train", 1, 2, "shard"),)),
        ("train + test[5:]", (Slice("train"), Slice("test", 5))),
        ("no_noise-2", (Slice("no_noise-2"),)),
    ],
)
def test_what_an_expression_means(expression: str, parts: tuple[Slice, ...]) -> None:
    assert slices(expression) == parts
    tfds.core.ReadInstruction.from_spec(expression)  # they understand it, too


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "is no split"),
        ("train test", "is no split"),
        ("train[", "is no split"),
        ("train+", "is no split"),
        ("0.5", "is no split"),
        ("train[]", "is no slice"),
        ("train[:]", "is no slice"),
        ("train[5]", "is no slice"),
        ("train[1:2:3]", "is no slice"),
        ("train[a:b]", "is no slice"),
        ("train[10%:20]", "two units"),
        ("train[:120%]", "more than 100 %"),
        ("train[:0.5]", "no whole number"),
        ("train[20:10]", "ends before it begins"),
        ("train[:50%]+train[40%:]", "examples twice"),
        ("all[:5]", "cannot be cut"),
    ],
)
def test_what_is_no_expression_is_found_in_the_settings(expression: str, problem: str) -> None:
    for key in ("train", "validation", "test"):
        with pytest.raises(ValidationError, match=problem):
            TfdsDataset.model_validate({key: expression})


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ("train", "train", True),
        ("train", "train[:1%]", True),
        ("train[:80%]", "train[80%:]", False),
        ("train[:80%]", "train[79%:]", True),
        ("train[:80%]", "train[-20%:]", False),
        ("train[:80%]", "train[-21%:]", True),
        ("train[:100]", "train[100:]", False),
        ("train[:100]", "train[99:]", True),
        ("train[:100]", "train[-100:]", False),  # not known before the size is
        ("train[:100]", "train[50%:]", False),
        ("train", "test", False),
        ("train+test", "test[:5]", True),
        ("all", "test", True),
    ],
)
def test_what_surely_overlaps(first: str, second: str, answer: bool) -> None:
    assert overlapping(first, second) is answer
    assert overlapping(second, first) is answer


def test_what_is_trained_on_is_not_validated_on() -> None:
    with pytest.raises(ValidationError, match="is trained on, too: train is train"):
        TfdsDataset(validation="train[80%:]")
    settings = TfdsDataset(train="train[:80%]", validation="train[80%:]", test=0.2)
    assert settings.division.validation == 0
    assert settings.division.test == 0.2


# With the sizes of the splits


class Info:
    """What is asked of tensorflow-datasets about a split."""

    def __init__(self, count: int) -> None:
        self.num_examples = count
        self.shard_lengths = [count]


INFOS = {"train": Info(100), "test": Info(50), "extra": Info(10), "empty": Info(0)}


def divided(reporter: Any, **wanted: str) -> dict[str, tuple[str, int]]:
    said = {"train": "train", "validation": None, "test": None, **wanted}
    return divided_as("shapes", INFOS, said, reporter)


def test_published_splits_and_slices_with_their_sizes(reporter: Any) -> None:
    assert divided(reporter) == {"train": ("train", 100), "test": ("test", 50)}
    slices_of_train = {"train": "train[:80%]", "validation": "train[80%:]", "test": "test[:10]"}
    assert divided(reporter, **slices_of_train) == {
        "train": ("train[:80%]", 80),
        "validation": ("train[80%:]", 20),
        "test": ("test[:10]", 10),
    }
    assert divided(reporter, train="train+extra")["train"] == ("train+extra", 110)
    assert divided(reporter, train="train", validation="extra")["validation"] == ("extra", 10)
    assert not reporter.notices


def test_a_published_split_that_is_trained_on_is_no_test(reporter: Any) -> None:
    assert divided(reporter, train="train+test[:10]") == {"train": ("train+test[:10]", 110)}
    assert "test is part of what is trained on" in reporter.notices[0]


def test_an_overlap_that_only_the_sizes_tell(reporter: Any) -> None:
    with pytest.raises(DataError, match="are trained on, too"):
        divided(reporter, train="train[:51]", validation="train[50%:]")
    divided(reporter, train="train[:50]", validation="train[50%:]")


def test_an_unknown_split_names_those_there_are(reporter: Any) -> None:
    with pytest.raises(DataError, match=r"dataset\.validation: shapes has no split 'extras'") as e:
        divided(reporter, validation="extras")
    assert e.value.hint == "Did you mean extra? It has train, test, extra, empty."


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("train[:101]", "101"),
        ("empty", "has no examples"),
        ("train[:0%]", "has no examples"),
        ("train[99.8%:]", "has no examples"),
    ],
)
def test_slices_that_the_split_does_not_have(expression: str, problem: str, reporter: Any) -> None:
    with pytest.raises(DataError, match=problem):
        divided(reporter, train=expression)


def test_a_dataset_without_a_training_split_has_the_others(reporter: Any) -> None:
    infos = {"test": Info(5)}
    wanted = {"train": "train", "validation": None, "test": None}
    assert divided_as("shapes", infos, wanted, reporter) == {"test": ("test", 5)}
