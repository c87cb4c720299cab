"""A network as a list of Keras layers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncli
from nncli.config import Layer, load_experiment, yaml
from nncli.descriptions import ClassTarget, Features, LabelsTarget, Target, ValueTarget
from nncli.errors import ExperimentError, UsageError
from nncli.models import LayersModel, build, layer_table

IMAGES = Features(kind="image", shape=(8, 8, 1))
TOKENS = Features(kind="tokens", shape=(12,), vocabulary=50)
TEN = ClassTarget(names=tuple("0123456789"))
TWO = ClassTarget(names=("no", "yes"))
THREE_LABELS = LabelsTarget(names=("a", "b", "c"))
ONE_VALUE = ValueTarget(names=("price",), means=(0.0,), deviations=(1.0,))


def network(layers: list[Any], inputs: Features = IMAGES, target: Target = TEN) -> Any:
    return build(LayersModel(layers=layers), inputs, target)


def mistakes(layers: list[Any]) -> list[str]:
    with pytest.raises(ExperimentError) as caught:
        load_experiment([], Layer({"model": {"type": "layers", "layers": layers}}))
    return [f"{mistake.key}: {mistake.message}" for mistake in caught.value.mistakes]


@pytest.mark.slow  # every word of Keras is tried for every argument that takes one of a few
def test_the_table_is_that_of_the_installed_keras() -> None:
    assert layer_table.table() == json.loads(json.dumps(layer_table.of_keras())), (
        "run: python docs/generate_layers.py"
    )


def test_the_tutorial_as_it_is_written_has_the_layers_of_the_mlp() -> None:
    tutorial = ["Flatten", {"Dense": {"units": 128, "activation": "relu"}}, {"Dropout": 0.2}]
    model = network(tutorial)
    assert [type(layer).__name__ for layer in model.layers] == [
        "InputLayer", "Flatten", "Dense", "Dropout", "Dense",
    ]  # fmt: skip
    assert model.output_shape == (None, 10)
    assert model.layers[2].units == 128
    assert model.layers[3].rate == 0.2


@pytest.mark.parametrize(
    ("target", "head"),
    [
        (TEN, [{"Dense": {"units": 10, "activation": "softmax"}}]),
        (TEN, [{"Dense": 10}]),
        (TEN, [{"Dense": 10}, "Softmax"]),
        (TEN, [{"Dense": 10}, {"Activation": "softmax"}]),
        (THREE_LABELS, [{"Dense": {"units": 3, "activation": "sigmoid"}}]),
        (ONE_VALUE, [{"Dense": 1}]),
        (ONE_VALUE, [{"Dense": {"units": 1, "activation": "linear"}}]),
    ],
)
def test_a_list_that_ends_with_the_output_gets_no_second_one(
    target: Target, head: list[Any]
) -> None:
    model = network(["Flatten", *head], target=target)
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Flatten", "Dense"]
    assert model.layers[-1].activation.__name__ == "linear"  # logits: the answer is added later


@pytest.mark.parametrize(
    "last", [{"Dense": {"units": 10, "activation": "relu"}}, {"Dense": 32}, {"Dropout": 0.5}]
)
def test_a_list_that_ends_otherwise_gets_the_output(last: dict[str, Any]) -> None:
    model = network(["Flatten", last])
    assert model.layers[-1].name == "logits"
    assert model.output_shape == (None, 10)


def dense(units: int, activation: str) -> dict[str, Any]:
    return {"Dense": {"units": units, "activation": activation}}


@pytest.mark.parametrize(
    ("target", "last", "right"),
    [
        (TEN, [dense(12, "softmax")], "Dense: {units: 10, activation: softmax}"),
        (TEN, [{"Dense": 12}, "Softmax"], "Dense: {units: 10, activation: softmax}"),
        (TEN, [dense(10, "sigmoid")], "Dense: {units: 10, activation: softmax}"),
        (TEN, [dense(1, "sigmoid")], "Dense: {units: 10, activation: softmax}"),
        (TWO, [dense(1, "softmax")], "Dense: {units: 2, activation: softmax}"),
        (THREE_LABELS, [dense(4, "sigmoid")], "Dense: {units: 3, activation: sigmoid}"),
        (THREE_LABELS, [dense(3, "softmax")], "Dense: {units: 3, activation: sigmoid}"),
        (ONE_VALUE, [dense(1, "sigmoid")], "Dense: 1"),
        (ONE_VALUE, [dense(10, "softmax")], "Dense: 1"),
    ],
)
def test_the_output_of_another_network_is_refused(
    target: Target, last: list[Any], right: str
) -> None:
    with pytest.raises(UsageError, match="the output of another network") as caught:
        network(["Flatten", *last], target=target)
    assert f"write {right} in its place" in (caught.value.hint or "")
    network(["Flatten", *last, yaml.parse_value(right)], target=target)  # then it is a hidden layer


def test_an_output_of_the_wrong_size_is_named_with_its_units_and_the_classes(run_cli: Any) -> None:
    text = "{type: layers, layers: [Flatten, Dense: {units: 12, activation: softmax}]}"
    done = run_cli(["train", "--dataset", "digits", "--set", f"model={text}"])
    assert done.exit_code == 2
    assert "model.layers ends with a Dense of 12 units and softmax" in done.stderr
    assert "the dataset asks for one of 10 classes" in done.stderr
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("target", "last"),
    [
        (TEN, dense(12, "relu")), (TEN, {"Dense": 12}), (TEN, dense(30, "sigmoid")),
        (ONE_VALUE, dense(30, "sigmoid")), (THREE_LABELS, dense(4, "relu")),
    ],
)  # fmt: skip
def test_a_dense_that_may_be_hidden_gets_the_output(target: Target, last: dict[str, Any]) -> None:
    assert network(["Flatten", last], target=target).layers[-1].name != "dense_2"


def test_one_unit_with_a_sigmoid_tells_two_classes_apart() -> None:
    model = network(["Flatten", {"Dense": {"units": 1, "activation": "sigmoid"}}], target=TWO)
    pixels = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
    logits = model.predict(pixels, verbose=0)
    kernel, bias = model.get_weights()
    probability = 1 / (1 + np.exp(-(pixels.reshape(4, -1) @ kernel + bias)))
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert softmax[:, 1] == pytest.approx(probability[:, 0], abs=1e-6)


def test_a_text_begins_with_an_embedding_of_its_vocabulary() -> None:
    wrapped = {"Bidirectional": {"layer": {"LSTM": {"units": 4}}}}
    model = network([{"Embedding": {"output_dim": 6}}, wrapped], TOKENS, TWO)
    assert model.layers[1].input_dim == 50
    assert model.layers[2].output.shape == (None, 8)
    with pytest.raises(UsageError, match="numbers of its words") as caught:
        network([{"Dense": 3}], TOKENS, TWO)
    assert "Embedding: {output_dim: 64}" in (caught.value.hint or "")


def test_attention_is_to_the_text_itself() -> None:
    attention = {"MultiHeadAttention": {"num_heads": 2, "key_dim": 3}}
    embedding = {"Embedding": {"output_dim": 6}}
    model = network([embedding, attention, "GlobalAveragePooling1D"], TOKENS, TWO)
    assert model.output_shape == (None, 2)


def test_a_regularizer_may_have_its_arguments() -> None:
    dense = {"Dense": {"units": 4, "kernel_regularizer": {"L2": 0.5}, "activation": "relu"}}
    model = network(["Flatten", dense])
    kernel = model.layers[2].get_weights()[0]
    assert float(model.losses[0]) == pytest.approx(0.5 * float((kernel**2).sum()), rel=1e-5)


def test_a_layer_that_does_not_fit_says_which_and_what_came_in() -> None:
    with pytest.raises(UsageError) as caught:
        network(["Flatten", {"LSTM": 4}])
    assert caught.value.message.startswith(
        "model.layers[1]: LSTM cannot take (64) for each example: expected ndim=3, found ndim=2"
    )


def test_a_list_that_does_not_end_in_numbers_says_what_to_add() -> None:
    with pytest.raises(UsageError, match=r"ends in \(6, 6, 4\)") as caught:
        network([{"Conv2D": {"filters": 4, "kernel_size": 3}}])
    assert caught.value.hint == "Put Flatten or GlobalAveragePooling2D at its end."


IN_LIST = "that can stand in a list; did you mean"
NOT_NEEDED = "input_shape is not needed: what goes in follows from the dataset"
RELLU = {"units": 3, "activation": "rellu"}


@pytest.mark.parametrize(
    ("layer", "key", "message"),
    [
        ("flaten", "", f"Keras has no layer 'flaten' {IN_LIST} Flatten?"),
        ("Dropout", "", "Dropout needs rate: write Dropout: {rate: ...}"),
        (7, "", "a layer is its name, or name: {argument: value}"),
        ({"Dense": {"unit": 3}}, ".Dense.unit", "Dense has no argument unit; did you mean units?"),
        ({"Dense": "x"}, ".Dense.units", "must be a whole number, at least 1, not 'x'"),
        ({"Dropout": 1.5}, ".Dropout.rate", "must be a number from 0 to below 1, not 1.5"),
        ({"Flatten": {"input_shape": [8, 8]}}, ".Flatten.input_shape", NOT_NEEDED),
        (
            {"Dense": RELLU}, ".Dense.activation",
            "must be an activation of Keras (did you mean relu?), not 'rellu'",
        ),
        (
            {"Bidirectional": {"layer": {"LSTMM": 3}}}, ".Bidirectional.layer",
            f"Keras has no layer 'LSTMM' {IN_LIST} LSTM?",
        ),
        (
            {"Lambda": "x"}, "",
            "Lambda would be Python code in a file that others open; see model.type: python",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_layer_is_said_where_it_stands(layer: Any, key: str, message: str) -> None:
    assert mistakes([layer, "Flatten"]) == [f"model.layers[0]{key}: {message}"]


def test_all_mistakes_are_said_at_once_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "experiment.yaml"
    file.write_text(
        "model:\n  type: layers\n  layers:\n    - Flaten\n    - Dense: {units: 3, use_bais: no}\n"
    )
    with pytest.raises(ExperimentError) as caught:
        load_experiment([file])
    places = [(found.line, found.column) for found in caught.value.mistakes]
    assert places == [(4, 7), (5, 25)]


def test_an_empty_list_is_refused() -> None:
    assert mistakes([]) == [
        "model.layers: [] has no layer; for a network without hidden layers: model: linear"
    ]


@pytest.mark.usefixtures("shared_cache")
def test_a_list_trains_and_is_opened_by_plain_keras(run_cli: Callable[..., Any]) -> None:
    import keras

    text = "{type: layers, layers: [Flatten, Dense: {units: 16, activation: relu}, Dropout: 0.1]}"
    done = run_cli(["train", "--dataset", "digits", "--epochs", "2", "--set", f"model={text}"])
    assert done.exit_code == 0, done.stderr
    model = keras.saving.load_model("runs/1-digits-layers/model.keras")
    answers = model.predict(np.zeros((2, 8, 8, 1), np.float32), verbose=0)
    assert answers.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    again = nncli.train("runs/1-digits-layers/config.yaml")
    assert (
        again.metrics.test
        == json.loads(Path("runs/1-digits-layers/metrics.json").read_text())["test"]
    )
