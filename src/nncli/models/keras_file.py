"""A network out of a .keras file, to go on training it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from nncli.descriptions import FeatureKind, Features, Target, ValueTarget
from nncli.errors import ModelFileError, UsageError
from nncli.models.freezing import freeze, layers_of, unfreeze
from nncli.models.heads import fits, output_of, with_output
from nncli.objectives import add_head
from nncli.preprocessing import Preprocessing, archive
from nncli.reporting import Reporter, listed
from nncli.settings import Settings

__all__ = ["KerasModel", "build", "given_preprocessing", "kept_target"]

SCALING_LAYERS = ("Rescaling", "Normalization")


class KerasModel(Settings):
    """A model that is there already, to go on training it, on the same data or on other."""

    kinds: ClassVar[tuple[FeatureKind, ...]] = get_args(FeatureKind)
    looks: ClassVar[str] = "is whatever its file holds"

    type: Literal["keras"] = Field(default="keras", description="A .keras file to go on from.")
    path: Annotated[Path, Field(strict=False)] = Field(
        description="The .keras file, of nncli or of Keras; its preprocessing is used as it is."
    )
    frozen: bool = Field(
        default=False,
        description=(
            "Train only the output and leave all else as it is in the file: fast, and for little "
            "data. Otherwise all is trained, but for batch normalization that is frozen in it."
        ),
    )
    new_head: Literal["auto", "always", "never"] = Field(
        default="auto",
        description=(
            "Whether the output is replaced by a new one. auto: where the file says something else "
            "than the dataset asks for (classes are matched by name)."
        ),
    )
    pixel_range: Annotated[tuple[float, float], Field(strict=False)] | None = Field(
        default=None,
        description=(
            "The numbers from black to white that a file which nncli did not make takes; default: "
            "0 to 255 if it scales them itself, otherwise 0 to 1."
        ),
    )


def given_preprocessing(settings: KerasModel) -> Preprocessing | None:
    """The preprocessing in the file, fitted when it was trained; None if nncli did not make it.

    Raises:
        NotFoundError: there is no such file.
        ModelFileError: it cannot be read.
    """
    description = archive.describe(settings.path)
    return None if description is None else description.preprocessing


def kept_target(settings: KerasModel, target: Target) -> Target:
    """`target` as an output that is kept says it: values are standardized as they were before."""
    description = archive.describe(settings.path)
    if description is None or not _is_kept(settings, description.target, target):
        return target
    before = description.target
    if not isinstance(target, ValueTarget) or not isinstance(before, ValueTarget):
        return target
    places = [before.names.index(name) for name in target.names]
    means = tuple(before.means[place] for place in places)
    deviations = tuple(before.deviations[place] for place in places)
    return target.model_copy(update={"means": means, "deviations": deviations})


def build(settings: KerasModel, inputs: Features, target: Target, reporter: Reporter) -> Any:
    """Take the network out of the file; see `nncli.models.build`.

    Raises:
        NotFoundError: there is no such file.
        ModelFileError: it cannot be opened, or does not fit the data.
        UsageError: a setting does not apply to it.
    """
    description = archive.describe(settings.path)
    model = archive.open_model(settings.path)
    unfreeze(model)  # also what was frozen when the file was made
    if description is None:
        return _of_others(settings, model, inputs, target, reporter)
    if settings.pixel_range is not None:
        raise UsageError(
            f"model.pixel_range: {settings.path} is a file of nncli and scales its pixels itself."
        )
    network = model.get_layer("network")
    dense = _last_dense(network.outputs[0])
    if _is_kept(settings, description.target, target):
        _freeze(settings, [layer for layer in network.layers if layer is not dense])
        return _reordered(network, dense, description.target, target)
    _refuse_or_tell(settings, str(description.target), target, description.target, reporter)
    _freeze(settings, network.layers)
    import keras

    return keras.Model(network.inputs[0], add_head(dense.input, target), name="network")


def _is_kept(settings: KerasModel, before: Target, target: Target) -> bool:
    """Whether the output of the file is what the dataset asks for, in whatever order."""
    alike = before.kind == target.kind and sorted(before.names) == sorted(target.names)
    return alike and settings.new_head != "always"


def _freeze(settings: KerasModel, layers: Any) -> None:
    for layer in layers:
        if settings.frozen:
            freeze(layer)


def _last_dense(said: Any) -> Any:
    """The layer with weights that every network of nncli ends with."""
    import keras

    operation = said._keras_history.operation
    while not isinstance(operation, keras.layers.Dense):  # two logits made of one, or reordered
        before = operation.input
        before = before[-1] if isinstance(before, list | tuple) else before
        operation = before._keras_history.operation
    return operation


def _reordered(network: Any, dense: Any, before: Target, target: Target) -> Any:
    """`network` with its outputs in the order of `target`."""
    import keras
    from keras import ops

    if before.names == target.names:
        return network
    order = [before.names.index(name) for name in target.names]
    said = network.outputs[0]
    if said._keras_history.operation is dense:
        dense.set_weights([array[..., order] for array in dense.get_weights()])
        return network
    return keras.Model(network.inputs[0], ops.take(said, order, axis=-1), name="network")


def _refuse_or_tell(
    settings: KerasModel, said: str, target: Target, before: Target | None, reporter: Reporter
) -> None:
    """Tell of a new output, or refuse it."""
    if settings.new_head == "never":
        raise ModelFileError(
            f"{settings.path} says {said}; the dataset asks for {target}.",
            hint="With an output of its own for them: --set model.new_head=auto",
        )
    if settings.new_head == "always":
        return
    unknown = [name for name in target.names if before and name not in before.names]
    names = f" ({listed(unknown)} {'is' if len(unknown) == 1 else 'are'} new)" if unknown else ""
    reporter.notice(
        f"{settings.path} says {said}, and the dataset asks for {target}{names}: the network gets "
        "a new output, which begins untrained."
    )


def _of_others(
    settings: KerasModel, model: Any, inputs: Features, target: Target, reporter: Reporter
) -> Any:
    """The network of a file that nncli did not make."""
    import keras

    name = str(settings.path)
    _check_ends(model, name)
    start = keras.Input(
        inputs.shape, dtype="int32" if inputs.kind == "tokens" else "float32", name="input"
    )
    seen = _fitting(settings, model, inputs, start, reporter)
    said = model.outputs[0]
    own = output_of(said)
    kept = own is not None and fits(own, target) and settings.new_head != "always"
    if not kept:
        shape = tuple(said.shape[1:])
        _refuse_or_tell(settings, f"numbers in the shape {shape}", target, None, reporter)
    else:
        reporter.notice(f"nncli did not make {name}: its outputs are classes by position.")
    # The output stands beside the rest: whoever goes on from what is saved finds it at the end.
    inner = keras.Model(model.inputs[0], said if own is None else own.before, name="opened")
    _freeze(settings, [inner])
    features = inner(seen)
    if kept and own is not None:
        features = own.dense(features)
        last = said._keras_history.operation
        features = features if last is own.dense else last(features)
    return with_output(start, features, target, named=name)


def _check_ends(model: Any, name: str) -> None:
    """Refuse a model without exactly one input and one output."""
    ends = (getattr(model, "inputs", None) or (), getattr(model, "outputs", None) or ())
    for what, found in zip(("input", "output"), ends, strict=True):
        if len(found) != 1:
            raise ModelFileError(f"{name} does not have exactly one {what}, which nncli needs.")
    if model.inputs[0].dtype == "string":
        raise ModelFileError(f"{name} takes strings, which nncli cannot give a model of others.")


def _fitting(
    settings: KerasModel, model: Any, inputs: Features, start: Any, reporter: Reporter
) -> Any:
    """The features in the shape and range that a model of others takes."""
    import keras

    wanted, given = tuple(model.inputs[0].shape[1:]), inputs.shape
    fits_as_it_is = len(wanted) == len(given) and all(
        side in (None, own) for side, own in zip(wanted, given, strict=True)
    )
    # A missing axis of one channel, and flattened pixels, are the same numbers.
    others = (given[:-1] if given[-1] == 1 else None, (_product(given),))
    reshaped = inputs.kind == "image" and wanted in others
    if not fits_as_it_is and not reshaped:
        raise ModelFileError(
            f"{settings.path} takes inputs of shape {wanted}; the dataset's are {given}.",
            hint="Bring the data to that shape, or begin with another model.",
        )
    seen = start
    if inputs.kind == "image":
        low, high = settings.pixel_range or (0.0, 1.0)
        if settings.pixel_range is None and any(
            type(layer).__name__ in SCALING_LAYERS for layer in layers_of(model)
        ):
            high = 255.0
            reporter.notice(
                f"{settings.path} scales its pixels itself: it gets them as 0 to 255. For another "
                "range: --set model.pixel_range=0,1"
            )
        if (low, high) != (0.0, 1.0):
            seen = keras.layers.Rescaling(high - low, offset=low, name="pixel_range")(seen)
    elif settings.pixel_range is not None:
        raise UsageError("model.pixel_range: the dataset has no images.")
    return keras.layers.Reshape(wanted, name="shape")(seen) if not fits_as_it_is else seen


def _product(sides: tuple[int, ...]) -> int:
    result = 1
    for side in sides:
        result *= side
    return result
