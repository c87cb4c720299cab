"""A pretrained network of KerasHub that looks at images, and what it wants to be done to pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nncli.errors import ModelFileError, UsageError
from nncli.models.hub_loading import backbone_of, damaged, described
from nncli.models.hub_presets import CONFIGURATION, CONVERTER, Preset
from nncli.reporting import Reporter

__all__ = ["as_wanted", "load", "size_of"]


def size_of(
    preset: Preset, wanted: tuple[int, int] | None, own: tuple[int, int]
) -> tuple[int, int]:
    """Height and width that the network of `preset` sees.

    Args:
        preset: whose files are there.
        wanted: what the experiment asks for.
        own: of the images, for a preset that says nothing.

    Raises:
        ModelFileError: the preset is damaged.
        UsageError: the network takes images of one size, and not of that which is asked for.
    """
    height, width, *_ = described(preset, CONFIGURATION)[1].get("image_shape") or (None, None)
    if height is not None and width is not None:
        fixed = (int(height), int(width))
        if wanted not in (None, fixed):
            raise UsageError(
                f"model.image_size: {preset.name} takes images of {fixed[0]} x {fixed[1]} and of "
                "no other size."
            )
        return fixed
    told = described(preset, CONVERTER)[1].get("image_size") if _has_converter(preset) else None
    return wanted or (tuple(told) if told else own)


def load(preset: Preset, size: tuple[int, int], *, weights: Path | bool, name: str) -> Any:
    """The network of `preset` without its output.

    Where all its layers are Keras's own it is a plain model of them, and what is saved needs no
    KerasHub. Otherwise it is the backbone as KerasHub made it: not all of its layers can be loaded
    without the class that puts them together.

    Args:
        preset: whose files are there.
        size: height and width that it sees.
        weights: a file of weights, or whether it gets what it has learned; otherwise it begins at
            random.
        name: what it is called.

    Raises:
        ModelFileError: the preset is damaged or not for images, or the file of another network.
    """
    import keras

    has_size = "image_shape" in described(preset, CONFIGURATION)[1]
    changes = {"image_shape": (*size, 3)} if has_size else {}
    backbone = backbone_of(preset, weights=weights, name=name, **changes)
    takes, says = getattr(backbone, "inputs", None), getattr(backbone, "outputs", None)
    if not takes or len(takes) != 1 or len(takes[0].shape) != 4 or not says or len(says) != 1:
        raise ModelFileError(
            f"model.preset: {preset.name} is a {type(backbone).__name__}, whose input is not one "
            "image or whose output is not one array of features.",
            hint="Take the backbone of a network that classifies images.",
        )
    if all(type(layer).__module__.startswith("keras.") for layer in backbone.layers):
        return keras.Model(takes[0], says[0], name=name)
    return backbone


def as_wanted(preset: Preset, pixels: Any, size: tuple[int, int], reporter: Reporter) -> Any:
    """What the network of `preset` wants to see, by the `ImageConverter` that belongs to it.

    Args:
        preset: whose files are there.
        pixels: a Keras tensor, shape (batch, height, width, 1 or 3), from 0 to 1.
        size: height and width that the network sees.
        reporter: told if the preset does not say what it wants.

    Returns:
        A Keras tensor, shape (batch, *size, 3).

    Raises:
        ModelFileError: the preset is damaged.
    """
    import keras
    import keras_hub

    converter = keras_hub.layers.ImageConverter()
    if not _has_converter(preset):
        reporter.warning(
            f"{preset.folder} does not say how its network wants pixels (there is no {CONVERTER}): "
            "it gets them as 0 to 255."
        )
    else:
        try:
            converter = keras_hub.layers.ImageConverter.from_preset(str(preset.folder))
        except Exception as error:  # as above
            raise damaged(preset, error) from error
    if pixels.shape[1:3] != size:
        pixels = keras.layers.Resizing(
            *size,
            interpolation=converter.interpolation,
            antialias=converter.antialias,
            crop_to_aspect_ratio=converter.crop_to_aspect_ratio,
            pad_to_aspect_ratio=converter.pad_to_aspect_ratio,
            name="resize",
        )(pixels)
    if pixels.shape[3] == 1:
        pixels = keras.layers.Concatenate(name="colours")([pixels] * 3)
    scale = [255.0 * factor for factor in _by_channel(converter.scale, 1.0)]
    offset = _by_channel(converter.offset, 0.0)
    return keras.layers.Rescaling(scale, offset=offset, name="pixels_as_learned")(pixels)


def _by_channel(value: Any, default: float) -> list[float]:
    if value is None:
        return [default] * 3
    return [float(one) for one in value] if isinstance(value, list | tuple) else [float(value)] * 3


def _has_converter(preset: Preset) -> bool:
    return (preset.folder / CONVERTER).is_file()
