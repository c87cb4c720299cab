"""Occlusion maps find the corner that matters."""

from __future__ import annotations

import numpy as np
import pytest

import nncli
from nncli.errors import UsageError
from nncli.inference.occlusion import _starts, occlusion_maps
from nncli.reporting import SilentReporter

SILENT = SilentReporter()


@pytest.mark.slow
def test_the_corner_that_decides_is_where_the_answer_is_lost() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(400) % 2
    images = generator.integers(0, 256, (400, 12, 16), np.uint8)
    images[:, 8:, 12:] = np.where(labels, 255, 0)[:, None, None]  # at the bottom right
    np.savez("corner.npz", x=images, y=labels)
    run = nncli.train(
        {
            "dataset": "corner.npz", "model": {"type": "mlp", "hidden_units": [16]},
            "training": {"epochs": 15, "batch_size": 32}, "optimizer": {"learning_rate": 0.005},
        }
    )  # fmt: skip
    evaluation = nncli.evaluate(run.model_path)
    assert evaluation.metrics["accuracy"] == 1
    maps = occlusion_maps(evaluation, [0, 3, 7], SILENT)
    assert [one.place for one in maps] == [0, 3, 7]
    for one in maps:
        said = evaluation.answers[one.place]
        assert one.probability == pytest.approx(said.max())
        assert one.answer == evaluation.target.names[said.argmax()]
        assert one.drops.shape == (12, 16)
        assert one.drops.dtype == np.float32
    mean = np.mean([one.drops for one in maps], axis=0)
    # Between black and white, the grey takes what the answer stands on.
    assert mean[9:, 13:].mean() > 5 * max(np.abs(mean[:6, :8]).mean(), 1e-3)


def test_of_a_cross_validation_the_model_that_did_not_learn_from_an_image_is_asked() -> None:
    dataset = {"type": "digits", "folds": 2}
    run = nncli.train({"dataset": dataset, "training": {"epochs": 1}})
    whole = nncli.evaluate(run.folder)
    places = [5, 0, 700]
    found = occlusion_maps(whole, places, SILENT)
    assert [one.place for one in found] == places
    indices = whole.data.split.indices
    assert indices is not None
    asked = set()
    for number in (1, 2):
        fold = nncli.evaluate(run.folder / f"fold-{number}")
        assert fold.data.split.indices is not None
        own = {int(index): place for place, index in enumerate(fold.data.split.indices)}
        for one in found:
            place = own.get(int(indices[one.place]))
            if place is not None:
                [expected] = occlusion_maps(fold, [place], SILENT)
                np.testing.assert_allclose(one.drops, expected.drops, atol=1e-6)
                assert one.answer == expected.answer
                asked.add(number)
    assert asked == {1, 2}


def test_tables_are_no_images() -> None:
    rows = "\n".join(f"{n * 7 % 31},{'ab'[n % 2]}" for n in range(60))
    with open("rows.csv", "w") as stream:
        stream.write(f"size,answer\n{rows}\n")
    run = nncli.train(
        {
            "dataset": {"path": "rows.csv", "target": "answer"},
            "model": "linear",
            "training": {"epochs": 1},
        }
    )
    with pytest.raises(UsageError, match="no images"):
        occlusion_maps(nncli.evaluate(run.model_path), [0], SILENT)


@pytest.mark.parametrize(("length", "side"), [(8, 2), (12, 3), (13, 4), (5, 5), (1, 1)])
def test_squares_cover_every_pixel(length: int, side: int) -> None:
    covered = {pixel for start in _starts(length, side) for pixel in range(start, start + side)}
    assert covered == set(range(length))
