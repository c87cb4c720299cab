"""Every optimizer is Keras's own, with the settings applied."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import keras
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from nncli import optimizers
from nncli.errors import UsageError
from nncli.optimizers import Adadelta, Adafactor, Adam, AdamW, Ftrl, Lion, Muon, RmsProp, Sgd
from nncli.training import state

KINDS: tuple[Any, ...] = get_args(get_args(optimizers.OptimizerSettings)[0])
# What is set elsewhere: in `training`, or by `training.precision`.
ELSEWHERE = {
    "clipnorm", "clipvalue", "global_clipnorm", "gradient_accumulation_steps", "loss_scale_factor",
    "name",
}  # fmt: skip
# Where the default is not Keras's, on purpose.
OWN_DEFAULTS = {(Muon, "exclude_layers")}
NO_OPTIMIZERS = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}


def arguments(kind: Any) -> dict[str, Any]:
    """The arguments of the class in Keras, and their defaults."""
    signature = inspect.signature(getattr(keras.optimizers, kind.keras_class).__init__)
    return {
        name: parameter.default
        for name, parameter in signature.parameters.items()
        if name not in {"self", "kwargs"} | ELSEWHERE
    }


def another(value: Any) -> Any:
    """A value that is not `value`, and is allowed where that is."""
    if isinstance(value, bool):
        return not value
    if value is None:
        return 0.0625
    if isinstance(value, tuple):
        return ("first",)
    return value + 1 if isinstance(value, int) else value / 2 or 0.0625


def changed(kind: Any) -> dict[str, Any]:
    """Every argument with a value that is not its default."""
    values = {name: another(kind.model_fields[name].default) for name in arguments(kind)}
    return {**values, "use_ema": True, "ema_overwrite_frequency": 3}


def test_every_optimizer_of_keras_is_there() -> None:
    classes = {name for name, value in vars(keras.optimizers).items() if inspect.isclass(value)}
    assert {kind.keras_class for kind in KINDS} == classes - NO_OPTIMIZERS


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_and_defaults_are_those_of_keras(kind: Any) -> None:
    fields = {name: field.default for name, field in kind.model_fields.items() if name != "type"}
    expected = arguments(kind)
    assert fields.keys() == expected.keys()
    different = {(kind, name) for name in fields if fields[name] != expected[name]}
    assert different == {own for own in OWN_DEFAULTS if own[0] is kind}


@pytest.mark.parametrize("kind", KINDS)
def test_the_settings_are_applied(kind: Any) -> None:
    settings = changed(kind)
    optimizer = optimizers.build(kind(**settings))
    assert type(optimizer) is getattr(keras.optimizers, kind.keras_class)
    configuration = optimizer.get_config()
    for name, value in settings.items():
        found = configuration[name]
        if name == "learning_rate":  # Keras keeps it as a float32
            value = pytest.approx(value, rel=1e-6)
        assert (tuple(found) if isinstance(found, list) else found) == value, name


def test_what_is_set_in_training_is_applied() -> None:
    for name, value in {"clipnorm": 0.5, "clipvalue": 0.25, "global_clipnorm": 2.0}.items():
        settings: dict[str, Any] = {name: value, "gradient_accumulation_steps": 3}
        configuration = optimizers.build(Sgd(), **settings).get_config()
        assert (configuration[name], configuration["gradient_accumulation_steps"]) == (value, 3)


def network() -> Any:
    """A small classifier with a layer of every kind that an optimizer may treat by itself."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Embedding(8, 3),
            layers.Dense(6, activation="tanh"),
            layers.Flatten(),
            layers.Dense(3, name="logits"),
        ]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_snapshot_has_everything_that_the_next_steps_depend_on(kind: Any) -> None:
    """Two networks that take the same steps, one of them from a snapshot on."""
    generator = np.random.default_rng(0)
    inputs, targets = generator.integers(0, 8, (16, 4)), generator.integers(0, 3, 16)

    def compiled() -> Any:
        model = network()
        settings = kind(use_ema=True, weight_decay=0.01)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizers.build(settings), loss, run_eagerly=True)
        model.optimizer.build(model.trainable_variables)
        model.compute_metrics(None, targets, model(inputs))
        return model

    first, second = compiled(), compiled()
    for _ in range(2):
        first.train_on_batch(inputs, targets)
    before = state.snapshot(first)
    state.restore(second, before)
    for model in (first, second):
        model.train_on_batch(inputs, targets)
    after = state.snapshot(first)
    for group, arrays in after.items():
        for one, other in zip(arrays, state.snapshot(second)[group], strict=True):
            np.testing.assert_array_equal(one, other)
    moved = [
        not np.array_equal(*pair) for pair in zip(before["model"], after["model"], strict=True)
    ]
    assert any(moved)


def test_muon_leaves_the_last_layer_embeddings_and_biases_to_adamw() -> None:
    model = network()
    optimizer = optimizers.build(Muon())
    optimizer.build(model.trainable_variables)
    by_adam = [variable.path for variable in model.trainable_variables]
    by_adam = [p for p, v in zip(by_adam, optimizer.adam_velocities, strict=True) if v is not None]
    kinds = [path.split("/")[-2:] for path in by_adam]
    assert [kind[-1] for kind in kinds] == ["embeddings", "bias", "kernel", "bias"]
    assert kinds[2] == ["logits", "kernel"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_downhill(kind: Any) -> None:
    weight = keras.Variable(np.array([[3.0, 2.0]], np.float32))
    optimizer = optimizers.build(kind(learning_rate=0.1))
    optimizer.build([weight])
    for _ in range(5):
        optimizer.apply([2 * weight.value])
    assert 0 < float(np.square(weight.numpy()).sum()) < 13


def test_every_type_has_a_name_of_its_own() -> None:
    for kind in KINDS:
        name = kind.model_fields["type"].default
        settings: Any = TypeAdapter(optimizers.OptimizerSettings).validate_python({"type": name})
        assert type(settings) is kind


def test_a_keras_without_an_optimizer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(keras.optimizers, "Muon")
    with pytest.raises(UsageError, match=rf"Keras {keras.__version__} has no Muon"):
        optimizers.build(Muon())


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
        (Adam, {"centered": True}),
        (Adam, {"ema_momentum": 0.9}),
        (Adam, {"ema_overwrite_frequency": 10}),
        (Adam, {"use_ema": True, "ema_momentum": 1.0}),
        (AdamW, {"weight_decay": -0.1}),
        (AdamW, {"weight_decay": None}),
        (Adadelta, {"rho": 1.0}),
        (Adafactor, {"beta_2_decay": 0.0}),
        (Ftrl, {"learning_rate_power": 0.5}),
        (Lion, {"beta_1": 0.0}),
        (Muon, {"exclude_layers": ["("]}),
        (Sgd, {"momentum": 1.0}),
        (Sgd, {"momentum": 0.5, "nesterov": 1}),
        (Sgd, {"nesterov": True}),
        (RmsProp, {"rho": -0.1}),
    ],
)
def test_settings_that_mean_nothing_are_refused(kind: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**settings)
