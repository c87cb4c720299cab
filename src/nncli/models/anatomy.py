"""What a network is made of: its layers in their order, in plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nncli.models.cost import call_flops, nodes
from nncli.reporting import counted

__all__ = ["Layer", "layers_of", "shown"]


@dataclass(frozen=True)
class Layer:
    """A layer, an operation that joins several, or a whole model inside.

    Attributes:
        name: the layer's.
        kind: the class of Keras; `154 layers` for a model inside.
        shape: of what it says of one example; None for a side that varies. Of a layer that says
            several things, the shape of the first.
        parameters: its weights; 0 where a layer that stands above is used again.
        trained: those of them that training changes.
        flops: operations of one example's forward pass, in matrix products alone; None where Keras
            does not say what is inside.
        sources: where the layers stand in the list that it takes from.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    trained: int
    flops: int | None
    sources: tuple[int, ...]

    @property
    def is_frozen(self) -> bool:
        """Whether it has weights, and training changes none of them."""
        return self.parameters > 0 and not self.trained


def shown(shape: tuple[int | None, ...]) -> str:
    """A shape for people: `28 x 28 x 1`."""
    return " x ".join("any" if side is None else f"{side:,}" for side in shape) or "1"


def layers_of(network: Any) -> list[Layer]:
    """The layers of a functional Keras model, each behind those it takes from.

    Operations without a layer (`a + b`, a cast) are only there where they join what several layers
    say; others are passed through.
    """
    found: list[Layer] = []
    # Of each operation, by its node: where those stand whose output it gives or passes on.
    places: dict[int, tuple[int, ...]] = {}
    seen: set[int] = set()
    for node in nodes(network):
        operation = node.operation
        sources = _sources(node, places)
        if not _is_layer(operation) and len(sources) < 2:
            places[id(node)] = sources
            continue
        places[id(node)] = (len(found),)
        found.append(_layer(operation, node, sources, again=id(operation) in seen))
        seen.add(id(operation))
    return found


def _sources(node: Any, places: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for parent in node.parent_nodes:
        found |= dict.fromkeys(places[id(parent)])
    return tuple(found)


def _is_layer(operation: Any) -> bool:
    import keras

    return isinstance(operation, keras.layers.Layer)


def _layer(operation: Any, node: Any, sources: Sequence[int], *, again: bool) -> Layer:
    weights = [] if again else getattr(operation, "weights", [])
    trained = [] if again else getattr(operation, "trainable_weights", [])
    return Layer(
        name=operation.name,
        kind=_kind(operation),
        shape=tuple(node.outputs[0].shape[1:]),
        parameters=_count(weights),
        trained=_count(trained),
        flops=_flops(node),
        sources=tuple(sources),
    )


def _kind(operation: Any) -> str:
    inside = getattr(operation, "layers", None)
    if inside is None:
        return type(operation).__name__
    return counted(len(inside), "layer")


def _flops(node: Any) -> int | None:
    """None for a model whose layers were called where Keras does not follow them."""
    import keras

    operation = node.operation
    if not _is_layer(operation):
        return 0
    is_followed = isinstance(operation, keras.Sequential) or hasattr(operation, "operations")
    unseen = hasattr(operation, "layers") and not is_followed
    return None if unseen and operation.weights else call_flops(node)


def _count(weights: Sequence[Any]) -> int:
    return sum(int(math.prod(weight.shape)) for weight in weights)
