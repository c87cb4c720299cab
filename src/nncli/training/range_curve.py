"""What the curve of a range test says: where the loss falls fastest, and where it is lowest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["SMOOTHING", "STILL", "Reading", "read", "rounded"]

# How much of the average before is in the next one: it looks back about ten steps.
SMOOTHING = 0.9
# A slope is that over so many steps on either side: a single difference is mostly noise.
REACH = 5
# Steps at the beginning whose rates are too small to change anything. They show the noise, and
# their own averages are of so few that they are noise too.
STILL = 25
# A fall of the smoothed loss that is no accident, in standard deviations of a single batch, and as
# a share of the loss. By accident the lowest average is about half of one below, rarely a whole.
SURE_FALL = 1.5
LEAST_FALL = 0.01


@dataclass(frozen=True)
class Reading:
    """What a curve says. A rate is None where no rate makes the loss fall.

    Attributes:
        start: the loss before anything is learned.
        best: the lowest smoothed loss.
        steepest: the rate at which the smoothed loss falls fastest.
        lowest: the rate at which it is lowest; beyond, steps are too large.
    """

    start: float
    best: float
    steepest: float | None
    lowest: float | None


def read(rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float]) -> Reading:
    """Read the curve of a test.

    Args:
        rates: the learning rate of each step, growing evenly in its logarithm.
        losses: the loss of the batch of each step, before the step.
        smoothed: its running average.
    """
    import numpy as np

    averages = np.asarray(smoothed)
    still = np.asarray(losses[:STILL])
    start, noise = float(still.mean()), float(still.std())
    if len(averages) <= STILL:
        return Reading(start, start, None, None)
    lowest = STILL + int(np.argmin(averages[STILL:]))
    best = float(averages[lowest])
    if start - best <= max(SURE_FALL * noise, LEAST_FALL * abs(start)):
        return Reading(start, best, None, None)
    steps = np.arange(STILL, lowest + 1)
    left, right = steps - REACH, np.minimum(steps + REACH, lowest)
    slopes = (averages[right] - averages[left]) / (right - left)
    steepest = int(steps[np.argmin(slopes)])
    return Reading(start, best, float(rates[steepest]), float(rates[lowest]))


def rounded(rate: float) -> float:
    """`rate` with two digits: more mean nothing."""
    return float(f"{rate:.2g}")
