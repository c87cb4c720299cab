"""What follows from the rows of the history alone."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Literal

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.config.training import EarlyStopping
from nncli.optimizers.schedules import ReduceOnPlateau
from nncli.runs import EpochRow
from nncli.training.monitoring import Monitor

LOSS = Monitor("validation_loss")
ACCURACY = Monitor("validation_accuracy")
DIRECTIONS: tuple[tuple[Monitor, Literal["min", "max"]], ...] = ((LOSS, "min"), (ACCURACY, "max"))

# Few values, far apart by powers of two: ties and changes of exactly `min_delta` are frequent, and
# Keras, which compares in float32, sees the same numbers.
VALUES = st.lists(st.integers(0, 6).map(lambda number: number / 8), min_size=1, max_size=25)
DELTAS = st.integers(0, 2).map(lambda number: number / 8)


def rows_of(monitor: Monitor, values: Sequence[float | None]) -> list[EpochRow]:
    return [{"epoch": n, monitor.column: value} for n, value in enumerate(values, 1)]


def best_epoch(monitor: Monitor, values: Sequence[float | None]) -> float | None:
    best = monitor.best(rows_of(monitor, values))
    return best["epoch"] if best else None


def test_a_loss_is_best_when_lowest_and_an_accuracy_when_highest() -> None:
    assert best_epoch(LOSS, [0.5, 0.25, 0.75]) == 2
    assert best_epoch(ACCURACY, [0.5, 0.25, 0.75]) == 3
    assert best_epoch(Monitor("train_loss"), [0.5, 0.25, 0.75]) == 2
    assert best_epoch(Monitor("train_accuracy"), [0.5, 0.25, 0.75]) == 3


@pytest.mark.parametrize("monitor", [LOSS, ACCURACY])
def test_of_equal_epochs_the_first_is_best(monitor: Monitor) -> None:
    assert best_epoch(monitor, [0.5, 0.5, 0.5]) == 1


@pytest.mark.parametrize("monitor", [LOSS, ACCURACY])
def test_an_epoch_without_a_number_is_never_best(monitor: Monitor) -> None:
    assert best_epoch(monitor, [None, 0.5, None]) == 2
    assert best_epoch(monitor, [None, None]) is None
    assert best_epoch(monitor, []) is None


def test_the_best_row_is_the_row_itself() -> None:
    rows = rows_of(LOSS, [0.5, 0.25])
    assert LOSS.best(rows) is rows[1]


@given(values=VALUES)
@settings(deadline=None)
def test_the_best_epoch_is_that_of_sorting(values: list[float]) -> None:
    epochs = range(1, len(values) + 1)
    assert best_epoch(LOSS, values) == min(epochs, key=lambda epoch: values[epoch - 1])
    assert best_epoch(ACCURACY, values) == max(epochs, key=lambda epoch: values[epoch - 1])


def model() -> Any:
    """What a callback of Keras touches of a model."""
    return SimpleNamespace(stop_training=False, optimizer=SimpleNamespace(learning_rate=1.0))


def epoch_of_keras_stop(
    values: Sequence[float], mode: str, patience: int, min_delta: float
) -> int | None:
    """The epoch, counted from 1, after which Keras's own callback ends a training."""
    callback = keras.callbacks.EarlyStopping(
        "watched", mode=mode, patience=patience, min_delta=min_delta
    )
    callback.set_model(model())
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"watched": value})
        if callback.model.stop_training:
            return epoch + 1
    return None


@given(values=VALUES, patience=st.integers(1, 4), min_delta=DELTAS)
@settings(deadline=None)
def test_a_training_stalls_after_the_epoch_after_which_keras_stops(
    values: list[float], patience: int, min_delta: float
) -> None:
    stopping = EarlyStopping(patience=patience, min_delta=min_delta)
    for monitor, mode in DIRECTIONS:
        rows = rows_of(monitor, values)
        counts = range(1, len(rows) + 1)
        stalled = next((n for n in counts if monitor.has_stalled(rows[:n], stopping)), None)
        assert stalled == epoch_of_keras_stop(values, mode, patience, min_delta)


def test_a_training_stalls_when_patience_is_over() -> None:
    rows = rows_of(LOSS, [0.5, 0.25, 0.25, 0.375])
    assert LOSS.has_stalled(rows, EarlyStopping(patience=2))
    assert not LOSS.has_stalled(rows[:3], EarlyStopping(patience=2))
    assert not LOSS.has_stalled(rows, EarlyStopping(patience=3))


def test_a_training_without_early_stopping_never_stalls() -> None:
    assert not LOSS.has_stalled(rows_of(LOSS, [0.25] * 100), None)
    assert LOSS.has_stalled(rows_of(LOSS, [0.25] * 100), EarlyStopping())


def test_an_epoch_without_a_number_is_no_improvement() -> None:
    stopping = EarlyStopping(patience=2)
    assert LOSS.has_stalled(rows_of(LOSS, [0.5, None, None]), stopping)
    assert not LOSS.has_stalled(rows_of(LOSS, [0.5, None, 0.25]), stopping)
    assert not LOSS.has_stalled(rows_of(LOSS, [None, 0.5, 0.25]), stopping)


def rates_of_keras(
    values: Sequence[float], mode: str, patience: int, min_delta: float
) -> list[float]:
    """The learning rate behind every epoch with Keras's own callback, halved each time."""
    callback = keras.callbacks.ReduceLROnPlateau(
        "watched", mode=mode, factor=0.5, patience=patience, min_delta=min_delta, cooldown=0
    )
    callback.set_model(model())
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"watched": value})
        rates.append(callback.model.optimizer.learning_rate)
    return rates


@given(values=VALUES, patience=st.integers(1, 4), min_delta=DELTAS)
@settings(deadline=None)
def test_the_rate_is_reduced_after_the_epochs_after_which_keras_reduces_it(
    values: list[float], patience: int, min_delta: float
) -> None:
    schedule = ReduceOnPlateau(patience=patience, min_delta=min_delta)
    for monitor, mode in DIRECTIONS:
        rows = rows_of(monitor, values)
        counts = [monitor.reductions(rows[: n + 1], schedule) for n in range(len(rows))]
        expected = rates_of_keras(values, mode, patience, min_delta)
        assert [0.5**count for count in counts] == expected


def test_the_rate_is_reduced_again_after_another_patience() -> None:
    schedule = ReduceOnPlateau(patience=2, min_delta=0.0)
    rows = rows_of(LOSS, [0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.5, 0.5])
    assert [LOSS.reductions(rows[:n], schedule) for n in range(9)] == [0, 0, 0, 1, 1, 2, 2, 2, 3]
