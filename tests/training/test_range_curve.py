"""What is read from a curve: on curves whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nncli.training.range_curve import SMOOTHING, read, rounded

RATES = np.geomspace(1e-7, 10, 200)


def averaged(losses: Any) -> list[float]:
    averages, mean = [], 0.0
    for step, loss in enumerate(losses):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * float(loss)
        averages.append(mean / (1 - SMOOTHING ** (step + 1)))
    return averages


def curve(middle: float, explosion: float) -> Any:
    """Falls from 2.3 to 0.3 around `middle`, and explodes around `explosion`."""
    decades = np.log10(RATES)
    fall = 2.0 / (1 + np.exp(-4 * (decades - np.log10(middle))))
    return 2.3 - fall + np.exp(6 * (decades - np.log10(explosion)))


@pytest.mark.parametrize("middle", [1e-5, 1e-3, 0.1])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_fastest_fall_is_found_in_noise(middle: float, noise: float) -> None:
    losses = curve(middle, 100 * middle) + np.random.default_rng(0).normal(0, noise, len(RATES))
    losses = np.abs(losses)
    found = read(list(RATES), list(losses), averaged(losses))
    assert found.steepest is not None and found.lowest is not None
    # The running average looks back about ten steps, in which the rate grows two and a half times.
    assert middle / 2 < found.steepest < 5 * middle
    assert found.steepest < found.lowest < 100 * middle


@pytest.mark.parametrize("seed", range(50))
def test_noise_alone_has_no_fastest_fall(seed: int) -> None:
    losses = np.random.default_rng(seed).normal(2.3, 0.3, len(RATES))
    assert read(list(RATES), list(losses), averaged(losses)).steepest is None


def test_a_constant_loss_has_no_fastest_fall() -> None:
    found = read(list(RATES), [0.0] * 200, [0.0] * 200)
    assert (found.start, found.best, found.steepest, found.lowest) == (0.0, 0.0, None, None)


def test_a_loss_that_only_grows_has_no_fastest_fall() -> None:
    losses = list(2.0 + 10 * RATES)
    assert read(list(RATES), losses, averaged(losses)).steepest is None


def test_an_early_end_is_read_too() -> None:
    losses = [3.0, 2.0, 1.0]
    found = read(list(RATES[:3]), losses, averaged(losses))
    assert (found.steepest, found.lowest) == (None, None)  # three numbers prove nothing
    losses = list(curve(1e-3, 0.1)[:130])  # in the middle of the fall
    found = read(list(RATES[:130]), losses, averaged(losses))
    assert found.lowest == RATES[129]


def test_two_digits() -> None:
    assert [rounded(rate) for rate in (0.0018234, 0.52, 1.26e-5)] == [0.0018, 0.52, 1.3e-5]
