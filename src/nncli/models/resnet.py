"""The residual network of He and others (2015) for small images, as they used it for CIFAR-10."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from nncli.descriptions import FeatureKind, Features, Target
from nncli.models.blocks import normalized, regularizer
from nncli.models.fields import L2, Dropout
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["ResnetModel", "build"]

STAGES = 3
# Sides that the stages are made for; a larger image is halved until it is below.
LARGEST = 64


class ResnetModel(Settings):
    """Convolutions with short cuts around them, in three stages: the better cnn, and slower."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("image", "spectrogram")
    looks: ClassVar[str] = "looks for patterns in pictures"

    type: Literal["resnet"] = Field(default="resnet", description="A residual network.")
    depth: int = Field(
        default=8,
        ge=8,
        le=1202,
        description=(
            "Layers with weights: 8, 14, 20 and so on, 6 for each residual block of a stage and 2 "
            "around them. Deeper fits more and trains slower."
        ),
    )
    width: int = Field(
        default=16,
        ge=1,
        le=4096,
        description=(
            "Filters of the first stage; the second has twice and the third four times as many. "
            "Training takes about the square of it."
        ),
    )
    dropout: Dropout = Field(
        default=0.0, description="Share of the last features silenced while training."
    )
    l2: L2 = 0.0

    @field_validator("depth")
    @classmethod
    def _of_whole_blocks(cls, depth: int) -> int:
        if (depth - 2) % (2 * STAGES):
            below = depth - (depth - 2) % (2 * STAGES)
            raise ValueError(
                f"a residual network has 8, 14, 20 and so on layers, 6 more each time; nearest "
                f"are {below} and {below + 2 * STAGES}"
            )
        return depth


def build(settings: ResnetModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`.

    The mean over the picture comes last, so that few weights depend on its size.
    """
    import keras

    start = keras.Input(inputs.shape, name="input")
    penalty = regularizer(0.0, settings.l2)
    features = _convolved(start, settings.width, "stem", penalty, strides=_strides(inputs))
    features = keras.layers.ReLU(name="stem_activation")(features)
    for stage in range(1, STAGES + 1):
        for block in range(1, (settings.depth - 2) // (2 * STAGES) + 1):
            features = _block(
                features,
                settings.width * 2 ** (stage - 1),
                f"stage_{stage}_block_{block}",
                penalty,
                strides=2 if block == 1 and stage > 1 else 1,
            )
    features = keras.layers.GlobalAveragePooling2D(name="pooling")(features)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout")(features)
    return keras.Model(start, add_head(features, target, penalty=penalty), name="network")


def _strides(inputs: Features) -> int:
    """How many pixels of a large image the first layer sees as one."""
    strides = 1
    while max(inputs.shape[:2]) > LARGEST * strides:
        strides *= 2
    return strides


def _block(features: Any, filters: int, name: str, penalty: Any, *, strides: int) -> Any:
    """Two convolutions, and the short cut around them: itself, or a convolution of single pixels
    where the number of filters or the size changes."""
    import keras

    short = features
    if strides > 1:
        # Every second pixel of every second row: a convolution of single pixels could take such
        # steps itself, but TensorFlow 2.21 overruns its memory there on CPUs, for eight filters.
        halved = keras.layers.AveragePooling2D(1, strides=strides, name=f"{name}_short_pixels")
        short = halved(short)
    if short.shape[-1] != filters:
        short = _convolved(short, filters, f"{name}_short", penalty, size=1)
    features = _convolved(features, filters, f"{name}_1", penalty, strides=strides)
    features = keras.layers.ReLU(name=f"{name}_1_activation")(features)
    features = _convolved(features, filters, f"{name}_2", penalty)
    features = keras.layers.Add(name=f"{name}_sum")([short, features])
    return keras.layers.ReLU(name=f"{name}_activation")(features)


def _convolved(
    features: Any, filters: int, name: str, penalty: Any, *, size: int = 3, strides: int = 1
) -> Any:
    """A convolution and batch normalization; one with larger steps sees twice as far as they go."""
    import keras

    layer = keras.layers.Conv2D(
        filters,
        max(size, 2 * strides - 1),
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=penalty,
        name=name,
    )
    return normalized(layer(features), "batch", f"{name}_normalization")
