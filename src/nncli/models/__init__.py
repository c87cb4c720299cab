"""Model families: one file each, its settings and its `build()` together."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from nncli.descriptions import Features, Target
from nncli.models import cnn, layers, mlp
from nncli.models.cnn import CnnModel
from nncli.models.layers import LayersModel
from nncli.models.mlp import MlpModel

__all__ = ["CnnModel", "LayersModel", "MlpModel", "ModelSettings", "build", "expand"]

# The registry: a new family is a file in this folder and one name here.
ModelSettings = Annotated[MlpModel | CnnModel | LayersModel, Field(discriminator="type")]


def expand(value: Any) -> Any:
    """Write the short form of a model (`mlp`) in full."""
    return {"type": value} if isinstance(value, str) else value


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
