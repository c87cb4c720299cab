"""Model families: one file each, its settings and its `build()` together."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field, ValidationError

from nncli.descriptions import FeatureKind, Features, Target
from nncli.errors import UsageError
from nncli.functions import MODELS, plug_in
from nncli.models import (
    application_table,
    cnn,
    hub_presets,
    keras_file,
    layers,
    linear,
    mlp,
    pretrained,
    python,
    resnet,
    rnn,
    tabular,
    text_cnn,
    transformer,
)
from nncli.models.application_table import Weights
from nncli.models.cnn import CnnModel
from nncli.models.freezing import FineTuning, freeze, unfreeze
from nncli.models.hub_presets import Preset, is_path
from nncli.models.keras_file import KerasModel
from nncli.models.layers import LayersModel
from nncli.models.linear import LinearModel
from nncli.models.mlp import MlpModel
from nncli.models.pretrained import PretrainedModel
from nncli.models.python import PythonModel
from nncli.models.resnet import ResnetModel
from nncli.models.rnn import RnnModel
from nncli.models.tabular import TabularModel
from nncli.models.text_cnn import TextCnnModel
from nncli.models.transformer import TransformerModel
from nncli.preprocessing import Preprocessing, Tokenizer
from nncli.reporting import Reporter, SilentReporter
from nncli.settings import Settings

__all__ = [
    "CnnModel",
    "KerasModel",
    "LayersModel",
    "LinearModel",
    "MlpModel",
    "ModelSettings",
    "PretrainedModel",
    "PythonModel",
    "ResnetModel",
    "RnnModel",
    "TabularModel",
    "TextCnnModel",
    "TransformerModel",
    "build",
    "check",
    "expand",
    "families",
    "families_for",
    "fine_tuning",
    "given_preprocessing",
    "is_path",
    "kept_target",
    "label",
    "let_base_learn",
    "text_limits",
    "wanted_preset",
    "wanted_weights",
]

# The registry: a new family is a file in this folder and one name here.
ModelSettings = Annotated[
    LinearModel
    | MlpModel
    | CnnModel
    | ResnetModel
    | RnnModel
    | TextCnnModel
    | TransformerModel
    | TabularModel
    | LayersModel
    | PythonModel
    | KerasModel
    | PretrainedModel,
    Field(discriminator="type"),
]

_MEMBERS = get_args(get_args(ModelSettings)[0])

# What features are, in a sentence about what a family cannot take.
_GIVEN: dict[FeatureKind, str] = {
    "image": "images",
    "spectrogram": "sound",
    "vector": "the columns of a table or vector",
    "sequence": "sequences of numbers",
    "tokens": "texts",
}


def families() -> dict[str, tuple[FeatureKind, ...]]:
    """Every type of model, and the kinds of features that it takes."""
    return {member.model_fields["type"].default: member.kinds for member in _MEMBERS}


def families_for(kind: FeatureKind) -> list[str]:
    """The types of models that take features of `kind` as they are, without a setting that must be
    given: those that are advised where another does not fit."""
    return [
        member.model_fields["type"].default
        for member in _MEMBERS
        if kind in member.kinds and _needs_nothing(member)
    ]


def _needs_nothing(member: type[Settings]) -> bool:
    """Whether the name of a family alone describes a network."""
    try:
        member()
    except ValidationError:
        return False
    return True


def expand(value: Any) -> Any:
    """Write the short form of a model (`mlp`, `old.keras`, `mobilenet_v2`) in full; the name of a
    plug-in as its function."""
    if isinstance(value, str) and value.endswith(".keras"):
        return {"type": "keras", "path": value}
    full = {"type": value} if isinstance(value, str) else value
    if isinstance(full, dict) and full.get("type") not in list(families()):
        function = plug_in(MODELS, full.get("type"))
        if function is not None:
            return {**full, "type": "python", "build": function}
    if isinstance(value, str) and value not in list(families()):
        if application_table.found(value):
            return {"type": "pretrained", "name": value}
        if value in hub_presets.names():
            return {"type": "pretrained", "preset": value}
    return full


def label(settings: ModelSettings) -> str:
    """What runs and reports call a model: its type, or the name of a plug-in."""
    return settings.label if isinstance(settings, PythonModel) else settings.type


def check(settings: ModelSettings) -> None:
    """Look, without Keras, whether the files that a model is made from are there.

    Raises:
        NotFoundError: one is not.
        UsageError: a package that it needs is not installed, or a setting means nothing for it.
        ModelFileError: a file cannot be read.
    """
    match settings:
        case KerasModel():
            keras_file.given_preprocessing(settings)
        case PretrainedModel():
            pretrained.check(settings)


def wanted_weights(settings: ModelSettings, inputs: Features | None = None) -> list[Weights]:
    """The weights of others that a model needs for such inputs, or without `inputs` may need: each
    has a place where Keras keeps it, and an address."""
    if isinstance(settings, PretrainedModel):
        return pretrained.wanted_weights(settings, inputs)
    return []


def wanted_preset(settings: ModelSettings) -> tuple[Preset, list[str]] | None:
    """The preset of KerasHub that a model needs, and its files that are not on this machine."""
    return pretrained.wanted_preset(settings) if isinstance(settings, PretrainedModel) else None


def given_preprocessing(settings: ModelSettings) -> Preprocessing | Tokenizer | None:
    """The preprocessing that a model brings with it, or of it what cuts texts, where only their
    length is fitted to the dataset; None if all is. What is on the network has been downloaded, and
    Keras is prepared.

    Raises:
        NotFoundError: a file that the model is made from does not exist.
        ModelFileError: it cannot be read.
    """
    match settings:
        case KerasModel():
            return keras_file.given_preprocessing(settings)
        case PretrainedModel():
            return pretrained.tokenizer(settings)
        case _:
            return None


def text_limits(settings: ModelSettings) -> tuple[int, int] | None:
    """The fewest and the most tokens of a text that a preset takes, which must have been
    downloaded; None where the dataset decides how texts are cut.

    Raises:
        ModelFileError: the preset is damaged.
    """
    return pretrained.text_limits(settings) if isinstance(settings, PretrainedModel) else None


def kept_target(settings: ModelSettings, target: Target) -> Target:
    """`target`, with the scale of values that an output which is trained already has."""
    return keras_file.kept_target(settings, target) if isinstance(settings, KerasModel) else target


def fine_tuning(settings: ModelSettings) -> FineTuning | None:
    """When the pretrained part of a network begins to learn; None if that never changes."""
    if isinstance(settings, PretrainedModel) and settings.unfreeze_at is not None:
        return FineTuning(settings.unfreeze_at, settings.fine_tuning_rate)
    return None


def let_base_learn(network: Any, learns: bool) -> None:
    """Let the pretrained part of what `build` returned be trained or not, which its compilation
    has to follow."""
    base = network.get_layer(pretrained.BASE)
    if learns:
        unfreeze(base)
    else:
        freeze(base)


def build(
    settings: ModelSettings, inputs: Features, target: Target, reporter: Reporter | None = None
) -> Any:
    """Build the network of `settings` from preprocessed inputs to what `add_head` ends in.

    Args:
        settings: which family, and its settings.
        inputs: the preprocessed input.
        target: what the network must say.
        reporter: told what should be known about the network; default: nobody.

    Returns:
        An uncompiled `keras.Model`, (batch, *inputs.shape) -> (batch, classes, labels or values).

    Raises:
        UsageError: the family cannot see such inputs, or not with these settings.
        ModelFileError: a file that the network is made from does not fit the data.
    """
    if inputs.kind not in settings.kinds:
        raise UsageError(
            f"model: {settings.type} {settings.looks} and cannot take {_GIVEN[inputs.kind]}.",
            hint=f"Families that fit: {', '.join(families_for(inputs.kind))}.",
        )
    match settings:
        case LinearModel():
            return linear.build(settings, inputs, target)
        case MlpModel():
            return mlp.build(settings, inputs, target)
        case CnnModel():
            return cnn.build(settings, inputs, target)
        case LayersModel():
            return layers.build(settings, inputs, target)
        case PythonModel():
            return python.build(settings, inputs, target)
        case ResnetModel():
            return resnet.build(settings, inputs, target)
        case RnnModel():
            return rnn.build(settings, inputs, target)
        case TextCnnModel():
            return text_cnn.build(settings, inputs, target)
        case TransformerModel():
            return transformer.build(settings, inputs, target)
        case TabularModel():
            return tabular.build(settings, inputs, target)
        case KerasModel():
            return keras_file.build(settings, inputs, target, reporter or SilentReporter())
        case PretrainedModel():
            return pretrained.build(settings, inputs, target, reporter or SilentReporter())
