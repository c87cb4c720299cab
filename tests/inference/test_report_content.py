"""What a run's report says about its answers."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from nncli.inference.network_boxes import boxes_of
from nncli.inference.report_content import behind_cells, picture_of
from nncli.models.anatomy import Layer


def test_behind_a_cell_the_surest_wrong_answers_come_first() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1], np.int64)
    answers = np.array(
        [[0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8], [0.8, 0.2]], np.float32
    )
    found = behind_cells(labels, answers, answers.argmax(axis=1), of_a_cell=2)
    assert found == [((0, 1), 2), ((0, 1), 3), ((1, 0), 5), ((0, 0), 0), ((1, 1), 4)]


def test_of_a_hundred_classes_right_answers_are_shown_beside_wrong_ones() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(100), 100)
    said = np.where(random.random(10_000) < 0.5, labels, random.integers(0, 100, 10_000))
    found = behind_cells(labels, np.eye(100, dtype=np.float32)[said], said)
    wrong = [cell for cell, _ in found if cell[0] != cell[1]]
    assert len(wrong) == 300 and len(found) == 400


def test_large_photographs_are_jpeg_and_drawings_png() -> None:
    random = np.random.default_rng(0)
    kinds = [
        Image.open(io.BytesIO(picture_of(random.integers(0, 256, shape), 255, upside_down=False)))
        for shape in ((200, 100, 3), (28, 28, 1), (32, 32, 3), (300, 300, 1))
    ]
    assert [one.format for one in kinds] == ["JPEG", "PNG", "PNG", "PNG"]
    assert [one.size for one in kinds] == [(48, 96), (28, 28), (32, 32), (96, 96)]


def test_boxes_take_from_what_is_in_front() -> None:
    layer = Layer("hidden", "Dense", (8,), 16, 0, 32, ())
    boxes = boxes_of([layer], inputs="rows", preprocessing="scaled", answer="softmax")
    assert [box.sources for box in boxes] == [(), (0,), (1,)]
    assert boxes[1].note == "16 parameters, frozen" and boxes[0].around and boxes[2].around
