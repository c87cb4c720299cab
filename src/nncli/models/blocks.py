"""What several families are made of: plain Keras layers, put together."""

from __future__ import annotations

from typing import Any

from nncli.models.fields import Activation, Normalization

__all__ = ["dense_block", "normalized", "regularizer"]

# Of the averages that batch normalization answers by. Keras's 0.99 still remembers the first random
# weights after an epoch of a hundred steps.
MOMENTUM = 0.9


def regularizer(l1: float, l2: float) -> Any:
    """Keras's penalty on the weights of a layer; None if there is none."""
    import keras

    return keras.regularizers.L1L2(l1, l2) if l1 or l2 else None


def normalized(features: Any, normalization: Normalization, name: str) -> Any:
    """`features` behind a layer of normalization, whose name is `name`."""
    import keras

    match normalization:
        case "batch":
            return keras.layers.BatchNormalization(momentum=MOMENTUM, name=name)(features)
        case "layer":
            return keras.layers.LayerNormalization(name=name)(features)
        case "none":
            return features


def dense_block(
    features: Any,
    units: int,
    number: int,
    *,
    activation: Activation,
    normalization: Normalization = "none",
    dropout: float = 0.0,
    residual: bool = False,
    penalty: Any = None,
) -> Any:
    """One hidden layer: dense, normalization, activation, dropout; (batch, n) -> (batch, units).

    A residual one is added to what it was given, where that has as many units (He and others,
    2015, https://arxiv.org/abs/1512.03385).
    """
    import keras

    given = features
    plain = normalization == "none"
    features = keras.layers.Dense(
        units,
        activation=activation if plain else None,
        use_bias=normalization != "batch",  # the normalization has one, and takes this one away
        kernel_regularizer=penalty,
        name=f"hidden_{number}",
    )(features)
    if not plain:
        features = normalized(features, normalization, f"normalization_{number}")
        features = keras.layers.Activation(activation, name=f"activation_{number}")(features)
    if dropout:
        features = keras.layers.Dropout(dropout, name=f"dropout_{number}")(features)
    if residual and given.shape[-1] == units:
        features = keras.layers.Add(name=f"residual_{number}")([given, features])
    return features
