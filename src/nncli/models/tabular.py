"""A network for tables: an embedding for each column, then dense layers with residual blocks."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from nncli.descriptions import Block, FeatureKind, Features, Target
from nncli.models.blocks import normalized, regularizer
from nncli.models.fields import L2, Activation, Dropout, Normalization, Units
from nncli.objectives import add_head
from nncli.settings import Settings

__all__ = ["TabularModel", "build"]

# A table with more numbers than this would get most of its weights from their embeddings.
MOST_PERIODIC = 200
MOST_CATEGORY_UNITS = 32


class TabularModel(Settings):
    """Learns vectors for categories and numbers of a table, and mixes them in residual blocks."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("vector",)
    looks: ClassVar[str] = "gives every column of a table a vector"

    type: Literal["tabular"] = Field(default="tabular", description="A network for tables.")
    units: Units = Field(default=128, description="Units of each residual block.")
    blocks: int = Field(
        default=2, ge=0, le=1000, description="Residual blocks, each of two dense layers."
    )
    activation: Activation = "relu"
    normalization: Normalization = "batch"
    dropout: Dropout = 0.1
    l2: L2 = 0.0
    category_units: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None,
        description=(
            "Numbers that stand for each category; null: more for columns of more categories, "
            f"{MOST_CATEGORY_UNITS} at most."
        ),
    )
    frequencies: Annotated[int, Field(ge=0, le=10_000)] | None = Field(
        default=None,
        description=(
            "Waves through which each number is seen beside itself, so that small differences "
            f"count; 0 for none; null: 16, or none in tables of more than {MOST_PERIODIC} numbers."
        ),
    )
    frequency_range: float = Field(
        default=0.3,
        gt=0,
        le=1000,
        description=(
            "Standard deviation of the first frequencies, in waves for each standard deviation of "
            "a number; more sees finer differences and overfits more."
        ),
    )
    number_units: Units = Field(
        default=8, description="Numbers that stand for each number that is seen through waves."
    )


def build(settings: TabularModel, inputs: Features, target: Target) -> Any:
    """Build the network; see `nncli.models.build`.

    A category's embedding is a dense layer over its one-hot block, which is the same as a look-up.
    The blocks are those of Gorishniy and others (2021, https://arxiv.org/abs/2106.11959).
    """
    import keras

    penalty = regularizer(0.0, settings.l2)
    start = keras.Input(inputs.shape, name="input")
    vector = start if len(inputs.shape) == 1 else keras.layers.Flatten(name="flatten")(start)
    parts = []
    numbers = inputs.categories[0].start if inputs.categories else vector.shape[-1]
    if numbers:
        whole = numbers == vector.shape[-1]
        measured = vector if whole else vector[:, :numbers]
        parts += [measured, *_waves(settings, measured)]
    for number, block in enumerate(inputs.categories, start=1):
        units = settings.category_units or _category_units(block)
        layer = keras.layers.Dense(units, use_bias=False, name=f"category_{number}")
        parts.append(layer(vector[:, block.start : block.start + block.width]))
    features = keras.layers.Concatenate(name="columns")(parts) if len(parts) > 1 else parts[0]
    features = keras.layers.Dense(settings.units, kernel_regularizer=penalty, name="hidden")(
        features
    )
    for number in range(1, settings.blocks + 1):
        features = _residual_block(settings, features, number, penalty)
    features = normalized(features, settings.normalization, "normalization_output")
    features = keras.layers.Activation(settings.activation, name="activation_output")(features)
    return keras.Model(start, add_head(features, target, penalty=penalty), name="network")


def _category_units(block: Block) -> int:
    """A rule of thumb (fastai's): two for two categories, 22 for a hundred."""
    return min(MOST_CATEGORY_UNITS, max(1, round(1.6 * math.pow(block.width, 0.56))))


def _waves(settings: TabularModel, numbers: Any) -> list[Any]:
    """A vector for each of `numbers`, side by side, (batch, numbers * units); none if there are no
    frequencies.

    Periodic embeddings (Gorishniy and others, 2022, https://arxiv.org/abs/2203.05556): sine and
    cosine at learned frequencies, and a dense layer for each number.
    """
    import keras
    from keras import ops

    count = numbers.shape[-1]
    frequencies = settings.frequencies
    if frequencies is None:
        frequencies = 16 if count <= MOST_PERIODIC else 0
    if not frequencies:
        return []
    waves = keras.layers.EinsumDense(
        "bn,nf->bnf",
        output_shape=(count, frequencies),
        kernel_initializer=keras.initializers.RandomNormal(stddev=settings.frequency_range),
        name="frequencies",
    )(numbers)
    waves = waves * (2 * math.pi)
    both = ops.concatenate([ops.sin(waves), ops.cos(waves)], axis=-1)
    vectors = keras.layers.EinsumDense(
        "bnf,nfu->bnu",
        output_shape=(count, settings.number_units),
        bias_axes="nu",
        activation=settings.activation,
        # Glorot's rule counts all numbers together, though each has weights of its own.
        kernel_initializer=keras.initializers.RandomNormal(stddev=(2 * frequencies) ** -0.5),
        name="numbers",
    )(both)
    return [keras.layers.Flatten(name="of_numbers")(vectors)]


def _residual_block(settings: TabularModel, features: Any, number: int, penalty: Any) -> Any:
    """Normalization, dense, activation, dropout, dense, dropout, added to what was given."""
    import keras

    given = features
    features = normalized(features, settings.normalization, f"normalization_{number}")
    layer = keras.layers.Dense(
        settings.units,
        activation=settings.activation,
        kernel_regularizer=penalty,
        name=f"block_{number}_in",
    )
    features = layer(features)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}_in")(features)
    layer = keras.layers.Dense(
        settings.units, kernel_regularizer=penalty, name=f"block_{number}_out"
    )
    features = layer(features)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}_out")(features)
    return keras.layers.Add(name=f"residual_{number}")([given, features])
