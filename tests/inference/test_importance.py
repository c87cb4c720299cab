"""Permutation importance finds the column that matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncli
from nncli import data
from nncli.config import Layer, load_experiment
from nncli.errors import UsageError
from nncli.inference.importance import permutation_importance
from nncli.preprocessing import TablePreprocessing
from nncli.preprocessing.applying import Applied
from nncli.preprocessing.table import places_of
from nncli.reporting import SilentReporter
from nncli.training import TrainingResult

SILENT = SilentReporter()


def write_rows(count: int) -> dict[str, Any]:
    """The colour alone decides, unless it is missing; all else is noise."""
    generator = np.random.default_rng(0)
    lines = ["noise,day,colour,note,size,answer"]
    for _ in range(count):
        colour = generator.choice(["red", "green", "blue", ""])
        noise = generator.choice(["", f"{generator.normal():.3f}"])
        day = f"2021-{generator.integers(1, 13):02d}-{generator.integers(1, 28):02d}"
        note = " ".join(generator.choice(["one", "two", "three", "four"], 2))
        right = "warm" if colour == "red" else "cold"
        lines.append(f"{noise},{day},{colour},{note},{generator.normal():.3f},{right}")
    Path("rows.csv").write_text("\n".join(lines))
    return {
        "type": "table", "path": "rows.csv", "target": "answer", "test": 0.3,
        "columns": {"colour": "category", "note": "text", "day": "date", "noise": "number"},
    }  # fmt: skip


@pytest.mark.slow
def test_the_column_that_matters_comes_first_and_noise_is_worth_nothing() -> None:
    run = nncli.train(
        {
            "dataset": write_rows(600), "model": "linear",
            "training": {"epochs": 25, "batch_size": 32}, "optimizer": {"learning_rate": 0.05},
        }
    )  # fmt: skip
    evaluation = nncli.evaluate(run.model_path)
    found = permutation_importance(evaluation, SILENT)
    assert {row.column for row in found} == {"noise", "day", "colour", "note", "size"}
    assert found[0].column == "colour"
    assert found[0].metric == "accuracy"
    assert found[0].drop > 0.2
    assert all(abs(row.drop) < 0.1 for row in found[1:])
    assert permutation_importance(evaluation, SILENT) == found
    some = permutation_importance(evaluation, SILENT, most=50)
    assert some[0].column == "colour"


def test_of_a_cross_validation_it_is_the_mean_over_models_that_did_not_learn_from_the_part() -> (
    None
):
    table = {"path": write_rows(300)["path"], "target": "answer", "folds": 3}
    run = nncli.train(
        {
            "dataset": table, "model": "linear",
            "training": {"epochs": 25, "batch_size": 32}, "optimizer": {"learning_rate": 0.05},
        }
    )  # fmt: skip
    found = permutation_importance(nncli.evaluate(run.folder), SILENT)
    assert found[0].column == "colour" and found[0].drop > 0.15
    # A fold as a run of its own is tested on the part that its model did not learn from.
    of_folds = [
        {
            row.column: row.drop
            for row in permutation_importance(nncli.evaluate(model), SILENT, most=3333)
        }
        for model in sorted(run.folder.glob("fold-*/model.keras"))
    ]
    for row in found:
        drops = [of_fold[row.column] for of_fold in of_folds]
        assert row.drop == pytest.approx(np.mean(drops))
        assert row.deviation == pytest.approx(np.std(drops, ddof=1))


def test_parts_too_small_to_shuffle_say_nothing() -> None:
    table = {"path": write_rows(27)["path"], "target": "answer", "folds": 3}
    experiment = {"dataset": table, "model": "linear", "training": {"epochs": 1}}
    run = nncli.train(experiment)
    assert permutation_importance(nncli.evaluate(run.folder), SILENT) == []


def test_the_places_of_a_column_are_all_that_is_made_of_it() -> None:
    settings = load_experiment([], Layer({"dataset": write_rows(80)})).dataset
    dataset = data.load(settings, seed=0, reporter=SILENT)
    prepared = dataset.preprocessing
    assert isinstance(prepared, TablePreprocessing)
    decoded = data.source_of(settings, reporter=SILENT).read(prepared, SILENT)
    inputs, _ = next(iter(decoded.splits["train"].batches()))
    applied, places = Applied(prepared), places_of(prepared)
    vectors = applied(inputs)
    assert sorted(place for some in places.values() for place in some) == list(
        range(vectors.shape[1])
    )
    order = np.random.default_rng(1).permutation(len(vectors))
    for name, values in inputs.items():
        expected = vectors.copy()
        expected[:, places[name]] = vectors[order][:, places[name]]
        np.testing.assert_allclose(applied({**inputs, name: values[order]}), expected, atol=1e-6)
        assert not np.array_equal(expected, vectors)


def test_images_have_no_columns(digits_run: TrainingResult) -> None:
    with pytest.raises(UsageError, match="no columns"):
        permutation_importance(nncli.evaluate(digits_run.model_path), SILENT)
