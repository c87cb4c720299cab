"""What the arguments of layers may be, known without Keras."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nncli.config import Layer, load_experiment
from nncli.descriptions import ClassTarget, Features
from nncli.errors import ExperimentError, UsageError
from nncli.models import LayersModel, build, layer_table, layer_values

IMAGES = Features(kind="image", shape=(8, 8, 1))
STEPS = Features(kind="sequence", shape=(6, 3))
TWO = ClassTarget(names=("no", "yes"))


def said(layer: str, arguments: dict[str, Any]) -> str:
    with pytest.raises(ExperimentError) as caught:
        load_experiment([], Layer({"model": {"type": "layers", "layers": [{layer: arguments}]}}))
    [mistake] = caught.value.mistakes
    assert mistake.key.startswith(f"model.layers[0].{layer}.")
    return mistake.message


def network(*layers: Any, inputs: Features = IMAGES) -> Any:
    return build(LayersModel(layers=[*layers, "Flatten"]), inputs, TWO)


def test_the_default_of_every_argument_of_every_layer_passes() -> None:
    refused = [
        (layer, key)
        for layer in layer_table.layer_names()
        for key, argument in layer_table.arguments_of(layer).items()
        if "default" in argument and layer_values.wrong(key, argument["default"], argument)
    ]
    assert not refused


@pytest.mark.parametrize("kind", layer_table.LOOKED_UP)
def test_every_name_that_keras_looks_up_passes_and_nothing_is_one_too(kind: str) -> None:
    for name in layer_table.names_of(kind)["alone"]:
        assert layer_values.wrong(kind, name, {}) is None
        assert layer_values.wrong(kind, {"class_name": name, "config": {}}, {}) is None
    for name in layer_table.names_of(kind)["classes"]:
        assert layer_values.wrong(kind, {name: {}}, {}) is None
    assert layer_values.wrong(kind, None, {"default": "relu"}) is None


@pytest.mark.parametrize(
    ("layer", "arguments", "message"),
    [
        (
            "Conv2D", {"filters": 8, "kernel_size": 3, "padding": "sam"},
            "must be same or valid (did you mean same?), not 'sam'",
        ),
        (
            "Conv2D", {"filters": 8, "kernel_size": 3, "padding": "causal"},
            "must be same or valid, not 'causal'",
        ),
        (
            "Flatten", {"data_format": "chanels_last"},
            "must be channels_first or channels_last (did you mean channels_last?), not "
            "'chanels_last'",
        ),
        (
            "UpSampling2D", {"interpolation": "bilinar"},
            "must be area, bicubic, bilinear, lanczos3, lanczos5 or nearest (did you mean "
            "bilinear?), not 'bilinar'",
        ),
        (
            "Bidirectional", {"layer": {"LSTM": 3}, "merge_mode": "summ"},
            "must be ave, concat, mul or sum (did you mean sum?), not 'summ'",
        ),
        ("LSTM", {"units": 3, "use_cudnn": 7}, "must be auto, true or false, not 7"),
        (
            "Dense", {"units": 8, "kernel_initializer": "he_norml"},
            "must be an initializer of Keras (did you mean he_normal?), not 'he_norml'",
        ),
        (
            "Dense", {"units": 8, "kernel_initializer": "HeNorml"},
            "must be an initializer of Keras (did you mean HeNormal?), not 'HeNorml'",
        ),
        (
            "Dense", {"units": 8, "kernel_regularizer": "l3"},
            "must be a regularizer of Keras (l1, l1l2, l2, orthogonal_regularizer), not 'l3'",
        ),
        (
            "Dense", {"units": 8, "kernel_regularizer": 0.01},
            "must be a regularizer of Keras (l1, l1l2, l2, orthogonal_regularizer), not 0.01",
        ),
        (
            "Dense", {"units": 8, "kernel_regularizer": {"L1": 1, "L2": 1}},
            "must be the name of a regularizer, not {'L1': 1, 'L2': 1}",
        ),
        (
            "Dense", {"units": 8, "kernel_constraint": {"MaxNrm": 2}},
            "must be a constraint of Keras (did you mean MaxNorm?), not {'MaxNrm': 2}",
        ),
        (
            "Dense", {"units": 8, "kernel_constraint": {"class_name": "MaxNrm", "config": {}}},
            "must be a constraint of Keras (did you mean MaxNorm?), not {'class_name': 'MaxNrm', "
            "'config': {}}",
        ),
        (
            "Dense", {"units": 8, "bias_initializer": "constant"},
            "needs arguments: write bias_initializer: {constant: ...}, not 'constant'",
        ),
        (
            "Dense", {"units": 8, "activation": {"relu": 1}},
            "must be the name of an activation, not {'relu': 1}",
        ),
    ],
)  # fmt: skip
def test_a_value_that_keras_would_not_know_is_said(
    layer: str, arguments: dict[str, Any], message: str
) -> None:
    assert said(layer, arguments) == message


def test_what_keras_takes_is_built() -> None:
    convolution = {
        "filters": 4, "kernel_size": 3, "padding": "SAME", "kernel_initializer": "HeNormal",
        "bias_initializer": {"Constant": 0.5}, "bias_regularizer": None, "activation": None,
        "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.5}},
    }  # fmt: skip
    [layer] = [
        layer
        for layer in network({"Conv2D": convolution}).layers
        if type(layer).__name__ == "Conv2D"
    ]
    assert layer.padding == "same"
    assert layer.get_weights()[1].tolist() == [0.5] * 4
    assert float(layer.kernel_regularizer.l2) == 0.5


@pytest.mark.parametrize("mode", ["ave", "concat", "mul", "sum"])
def test_both_directions_are_merged_in_every_way(mode: str) -> None:
    both = {"layer": {"GRU": {"units": 3, "use_cudnn": False}}, "merge_mode": mode}
    made = network({"Bidirectional": both}, inputs=STEPS)
    assert made.layers[1].output.shape == (None, 6 if mode == "concat" else 3)


def test_an_argument_that_cannot_be_known_wrong_is_said_without_what_came_in() -> None:
    with pytest.raises(UsageError) as caught:
        network({"Conv2D": {"filters": 4, "kernel_size": "wide"}})
    assert caught.value.message.startswith("model.layers[0]: Conv2D cannot be made: ")
    assert "kernel_size" in caught.value.message


def test_names_are_checked_with_their_line_before_keras_is_imported() -> None:
    Path("e.yaml").write_text(
        "dataset: digits\nmodel:\n  type: layers\n  layers:\n    - Flatten\n"
        "    - Dense: {units: 8, kernel_initializer: he_norml}\n"
    )
    code = (
        "import sys\nfrom nncli.cli import main\n"
        "assert main(['train', '-c', 'e.yaml']) == 2\n"
        "assert not {'keras', 'tensorflow', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "e.yaml:6:25  model.layers[1].Dense.kernel_initializer: must be" in done.stderr
