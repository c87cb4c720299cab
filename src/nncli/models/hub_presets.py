"""The presets of KerasHub for images: their names, and where they are kept, without importing it.

The names are read from the files of the installed version, and so are never older than it.
"""

from __future__ import annotations

import ast
import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nncli.errors import NotFoundError, UsageError

__all__ = ["CONFIGURATION", "CONVERTER", "WEIGHTS", "Preset", "found", "is_path", "names"]

LIBRARY = "keras_hub"
SCHEME = "kaggle://"
CONFIGURATION = "config.json"
CONVERTER = "image_converter.json"
WEIGHTS = "model.weights.h5"


@dataclass(frozen=True)
class Preset:
    """One preset.

    Attributes:
        name: as it was asked for.
        folder: where its files are, or will be when they have been downloaded.
        handle: what KerasHub's downloads call it; None for a folder of one's own.
    """

    name: str
    folder: Path
    handle: str | None = None

    @property
    def address(self) -> str:
        """Where people find it."""
        return f"https://www.kaggle.com/models/{self.handle}"

    def missing(self, *, weights: bool = True) -> list[str]:
        """The files that are not there; `weights` tells whether the weights are needed."""
        optional = () if self.handle is None else (CONVERTER,)
        wanted = (CONFIGURATION, *optional, *((WEIGHTS,) if weights else ()))
        return [name for name in wanted if not self._has(name)]

    def _has(self, name: str) -> bool:
        if not (self.folder / name).is_file():
            return False
        # What was cut off while it came lies there too; only this mark says that it is whole.
        marks = self.folder.parent / ".complete" / f"{self.folder.name}"
        whole = self.folder.parent / ".complete" / f"{self.folder.name}.complete"
        return self.handle is None or whole.is_file() or (marks / f"{name}.complete").is_file()


def is_path(text: str) -> bool:
    """Whether `text` names a folder, and not a preset of KerasHub."""
    return text.startswith((".", "~")) or "/" in text or os.sep in text


def found(name: str) -> Preset:
    """The preset of a name, or in a folder.

    Raises:
        UsageError: KerasHub is not installed.
        NotFoundError: there is no such preset, or the folder holds none.
    """
    if _library() is None:
        raise UsageError(
            f"model.preset: {name} needs KerasHub, which is not installed.",
            hint="Install it with: pip install 'nncli[hub]', or take a network of Keras itself "
            "(model.name; nncli model list pretrained).",
        )
    if not is_path(name):
        if name not in names():
            raise NotFoundError(
                f"model.preset: {name} is no preset of the installed KerasHub for images"
                f"{_suggested(name)}",
                hint="A folder that a backbone's save_to_preset has written is named by its path: "
                "./folder. All: https://keras.io/keras_hub/presets",
            )
        handle = names()[name]
        return Preset(name, _cache_folder() / "models" / handle, handle)
    preset = Preset(name, Path(name).expanduser())
    if not preset.folder.is_dir():
        raise NotFoundError(f"model.preset: there is no folder {preset.folder}.")
    if preset.missing(weights=False):
        raise NotFoundError(
            f"model.preset: {preset.folder} holds no preset of KerasHub: there is no "
            f"{CONFIGURATION} in it.",
            hint="A backbone's save_to_preset writes one.",
        )
    return preset


@cache
def names() -> Mapping[str, str]:
    """Every preset that looks at images, and what its download is called; none without KerasHub."""
    library = _library()
    result: dict[str, str] = {}
    for file in sorted((library / "src" / "models").glob("*/*_presets.py")) if library else ():
        family = file.name.removesuffix("_presets.py")
        if file.with_name(f"{family}_image_classifier.py").is_file():
            result |= _written(file)
    return result


def _written(file: Path) -> dict[str, str]:
    """The presets in one file of KerasHub, which is read and not run."""
    result = {}
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Dict):
            continue
        try:
            presets = ast.literal_eval(statement.value)
        except ValueError:  # put together from other dictionaries
            continue
        for name, preset in presets.items():
            handle = preset.get("kaggle_handle", "") if isinstance(preset, dict) else ""
            if handle.startswith(SCHEME):
                result[name] = handle.removeprefix(SCHEME)
    return result


def _suggested(name: str) -> str:
    close = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else "."


def _library() -> Path | None:
    """The folder of KerasHub, which is not imported; None where it is not installed."""
    from importlib.util import find_spec

    spec = find_spec(LIBRARY)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _cache_folder() -> Path:
    """Where KerasHub's downloads are kept."""
    return Path(os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub")
