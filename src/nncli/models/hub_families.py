"""What the source of the installed KerasHub says about its families of networks, which is read and
not run: importing it takes seconds."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

__all__ = ["Seen", "library", "presets", "seen", "vocabulary", "writes"]

LIBRARY = "keras_hub"
SCHEME = "kaggle://"
# What each of KerasHub's ways to cut texts keeps its vocabulary in.
VOCABULARIES = {
    "word_piece_tokenizer": ("vocabulary.txt",),
    "byte_pair_tokenizer": ("vocabulary.json", "merges.txt"),
    "sentence_piece_tokenizer": ("vocabulary.spm",),
}
# Reads texts as a whole, though KerasHub has no classifier of it that would say so.
READERS = ("electra",)
# How a tokenizer's source says that it is another family's.
OTHERS = re.compile(r"\.models\.(\w+)\.\w+_tokenizer import")

Seen = Literal["images", "texts", "neither"]


@cache
def library() -> Path | None:
    """The folder of KerasHub, which is not imported; None where it is not installed."""
    from importlib.util import find_spec

    spec = find_spec(LIBRARY)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


@cache
def presets() -> Mapping[str, tuple[str, str]]:
    """The family and the download of every preset of KerasHub."""
    folder = library()
    result: dict[str, tuple[str, str]] = {}
    for file in sorted((folder / "src" / "models").glob("*/*_presets.py")) if folder else ():
        family = file.name.removesuffix("_presets.py")
        result |= {name: (family, handle) for name, handle in _written(file).items()}
    return result


def _written(file: Path) -> dict[str, str]:
    """The presets in one file of KerasHub, which is read and not run."""
    result = {}
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Dict):
            continue
        try:
            written = ast.literal_eval(statement.value)
        except ValueError:  # put together from other dictionaries
            continue
        for name, preset in written.items():
            handle = preset.get("kaggle_handle", "") if isinstance(preset, dict) else ""
            if handle.startswith(SCHEME):
                result[name] = handle.removeprefix(SCHEME)
    return result


@cache
def seen(family: str) -> Seen:
    """What networks of a family are for, by what KerasHub makes of them."""
    if _has_part(family, "image_classifier"):
        return "images"
    classified = any(_has_part(family, part) for part in ("text_classifier", "classifier"))
    return "texts" if classified or family in READERS else "neither"


@cache
def writes(family: str) -> bool:
    """Whether networks of a family write texts."""
    return _has_part(family, "causal_lm") or _has_part(family, "seq_2_seq_lm")


def _has_part(family: str, part: str) -> bool:
    file = _source(family, part)
    return file is not None and file.is_file()


def _source(family: str, part: str) -> Path | None:
    """The file of KerasHub's source with a part of a family."""
    folder = library()
    if folder is None or not family:
        return None
    return folder / "src" / "models" / family / f"{family}_{part}.py"


def vocabulary(family: str) -> tuple[str, ...]:
    """The files of the vocabulary, by the tokenizer that this one is made of."""
    file = _source(family, "tokenizer")
    source = file.read_text(encoding="utf-8") if file is not None and file.is_file() else ""
    for name, files in VOCABULARIES.items():
        if f".{name} import" in source:
            return files
    other = OTHERS.search(source)
    return vocabulary(other[1]) if other and other[1] != family else ()
