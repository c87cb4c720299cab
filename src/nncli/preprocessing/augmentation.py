"""Augmentation: training examples that are changed at random, each time anew.

It lies between the preprocessing and the network, in training alone; a saved model has none of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from nncli.descriptions import Features, Input
from nncli.errors import DataError
from nncli.settings import Settings

__all__ = ["Augmentation", "RandAugmentSettings", "SpecAugmentSettings", "augmented"]

Strength = Annotated[float, Field(gt=0)]
# What can be done to pictures of any kind of number, and what needs pixels from 0 to 1.
GEOMETRIC = ("flip", "crop", "translation", "rotation", "zoom")
PHOTOMETRIC = ("brightness", "contrast", "rand_augment")
OF_KIND = {
    "image": (*GEOMETRIC, *PHOTOMETRIC, "noise", "mixup", "cutmix"),
    "sound": ("spec_augment", "noise", "mixup", "cutmix"),
    "table": ("noise", "mixup"),
    "array": ("noise", "mixup"),
    "text": (),
}


class RandAugmentSettings(Settings):
    """RandAugment (Cubuk and others, 2020): a few of ten changes, drawn for each batch."""

    operations: int = Field(default=2, ge=1, le=10, description="Changes one after the other.")
    magnitude: float = Field(
        default=0.3, gt=0, le=1, description="How strong each is; 1 hardly leaves a picture."
    )


class SpecAugmentSettings(Settings):
    """SpecAugment (Park and others, 2019): stripes of a spectrogram are blanked."""

    masks: int = Field(default=2, ge=1, le=20, description="Stripes of each direction.")
    frequency: float = Field(
        default=0.2, ge=0, lt=1, description="Widest stripe of frequencies, as a share of all."
    )
    time: float = Field(
        default=0.2, ge=0, lt=1, description="Longest stripe of time, as a share of the sound."
    )


class Augmentation(Settings):
    """How training examples are changed at random; what is not given is not done."""

    flip: Literal["horizontal", "vertical", "both"] | None = Field(
        default=None,
        description=(
            "Mirror every other image: horizontal (left and right change places), vertical or "
            "both. Not for what is read, such as digits."
        ),
    )
    crop: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None,
        description=(
            "Pixels of black put around an image before a piece of its own size is cut out of "
            "it; 4 is usual for 32 x 32 pixels."
        ),
    )
    translation: Annotated[Strength, Field(lt=1)] | None = Field(
        default=None, description="Farthest shift, as a share of height and width."
    )
    rotation: Annotated[Strength, Field(le=180)] | None = Field(
        default=None, description="Largest turn to either side, in degrees."
    )
    zoom: Annotated[Strength, Field(lt=1)] | None = Field(
        default=None, description="How much larger or smaller at most, as a share."
    )
    brightness: Annotated[Strength, Field(le=1)] | None = Field(
        default=None, description="How much lighter or darker at most, as a share of white."
    )
    contrast: Annotated[Strength, Field(le=1)] | None = Field(
        default=None, description="How much more or less contrast at most, as a share."
    )
    rand_augment: RandAugmentSettings | None = Field(
        default=None,
        description="RandAugment: a few of ten changes at random; {} takes the defaults.",
    )
    spec_augment: SpecAugmentSettings | None = Field(
        default=None,
        description="SpecAugment, for sound: blank stripes of time and frequency; {} as above.",
    )
    noise: Strength | None = Field(
        default=None,
        description=(
            "Standard deviation of noise that is added to each number: pixels go from 0 to 1, "
            "all else has a deviation of about 1."
        ),
    )
    mixup: Strength | None = Field(
        default=None,
        description=(
            "Blend each example and its target with another one's: alpha of the beta "
            "distribution that the shares are drawn from. 0.2 is usual; 1 blends more."
        ),
    )
    cutmix: Strength | None = Field(
        default=None,
        description=(
            "Paste a piece of another image into each, and mix the targets by area: alpha as for "
            "mixup, 1 is usual. With mixup, each batch gets one of the two."
        ),
    )

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names of what is done."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)

    def check(self, name: str, inputs: Input, features: Features) -> None:
        """Refuse what cannot be done to the examples of the dataset `name`.

        Raises:
            DataError: it is for another kind of input.
        """
        allowed: tuple[str, ...] = OF_KIND[inputs.kind]
        if inputs.kind == "array" and features.kind == "image":
            allowed += (*GEOMETRIC, "cutmix")
        for key in self.chosen:
            if key not in allowed:
                what = f"can have {', '.join(allowed)}" if allowed else "cannot be augmented"
                raise DataError(
                    f"dataset.augment.{key} does not apply: {name} has {inputs}.",
                    hint=f"Such examples {what}.",
                )
        sides = features.shape[:2]
        if self.crop is not None and self.crop >= min(sides):
            raise DataError(
                f"dataset.augment.crop: {self.crop} pixels around images of "
                f"{sides[0]} x {sides[1]} could leave nothing of them.",
                hint="Take fewer; an eighth of the width is usual.",
            )


def augmented(settings: Augmentation | None, features: Features, seen: Any) -> Any:
    """What the network sees in training, from what it sees otherwise: a Keras tensor, float32.

    Each layer draws anew for every batch, from a generator whose state is a variable of the model
    and so part of every checkpoint: what is drawn is a function of the seed, the epoch and the
    step. Mixing examples, which changes their targets, is done where the batches are made
    (`nncli.data.mixing`).
    """
    if settings is None:
        return seen
    for layer in _layers(settings, features):
        seen = layer(seen)
    return seen


def _layers(settings: Augmentation, features: Features) -> list[Any]:
    """The layers, in the order in which they are applied."""
    from keras import layers

    from nncli.preprocessing import random_layers

    found: list[Any] = []
    if settings.flip is not None:
        mode = {"both": "horizontal_and_vertical"}.get(settings.flip, settings.flip)
        found.append(layers.RandomFlip(mode))
    if settings.crop is not None:
        found.append(random_layers.PaddedCrop(settings.crop))
    if settings.translation is not None:
        found.append(layers.RandomTranslation(settings.translation, settings.translation))
    if settings.rotation is not None:
        found.append(layers.RandomRotation(settings.rotation / 360))
    if settings.zoom is not None:
        found.append(layers.RandomZoom(settings.zoom))
    if settings.brightness is not None:
        found.append(layers.RandomBrightness(settings.brightness, value_range=(0, 1)))
    if settings.contrast is not None:
        found.append(layers.RandomContrast(settings.contrast, value_range=(0, 1)))
    if settings.rand_augment is not None:
        chosen = settings.rand_augment
        found.append(random_layers.RandAugment(chosen.operations, chosen.magnitude))
    if settings.spec_augment is not None:
        stripes = settings.spec_augment
        height, width = features.shape[:2]
        found.append(
            random_layers.SpecAugment(
                stripes.masks, round(stripes.frequency * height), round(stripes.time * width)
            )
        )
    if settings.noise is not None:
        found.append(layers.GaussianNoise(settings.noise))
    return [random_layers.compilable(layer) for layer in found]
