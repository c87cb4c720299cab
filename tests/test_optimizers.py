"""Every optimizer is Keras's own, with the settings applied."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from nncli import optimizers
from nncli.optimizers import Adam, AdamW, RmsProp, Sgd

SETTINGS = {
    Adam: {"learning_rate": 0.25, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.125},
    AdamW: {
        "learning_rate": 0.25,
        "beta_1": 0.5,
        "beta_2": 0.75,
        "epsilon": 0.125,
        "weight_decay": 0.0625,
    },
    Sgd: {"learning_rate": 0.25, "momentum": 0.5, "nesterov": True},
    RmsProp: {"learning_rate": 0.25, "rho": 0.5, "momentum": 0.75},
}
KERAS = {
    Adam: keras.optimizers.Adam,
    AdamW: keras.optimizers.AdamW,
    Sgd: keras.optimizers.SGD,
    RmsProp: keras.optimizers.RMSprop,
}


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_the_settings_are_applied(kind: Any) -> None:
    assert set(SETTINGS[kind]) == set(kind.model_fields) - {"type"}
    optimizer = optimizers.build(kind(**SETTINGS[kind]))
    assert type(optimizer) is KERAS[kind]
    configuration = optimizer.get_config()
    assert {name: configuration[name] for name in SETTINGS[kind]} == SETTINGS[kind]


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_the_defaults_are_keras_own(kind: Any) -> None:
    found, expected = optimizers.build(kind()).get_config(), KERAS[kind]().get_config()
    assert {k: v for k, v in found.items() if k != "name"} == {
        k: v for k, v in expected.items() if k != "name"
    }


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_it_goes_downhill(kind: Any) -> None:
    weight = keras.Variable(np.float32(3.0))
    optimizer = optimizers.build(kind(learning_rate=0.1))
    optimizer.build([weight])
    for _ in range(5):
        optimizer.apply([2 * weight.value])
    assert 0 < float(weight.numpy()) < 3


def test_short_forms() -> None:
    assert optimizers.expand("sgd") == {"type": "sgd"}
    assert optimizers.expand({"momentum": 0.9}) == {"momentum": 0.9}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (Adam, {"learning_rate": 0.0}),
        (Adam, {"learning_rate": -1.0}),
        (Adam, {"learning_rate": float("inf")}),
        (Adam, {"beta_1": 1.0}),
        (Adam, {"weight_decay": 0.1}),
        (AdamW, {"weight_decay": -0.1}),
        (Sgd, {"momentum": 1.0}),
        (Sgd, {"nesterov": 1}),
        (RmsProp, {"rho": -0.1}),
    ],
)
def test_settings_that_mean_nothing_are_refused(kind: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**settings)
