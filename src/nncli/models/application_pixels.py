"""What the networks of `keras.applications` want to be done to pixels, as plain layers of Keras.

Formulas: `preprocess_input` of `keras.applications.imagenet_utils`, which takes 0 to 255.
"""

from __future__ import annotations

from typing import Any

from nncli.models.application_table import Application

__all__ = ["as_wanted"]

# Of ImageNet's pixels, red, green and blue: from 0 to 1; and blue, green, red from 0 to 255.
MEANS = (0.485, 0.456, 0.406)
DEVIATIONS = (0.229, 0.224, 0.225)
CAFFE_MEANS = (103.939, 116.779, 123.68)


def as_wanted(application: Application, base: Any, pixels: Any, size: tuple[int, int]) -> Any:
    """What `base` wants to see.

    Args:
        application: which network it is.
        base: the network, with the weights that it begins with.
        pixels: a Keras tensor, shape (batch, height, width, 1 or 3), from 0 to 1.
        size: height and width that the network sees.

    Returns:
        A Keras tensor, shape (batch, *size, 3).
    """
    import keras
    from keras import ops

    if pixels.shape[1:3] != size:
        pixels = keras.layers.Resizing(*size, name="resize")(pixels)
    if pixels.shape[3] == 1:
        pixels = keras.layers.Concatenate(name="colours")([pixels] * 3)
    scale: Any = 255.0
    offset: Any = 0.0
    match application.pixels:
        case "tf":
            scale, offset = 2.0, -1.0
        case "torch":
            scale = [1 / deviation for deviation in DEVIATIONS]
            offset = [-m / d for m, d in zip(MEANS, DEVIATIONS, strict=True)]
        case "caffe":
            pixels = ops.flip(pixels, axis=-1)
            offset = [-mean for mean in CAFFE_MEANS]
        case "raw":
            scale, offset = _for_its_own_scaling(application, base)
    return keras.layers.Rescaling(scale, offset=offset, name="pixels_as_learned")(pixels)


def _for_its_own_scaling(application: Application, base: Any) -> tuple[Any, Any]:
    """Scale and offset in front of a network that scales pixels from 0 to 255 itself.

    The first EfficientNets divide by the root of the deviation alone. Keras puts a layer with the
    other root inside where it loads ImageNet's weights by itself; here it comes in front. Weights
    that were trained without it have never learned a mean.
    """
    import keras

    layers = (layer for layer in base.layers if isinstance(layer, keras.layers.Normalization))
    own = next(layers, None) if application.name.startswith("EfficientNetB") else None
    if own is None:
        return 255.0, 0.0
    means = [float(mean) for mean in keras.ops.convert_to_numpy(own.adapt_mean).reshape(-1)]
    if not any(means):
        return 255.0, 0.0
    factors = [deviation**-0.5 for deviation in DEVIATIONS]
    scale = [255 * factor for factor in factors]
    return scale, [255 * m * (1 - f) for m, f in zip(means, factors, strict=True)]
