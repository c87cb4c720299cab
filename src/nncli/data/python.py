"""Data that a Python function returns: one's own file, or an installed package's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, model_validator

from nncli.data.arrays import ArraySettings, Names, decode
from nncli.data.dataset import DecodedDataset, Source
from nncli.data.files import stamp
from nncli.errors import DataError
from nncli.functions import DATASETS, Function, mistakes_in, plug_in_label
from nncli.preprocessing import Preprocessing
from nncli.reporting import Reporter
from nncli.settings import mistaken

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PythonDataset", "source"]

SPLITS = ("train", "validation", "test")


class PythonDataset(ArraySettings):
    """What a Python function returns; the keys beside it that are not listed are its arguments."""

    model_config = ConfigDict(extra="allow")

    type: Literal["python"] = Field(default="python", description="A function of your own.")
    load: str = Field(
        description=(
            "my_data.py:load or package.module:load, a function of the other keys here that gives "
            "arrays of inputs and targets: {train: (inputs, targets), test: ...}, or as Keras's "
            "load_data() does."
        ),
    )

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> Self:
        function, given = Function(self.load), self.model_extra or {}
        problems = mistakes_in(function, given, key="load", positional=0, context=info.context)
        if error := mistaken(problems):
            raise error
        return self

    @property
    def label(self) -> str:
        """The name that runs and reports give to this dataset: that of a plug-in, of the file or
        the module."""
        if name := plug_in_label(DATASETS, self.load):
            return name
        function = Function(self.load)
        return function.file.stem if function.file else function.module.rpartition(".")[2]


def source(settings: PythonDataset) -> Source:
    """The arrays that the function returns; cached as long as its file does not change."""
    function = Function(settings.load)
    kept = settings.model_dump(mode="json", exclude={"validation", "test"})
    file = stamp(function.file) if function.file else function.module
    key = {"name": settings.label, "file": file, "settings": kept}

    def read(given: Preprocessing | None, reporter: Reporter) -> DecodedDataset:
        with reporter.task(f"Calling {settings.load}"):
            returned = function.call(**(settings.model_extra or {}))
        arrays = _splits(settings.load, returned)
        names = Names(settings.label, settings.load)
        return decode(settings, arrays, {}, names, given, reporter)

    return Source(key, read, partial(read, None))


def _splits(name: str, returned: Any) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """Inputs and targets of each split.

    Raises:
        DataError: something else was returned.
    """
    import numpy as np

    splits = returned
    if isinstance(returned, tuple | list):
        pairs = all(isinstance(part, tuple | list) and len(part) == 2 for part in returned)
        if len(returned) == 2 and not pairs:
            splits = {"train": returned}
        elif len(returned) == 2:
            splits = dict(zip(("train", "test"), returned, strict=True))
        elif len(returned) == 3 and pairs:
            splits = dict(zip(SPLITS, returned, strict=True))
    if not isinstance(splits, Mapping) or "train" not in splits:
        raise DataError(
            f"{name} returned {type(returned).__name__}, not arrays of inputs and targets.",
            hint="Return {'train': (inputs, targets)}, with 'validation' and 'test' if there are.",
        )
    found = {}
    for split, pair in splits.items():
        if split not in SPLITS or not isinstance(pair, tuple | list) or len(pair) != 2:
            raise DataError(
                f"{name}: {split!r} is not one of train, validation and test with a pair of inputs "
                "and targets."
            )
        try:
            inputs, targets = (np.asarray(part) for part in pair)
        except ValueError as error:
            raise DataError(f"{name}: {split} is no array: {error}.") from error
        if not inputs.ndim or not targets.ndim or not len(inputs):
            raise DataError(f"{name}: {split} has no examples.")
        found[str(split)] = (_plain(inputs), _plain(targets))
    return found


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Python's strings, which NumPy keeps as objects, as an array of strings."""
    if values.dtype == object and all(isinstance(value, str) for value in values.ravel()):
        return values.astype(str)
    return values
