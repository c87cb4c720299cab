"""A network of others that has learned already, with an output of one's own.

It is one of `keras.applications`, or a preset of KerasHub.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nncli.descriptions import FeatureKind, Features, Target
from nncli.errors import NotFoundError, UsageError
from nncli.models import application_weights, hub_backbone, hub_presets
from nncli.models.application_pixels import as_wanted
from nncli.models.application_table import Application, Weights, found, suggested
from nncli.models.freezing import freeze
from nncli.models.hub_presets import Preset
from nncli.objectives import add_head
from nncli.reporting import Reporter
from nncli.settings import Settings

__all__ = ["BASE", "PretrainedModel", "build", "check", "wanted_preset", "wanted_weights"]

BASE = "base"  # the name of the pretrained part
FILE_ENDINGS = (".h5", ".keras")
WORDS = ("imagenet", "preset", "none")  # what `weights` may say beside the name of a file
Side = Annotated[int, Field(ge=1, le=10_000)]


def _known(name: str) -> str:
    """The name of a network as Keras writes it."""
    application = found(name)
    if application is None:
        raise ValueError(f"is no network of keras.applications; {suggested(name)}")
    return application.name


def _weights(text: str) -> str:
    if text not in WORDS and not text.endswith(FILE_ENDINGS):
        raise ValueError(
            "must be imagenet, preset, none, or a file that ends in .weights.h5 or .keras"
        )
    return text


class PretrainedModel(Settings):
    """A network for images, of Keras or KerasHub: what it has learned, and a new output."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("image",)
    looks: ClassVar[str] = "looks at pictures"

    type: Literal["pretrained"] = Field(default="pretrained", description="Learned before.")
    name: Annotated[str, AfterValidator(_known)] | None = Field(
        default=None,
        description=(
            "A network of keras.applications: mobilenet_v2, EfficientNetV2B0, resnet50, ... "
            "This or preset must be given."
        ),
    )
    preset: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description=(
            "A preset of KerasHub, with pip install 'nncli[hub]': resnet_18_imagenet, ..., or "
            "./folder that a backbone's save_to_preset has written."
        ),
    )
    weights: Annotated[str, AfterValidator(_weights)] = Field(
        default="imagenet",
        description=(
            "What it begins with: imagenet (downloaded once by Keras), or with a preset what "
            "that has learned (preset); a file of weights (.weights.h5, .h5 or .keras), or none: "
            "at random, and everything is trained."
        ),
    )
    image_size: Annotated[tuple[Side, Side], Field(strict=False)] | None = Field(
        default=None,
        description=(
            "Height and width that images are brought to inside the network; larger sees more and "
            "is slower. Default: the preset's; otherwise their own, or the smallest that the "
            "network takes."
        ),
    )
    pooling: Literal["average", "max"] = Field(
        default="average", description="What is taken of each feature over the image."
    )
    dropout: float = Field(
        default=0.2, ge=0, lt=1, description="Share of features silenced in each training step."
    )
    unfreeze_at: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description=(
            "Epochs in which only the output is trained; then the whole network is, more slowly. "
            "Default: only the output, to the end."
        ),
    )
    fine_tuning_rate: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Learning rate from unfreeze_at on, constant; default: a tenth of the optimizer's."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _weights_of_its_own(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("preset") is not None:
            return {"weights": "preset", **given}
        return given

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.name is None) == (self.preset is None):
            raise ValueError("needs a name (of keras.applications) or a preset (of KerasHub)")
        if self.weights == ("imagenet" if self.name is None else "preset"):
            needed = "name" if self.name is None else "preset"
            raise ValueError(f"weights: {self.weights} needs a {needed}; leave weights out")
        if self.weights == "none" and self.unfreeze_at is not None:
            raise ValueError(
                "unfreeze_at is for what was learned before; with weights: none all is trained"
            )
        if self.fine_tuning_rate is not None and self.unfreeze_at is None:
            raise ValueError("fine_tuning_rate needs unfreeze_at, the epochs before it")
        return self

    @property
    def named(self) -> str:
        """What the network is called."""
        return self.name or self.preset or ""

    @property
    def application(self) -> Application:
        """What is known of a network of `keras.applications`."""
        application = found(self.name or "")
        assert application is not None  # it was checked
        return application

    @property
    def weights_file(self) -> Path | None:
        """The file of weights that is named, if one is."""
        return None if self.weights in WORDS else Path(self.weights)


def check(settings: PretrainedModel) -> None:
    """Look, without Keras, whether a file of weights that is named is there, and the preset known.

    Raises:
        NotFoundError: it is not.
        UsageError: KerasHub is not installed.
    """
    if settings.preset is not None:
        hub_presets.found(settings.preset)
    file = settings.weights_file
    if file is not None and not file.is_file():
        raise NotFoundError(f"model.weights: there is no file {file}.")


def wanted_preset(settings: PretrainedModel) -> tuple[Preset, list[str]] | None:
    """The preset whose files have to be there, and those that are not."""
    if settings.preset is None:
        return None
    preset = hub_presets.found(settings.preset)
    return preset, preset.missing(weights=settings.weights == "preset")


def wanted_weights(settings: PretrainedModel, inputs: Features | None) -> list[Weights]:
    """The weights that have to be in Keras's folder, for images of such a size; without `inputs`
    all that may be."""
    if settings.name is None or settings.weights != "imagenet":
        return []
    weights = settings.application.weights
    if inputs is not None:
        return [weights.of_size(*_size(settings, inputs))]
    return [weights.of_size(size, size) for size in weights.sizes] or [weights]


def build(settings: PretrainedModel, inputs: Features, target: Target, reporter: Reporter) -> Any:
    """Build the network; see `nncli.models.build`. What is on the network has been downloaded.

    What was learned is frozen (https://keras.io/guides/transfer_learning).

    Raises:
        UsageError: the inputs are no images, or not of the size that a preset takes.
        ModelFileError: the file of weights is of another network, or the preset is damaged.
    """
    import keras

    if inputs.shape[2] not in (1, 3):
        raise UsageError(
            f"model: {settings.named} sees images, grey or of three colours; these are of shape "
            f"{inputs.shape}.",
            hint="Take another model, or python with a network of your own.",
        )
    start = keras.Input(inputs.shape, name="input")
    begin = _of_keras if settings.preset is None else _of_hub
    base, seen = begin(settings, start, inputs, reporter)
    if settings.weights != "none":
        freeze(base)
    features = _pooled(settings, base(seen))
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout")(features)
    return keras.Model(start, add_head(features, target), name="network")


def _of_keras(
    settings: PretrainedModel, start: Any, inputs: Features, reporter: Reporter
) -> tuple[Any, Any]:
    """A network of `keras.applications` without its output, and what it sees of `start`."""
    import keras

    application, size = settings.application, _size(settings, inputs)
    _tell(settings, inputs, size, reporter)
    builder = getattr(keras.applications, application.name)
    base = builder(include_top=False, weights=None, input_shape=(*size, 3), name=BASE)
    if settings.weights != "none":
        file = settings.weights_file or application.weights.of_size(*size).place
        made_by = f"keras.applications.{application.name}(include_top=False)"
        application_weights.load(base, file, named=application.name, made_by=made_by)
    return base, as_wanted(application, base, start, size)


def _of_hub(
    settings: PretrainedModel, start: Any, inputs: Features, reporter: Reporter
) -> tuple[Any, Any]:
    """The network of a preset of KerasHub without its output, and what it sees of `start`."""
    preset = hub_presets.found(settings.named)
    height, width = inputs.shape[:2]
    size = hub_backbone.size_of(preset, settings.image_size, (height, width))
    weights = settings.weights_file or settings.weights == "preset"
    base = hub_backbone.load(preset, size, weights=weights, name=BASE)
    return base, hub_backbone.as_wanted(preset, start, size, reporter)


def _pooled(settings: PretrainedModel, features: Any) -> Any:
    """One number of each feature: of an image of them, or of the patches of a transformer."""
    from keras import layers

    classes = {
        ("average", 4): layers.GlobalAveragePooling2D,
        ("max", 4): layers.GlobalMaxPooling2D,
        ("average", 3): layers.GlobalAveragePooling1D,
        ("max", 3): layers.GlobalMaxPooling1D,
    }
    pooling = classes.get((settings.pooling, len(features.shape)))
    return features if pooling is None else pooling(name="pooling")(features)


def _size(settings: PretrainedModel, inputs: Features) -> tuple[int, int]:
    """Height and width of what the pretrained part sees."""
    smallest = settings.application.smallest
    if settings.image_size is not None:
        if min(settings.image_size) < smallest:
            raise UsageError(
                f"model.image_size: {settings.name} takes images of {smallest} x {smallest} or "
                "more."
            )
        return settings.image_size
    height, width = inputs.shape[:2]
    factor = max(smallest / height, smallest / width, 1.0)
    return ceil(height * factor), ceil(width * factor)


def _tell(
    settings: PretrainedModel, inputs: Features, size: tuple[int, int], reporter: Reporter
) -> None:
    """Say what is done to images that are not of a size that the network takes."""
    height, width = inputs.shape[:2]
    if settings.image_size is None and size != (height, width):
        usual = settings.application.size
        reporter.notice(
            f"Images of {height} x {width} are enlarged to {size[0]} x {size[1]} inside the "
            f"network, the least that {settings.name} takes; it was made for {usual} x {usual} "
            "(model.image_size: more is slower, and mostly better)."
        )
