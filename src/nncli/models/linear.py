"""The linear model: one weight for each number that comes in and each answer."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from nncli.descriptions import FeatureKind, Features, Target
from nncli.models.blocks import regularizer
from nncli.models.fields import L1, L2
from nncli.models.tokens import embedded, mean_of_known, token_input
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["LinearModel", "build"]


class LinearModel(Settings):
    """Logistic or linear regression: a weight for each input, what all else must beat."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = (
        "vector", "image", "spectrogram", "sequence", "tokens",
    )  # fmt: skip
    looks: ClassVar[str] = "weighs every number"

    type: Literal["linear"] = Field(default="linear", description="A linear model.")
    l1: L1 = 0.0
    l2: L2 = 0.0


def build(settings: LinearModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`.

    Of a text it sees how often each word is in it: every word has a weight for each answer, and
    their mean is weighed once more, which is as linear.
    """
    import keras

    penalty = regularizer(settings.l1, settings.l2)
    if inputs.kind == "tokens":
        start = token_input(inputs)
        features = mean_of_known(embedded(start, inputs, len(target.names), penalty), start)
    else:
        start = keras.Input(inputs.shape, name="input")
        features = keras.layers.Flatten(name="flatten")(start)
    return keras.Model(start, add_head(features, target, penalty=penalty), name="network")
