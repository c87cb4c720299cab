"""The part of a saved model that takes cached arrays, and what it says about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli import preprocessing
from nncli.data import Split
from nncli.data.pipelines import Feed
from nncli.models.cost import largest_bytes
from nncli.objectives import ANSWER, TEMPERATURE
from nncli.preprocessing.archive import ModelDescription

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BATCH_SIZE",
    "answers",
    "batch_size_for",
    "logits_for_arrays",
    "model_for_arrays",
    "penalty",
]

BATCH_SIZE = 1024
BATCH_BYTES = 1_000_000_000  # of the largest layer's output; what a laptop has to spare


def batch_size_for(network: Any, most: int = BATCH_SIZE) -> int:
    """How many examples a network is asked about at once: `most`, a power of two, or fewer if what
    one layer says about them would take too much memory."""
    fitting = BATCH_BYTES // max(largest_bytes(network), 1)
    return min(most, 1 << (max(fitting, 1).bit_length() - 1))


def answers(network: Any, split: Split, feed: Feed | None = None) -> NDArray[np.float32]:
    """What `network` says about every example of `split`, shape (size, classes), float32."""
    feed = feed or Feed()
    batches = feed.ordered(split, batch_size_for(network))
    with feed.reading():
        result: NDArray[np.float32] = network.predict(batches, verbose=0)
    return result


def penalty(network: Any) -> float:
    """What the size of the weights adds to the loss that `network` is trained with (l1, l2)."""
    import keras

    return float(sum(float(keras.ops.convert_to_numpy(loss)) for loss in network.losses))


def model_for_arrays(model: Any, description: ModelDescription) -> Any:
    """The part of a saved model that takes a dataset's cached arrays."""
    import keras

    start = preprocessing.cached_input(description.preprocessing)
    return keras.Model(start, model.get_layer(ANSWER)(_logits(model, description, start)))


def logits_for_arrays(model: Any, description: ModelDescription) -> Any:
    """The same without the last step: what the answer is made of."""
    import keras

    start = preprocessing.cached_input(description.preprocessing)
    return keras.Model(start, _logits(model, description, start))


def _logits(model: Any, description: ModelDescription, start: Any) -> Any:
    outputs = model.get_layer("network")(preprocessing.unpacked(description.preprocessing, start))
    for layer in model.layers:
        if layer.name == TEMPERATURE:
            outputs = layer(outputs)
    return outputs
