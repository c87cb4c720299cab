"""A network of `keras.applications` that has learned on ImageNet, with an output of one's own."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nncli.descriptions import FeatureKind, Features, Target
from nncli.errors import NotFoundError, UsageError
from nncli.models import application_weights
from nncli.models.application_pixels import as_wanted
from nncli.models.application_table import Application, Weights, found, suggested
from nncli.models.freezing import freeze
from nncli.objectives import add_head
from nncli.reporting import Reporter
from nncli.settings import Settings

__all__ = ["BASE", "PretrainedModel", "build", "check", "wanted_weights"]

BASE = "base"  # the name of the pretrained part
FILE_ENDINGS = (".h5", ".keras")
Side = Annotated[int, Field(ge=1, le=10_000)]


def _known(name: str) -> str:
    """The name of a network as Keras writes it."""
    application = found(name)
    if application is None:
        raise ValueError(f"is no network of keras.applications; {suggested(name)}")
    return application.name


def _weights(text: str) -> str:
    if text not in ("imagenet", "none") and not text.endswith(FILE_ENDINGS):
        raise ValueError("must be imagenet, none, or a file that ends in .weights.h5 or .keras")
    return text


class PretrainedModel(Settings):
    """A network of `keras.applications`, for images: what it has learned, and a new output."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("image",)
    looks: ClassVar[str] = "looks at pictures"

    type: Literal["pretrained"] = Field(default="pretrained", description="Learned on ImageNet.")
    name: Annotated[str, AfterValidator(_known)] = Field(
        description="A network of keras.applications: mobilenet_v2, EfficientNetV2B0, resnet50, ..."
    )
    weights: Annotated[str, AfterValidator(_weights)] = Field(
        default="imagenet",
        description=(
            "What it begins with: imagenet (downloaded once by Keras), a file of weights "
            "(.weights.h5, .h5 or .keras), or none: at random, and everything is trained."
        ),
    )
    image_size: Annotated[tuple[Side, Side], Field(strict=False)] | None = Field(
        default=None,
        description=(
            "Height and width that images are brought to inside the network; larger sees more and "
            "is slower. Default: their own, or the smallest that the network takes."
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

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.weights == "none" and self.unfreeze_at is not None:
            raise ValueError(
                "unfreeze_at is for what was learned before; with weights: none all is trained"
            )
        if self.fine_tuning_rate is not None and self.unfreeze_at is None:
            raise ValueError("fine_tuning_rate needs unfreeze_at, the epochs before it")
        return self

    @property
    def application(self) -> Application:
        """What is known of the network."""
        application = found(self.name)
        assert application is not None  # it was checked
        return application

    @property
    def weights_file(self) -> Path | None:
        """The file of weights that is named, if one is."""
        return None if self.weights in ("imagenet", "none") else Path(self.weights)


def check(settings: PretrainedModel) -> None:
    """Look, without Keras, whether a file of weights that is named is there.

    Raises:
        NotFoundError: it is not.
    """
    file = settings.weights_file
    if file is not None and not file.is_file():
        raise NotFoundError(f"model.weights: there is no file {file}.")


def wanted_weights(settings: PretrainedModel, inputs: Features | None) -> list[Weights]:
    """The weights that have to be in Keras's folder, for images of such a size; without `inputs`
    all that may be."""
    if settings.weights != "imagenet":
        return []
    weights = settings.application.weights
    if inputs is not None:
        return [weights.of_size(*_size(settings, inputs))]
    return [weights.of_size(size, size) for size in weights.sizes] or [weights]


def build(settings: PretrainedModel, inputs: Features, target: Target, reporter: Reporter) -> Any:
    """Build the network; see `nncli.models.build`. Weights of ImageNet have been downloaded.

    What was learned is frozen (https://keras.io/guides/transfer_learning).

    Raises:
        UsageError: the inputs are no images.
        ModelFileError: the file of weights is of another network.
    """
    import keras

    if inputs.shape[2] not in (1, 3):
        raise UsageError(
            f"model: {settings.name} sees images, grey or of three colours; these are of shape "
            f"{inputs.shape}.",
            hint="Take another model, or python with a network of your own.",
        )
    application, size = settings.application, _size(settings, inputs)
    _tell(settings, inputs, size, reporter)
    builder = getattr(keras.applications, application.name)
    base = builder(include_top=False, weights=None, input_shape=(*size, 3), name=BASE)
    if settings.weights != "none":
        file = settings.weights_file or application.weights.of_size(*size).place
        application_weights.load(base, file, named=application.name)
        freeze(base)
    start = keras.Input(inputs.shape, name="input")
    seen = as_wanted(application, base, start, size)
    features = base(seen)
    layers = keras.layers
    pooling = {"average": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}
    features = pooling[settings.pooling](name="pooling")(features)
    if settings.dropout:
        features = layers.Dropout(settings.dropout, name="dropout")(features)
    return keras.Model(start, add_head(features, target), name="network")


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
