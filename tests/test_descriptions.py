"""What goes in and what comes out, in words."""

from __future__ import annotations

import pytest

from nncli.descriptions import ArrayInput, ImageInput, Input, LabelsTarget, Target


@pytest.mark.parametrize(
    ("described", "words"),
    [
        (ImageInput(shape=(28, 28, 1)), "images of 28 x 28 x 1 (values 0 to 255)"),
        (
            ImageInput(shape=(None, None, 3)),
            "images of any size, 3 channels (values 0 to 255)",
        ),
        (ImageInput(shape=(None, 9, 1)), "images of any size, 1 channel (values 0 to 255)"),
        (ArrayInput(shape=(1,)), "arrays of 1 number"),
        (ArrayInput(shape=(3, 1)), "arrays of 3 x 1 numbers"),
        (LabelsTarget(names=("wet",)), "any of 1 label"),
    ],
)
def test_they_read_as_a_sentence(described: Input | Target, words: str) -> None:
    assert str(described) == words
