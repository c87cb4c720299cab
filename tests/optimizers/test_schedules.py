"""Learning rates at every step, against formulas that are written out here once more."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pydantic import TypeAdapter

from nncli import optimizers
from nncli.config import load_experiment
from nncli.errors import ExperimentError
from nncli.optimizers import Adam, OptimizerSettings, Sgd
from nncli.optimizers.schedules import (
    Constant,
    Cosine,
    Exponential,
    Piecewise,
    ReduceOnPlateau,
    build,
    initial_rate,
    schedule_types,
)

STEPS, EPOCHS = 4, 5
ALL = range(STEPS * EPOCHS)


def rates(learning_rate: Any, **settings: Any) -> list[float]:
    """The rate of each step of a training: what an SGD with gradient 1 subtracts from a weight."""
    optimizer = optimizers.build(
        Sgd(learning_rate=learning_rate), steps_per_epoch=STEPS, epochs=EPOCHS, **settings
    )
    weight = keras.Variable(np.float32(0.0))
    optimizer.build([weight])
    found = []
    for _ in ALL:
        weight.assign(np.float32(0.0))
        optimizer.apply([np.float32(1.0)])
        found.append(-float(weight.numpy()))
    return found


def approximately(expected: list[float]) -> Any:
    return pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_a_number_is_the_same_rate_at_every_step() -> None:
    assert rates(0.5) == [0.5] * 20
    assert rates(Constant(initial_learning_rate=0.5)) == [0.5] * 20


def test_cosine_falls_along_half_a_cosine_to_the_end_of_the_training() -> None:
    expected = [0.5 * (1 + math.cos(math.pi * n / 20)) for n in ALL]
    assert rates(Cosine(initial_learning_rate=1.0)) == approximately(expected)


def test_cosine_ends_at_alpha_and_stays_there() -> None:
    schedule = Cosine(initial_learning_rate=0.8, alpha=0.25, decay_epochs=3.0)
    expected = [0.8 * (0.25 + 0.75 * 0.5 * (1 + math.cos(math.pi * min(n, 12) / 12))) for n in ALL]
    found = rates(schedule)
    assert found == approximately(expected)
    assert found[12:] == approximately([0.2] * 8)
    assert found[11] > 0.2


def test_exponential_falls_evenly() -> None:
    schedule = Exponential(initial_learning_rate=0.8, decay_rate=0.5, decay_epochs=2.0)
    assert rates(schedule) == approximately([0.8 * 0.5 ** (n / 8) for n in ALL])


def test_exponential_in_jumps() -> None:
    schedule = Exponential(
        initial_learning_rate=0.8, decay_rate=0.5, decay_epochs=2.0, staircase=True
    )
    assert rates(schedule) == approximately([0.8] * 8 + [0.4] * 8 + [0.2] * 4)


def test_exponential_may_last_a_fraction_of_a_step() -> None:
    schedule = Exponential(initial_learning_rate=1.0, decay_rate=0.5, decay_epochs=0.125)
    assert rates(schedule) == approximately([0.25**n for n in ALL])


def test_piecewise_changes_at_the_first_step_of_an_epoch() -> None:
    schedule = Piecewise(boundaries=(1.0, 3.0), values=(0.5, 0.25, 0.125))
    assert rates(schedule) == [0.5] * 4 + [0.25] * 8 + [0.125] * 8


def test_piecewise_changes_inside_an_epoch_where_it_is_told_to() -> None:
    schedule = Piecewise(boundaries=(1.5,), values=(0.5, 0.25))
    assert rates(schedule) == [0.5] * 6 + [0.25] * 14


@pytest.mark.parametrize("warmup_epochs", [1.0, 1.5])
@pytest.mark.parametrize("kind", [Constant, Cosine, Exponential, Piecewise])
def test_a_warmup_grows_evenly_and_then_the_schedule_begins(
    kind: Any, warmup_epochs: float
) -> None:
    warmup = round(warmup_epochs * STEPS)
    schedules = {
        Constant: {"initial_learning_rate": 0.8},
        Cosine: {"initial_learning_rate": 0.8, "alpha": 0.1},
        Exponential: {"initial_learning_rate": 0.8, "decay_rate": 0.5},
        Piecewise: {"boundaries": (1.0, 2.0), "values": (0.8, 0.4, 0.2)},
    }
    formulas = {
        Constant: lambda n: 0.8,
        Cosine: lambda n: 0.8 * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * n / (20 - warmup)))),
        Exponential: lambda n: 0.8 * 0.5 ** (n / 4),
        Piecewise: lambda n: 0.8 if n < 4 else 0.4 if n < 8 else 0.2,
    }
    growing = [0.8 * (n + 1) / warmup for n in range(warmup)]
    following = [formulas[kind](n) for n in range(20 - warmup)]
    schedule = kind(**schedules[kind], warmup_epochs=warmup_epochs)
    assert rates(schedule) == approximately(growing + following)


def test_a_warmup_may_last_the_whole_training() -> None:
    schedule = Cosine(initial_learning_rate=0.8, warmup_epochs=5.0)
    assert rates(schedule) == approximately([0.8 * (n + 1) / 20 for n in ALL])


def test_steps_that_are_accumulated_are_steps_of_the_schedule() -> None:
    """Every second step changes weights, with the rate that the schedule has there."""
    cosine = rates(Cosine(initial_learning_rate=1.0))
    found = rates(Cosine(initial_learning_rate=1.0), gradient_accumulation_steps=2)
    assert found[0::2] == [0.0] * 10
    assert found[1::2] == approximately(cosine[1::2])


def test_reduce_on_plateau_is_a_number_that_a_callback_can_change() -> None:
    schedule = ReduceOnPlateau(initial_learning_rate=0.5)
    assert build(schedule, default=0.1, steps_per_epoch=STEPS, epochs=EPOCHS) == 0.5
    optimizer = optimizers.build(Adam(learning_rate=schedule))
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate) == 0.25


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (0.5, 0.5),
        (Constant(), 0.125),
        (Constant(initial_learning_rate=0.5, warmup_epochs=2.0), 0.5),
        (Cosine(), 0.125),
        (Cosine(initial_learning_rate=0.5, warmup_epochs=2.0), 0.5),
        (Exponential(), 0.125),
        (Exponential(initial_learning_rate=0.5), 0.5),
        (Piecewise(boundaries=(1.0,), values=(0.5, 0.25)), 0.5),
        (ReduceOnPlateau(), 0.125),
        (ReduceOnPlateau(initial_learning_rate=0.5), 0.5),
    ],
)
def test_the_initial_rate(settings: Any, expected: float) -> None:
    assert initial_rate(settings, 0.125) == expected


@pytest.mark.parametrize("kind", ["constant", "cosine", "exponential", "reduce_on_plateau"])
@pytest.mark.parametrize(
    ("optimizer", "rate"), [("sgd", 0.01), ("adam", 0.001), ("schedule_free_adamw", 0.0025)]
)
def test_a_schedule_that_names_no_rate_begins_with_that_of_the_optimizer(
    kind: str, optimizer: str, rate: float
) -> None:
    values = {"type": optimizer, "learning_rate": kind}
    settings: Any = TypeAdapter(OptimizerSettings).validate_python(values)
    built = optimizers.build(settings, steps_per_epoch=STEPS, epochs=EPOCHS)
    assert float(built.learning_rate) == pytest.approx(rate, rel=1e-6)


def test_every_schedule_has_a_short_form() -> None:
    assert schedule_types() == [
        "constant", "cosine", "exponential", "piecewise", "reduce_on_plateau",
    ]  # fmt: skip
    for name in schedule_types():
        if name != "piecewise":  # whose values nobody can guess
            rate: Any = Sgd.model_validate({"learning_rate": name}).learning_rate
            assert rate.type == name


def test_a_training_follows_its_schedule(shared_cache: Path, tmp_path: Path) -> None:
    """Rates as a run of 11 steps an epoch records them: those of the last steps of its epochs."""
    import nncli

    schedule = {"type": "cosine", "initial_learning_rate": 0.01, "warmup_epochs": 1}
    experiment = {
        "dataset": "digits",
        "model": {"hidden_units": [4]},
        "optimizer": {"type": "sgd", "learning_rate": schedule},
        "training": {"epochs": 3},
    }
    result = nncli.train(experiment, runs_dir=tmp_path / "runs")
    expected = [0.01 * 0.5 * (1 + math.cos(math.pi * n / 22)) for n in (0, 10, 21)]
    assert [row["learning_rate"] for row in result.history] == approximately(expected)


def said(schedule: str) -> str:
    """What is said about a file `e.yaml` with this learning rate."""
    path = Path("e.yaml")
    path.write_text(f"optimizer:\n  learning_rate: {schedule}\n")
    with pytest.raises(ExperimentError) as caught:
        load_experiment([path])
    return str(caught.value)


def test_an_unknown_type() -> None:
    assert said("{type: cosin}") == (
        "e.yaml:2:19  optimizer.learning_rate: there is no type 'cosin'; did you mean cosine? "
        "The types are constant, cosine, exponential, piecewise, reduce_on_plateau.\n"
        "      learning_rate: {type: cosin}\n"
        "                      ^"
    )


def test_an_unknown_type_that_resembles_nothing() -> None:
    assert said("{type: zzz}").splitlines()[0] == (
        "e.yaml:2:19  optimizer.learning_rate: there is no type 'zzz'; known are constant, "
        "cosine, exponential, piecewise, reduce_on_plateau."
    )


def test_an_unknown_key() -> None:
    assert said("{type: cosine, alhpa: 0.1}") == (
        "e.yaml:2:33  optimizer.learning_rate.alhpa: unknown key; did you mean alpha?\n"
        "      learning_rate: {type: cosine, alhpa: 0.1}\n"
        "                                    ^"
    )


def test_a_key_of_another_schedule() -> None:
    assert said("{type: constant, alpha: 0.1}").splitlines()[0] == (
        "e.yaml:2:35  optimizer.learning_rate.alpha: unknown key; alpha belongs to "
        "optimizer.learning_rate type cosine; this one is constant"
    )


def test_values_and_boundaries_that_do_not_fit() -> None:
    assert said("{type: piecewise, boundaries: [1, 2], values: [0.1, 0.01]}") == (
        "e.yaml:2:56  optimizer.learning_rate: values must have one entry more than boundaries: "
        "3, not 2\n"
        "      learning_rate: {type: piecewise, boundaries: [1, 2], values: [0.1, 0.01]}\n"
        f"{' ' * 59}^"
    )


def test_boundaries_that_do_not_grow() -> None:
    text = said("{type: piecewise, boundaries: [2, 1], values: [0.1, 0.01, 0.001]}")
    assert text.splitlines()[0] == "e.yaml:2:36  optimizer.learning_rate: boundaries must grow"


def test_text_instead_of_a_number() -> None:
    assert said("fast") == (
        "e.yaml:2:3  optimizer.learning_rate: must be a number or one of constant, cosine, "
        "exponential, piecewise, reduce_on_plateau, not 'fast'\n"
        "      learning_rate: fast\n"
        "      ^"
    )


def test_text_instead_of_a_number_inside() -> None:
    assert said("{type: cosine, alpha: none}") == (
        "e.yaml:2:33  optimizer.learning_rate.alpha: must be a number, not 'none'\n"
        "      learning_rate: {type: cosine, alpha: none}\n"
        "                                    ^"
    )


@pytest.mark.parametrize(
    ("schedule", "first_line"),
    [
        ("0", "2:3  optimizer.learning_rate: must be greater than 0, not 0"),
        ("true", "2:3  optimizer.learning_rate: must be a number, not true"),
        ("'0.1'", "2:3  optimizer.learning_rate: must be a number or one of constant, cosine, "
                  "exponential, piecewise, reduce_on_plateau, not '0.1'"),
        ("[0.1]", "2:3  optimizer.learning_rate: must be a number, not [0.1]"),
        ("{alpha: 1}", "2:19  optimizer.learning_rate.alpha: unknown key; alpha belongs to "
                       "optimizer.learning_rate type cosine; this one is constant"),
        ("{type: cosine, alpha: 2}", "2:33  optimizer.learning_rate.alpha: must be at most 1, "
                                     "not 2"),
        ("{type: cosine, warmup_epochs: -1}", "2:33  optimizer.learning_rate.warmup_epochs: must "
                                              "be at least 0, not -1"),
        ("{type: exponential, decay_epochs: 0}", "2:38  optimizer.learning_rate.decay_epochs: "
                                                 "must be greater than 0, not 0"),
        ("{type: reduce_on_plateau, factor: 1}", "2:44  optimizer.learning_rate.factor: must be "
                                                 "less than 1, not 1"),
        ("piecewise", "2:3  optimizer.learning_rate.boundaries: a value is missing"),
        ("{type: piecewise, boundaries: 1, values: [1, 2]}", "2:36  optimizer.learning_rate."
                                                             "boundaries: must be a list, not 1"),
        ("{type: piecewise, boundaries: [0], values: [1, 2]}",
         "2:49  optimizer.learning_rate.boundaries[0]: must be greater than 0, not 0"),
        ("{type: piecewise, boundaries: [1], values: [1, x]}",
         "2:65  optimizer.learning_rate.values[1]: must be a number, not 'x'"),
    ],
)  # fmt: skip
def test_first_line_of(schedule: str, first_line: str) -> None:
    assert said(schedule).replace("2 mistakes:\n", "").splitlines()[0] == f"e.yaml:{first_line}"
