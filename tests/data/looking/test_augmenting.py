"""The picture of what augmentation does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli.data import DigitsDataset
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


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"says nothing"):
        drawn(tmp_path / "a.png", None)
    with pytest.raises(DataError, match=r"spec_augment"):
        drawn(tmp_path / "a.png", {"spec_augment": {}})
