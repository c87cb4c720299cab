"""The curve of a range test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nncli.drawing.learning_rates import draw_range_test


@pytest.mark.parametrize("smoothed", [[2.0, 1.0, 4.0], [0.0, 0.0, 0.0], [1.0]], ids=str)
def test_any_curve_is_drawn_and_marks_are_seen(tmp_path: Path, smoothed: list[float]) -> None:
    from matplotlib.image import imread

    rates = [1e-3, 1e-2, 1e-1][: len(smoothed)]
    pictures = []
    for name, suggestion in (("with", 0.01), ("without", None)):
        path = tmp_path / f"{name}.png"
        draw_range_test(
            rates, smoothed, smoothed, path, title="$x", suggestion=suggestion, careful=None
        )
        pictures.append(imread(path))
    orange = [np.isclose(p[..., :3], (0.85, 0.37, 0.01), atol=0.02).all(-1).sum() for p in pictures]
    assert orange[0] > 50 and orange[1] == 0
