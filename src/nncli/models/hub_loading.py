"""What stands in the files of a preset of KerasHub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nncli.errors import ModelFileError
from nncli.models import application_weights
from nncli.models.hub_presets import Preset

__all__ = ["backbone_of", "damaged", "described"]


def described(preset: Preset, file: str) -> tuple[str, dict[str, Any]]:
    """The class and the settings of the object that a file of the preset describes.

    Raises:
        ModelFileError: the file is damaged.
    """
    try:
        read: dict[str, Any] = json.loads((preset.folder / file).read_text(encoding="utf-8"))
        return str(read["class_name"]), dict(read["config"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(preset, error) from error


def backbone_of(preset: Preset, *, weights: Path | bool, name: str, **changes: Any) -> Any:
    """The network of `preset` without its output, as KerasHub makes it.

    Args:
        preset: whose files are there.
        weights: a file of weights, or whether it gets what it has learned; otherwise it begins at
            random.
        name: what it is called.
        changes: of its settings.

    Raises:
        ModelFileError: the preset is damaged, or the file of another network.
    """
    import keras
    import keras_hub

    try:
        backbone = keras_hub.models.Backbone.from_preset(
            str(preset.folder),
            load_weights=weights is True,
            dtype=keras.config.dtype_policy(),
            name=name,
            **changes,
        )
    except Exception as error:  # Keras and h5py raise anything about files that do not fit
        raise damaged(preset, error) from error
    if isinstance(weights, Path):
        made_by = f"keras_hub.models.Backbone.from_preset({preset.name!r})"
        application_weights.load(backbone, weights, named=preset.name, made_by=made_by)
    return backbone


def damaged(preset: Preset, error: Exception) -> ModelFileError:
    """The error about a preset that cannot be read."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return ModelFileError(
        f"model.preset: {preset.folder} cannot be read as a preset of KerasHub: {reason}",
        hint="What fits is what a backbone's save_to_preset of this version of KerasHub writes.",
    )
