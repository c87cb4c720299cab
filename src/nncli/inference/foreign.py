"""Models that nncli did not make: fitting a dataset to what they take and say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nncli.data import Dataset, Split
from nncli.descriptions import ClassTarget, ImageInput
from nncli.errors import ModelFileError
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["fit_inputs", "fit_outputs"]

SCALING_LAYERS = ("Rescaling", "Normalization", "BatchNormalization")


def fit_inputs(
    network: Any,
    dataset: Dataset,
    split: Split,
    pixel_range: tuple[float, float] | None,
    reporter: Reporter,
) -> Split:
    """`split` with its inputs in the shape and range that `network` takes.

    A missing channel axis and flattened pixels are the same numbers and fit; anything else does
    not. Without `pixel_range` the pixels stay as recorded.

    Raises:
        ModelFileError: the shapes do not fit, or the model has several inputs.
    """
    import numpy as np

    if not isinstance(dataset.inputs, ImageInput) or not isinstance(dataset.target, ClassTarget):
        raise ModelFileError(
            f"nncli evaluates models of others on images with classes; {dataset.name} is "
            f"{dataset.inputs}, {dataset.target}."
        )
    maximum = dataset.inputs.maximum
    wanted = getattr(network, "input_shape", None)
    if not isinstance(wanted, tuple):
        raise ModelFileError("The model does not have exactly one input, which nncli needs.")
    stored = split.inputs.shape[1:]
    if len(wanted) == 4:
        fits = all(a is None or a == b for a, b in zip(wanted[1:], stored, strict=True))
    else:
        fits = None not in wanted[1:] and math.prod(wanted[1:]) == math.prod(stored)
        fits = fits and (len(wanted) == 2 or wanted[1:] == stored[:2])
    if not fits:
        raise ModelFileError(
            f"The model takes inputs of shape {wanted[1:]}; {dataset.name} has {stored}.",
            hint="Evaluate on a dataset with the same inputs.",
        )
    inputs = split.examples
    if len(wanted) != 4:
        inputs = inputs.reshape(len(inputs), *wanted[1:])
    if pixel_range is not None:
        low, high = pixel_range
        inputs = low + inputs.astype(np.float32) * ((high - low) / maximum)
    elif not any(type(layer).__name__ in SCALING_LAYERS for layer in network.layers):
        reporter.warning(
            f"This model gets pixels from 0 to {maximum:g}, as they are recorded, "
            "and has no layer that scales them. If it was trained on 0 to 1, add: "
            "--pixel-range 0,1"
        )
    return Split(inputs, split.labels)


def fit_outputs(
    outputs: NDArray[np.float32], classes: int, reporter: Reporter
) -> NDArray[np.float32]:
    """Class probabilities, shape (n, classes), from what a foreign model says.

    Rows that sum to 1 are probabilities; others are taken for logits. A single output is that of
    the second of two classes. Classes are matched by position.

    Raises:
        ModelFileError: the number of outputs is not the number of classes.
    """
    import numpy as np

    outputs = outputs.reshape(len(outputs), -1).astype(np.float32)
    within = bool(((outputs >= 0) & (outputs <= 1)).all())
    if classes == 2 and outputs.shape[1] == 1:
        second = outputs if within else 1 / (1 + np.exp(-outputs))
        return np.concatenate([1 - second, second], axis=1)
    if outputs.shape[1] != classes:
        raise ModelFileError(
            f"The model says {counted(outputs.shape[1], 'number')} for each example; "
            f"the dataset has {classes} classes."
        )
    reporter.notice(
        "nncli did not make this model: its outputs are matched to classes by position."
    )
    if within and np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        return outputs
    exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    result: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result
