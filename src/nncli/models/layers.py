"""Layers of Keras one after the other, as a list in the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, field_validator

from nncli.descriptions import FeatureKind, Features, Target
from nncli.errors import UsageError
from nncli.models.heads import with_output
from nncli.models.layer_list import NESTED, LayerInList, named
from nncli.models.layer_table import LOOKED_UP
from nncli.models.layer_values import CONFIGURABLE, is_configured
from nncli.settings import Settings

__all__ = ["LayersModel", "build"]


class LayersModel(Settings):
    """Any layers of Keras, one after the other."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = get_args(FeatureKind)
    looks: ClassVar[str] = "is whatever its layers are"

    type: Literal["layers"] = Field(default="layers", description="A list of Keras layers.")
    layers: Annotated[tuple[LayerInList, ...], Field(strict=False)] = Field(
        max_length=10_000,
        description=(
            "Keras layers in their order: Flatten, Dropout: 0.2, Dense: {units: 128, activation: "
            "relu}. The output is added, unless the list ends with it."
        ),
    )

    @field_validator("layers")
    @classmethod
    def _are_some(cls, layers: tuple[LayerInList, ...]) -> tuple[LayerInList, ...]:
        if not layers:  # after the layers themselves: a list of mistakes is not an empty one
            raise ValueError("has no layer; for a network without hidden layers: model: linear")
        return layers


def build(settings: LayersModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`.

    Raises:
        UsageError: a layer cannot take what the one before it gives.
    """
    import keras

    dtype = "int32" if inputs.kind == "tokens" else "float32"
    start = features = keras.Input(inputs.shape, dtype=dtype, name="input")
    layers = settings.layers
    if inputs.kind == "tokens" and named(layers[0])[0] != "Embedding":
        raise UsageError(
            "model.layers: a text comes as the numbers of its words, which an Embedding turns into "
            "vectors.",
            hint="Begin the list with: Embedding: {output_dim: 64}",
        )
    for place, layer in enumerate(layers):
        features = _behind(features, place, layer, inputs)
    try:
        return with_output(start, features, target, named="model.layers")
    except ValueError as error:
        raise UsageError(f"model.layers: {_reason(error)}") from error


def _behind(features: Any, place: int, spec: Mapping[str, Any], inputs: Features) -> Any:
    """What a layer makes of `features`."""
    name, _ = named(spec)
    try:
        layer = _made({name: {"name": f"{name.lower()}_{place + 1}", **spec[name]}}, inputs)
    except Exception as error:  # Keras raises anything about arguments that do not fit
        raise UsageError(
            f"model.layers[{place}]: {name} cannot be made: {_reason(error)}"
        ) from error
    try:
        # Of attention the text is the question and the answer.
        both = (features, features) if name == "MultiHeadAttention" else (features,)
        return layer(*both)
    except Exception as error:  # and about what comes in
        raise UsageError(
            f"model.layers[{place}]: {name} cannot take {_shape(features)} for each example: "
            f"{_reason(error)}",
            hint=_advice(name, features),
        ) from error


def _made(spec: Mapping[str, Any], inputs: Features) -> Any:
    """The Keras layer that `spec` describes."""
    import keras

    name, given = named(spec)
    arguments = {key: _argument(key, value, inputs) for key, value in given.items()}
    if name == "Embedding" and inputs.vocabulary is not None:
        arguments.setdefault("input_dim", inputs.vocabulary)
    return getattr(keras.layers, name)(**arguments)


def _argument(key: str, value: Any, inputs: Features) -> Any:
    if key in NESTED:
        return _made(value, inputs)
    if key.endswith(CONFIGURABLE) and is_configured(value):
        [(name, config)] = value.items()
        return _configured(key, name, config)
    return tuple(value) if isinstance(value, list) else value


def _configured(key: str, name: str, config: Any) -> Any:
    """An initializer, a regularizer or a constraint of Keras with its arguments."""
    import keras

    [module] = (LOOKED_UP[kind] for kind in CONFIGURABLE if key.endswith(kind))
    made = getattr(getattr(keras, module), name)
    return made(**config) if isinstance(config, Mapping) else made(config)


def _shape(features: Any) -> str:
    sides = ["any" if side is None else str(side) for side in features.shape[1:]]
    return f"({', '.join(sides)})"


def _reason(error: Exception) -> str:
    """What Keras says, without what it says about itself."""
    text = str(error).strip()
    if "\n\n" in text and text.startswith("Exception encountered"):
        text = text.partition("\n\n")[2]
    first = " ".join(text.partition("\n")[0].replace("\x1b[1m", "").replace("\x1b[0m", "").split())
    for prefix in ("Input 0 of layer", "Input 0 with name"):
        if first.startswith(prefix):
            first = first.partition(": ")[2] or first
    return first[:300] or type(error).__name__


def _advice(name: str, features: Any) -> str | None:
    """What helps where the number of axes does not fit."""
    axes = len(features.shape) - 1
    wanted = next((int(n) for n in "123" if f"{n}D" in name), None)
    if wanted is not None and axes == 1:
        return (
            f"{name} looks along {'steps' if wanted == 1 else 'rows and columns'}: is it behind "
            "a Flatten or a Dense that belongs at the end?"
        )
    if name in ("LSTM", "GRU", "SimpleRNN") and axes == 1:
        return f"A {name} that another follows needs return_sequences: true."
    return None
