"""A network as boxes of a diagram: what is in front of it, its layers, what is behind."""

from __future__ import annotations

from collections.abc import Sequence

from nncli.drawing.networks import Box
from nncli.models.anatomy import Layer, shown
from nncli.reporting import counted

__all__ = ["boxes_of"]


def boxes_of(layers: Sequence[Layer], *, inputs: str, preprocessing: str, answer: str) -> list[Box]:
    """The boxes, each behind those it takes from.

    Args:
        layers: of the network, from its inputs on.
        inputs: what goes in, in words.
        preprocessing: what is done to that, in words.
        answer: what is done to what the network says, in words.
    """
    boxes = [Box(inputs, "in front", preprocessing, "", (), around=True)]
    for layer in layers:
        parameters = counted(layer.parameters, "parameter") if layer.parameters else ""
        parameters += ", frozen" if layer.is_frozen else ""
        # What is in front stands before all of them.
        sources = tuple(source + 1 for source in layer.sources) or (0,)
        boxes.append(Box(layer.name, layer.kind, shown(layer.shape), parameters, sources))
    boxes.append(Box("answer", "behind", answer, "", (len(boxes) - 1,), around=True))
    return boxes
