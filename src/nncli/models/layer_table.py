"""The layers of Keras that can stand in a list, with their arguments, known without Keras.

The table is shipped; `python docs/generate_layers.py` writes it from the installed version, and a
test compares.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

__all__ = ["EVERYWHERE", "OTHERS", "activations", "arguments_of", "layer_names", "table"]

PLACE = "keras_layers.json"
# Arguments that every layer has.
EVERYWHERE = ("name", "dtype", "trainable")
SHARED = ("activations", "convolutional", "normalization", "pooling", "regularization", "reshaping")
ALONE = (
    "Bidirectional", "CenterCrop", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Dense", "EinsumDense",
    "Embedding", "GRU", "Identity", "LSTM", "Masking", "MultiHeadAttention", "Rescaling",
    "Resizing", "SimpleRNN", "TimeDistributed",
)  # fmt: skip
# Why a layer that Keras has cannot stand in a list.
MERGES = "takes several inputs, and a list is one layer after the other; see model.type: python"
OTHERS = {
    **dict.fromkeys(
        ("Add", "Attention", "AdditiveAttention", "Average", "Concatenate", "Dot", "Maximum",
         "Minimum", "Multiply", "Subtract", "GroupQueryAttention"), MERGES,
    ),
    "Input": "is not needed: what goes in follows from the dataset",
    "InputLayer": "is not needed: what goes in follows from the dataset",
    "Lambda": "would be Python code in a file that others open; see model.type: python",
    **dict.fromkeys(
        ("Normalization", "StringLookup", "IntegerLookup", "TextVectorization", "CategoryEncoding",
         "Discretization", "Hashing", "HashedCrossing", "MelSpectrogram", "STFTSpectrogram"),
        "is preprocessing, which nncli fits to the dataset and puts in front by itself",
    ),
    **dict.fromkeys(
        ("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast",
         "RandomBrightness", "RandomCrop", "RandAugment", "MixUp", "CutMix"),
        "is augmentation; see dataset.augment",
    ),
}  # fmt: skip


@cache
def table() -> dict[str, Any]:
    """`layers`: of each layer its arguments with their defaults, without one what must be given;
    `activations`: their names."""
    from importlib.resources import files

    text = files("nncli.models").joinpath(PLACE).read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def layer_names() -> list[str]:
    """The layers that can stand in a list."""
    return list(table()["layers"])


def arguments_of(layer: str) -> dict[str, dict[str, Any]]:
    """The arguments of a layer in their order: `{}` for one that must be given."""
    arguments: dict[str, dict[str, Any]] = table()["layers"][layer]
    return arguments


def activations() -> list[str]:
    """The names of activation functions."""
    names: list[str] = table()["activations"]
    return names


def of_keras() -> dict[str, Any]:
    """The table of the installed Keras."""
    import inspect

    import keras

    def is_listed(name: str, layer: Any) -> bool:
        group = layer.__module__.removeprefix("keras.src.layers.").partition(".")[0]
        return name in ALONE or group in SHARED

    layers = {}
    for name in sorted(dir(keras.layers)):
        layer = getattr(keras.layers, name)
        if not (inspect.isclass(layer) and issubclass(layer, keras.layers.Layer)):
            continue
        if is_listed(name, layer) and name not in OTHERS and name != "SpectralNormalization":
            layers[name] = _arguments(layer)
    functions = (name for name in dir(keras.activations) if name[0].islower())
    skipped = ("get", "serialize", "deserialize")
    return {"layers": layers, "activations": [name for name in functions if name not in skipped]}


def _arguments(layer: Any) -> dict[str, dict[str, Any]]:
    import inspect

    found = {}
    for parameter in list(inspect.signature(layer.__init__).parameters.values())[1:]:
        named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if not named or parameter.name in (*EVERYWHERE, "weights"):
            continue
        given = parameter.default is not parameter.empty
        found[parameter.name] = {"default": parameter.default} if given else {}
    return found
