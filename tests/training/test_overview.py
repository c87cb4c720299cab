"""A model before it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.config import Experiment, Layer, load_experiment
from nncli.data.cache import cached
from nncli.errors import StorageError, UsageError
from nncli.training.overview import draw, look
from nncli.training.rehearsal import rehearse


def experiment(**values: Any) -> Experiment:
    return load_experiment([], Layer(values))


def csv(rows: int = 60) -> Path:
    """A table with columns of three kinds and a value to be predicted."""
    random = np.random.default_rng(0)
    lines = [f"{random.normal():.3f},{'xyz'[n % 3]},{n * 0.37:.3f}" for n in range(rows)]
    Path("rows.csv").write_text("height,colour,price\n" + "\n".join(lines) + "\n")
    return Path("rows.csv")


@pytest.mark.usefixtures("shared_cache")
def test_it_says_what_a_rehearsal_measures() -> None:
    for model in ("mlp", "cnn"):
        wanted = experiment(dataset="digits", model=model, training={"batch_size": 50})
        overview, rehearsal = look(wanted), rehearse(wanted)
        assert overview.parameters == overview.trained == rehearsal.parameters
        assert overview.flops == rehearsal.flops
        assert overview.weight_bytes == rehearsal.weight_bytes
        assert overview.step_bytes == rehearsal.step_bytes
        assert overview.bytes == 4 * overview.parameters


@pytest.mark.usefixtures("shared_cache")
def test_memory_follows_from_batch_size_and_optimizer() -> None:
    def of(optimizer: str, batch_size: int) -> Any:
        training = {"batch_size": batch_size}
        return look(experiment(dataset="digits", optimizer=optimizer, training=training))

    adam, sgd = of("adam", 50), of("sgd", 100)
    assert sgd.step_bytes == 2 * adam.step_bytes
    weights = 4 * adam.parameters
    # Weights and gradients; Adam keeps two numbers beside each, SGD's momentum of 0 none.
    assert adam.weight_bytes - sgd.weight_bytes == pytest.approx(2 * weights, abs=100)
    assert sgd.weight_bytes == pytest.approx(2 * weights, abs=100)
    # No step is larger than the training split.
    assert of("sgd", 100_000).batch_size < 1_797


def test_what_is_around_the_network_is_said_in_words() -> None:
    table = look(experiment(dataset={"path": str(csv()), "target": "price"}))
    assert table.inputs == "rows of 2 columns"
    assert table.preprocessing == "1 number standardized, 1 category one-hot"
    assert table.answer == "brought back to its unit: price"
    assert table.layers[0].shape == (4,)


@pytest.mark.usefixtures("shared_cache")
def test_augmentation_is_named() -> None:
    augmented = look(experiment(dataset={"type": "digits", "augment": {"noise": 0.1, "zoom": 0.1}}))
    assert sorted(augmented.augmentation) == ["noise", "zoom"]
    assert augmented.answer == "softmax: a probability for each of 10 classes"
    assert augmented.preprocessing == "scaled to 0 ... 1"


@pytest.mark.usefixtures("shared_cache")
def test_folds_are_alike() -> None:
    folded = look(experiment(dataset={"type": "digits", "folds": 4}))
    assert folded.parameters == look(experiment(dataset="digits")).parameters


def test_what_does_not_fit_is_refused_as_by_train() -> None:
    impossible = experiment(dataset={"path": str(csv()), "target": "price"}, model="cnn")
    with pytest.raises(UsageError) as shown:
        look(impossible)
    with pytest.raises(UsageError) as trained:
        rehearse(impossible)
    assert str(shown.value) == str(trained.value)
    with pytest.raises(UsageError, match="monitor"):
        look(experiment(dataset="digits", training={"monitor": "validation_weight"}))


@pytest.mark.data
@pytest.mark.slow
def test_images_of_a_large_dataset_are_not_decoded(prepared_mnist: Path) -> None:
    overview = look(experiment(dataset={"name": "mnist", "data_dir": str(prepared_mnist)}))
    assert overview.layers[0].shape == (28, 28, 1)
    assert overview.batch_size == 128
    assert cached() == []


@pytest.mark.usefixtures("shared_cache")
def test_it_is_drawn_with_what_is_in_front_and_behind() -> None:
    overview = look(experiment(dataset="digits", model="cnn"))
    draw(overview, Path("cnn.svg"))
    text = Path("cnn.svg").read_text()
    for layer in overview.layers:
        assert f"<!-- {layer.name} -->" in text
    assert "images of 8 x 8 x 1" in text and "softmax: a probability" in text
    assert "<!-- 18,496 parameters -->" in text
    with pytest.raises(StorageError):
        draw(overview, Path("nowhere") / "cnn.png")
