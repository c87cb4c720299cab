"""The presets of KerasHub for images and texts: their names, and where they are kept, without
importing it."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nncli.errors import NotFoundError, UsageError
from nncli.models import hub_families
from nncli.models.hub_families import Seen

__all__ = [
    "CONFIGURATION",
    "CONVERTER",
    "TOKENIZER",
    "WEIGHTS",
    "Preset",
    "found",
    "is_path",
    "names",
]

CONFIGURATION = "config.json"
CONVERTER = "image_converter.json"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.weights.h5"
ASSETS = "assets/tokenizer"
# Where a file says its class is; presets are older than the name of the library.
MODULE = re.compile(r"keras_(?:hub|nlp)\.(?:src\.)?models\.(\w+)\.")


@dataclass(frozen=True)
class Preset:
    """One preset.

    Attributes:
        name: as it was asked for.
        folder: where its files are, or will be when they have been downloaded.
        family: the folder of KerasHub's source that its network is in; '' where a folder of one's
            own does not say so.
        handle: what KerasHub's downloads call it; None for a folder of one's own.
    """

    name: str
    folder: Path
    family: str = ""
    handle: str | None = None

    @property
    def address(self) -> str:
        """Where people find it."""
        return f"https://www.kaggle.com/models/{self.handle}"

    @property
    def sees(self) -> Seen:
        """What its network is for."""
        return hub_families.seen(self.family)

    @property
    def vocabulary(self) -> list[str]:
        """The files that its tokenizer keeps its tokens in, relative to the folder.

        A network may have learned with the tokenizer of another family, which is known when that
        is there.
        """
        family = _family_in(self.folder / TOKENIZER) or self.family
        return [f"{ASSETS}/{name}" for name in hub_families.vocabulary(family)]

    def files(self, *, weights: bool = True) -> list[str]:
        """The files that it consists of; `weights` tells whether the weights are needed."""
        last = [WEIGHTS] if weights else []
        if self.sees == "texts":
            return [CONFIGURATION, TOKENIZER, *self.vocabulary, *last]
        # A folder of one's own may leave open how pixels are scaled, which then is said.
        return [CONFIGURATION, *([] if self.handle is None else [CONVERTER]), *last]

    def missing(self, *, weights: bool = True) -> list[str]:
        """Those of them that are not there."""
        return [name for name in self.files(weights=weights) if not self._has(name)]

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
        UsageError: KerasHub is not installed, or the network neither looks at images nor reads
            texts.
        NotFoundError: there is no such preset, or the folder holds none.
    """
    if hub_families.library() is None:
        raise UsageError(
            f"model.preset: {name} needs KerasHub, which is not installed.",
            hint="Install it with: pip install 'nncli[hub]', or take a network of Keras itself "
            "(model.name; nncli model list pretrained).",
        )
    preset = _in_folder(name) if is_path(name) else _named(name)
    if preset.sees == "neither" and hub_families.writes(preset.family):
        raise UsageError(
            f"model.preset: {name} ({preset.family}) is made to write texts, which nncli does not "
            "train.",
            hint="Take an encoder, which reads a text as a whole: bert_tiny_en_uncased, "
            "distil_bert_base_en_uncased, roberta_base_en, xlm_roberta_base_multi, ...",
        )
    return preset


def _named(name: str) -> Preset:
    known = hub_families.presets().get(name)
    if known is None or (
        hub_families.seen(known[0]) == "neither" and not hub_families.writes(known[0])
    ):
        raise NotFoundError(
            f"model.preset: {name} is no preset of the installed KerasHub for images or texts"
            f"{_suggested(name)}",
            hint="A folder that a backbone's save_to_preset has written is named by its path: "
            "./folder. All: https://keras.io/keras_hub/presets",
        )
    family, handle = known
    return Preset(name, _cache_folder() / "models" / handle, family, handle)


def _in_folder(name: str) -> Preset:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise NotFoundError(f"model.preset: there is no folder {folder}.")
    preset = Preset(name, folder, _family_in(folder / CONFIGURATION))
    missing = preset.missing(weights=False)
    if CONFIGURATION in missing:
        raise NotFoundError(
            f"model.preset: {folder} holds no preset of KerasHub: there is no {CONFIGURATION} in "
            "it.",
            hint="A backbone's save_to_preset writes one.",
        )
    if missing:
        raise NotFoundError(
            f"model.preset: {folder} lacks {missing[0]}, without which texts cannot be cut into "
            "the tokens that the network has learned.",
            hint="The tokenizer's save_to_preset writes it into the same folder.",
        )
    return preset


def _family_in(file: Path) -> str:
    """The family of the network or tokenizer that a file describes; '' if it does not say."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        match = MODULE.match(said["module"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # whoever loads it says what is wrong
    return match[1] if match else ""


@cache
def names() -> Mapping[str, str]:
    """Every preset that looks at images or reads texts, and what its download is called; none
    without KerasHub."""
    presets = hub_families.presets().items()
    return {
        name: handle for name, (family, handle) in presets if hub_families.seen(family) != "neither"
    }


def _suggested(name: str) -> str:
    close = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else "."


def _cache_folder() -> Path:
    """Where KerasHub's downloads are kept."""
    return Path(os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub")
