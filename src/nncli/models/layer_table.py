"""The layers of Keras that can stand in a list, with their arguments, known without Keras.

The table is shipped; `python docs/generate_layers.py` writes it from the installed version, and a
test compares.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

__all__ = [
    "EVERYWHERE", "LOOKED_UP", "OTHERS", "arguments_of", "layer_names", "names_of", "table",
]  # fmt: skip

PLACE = "keras_layers.json"
# What Keras has names for, by the end of the arguments that take them; the module that knows them.
LOOKED_UP = {
    "activation": "activations",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
}
# An argument for one of a few words, although its default is none of them.
FOR_WORDS = ("data_format",)
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
    """`layers`: of each layer its arguments, as `arguments_of` has them; `names`: what Keras looks
    up, as `names_of` has it."""
    from importlib.resources import files

    text = files("nncli.models").joinpath(PLACE).read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def layer_names() -> list[str]:
    """The layers that can stand in a list."""
    return list(table()["layers"])


def arguments_of(layer: str) -> dict[str, dict[str, Any]]:
    """The arguments of a layer in their order: each with its `default`, unless it must be given;
    `words`, if it must be one of them; `any_case`, if capitals mean the same in it."""
    arguments: dict[str, dict[str, Any]] = table()["layers"][layer]
    return arguments


def names_of(kind: str) -> dict[str, list[str]]:
    """The names of what Keras looks up of a kind, `activation` or another of `LOOKED_UP`: those
    that may stand `alone`, and the `classes`, which take arguments."""
    names: dict[str, list[str]] = table()["names"][kind]
    return names


def of_keras() -> dict[str, Any]:
    """The table of the installed Keras."""
    import inspect

    import keras

    def is_listed(name: str, layer: Any) -> bool:
        if not (inspect.isclass(layer) and issubclass(layer, keras.layers.Layer)):
            return False
        group = layer.__module__.removeprefix("keras.src.layers.").partition(".")[0]
        in_group = name in ALONE or group in SHARED
        return in_group and name not in OTHERS and name != "SpectralNormalization"

    candidates = ((name, getattr(keras.layers, name)) for name in sorted(dir(keras.layers)))
    layers = {name: _arguments(layer) for name, layer in candidates if is_listed(name, layer)}
    return {"layers": layers, "names": {kind: _names(LOOKED_UP[kind]) for kind in LOOKED_UP}}


@cache
def _arguments(layer: Any) -> dict[str, dict[str, Any]]:
    import inspect

    from nncli.models.layer_words import words_of

    found = {}
    for parameter in list(inspect.signature(layer.__init__).parameters.values())[1:]:
        named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if not named or parameter.name in (*EVERYWHERE, "weights"):
            continue
        given = parameter.default is not parameter.empty
        found[parameter.name] = {"default": parameter.default} if given else {}
    needed = [name for name, argument in found.items() if not argument]
    for name, argument in found.items():
        is_word = isinstance(argument.get("default"), str) or name in FOR_WORDS
        if is_word and not name.endswith(tuple(LOOKED_UP)):
            argument.update(words_of(layer, needed, name))
    return found


def _names(module: str) -> dict[str, list[str]]:
    import importlib
    import inspect

    import keras

    public = getattr(keras, module)

    def stands_alone(name: str) -> bool:
        try:
            return callable(public.get(name))
        except Exception:  # what lacks its arguments raises anything
            return False

    candidates = importlib.import_module(f"keras.src.{module}").ALL_OBJECTS_DICT
    classes = (name for name in dir(public) if inspect.isclass(getattr(public, name)))
    return {"alone": sorted(filter(stands_alone, candidates)), "classes": list(classes)}
