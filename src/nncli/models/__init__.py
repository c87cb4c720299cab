"""Model families: one file each, its settings and its `build()` together."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field

from nncli.descriptions import Features, Target
from nncli.functions import plug_in
from nncli.models import cnn, layers, mlp, python
from nncli.models.cnn import CnnModel
from nncli.models.layers import LayersModel
from nncli.models.mlp import MlpModel
from nncli.models.python import PythonModel

__all__ = ["CnnModel", "LayersModel", "MlpModel", "ModelSettings", "PythonModel", "build", "expand"]

# The registry: a new family is a file in this folder and one name here.
ModelSettings = Annotated[
    MlpModel | CnnModel | LayersModel | PythonModel, Field(discriminator="type")
]

FAMILIES = tuple(
    str(member.model_fields["type"].default) for member in get_args(get_args(ModelSettings)[0])
)
PLUG_INS = "nncli.models"  # the entry-point group in which packages offer functions


def expand(value: Any) -> Any:
    """Write the short form of a model (`mlp`) in full; the name of a plug-in as its function."""
    full = {"type": value} if isinstance(value, str) else value
    if isinstance(full, dict) and full.get("type") not in FAMILIES:
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
        UsageError: the family cannot see such inputs.
    """
    match settings:
        case MlpModel():
            return mlp.build(settings, inputs, target)
        case CnnModel():
            return cnn.build(settings, inputs, target)
        case LayersModel():
            return layers.build(settings, inputs, target)
        case PythonModel():
            return python.build(settings, inputs, target)
