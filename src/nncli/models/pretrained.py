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
from nncli.models import application_weights, hub_backbone, hub_presets, hub_texts, hub_tokenizer
from nncli.models.application_pixels import as_wanted
from nncli.models.application_table import Application, Weights, found, suggested
from nncli.models.freezing import freeze
from nncli.models.hub_presets import Preset
from nncli.models.tokens import largest_of_known, mean_of_known, only_known, token_input
from nncli.objectives import add_head
from nncli.preprocessing import Tokenizer
from nncli.preprocessing.subwords import SHORTEST
from nncli.reporting import Reporter
from nncli.settings import Settings

__all__ = ["BASE", "PretrainedModel", "build", "check", "text_limits", "tokenizer"]
__all__ += ["wanted_preset", "wanted_weights"]

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
    """A network for images or texts of Keras or KerasHub: what it has learned, a new output."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = ("image", "tokens")
    looks: ClassVar[str] = "is for pictures or texts"

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
            "A preset of KerasHub, with pip install 'nncli[hub]': resnet_18_imagenet for images, "
            "bert_tiny_en_uncased for texts, ..., or ./folder that save_to_preset has written."
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
    pooling: Literal["average", "max", "first"] = Field(
        default="average",
        description=(
            "What is taken of each feature over the image, or over the tokens of a text; first: of "
            "the token in front of a text alone, which learns to stand for all where everything "
            "is trained."
        ),
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
        UsageError: KerasHub is not installed, or a setting means nothing for such a network.
    """
    reads = _reader(settings) is not None
    if reads and settings.image_size is not None:
        raise UsageError(
            f"model.image_size is about images; {settings.named} reads texts.",
            hint="The length of texts is dataset.sequence_length.",
        )
    if not reads and settings.pooling == "first":
        raise UsageError(f"model.pooling: first is for texts; {settings.named} looks at images.")
    file = settings.weights_file
    if file is not None and not file.is_file():
        raise NotFoundError(f"model.weights: there is no file {file}.")


def wanted_preset(settings: PretrainedModel) -> tuple[Preset, list[str]] | None:
    """The preset whose files have to be there, and those that are not."""
    if settings.preset is None:
        return None
    preset = hub_presets.found(settings.preset)
    return preset, preset.missing(weights=settings.weights == "preset")


def tokenizer(settings: PretrainedModel) -> Tokenizer | None:
    """What cuts texts for a preset that reads them; None for a network that looks at images.

    Raises:
        ModelFileError: the preset is damaged.
    """
    preset = _reader(settings)
    return None if preset is None else hub_tokenizer.read(preset)


def text_limits(settings: PretrainedModel) -> tuple[int, int] | None:
    """The fewest and the most tokens of a text that a preset for texts takes.

    Raises:
        ModelFileError: the preset is damaged.
    """
    preset = _reader(settings)
    return None if preset is None else (SHORTEST, hub_tokenizer.longest(preset))


def _reader(settings: PretrainedModel) -> Preset | None:
    """The preset, if it reads texts."""
    preset = None if settings.preset is None else hub_presets.found(settings.preset)
    return preset if preset is not None and preset.sees == "texts" else None


def wanted_weights(settings: PretrainedModel, inputs: Features | None) -> list[Weights]:
    """The weights that have to be in Keras's folder, for images of such a size; without `inputs`
    all that may be."""
    if settings.name is None or settings.weights != "imagenet":
        return []
    if inputs is not None and inputs.kind != "image":
        return []  # which `build` refuses
    weights = settings.application.weights
    if inputs is not None:
        return [weights.of_size(*_size(settings, inputs))]
    return [weights.of_size(size, size) for size in weights.sizes] or [weights]


def build(settings: PretrainedModel, inputs: Features, target: Target, reporter: Reporter) -> Any:
    """Build the network; see `nncli.models.build`. What is on the network has been downloaded.

    What was learned is frozen (https://keras.io/guides/transfer_learning).

    Raises:
        UsageError: the inputs are not what the network is for, or images not of the size that a
            preset takes.
        ModelFileError: the file of weights is of another network, or the preset is damaged.
    """
    import keras

    begin = _reading if _reads(settings, inputs) else _looking
    start, features = begin(settings, inputs, reporter)
    if settings.dropout:
        features = keras.layers.Dropout(settings.dropout, name="dropout")(features)
    return keras.Model(start, add_head(features, target), name="network")


def _reads(settings: PretrainedModel, inputs: Features) -> bool:
    """Whether it is texts that the network sees.

    Raises:
        UsageError: it is not what the inputs are.
    """
    reads = _reader(settings) is not None
    if reads and inputs.kind != "tokens":
        raise UsageError(f"model: {settings.named} reads texts and cannot take images.")
    if not reads and inputs.kind == "tokens":
        raise UsageError(
            f"model: {settings.named} looks at images and cannot take texts.",
            hint="Presets of KerasHub read texts: --set model.preset=bert_tiny_en_uncased",
        )
    return reads


def _reading(settings: PretrainedModel, inputs: Features, _: Reporter) -> tuple[Any, Any]:
    """The Keras input of tokens, and what the network of a preset makes of a text."""
    start = token_input(inputs)
    preset = hub_presets.found(settings.named)
    base = hub_texts.load(preset, inputs, weights=_weights_of_preset(settings), name=BASE)
    if settings.weights != "none":
        freeze(base)
    vectors = hub_texts.vectors_of(base, start, inputs)
    if settings.pooling == "first":
        return start, vectors[:, 0]
    if settings.pooling == "max":
        return start, largest_of_known(vectors, start, inputs.padding)
    known = only_known(vectors, start, inputs.padding)
    return start, mean_of_known(known, start, inputs.padding)


def _looking(settings: PretrainedModel, inputs: Features, reporter: Reporter) -> tuple[Any, Any]:
    """The Keras input of images, and what the network makes of one."""
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
    return start, _pooled(settings, base(seen))


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
    base = hub_backbone.load(preset, size, weights=_weights_of_preset(settings), name=BASE)
    return base, hub_backbone.as_wanted(preset, start, size, reporter)


def _weights_of_preset(settings: PretrainedModel) -> Path | bool:
    """The file of weights, or whether the preset's own are taken."""
    return settings.weights_file or settings.weights == "preset"


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
