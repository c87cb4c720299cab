"""What a feature of tensorflow-datasets holds, asked without importing its classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nncli.data.table.columns import MISSING
from nncli.errors import DataError
from nncli.reporting import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "SEPARATOR",
    "called",
    "dtype_of",
    "flat",
    "is_integer",
    "is_numeric",
    "is_scalar",
    "is_string",
    "label_names",
    "leaves",
    "paths_of",
    "shape_of",
    "some",
    "strings",
    "type_of",
]

SEPARATOR = "\t"  # between the keys of a path: names have slashes


def flat(features: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The features of an example by their paths, those inside dictionaries included.

    They are sorted: what is read from a prepared folder comes in no order of its own.
    """
    if type_of(features) in ("Sequence", "Dataset"):
        return  # many examples in one; it passes for the dictionary that it repeats
    for key in sorted(features):
        place, feature = f"{path}{key}", features[key]
        if type_of(feature) == "FeaturesDict":
            yield from flat(feature, f"{place}{SEPARATOR}")
        else:
            yield place, feature


def leaves(keys: Any) -> list[str]:
    """The names in supervised keys, which may be nested."""
    if isinstance(keys, str):
        return [keys]
    parts = [keys[key] for key in sorted(keys)] if isinstance(keys, Mapping) else keys
    return [leaf for part in parts for leaf in leaves(part)]


def paths_of(name: str, features: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """The features that `keys` name, all of a dictionary where that is named.

    Raises:
        DataError: there is no such feature.
    """
    found: list[str] = []
    for key in keys:
        place = key.replace("/", SEPARATOR) if key not in features else key
        inside = f"{place}{SEPARATOR}"
        below = [path for path in features if path == place or path.startswith(inside)]
        if not below:
            import difflib

            known = [path.replace(SEPARATOR, "/") for path in features]
            ends = {path.rpartition("/")[2]: path for path in known}
            close = ends.get(key) or next(iter(difflib.get_close_matches(key, known, n=1)), None)
            meant = f"Did you mean {close}? " if close else ""
            raise DataError(f"{name} has no feature {key!r}.", hint=f"{meant}It has {some(known)}.")
        found += [path for path in below if path not in found]
    return found


def called(paths: Sequence[str]) -> dict[str, str]:
    """The paths by short names where these are unique."""
    last = [path.rpartition(SEPARATOR)[2] for path in paths]
    alone = len(set(last)) == len(last)
    return {
        (short if alone else path.replace(SEPARATOR, "/")): path
        for short, path in zip(last, paths, strict=True)
    }


def type_of(feature: Any) -> str:
    """The name of its class."""
    return type(feature).__name__


def shape_of(feature: Any) -> tuple[Any, ...]:
    """Its shape; of dictionaries their keys."""
    return tuple(feature.shape or ())


def dtype_of(feature: Any) -> str:
    """Its NumPy type; empty for dictionaries."""
    import numpy as np

    try:
        return str(np.dtype(feature.numpy_dtype))
    except (AttributeError, TypeError, ValueError):
        return ""


def is_numeric(feature: Any) -> bool:
    """Whether it holds numbers."""
    return dtype_of(feature).startswith(("int", "uint", "float", "bool"))


def is_integer(feature: Any) -> bool:
    """Whether it holds whole numbers."""
    return dtype_of(feature).startswith(("int", "uint"))


def is_string(feature: Any) -> bool:
    """Whether it holds texts."""
    return dtype_of(feature) in ("object", "str", "string")


def is_scalar(feature: Any) -> bool:
    """Whether it is a single thing."""
    return isinstance(feature.shape, tuple) and feature.shape == ()


def label_names(feature: Any) -> tuple[str, ...]:
    """The classes of a ClassLabel; of others none."""
    if type_of(feature) != "ClassLabel":
        return ()
    try:
        names = feature.names
    except (OSError, ValueError):
        names = None
    return tuple(names or (str(index) for index in range(feature.num_classes or 0)))


def strings(values: NDArray[Any]) -> NDArray[Any]:
    """Bytes as stripped strings, words for missing as ''."""
    import numpy as np

    cells = [
        value.decode("utf-8", "replace").strip() if isinstance(value, bytes) else str(value)
        for value in values.tolist()
    ]
    return np.array(["" if cell.lower() in MISSING else cell for cell in cells], object)


def some(names: Sequence[str]) -> str:
    """The names in a feature: all of them, where they can be read at a glance."""
    return listed(names, 12)
