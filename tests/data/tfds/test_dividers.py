"""Datasets of tensorflow-datasets that are divided by a feature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds

from nncli import data
from nncli.data import TfdsDataset
from nncli.descriptions import TableInput
from nncli.errors import DataError
from nncli.reporting import SilentReporter


class NncliVisits(tfds.core.GeneratorBasedBuilder):
    """Visits of patients, a dose and a day each."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> Any:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "dose": tfds.features.Scalar(np.float32),
                    "ill": tfds.features.ClassLabel(names=["no", "yes"]),
                    "about": {
                        "patient": tfds.features.Text(),
                        "day": tfds.features.Text(),
                    },
                    "dates": tfds.features.Tensor(shape=(2,), dtype=np.int64),
                }
            )
        )

    def _split_generators(self, dl_manager: Any) -> Any:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Any:
        for number in range(90):
            yield (
                number,
                {
                    "dose": number / 90,
                    "ill": number % 2,
                    "about": {"patient": f"P{number % 18}", "day": f"2024-{1 + number // 9:02}-11"},
                    "dates": [1, 2],
                },
            )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("prepared")
    settings = TfdsDataset(name="nncli_visits", data_dir=place)
    data.prepare(settings, archives=None, reporter=SilentReporter())
    return place


def loaded(folder: Path, **said: Any) -> data.Dataset:
    settings = TfdsDataset(
        name="nncli_visits", data_dir=folder, inputs=("dose", "about"), target="ill", **said
    )
    return data.load(settings, seed=0, reporter=SilentReporter())


def test_a_group_inside_a_dictionary_stays_together_and_is_no_input(folder: Path) -> None:
    dataset = loaded(folder, group="about/patient", validation=0.2, test=0.2)
    groups = [set(split.dividers.tolist()) for split in dataset.splits.values()]
    assert len(groups) == 3 and sum(map(len, groups)) == 18
    assert isinstance(dataset.inputs, TableInput)
    columns = [column.name for column in dataset.inputs.columns]
    assert "patient" not in columns and "dose" in columns


def test_the_latest_days_are_tested(folder: Path) -> None:
    splits = loaded(folder, time="about/day", validation=0.1, test=0.2).splits
    assert [len(splits[name]) for name in ("train", "validation", "test")] == [63, 9, 18]
    assert splits["train"].dividers.max() < splits["validation"].dividers.min()
    assert splits["validation"].dividers.max() < splits["test"].dividers.min()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"group": "about/patents"}, "no feature"),
        ({"time": "about/patient"}, "no date and no number"),
        ({"group": "dates"}, "no number and no text"),
    ],
)
def test_what_cannot_divide_is_refused(folder: Path, said: dict[str, str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        loaded(folder, **said)
