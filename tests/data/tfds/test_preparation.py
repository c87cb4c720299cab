"""Letting tensorflow-datasets prepare what needs a package that is not installed."""

from __future__ import annotations

import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow_datasets as tfds

from nncli.data.tfds import TfdsDataset, prepare
from nncli.errors import DataError


class NncliSounds(tfds.core.GeneratorBasedBuilder):
    """Recordings, given as files."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "audio": tfds.features.Audio(sample_rate=8000),
            "label": tfds.features.ClassLabel(num_classes=2),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features), supervised_keys=("audio", "label")
        )

    def _split_generators(self, manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with wave.open("silence.wav", "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(800))
        yield 0, {"audio": "silence.wav", "label": 0}


def test_a_package_that_is_lacking_is_named(
    tmp_path: Path, reporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pydub", None)
    settings = TfdsDataset(name="nncli_sounds", data_dir=tmp_path)
    with pytest.raises(DataError, match="nncli_sounds needs the package pydub, which") as caught:
        prepare(settings, archives=None, reporter=reporter)
    assert caught.value.hint == "Install it: pip install 'nncli[sound]'"
