"""A network that a Python function builds: one's own file, or an installed package's."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import ConfigDict, Field, ValidationInfo, model_validator

from nncli.descriptions import FeatureKind, Features, Target
from nncli.errors import NncliError
from nncli.functions import MODELS, Function, mistakes_in, plug_in_label
from nncli.models.heads import with_output
from nncli.settings import Settings, mistaken

__all__ = ["PythonModel", "build"]


class PythonModel(Settings):
    """What a Python function builds; the keys beside it are its arguments."""

    model_config = ConfigDict(extra="allow")

    kinds: ClassVar[tuple[FeatureKind, ...]] = get_args(FeatureKind)
    looks: ClassVar[str] = "is whatever its function builds"

    type: Literal["python"] = Field(default="python", description="A function of your own.")
    build: str = Field(
        description=(
            "my_model.py:build or package.module:build, a function of the input's and the target's "
            "description, and of the other keys here, to a Keras model, with or without the output."
        ),
    )

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> Self:
        function, given = Function(self.build), self.model_extra or {}
        problems = mistakes_in(function, given, key="build", positional=2, context=info.context)
        if error := mistaken(problems):
            raise error
        return self

    @property
    def label(self) -> str:
        """What runs and reports call it: `python`, or the name of a plug-in."""
        return plug_in_label(MODELS, self.build) or self.type


def build(settings: PythonModel, inputs: Features, target: Target) -> Any:
    """Call the function; see `nncli.models.build`.

    Raises:
        NncliError: it fails, or returns no Keras model of such inputs.
    """
    import keras

    function = Function(settings.build)
    made = function.call(inputs, target, **(settings.model_extra or {}))
    if not isinstance(made, keras.Model):
        raise NncliError(f"{settings.build} returned {type(made).__name__}, not a keras.Model.")
    dtype = "int32" if inputs.kind == "tokens" else "float32"
    is_graph = isinstance(made, keras.Sequential) or hasattr(made, "operations")
    if is_graph and made.built and getattr(made, "inputs", None):
        if len(made.inputs) != 1 or tuple(made.inputs[0].shape[1:]) != inputs.shape:
            shapes = ", ".join(str(tuple(one.shape[1:])) for one in made.inputs)
            raise NncliError(
                f"{settings.build} returned a model of inputs {shapes}; the dataset's are "
                f"{inputs.shape}.",
                hint="Begin it with keras.Input(inputs.shape).",
            )
        if len(made.outputs) != 1:
            raise NncliError(f"{settings.build} returned a model with {len(made.outputs)} outputs.")
        return with_output(made.inputs[0], made.outputs[0], target, named=settings.build)
    start = keras.Input(inputs.shape, dtype=dtype, name="input")
    if isinstance(made, keras.Sequential):
        features = start
        for layer in made.layers:
            features = layer(features)
    else:
        features = made(start)
    return with_output(start, features, target, named=settings.build)
