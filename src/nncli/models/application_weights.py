"""Weights for a pretrained network, out of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nncli.errors import ModelFileError
from nncli.models.freezing import layers_of
from nncli.preprocessing import archive

__all__ = ["load"]


def load(base: Any, file: Path, *, named: str, made_by: str) -> None:
    """Give `base`, a network without its output, the weights in `file`.

    Args:
        base: the network.
        file: `.weights.h5` or `.h5` as Keras writes them, of the same network without its output;
            or a whole `.keras` file that begins with the same layers.
        named: how an error calls the network.
        made_by: the Python that makes what such a file is saved from.

    Raises:
        ModelFileError: they are damaged, or of another network.
    """
    try:
        if file.suffix == ".keras":
            _copy(archive.open_model(file), base)
        else:
            base.load_weights(file)
    except ModelFileError:
        raise
    except Exception as error:  # Keras and h5py raise anything about a file that does not fit
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelFileError(
            f"{file} does not hold the weights of {named}: {reason}",
            hint=f"What fits is what {made_by} saves with save_weights, and what Keras downloads "
            "for it.",
        ) from error


def _copy(model: Any, base: Any) -> None:
    """Copy weights layer by layer; behind the layers of `base` the model may have an output."""
    wanted, there = _with_weights(base), _with_weights(model)
    if len(there) < len(wanted):
        raise ValueError(f"it has {len(there)} layers with weights, not {len(wanted)}")
    for layer, other in zip(wanted, there, strict=False):
        shapes = [[tuple(weight.shape) for weight in one.weights] for one in (layer, other)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"where {layer.name} has weights of {shapes[0]}, it has {shapes[1]}")
    for layer, other in zip(wanted, there, strict=False):
        layer.set_weights(other.get_weights())
        if hasattr(layer, "finalize_state"):  # layers that were fitted compute from constants
            layer.finalize_state()


def _with_weights(model: Any) -> list[Any]:
    return [layer for layer in layers_of(model) if layer.weights]
