"""The networks of `keras.applications`, known without Keras.

The table is shipped; `python docs/generate_applications.py` writes it from the installed version,
and a test compares.
"""

from __future__ import annotations

import difflib
import json
import os
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

__all__ = ["PLACE", "Application", "Pixels", "Weights", "found", "names", "of_keras", "suggested"]

PLACE = "keras_applications.json"

# How a network wants its pixels, in the words of Keras's `preprocess_input`: "tf" from -1 to 1,
# "torch" standardized, "caffe" as BGR less the mean, "raw" as 0 to 255, for it scales them itself.
Pixels = Literal["tf", "torch", "caffe", "raw"]


@dataclass(frozen=True)
class Weights:
    """Where Keras has the weights that were learned on ImageNet, without the output.

    In `file` and `address` `{size}` stands for one of `sizes`, or for the last of them.
    """

    file: str
    address: str
    hash: str | None
    sizes: tuple[int, ...] = ()

    def of_size(self, height: int, width: int) -> Weights:
        """The weights for images of a size."""
        if not self.sizes:
            return self
        size = str(height if height == width and height in self.sizes else self.sizes[-1])
        file, address = (text.replace("{size}", size) for text in (self.file, self.address))
        return Weights(file, address, self.hash)

    @property
    def place(self) -> Path:
        """Where Keras keeps the file, whether it is there or not."""
        home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
        return home / "models" / self.file


@dataclass(frozen=True)
class Application:
    """One network.

    Attributes:
        name: as Keras calls it.
        size: height and width that it was trained with.
        smallest: the smallest height and width that it takes.
        pixels: how it wants them.
        weights: of ImageNet.
    """

    name: str
    size: int
    smallest: int
    pixels: Pixels
    weights: Weights


@cache
def _table() -> dict[str, Application]:
    from importlib.resources import files

    text = files("nncli.models").joinpath(PLACE).read_text(encoding="utf-8")
    read: dict[str, dict[str, Any]] = json.loads(text)
    return {
        name: Application(
            name=name,
            size=entry["size"],
            smallest=entry["smallest"],
            pixels=entry["pixels"],
            weights=Weights(
                entry["file"], entry["address"], entry["hash"], tuple(entry.get("sizes", ()))
            ),
        )
        for name, entry in read.items()
    }


def names() -> list[str]:
    """All networks, as Keras calls them."""
    return list(_table())


def found(name: str) -> Application | None:
    """The network of a name, however it is written: `mobilenet_v2`, `MobileNetV2`; None without."""
    return next((one for key, one in _table().items() if _plain(key) == _plain(name)), None)


def suggested(name: str) -> str:
    """What was probably meant by a name that there is not."""
    by_plain = {_plain(key): key for key in _table()}
    close = difflib.get_close_matches(_plain(name), by_plain, n=1, cutoff=0.5)
    if close:
        return f"did you mean {by_plain[close[0]]}?"
    return f"there are {', '.join(names())}"


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def of_keras() -> dict[str, dict[str, Any]]:
    """The table of the installed Keras, read off its builders while they build nothing."""
    import inspect

    import keras

    table = {}
    for name in sorted(dir(keras.applications)):
        builder = getattr(keras.applications, name)
        if inspect.isfunction(builder):
            table[name] = {
                **_asked_for(builder, 224),
                "pixels": _pixels_of(inspect.getmodule(builder)),
            }
            sizes = [size for size in (96, 128, 160, 192, 224) if _has_own(builder, size)]
            if len(sizes) > 1:
                for key in ("file", "address"):
                    table[name][key] = table[name][key].replace("_224", "_{size}")
                table[name]["sizes"] = sizes
    return table


def _has_own(builder: Any, size: int) -> bool:
    """Whether there are weights for images of this size alone."""
    return f"_{size}" in str(_asked_for(builder, size)["file"])


class _Nothing:
    """Stands for layers and tensors, of which a builder makes nothing but more of these."""

    shape = (None, 64, 64, 64)

    def __call__(self, *arguments: Any, **settings: Any) -> _Nothing:
        return self

    def __getattr__(self, name: str) -> _Nothing:
        return self

    def __add__(self, other: Any) -> _Nothing:
        return self

    __radd__ = __mul__ = __rmul__ = __truediv__ = __add__


def _asked_for(builder: Any, size: int) -> dict[str, Any]:
    """The sizes and the file that `builder` asks for on its way."""
    import inspect
    from unittest.mock import patch

    import keras
    from keras.src.applications import imagenet_utils
    from keras.src.utils import file_utils

    module = inspect.getmodule(builder)
    asked: dict[str, Any] = {"size": 224, "smallest": 32}  # of MobileNetV3, which asks for none
    original = imagenet_utils.obtain_input_shape

    def shape(given: Any, **settings: Any) -> Any:
        asked.update(size=settings["default_size"], smallest=settings["min_size"])
        return original(given, **settings)

    def file(name: str, address: str, **settings: Any) -> str:
        asked.update(file=name, address=address, hash=settings.get("file_hash"))
        return name

    with ExitStack() as stack:
        for home in {module, inspect.getmodule(_shared(builder, module))}:
            for name, value in list(vars(home).items()):
                if name == "layers" or (inspect.isclass(value) and issubclass(value, keras.Layer)):
                    stack.enter_context(patch.object(home, name, _Nothing()))
        stack.enter_context(patch.object(imagenet_utils, "obtain_input_shape", shape))
        stack.enter_context(patch.object(file_utils, "get_file", file))
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        builder(include_top=False, weights="imagenet", input_shape=(size, size, 3))
    return asked


def _shared(builder: Any, module: Any) -> Any:
    """What builds the family, if another module does (ResNet V2 is built by ResNet's)."""
    resnet: Mapping[str, Any] = vars(module)
    return getattr(resnet.get("resnet"), "ResNet", builder)


def _pixels_of(module: Any) -> Pixels:
    """How `preprocess_input` of a module changes pixels: told by what becomes of some."""
    import numpy as np

    pixels = np.zeros((1, 1, 3), "float32")
    said = float(np.asarray(module.preprocess_input(pixels.copy()))[0, 0, 0])
    by_black: dict[float, Pixels] = {-1.0: "tf", 0.0: "raw", -2.118: "torch", -103.939: "caffe"}
    return by_black[round(said, 3)]
