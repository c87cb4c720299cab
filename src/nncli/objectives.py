"""What follows from a target: the head of the network, its loss, its metrics, its answer."""

from __future__ import annotations

from typing import Any

from nncli.descriptions import ClassTarget

__all__ = ["add_answer", "add_head", "compile_for_answers", "compile_for_training"]


def add_head(features: Any, target: ClassTarget) -> Any:
    """Add the last layer of the trained network: one logit a class, shape (batch, classes)."""
    import keras

    return keras.layers.Dense(len(target.names), name="logits")(features)


def add_answer(logits: Any) -> Any:
    """Turn logits into the probabilities that the saved model answers with."""
    import keras

    return keras.layers.Softmax(name="probabilities")(logits)


def compile_for_training(network: Any, optimizer: Any, **settings: Any) -> None:
    """Compile a network that ends in logits: the softmax is part of the loss, which is exact
    where probabilities would be rounded to 0."""
    import keras

    network.compile(
        optimizer=optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        **settings,
    )


def compile_for_answers(model: Any) -> None:
    """Compile a model that ends in probabilities, so that plain Keras can `evaluate` it.

    The optimizer is Keras's plain SGD, which has no state: the file stays as small as its weights.
    """
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
