"""What nncli adds to a .keras file: one more member, which plain Keras leaves alone."""

from __future__ import annotations

import json
import zipfile
import zlib
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from nncli.backend import is_installed, tensorflow_left_alone
from nncli.descriptions import Input, Target
from nncli.errors import ModelFileError, NotFoundError
from nncli.files import open_atomically
from nncli.preprocessing import Preprocessing
from nncli.settings import Settings

__all__ = [
    "DAMAGE", "ModelDescription", "describe", "has_layer", "of_another_version", "open_model",
    "save",
]  # fmt: skip

MEMBER = "nncli.json"
STRING_LAYERS = (b"TextVectorization", b"StringLookup")
HUB = b'"keras_hub'  # begins the module and the registered name of every class of KerasHub
MAXIMUM_BYTES = 16_000_000
# What zipfile raises about an archive with a flipped bit or a missing end: a flipped header asks
# for a password (RuntimeError) or another method (NotImplementedError, which is one).
DAMAGE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError)


class ModelDescription(Settings):
    """`nncli.json` inside a .keras file: what the file needs to be used without its run."""

    format: Literal[2] = Field(default=2, description="Version of this description.")
    nncli: str = Field(description="The version of nncli that wrote the file.")
    inputs: Input = Field(description="What the model takes.")
    target: Target = Field(description="What it answers.")
    preprocessing: Preprocessing = Field(description="What it does with its input first.")
    experiment: dict[str, Any] = Field(description="The resolved experiment, dataset included.")


def save(model: Any, path: Path, description: ModelDescription) -> None:
    """Save a Keras model with its description, whole or not at all.

    Raises:
        StorageError: the file cannot be written.
    """
    with open_atomically(path) as temporary:
        with tensorflow_left_alone():
            model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            text = description.model_dump_json(indent=2)
            archive.writestr(MEMBER, text, zipfile.ZIP_DEFLATED)


def describe(path: Path) -> ModelDescription | None:
    """Read what nncli added to `path`; None for a .keras file that nncli did not make.

    Raises:
        NotFoundError: there is no such file.
        ModelFileError: it is no .keras file, or of a version that this nncli cannot read.
    """
    if not path.exists():
        raise NotFoundError(f"There is no file {path}.")
    if path.is_dir():
        inside = path / "model.keras"
        hint = f"Did you mean {inside}?" if inside.is_file() else None
        raise NotFoundError(f"{path} is a folder, not a .keras file.", hint=hint)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "config.json" not in names:
                raise ModelFileError(f"{path} is a zip archive but no Keras model.")
            if MEMBER not in names:
                return None
            if archive.getinfo(MEMBER).file_size > MAXIMUM_BYTES:
                raise ModelFileError(f"{path} has a description of implausible size.")
            text = archive.read(MEMBER)
    except DAMAGE as error:
        hint = "It may have been cut off while it was copied. Is it a .keras file of Keras 3?"
        raise ModelFileError(
            f"{path} cannot be read as a .keras file: {error}.", hint=hint
        ) from error
    try:
        return ModelDescription.model_validate_json(text)
    except ValidationError as error:
        raise of_another_version(path) from error


def has_layer(path: Path, name: str) -> bool:
    """Whether a .keras file says that its model has a layer called `name`; False where it cannot be
    read."""
    try:
        layers = json.loads(_configuration(path))["config"]["layers"]
    except (KeyError, TypeError, ValueError):
        return False
    return any(layer.get("name") == name for layer in layers)


def of_another_version(path: Path) -> ModelFileError:
    """The error about a file whose description this nncli cannot read."""
    return ModelFileError(
        f"{path} was written by another version of nncli and cannot be read by this one.",
        hint="Open it with the version that wrote it, or in plain Keras.",
    )


def _configuration(path: Path) -> bytes:
    """What Keras wrote of the model in a .keras file; nothing where it cannot be read: whoever
    opens the file says what is wrong."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read("config.json")
    except (*DAMAGE, KeyError):
        return b""


def _tensorflow_as_needed(path: Path) -> AbstractContextManager[None]:
    """Layers that take strings need TensorFlow on every backend; all else does without."""
    configuration = _configuration(path)
    if not configuration or any(name in configuration for name in STRING_LAYERS):
        return nullcontext()
    return tensorflow_left_alone()


def _import_what_it_names(path: Path) -> None:
    """Import KerasHub for a file with layers of it, which Keras finds when they are there.

    Raises:
        ModelFileError: it is not installed.
    """
    if HUB not in _configuration(path):
        return
    if not is_installed("keras_hub"):
        raise ModelFileError(
            f"{path} is made of layers of KerasHub, which is not installed.",
            hint="Install it with: pip install 'nncli[hub]'",
        )
    import keras_hub  # noqa: F401  (it registers its layers)


def open_model(path: Path) -> Any:
    """Load a .keras file with Keras's safe mode on: no code in it is ever run.

    Raises:
        ModelFileError: it is damaged, holds code, or needs classes that are not here.
    """
    import keras

    if path.suffix != ".keras":
        raise ModelFileError(f"{path} does not end in .keras.", hint="Rename it if it is one.")
    _import_what_it_names(path)
    try:
        with _tensorflow_as_needed(path):
            return keras.saving.load_model(path, safe_mode=True)
    except Exception as error:  # Keras raises anything about a bad file; the cause stays attached
        text = str(error)
        if "safe_mode" in text or "unsafe" in text.lower() or "Lambda" in text:
            raise ModelFileError(
                f"{path} contains Python code (a Lambda or a pickle), which nncli never runs.",
                hint="Rebuild the model without it.",
            ) from error
        reason = " ".join(text.split())[:200] or type(error).__name__
        raise ModelFileError(
            f"{path} cannot be opened: {reason}",
            hint="It is damaged, or was made with layers that are not part of Keras.",
        ) from error
