"""Learning curves of several runs in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from nncli.drawing.overlays import (
    COLOURS,
    MARKERS,
    MOST_NAMED,
    OTHERS,
    MetricDrawn,
    RunDrawn,
    draw_overlay,
)

LOSS, ACCURACY = MetricDrawn("loss", True), MetricDrawn("accuracy", False)


def rows(*losses: float | None, **columns: Sequence[float]) -> list[dict[str, float | None]]:
    """Epochs with these validation losses, and other columns."""
    return [
        {"epoch": place + 1.0, "validation_loss": loss}
        | {name: values[place] for name, values in columns.items()}
        for place, loss in enumerate(losses)
    ]


def pixels(picture: Path, colour: str) -> int:
    """How many there are of a colour."""
    shown: Any = imread(picture)
    return int(np.isclose(shown[..., :3], to_rgb(colour), atol=0.01).all(-1).sum())


def drawn(path: Path, runs: Sequence[RunDrawn], *metrics: MetricDrawn, kind: str = "png") -> Path:
    draw_overlay(runs, metrics or (LOSS,), path, title="$ runs", kind=kind)
    return path


def test_every_run_has_a_colour_and_a_mark_of_its_own(tmp_path: Path) -> None:
    runs = [RunDrawn(f"run {n}", [rows(2.0 + n, 1.0 + n)]) for n in range(3)]
    picture = drawn(tmp_path / "a.png", runs)
    assert all(pixels(picture, colour) > 100 for colour in COLOURS[:3])
    assert pixels(picture, COLOURS[3]) == 0
    looks = [(n % len(COLOURS), n % len(MARKERS)) for n in range(MOST_NAMED)]
    assert len(set(looks)) == MOST_NAMED


def test_of_many_runs_the_best_are_named_and_the_others_grey(tmp_path: Path) -> None:
    runs = [RunDrawn(f"run-{n}-", [rows(5.0 + n, 50.0 - n)]) for n in range(MOST_NAMED + 3)]
    text = drawn(tmp_path / "a.svg", runs[::-1], kind="svg").read_text()
    said = [n for n in range(len(runs)) if f"run-{n}-" in text]
    assert said == list(range(MOST_NAMED)), "those whose loss falls lowest"
    assert "3 more, whose loss stays higher" in text
    assert OTHERS in text
    few = drawn(tmp_path / "b.svg", runs[:MOST_NAMED], kind="svg").read_text()
    assert OTHERS not in few and "more, whose" not in few


def test_a_cross_validation_is_the_mean_of_its_folds_over_each_of_them(tmp_path: Path) -> None:
    folds = RunDrawn("folds", [rows(3.0, 2.0), rows(2.0, 1.0, 0.5)])
    text = drawn(tmp_path / "a.svg", [folds], kind="svg").read_text()
    assert text.count("stroke-opacity: 0.4") == 2, "a thin line for each"
    assert "thin lines: folds" in text
    mean = RunDrawn("folds", [rows(2.5, 1.5)])
    alone = drawn(tmp_path / "b.svg", [mean], kind="svg").read_text()
    assert "stroke-opacity: 0.4" not in alone and "thin lines: folds" not in alone
    assert pixels(drawn(tmp_path / "a.png", [folds]), COLOURS[0]) > 100


def test_the_kept_epoch_is_marked(tmp_path: Path) -> None:
    runs = [RunDrawn("a", [rows(3.0, 2.0, 1.0)], kept) for kept in (None, 2)]
    texts = [drawn(tmp_path / f"{n}.svg", [r], kind="svg").read_text() for n, r in enumerate(runs)]
    assert ["the epoch that was kept" in text for text in texts] == [False, True]


@pytest.mark.parametrize(
    ("losses", "logarithmic"), [((2.0, 0.5), False), ((2.0, 0.001), True), ((2.0, -0.001), False)]
)
def test_a_loss_that_falls_far_has_a_logarithmic_axis(
    tmp_path: Path, losses: tuple[float, ...], logarithmic: bool
) -> None:
    text = drawn(tmp_path / "a.svg", [RunDrawn("a", [rows(*losses)])], kind="svg").read_text()
    assert ("logarithmic" in text) == logarithmic


def test_a_run_that_is_much_longer_does_not_press_the_others_flat(tmp_path: Path) -> None:
    short = [RunDrawn(name, [rows(2.0, 1.0)]) for name in "ab"]
    long = RunDrawn("c", [rows(*[1.0] * 40)])
    text = drawn(tmp_path / "a.svg", [*short, long], kind="svg").read_text()
    assert "epoch, logarithmic" in text


@pytest.mark.parametrize("kind", ["png", "svg"])
@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_any_runs_are_drawn(tmp_path: Path, count: int, kind: str) -> None:
    some: dict[str, Sequence[float]] = {"train_accuracy": [0.1], "validation_accuracy": [0.2]}
    label = "_a\n$" + "\N{CJK UNIFIED IDEOGRAPH-4F01} long name" * 9  # letters that fonts lack
    runs = [RunDrawn(label, [rows(1.0, **some), rows(None, **some)], 1) for _ in range(count)]
    others = [MetricDrawn("accuracy", False)] * 4
    picture = drawn(tmp_path / f"a.{kind}", runs, LOSS, *others, kind=kind)
    again = drawn(tmp_path / f"b.{kind}", runs, LOSS, *others, kind=kind)
    assert picture.read_bytes() == again.read_bytes()
