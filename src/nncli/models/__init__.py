"""Model families: one file each, its settings and its `build()` together."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field

from nncli.descriptions import FeatureKind, Features, Target
from nncli.errors import UsageError
from nncli.functions import plug_in
from nncli.models import (
    cnn,
    layers,
    linear,
    mlp,
    python,
    resnet,
    rnn,
    tabular,
    text_cnn,
    transformer,
)
from nncli.models.cnn import CnnModel
from nncli.models.layers import LayersModel
from nncli.models.linear import LinearModel
from nncli.models.mlp import MlpModel
from nncli.models.python import PythonModel
from nncli.models.resnet import ResnetModel
from nncli.models.rnn import RnnModel
from nncli.models.tabular import TabularModel
from nncli.models.text_cnn import TextCnnModel
from nncli.models.transformer import TransformerModel

__all__ = [
    "CnnModel",
    "LayersModel",
    "LinearModel",
    "MlpModel",
    "ModelSettings",
    "PythonModel",
    "ResnetModel",
    "RnnModel",
    "TabularModel",
    "TextCnnModel",
    "TransformerModel",
    "build",
    "expand",
    "families",
    "families_for",
]

# The registry: a new family is a file in this folder and one name here.
ModelSettings = Annotated[
    LinearModel
    | MlpModel
    | CnnModel
    | ResnetModel
    | RnnModel
    | TextCnnModel
    | TransformerModel
    | TabularModel
    | LayersModel
    | PythonModel,
    Field(discriminator="type"),
]

PLUG_INS = "nncli.models"  # the entry-point group in which packages offer functions

# What features are, in a sentence about what a family cannot take.
_GIVEN: dict[FeatureKind, str] = {
    "image": "images",
    "spectrogram": "sound",
    "vector": "the columns of a table or vector",
    "sequence": "sequences of numbers",
    "tokens": "texts",
}


def families() -> dict[str, tuple[FeatureKind, ...]]:
    """Every type of model, and the kinds of features that it takes."""
    members = get_args(get_args(ModelSettings)[0])
    return {member.model_fields["type"].default: member.kinds for member in members}


def families_for(kind: FeatureKind) -> list[str]:
    """The types of models that take features of `kind`."""
    return [name for name, kinds in families().items() if kind in kinds]


def expand(value: Any) -> Any:
    """Write the short form of a model (`mlp`) in full; the name of a plug-in as its function."""
    full = {"type": value} if isinstance(value, str) else value
    if isinstance(full, dict) and full.get("type") not in families():
        function = plug_in(PLUG_INS, full.get("type"))
        if function is not None:
            return {**full, "type": "python", "build": function}
    return full


def build(settings: ModelSettings, inputs: Features, target: Target) -> Any:
    """Build the network of `settings` from preprocessed inputs to what `add_head` ends in.

    Args:
        settings: which family, and its settings.
        inputs: the preprocessed input.
        target: what the network must say.

    Returns:
        An uncompiled `keras.Model`, (batch, *inputs.shape) -> (batch, classes, labels or values).

    Raises:
        UsageError: the family cannot see such inputs, or not with these settings.
    """
    if inputs.kind not in settings.kinds:
        raise UsageError(
            f"model: {settings.type} {settings.looks} and cannot take {_GIVEN[inputs.kind]}.",
            hint=f"Families that fit: {', '.join(families_for(inputs.kind))}.",
        )
    match settings:
        case LinearModel():
            return linear.build(settings, inputs, target)
        case MlpModel():
            return mlp.build(settings, inputs, target)
        case CnnModel():
            return cnn.build(settings, inputs, target)
        case LayersModel():
            return layers.build(settings, inputs, target)
        case PythonModel():
            return python.build(settings, inputs, target)
        case ResnetModel():
            return resnet.build(settings, inputs, target)
        case RnnModel():
            return rnn.build(settings, inputs, target)
        case TextCnnModel():
            return text_cnn.build(settings, inputs, target)
        case TransformerModel():
            return transformer.build(settings, inputs, target)
        case TabularModel():
            return tabular.build(settings, inputs, target)
