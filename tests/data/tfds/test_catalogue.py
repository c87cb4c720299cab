"""Every builder of tensorflow-datasets that the shipped catalogue calls usable trains a step, on
random examples of the shapes and types that it describes."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tensorflow_datasets as tfds

from nncli.catalogue import Entry, catalogue
from nncli.config import Layer, load_experiment
from nncli.data import network
from nncli.data import tfds as source
from nncli.data.tfds.features import meaning
from nncli.training.rehearsal import Rehearsal, rehearse

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = 40
ENTRIES = {entry.name: entry for entry in catalogue() if entry.name != "digits"}
USABLE = [name for name, entry in ENTRIES.items() if not entry.reason]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """`docs/generate_catalogue.py`, which wrote the catalogue."""
    place = ROOT / "docs" / "generate_catalogue.py"
    spec = importlib.util.spec_from_file_location("generate_catalogue", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_catalogue_has_what_the_installed_version_has() -> None:
    # Other tests bring builders of their own, and one that they open is then listed twice.
    installed = set(tfds.list_builders(with_community_datasets=False))
    assert set(ENTRIES) == {name for name in installed if not name.startswith("nncli_")}


def test_about_a_hundred_can_be_used_and_every_other_has_its_reason() -> None:
    assert len(USABLE) >= 100
    for entry in ENTRIES.values():
        assert bool(entry.reason) != bool(entry.input and entry.target), entry


def test_no_place_of_a_machine_is_in_the_catalogue() -> None:
    text = (ROOT / "src" / "nncli" / "catalogue" / "tfds_catalogue.tsv").read_text()
    assert "://" not in text
    assert not any(sign in text for sign in ("/tmp", "/home", "/usr", "site-packages", "\\"))


@pytest.mark.matrix
def test_a_sample_of_the_catalogue_is_what_the_generator_says(generator: ModuleType) -> None:
    table = ROOT / "src" / "nncli" / "catalogue" / "tfds_catalogue.tsv"
    rows = {row.partition("\t")[0]: row for row in table.read_text().splitlines()[1:]}
    # What needs a package that is not required may be constructed where it is installed.
    names = [name for name, row in rows.items() if "needs the package" not in row]
    for name in random.Random(0).sample(names, 60):
        assert generator.row(name) == rows[name]


@pytest.fixture
def random_examples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Every builder is prepared: its splits train and test have random examples."""
    (tmp_path / "dataset_info.json").touch()

    def opened(name: str, folder: Path) -> Any:
        builder = tfds.builder(name)
        infos = [
            tfds.core.SplitInfo(
                name=split,
                shard_lengths=[EXAMPLES],
                num_bytes=0,
                filename_template=tfds.core.ShardedFileTemplate(
                    data_dir=tmp_path,
                    dataset_name=builder.name,
                    split=split,
                    filetype_suffix="tfrecord",
                ),
            )
            for split in ("train", "test")
        ]
        builder.info.set_splits(tfds.core.SplitDict(infos))
        return builder

    monkeypatch.setattr(source, "builder_of", opened)
    monkeypatch.setattr(source, "prepared_builder", lambda folder: None)
    monkeypatch.setattr(source, "prepared_folder", lambda name, folder: tmp_path)
    policy = tfds.testing.MockPolicy.USE_CODE
    mocked = tfds.testing.mock_data(num_examples=EXAMPLES, policy=policy)
    with network.refused(), network.only_local_files(), mocked:
        yield


def one_step(entry: Entry) -> Rehearsal:
    """Load the dataset and do one step of everything with a small network."""
    dataset: dict[str, Any] = {"type": "tfds", "name": entry.name}
    info = tfds.builder(entry.name).info
    found = meaning(entry.name, info)
    feature = found.features[next(iter(found.inputs.values()))]
    if entry.input == "sound" and feature.sample_rate is None:
        dataset["sample_rate"] = 16_000  # which people have to say, too
    model = {"type": "mlp", "hidden_units": [4]}
    training = {"epochs": 1, "batch_size": 8}
    values = {"dataset": dataset, "model": model, "training": training}
    return rehearse(load_experiment([], Layer(values)))


@pytest.mark.matrix
@pytest.mark.parametrize("name", USABLE)
def test_it_trains_a_step(name: str, random_examples: None) -> None:
    import keras

    rehearsal = one_step(ENTRIES[name])
    assert rehearsal.examples["train"] + rehearsal.examples["validation"] == EXAMPLES
    assert rehearsal.examples["test"] == EXAMPLES
    keras.backend.clear_session()
