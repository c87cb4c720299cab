"""Learning curves of one run."""

from __future__ import annotations

from pathlib import Path

from nncli.drawing.curves import draw_learning_curves


def test_a_unit_with_dollars_is_no_formula() -> None:
    rows = [{"epoch": float(n), "train_mae": 1 / n, "validation_mae": 2 / n} for n in (1, 2)]
    units = {"mae": r"US$ (1990 US$), $\frac$"}  # which is none, either
    draw_learning_curves(rows, Path("a.png"), title=r"$\frac$", best_epoch=1, units=units)
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
