"""The picture of what augmentation does."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli.data import DigitsDataset, FolderDataset
from nncli.data.looking.augmenting import draw_augmented
from nncli.errors import DataError, UsageError
from nncli.preprocessing.augmentation import Augmentation
from nncli.reporting import SilentReporter

pytestmark = pytest.mark.usefixtures("shared_cache")


def drawn(path: Path, described: dict[str, Any] | None) -> Any:
    augment = None if described is None else Augmentation(**described)
    settings = DigitsDataset(augment=augment)
    draw_augmented(settings, path, seed=0, reporter=SilentReporter())
    return np.asarray(Image.open(path).convert("L"))


def test_changed_examples_stand_beside_the_original(tmp_path: Path) -> None:
    faint = drawn(tmp_path / "faint.png", {"noise": 1e-6})
    strong = drawn(tmp_path / "strong.png", {"noise": 0.5})
    assert faint.shape == strong.shape
    below = slice(faint.shape[0] // 20, None)  # the heading names what is done
    differs = (faint != strong)[below]
    sixth = faint.shape[1] // 6
    assert not differs[:, : sixth - 10].any()
    assert all(differs[:, n * sixth + 10 : (n + 1) * sixth - 10].any() for n in range(1, 6))


def test_mixing_is_drawn_too(tmp_path: Path) -> None:
    assert (
        drawn(tmp_path / "a.png", {"cutmix": 1.0}) != drawn(tmp_path / "b.png", {"noise": 1e-6})
    ).any()


def test_sound_is_drawn_as_its_spectrogram(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for number in range(12):
        (tmp_path / "sounds" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        with wave.open(str(tmp_path / "sounds" / "ab"[number % 2] / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(random.integers(-9000, 9000, 2000).astype("<i2").tobytes())
    pictures = []
    for name, described in {"blanked": {"spec_augment": {}}, "faint": {"noise": 1e-6}}.items():
        settings = FolderDataset(path=tmp_path / "sounds", augment=Augmentation(**described))
        path = tmp_path / f"{name}.png"
        draw_augmented(settings, path, seed=0, reporter=SilentReporter())
        pictures.append(np.asarray(Image.open(path).convert("L")))
    assert (pictures[0] != pictures[1]).any()


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"says nothing"):
        drawn(tmp_path / "a.png", None)
    with pytest.raises(DataError, match=r"spec_augment"):
        drawn(tmp_path / "a.png", {"spec_augment": {}})
