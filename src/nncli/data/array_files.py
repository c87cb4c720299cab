"""Files of NumPy: which of their arrays are inputs, and which are targets."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data.files import COPIED, label_of
from nncli.errors import DataError
from nncli.preprocessing.archive import DAMAGE
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["inputs_of", "read_arrays"]

# How the members of an .npz file are called, in the order of preference: what Keras, scikit-learn
# and MedMNIST write.
INPUT_NAMES = {
    "train": ("x_train", "X_train", "train_x", "train_images", "train_inputs", "x", "X", "inputs",
              "images", "data", "features"),
    "validation": ("x_val", "X_val", "x_validation", "val_x", "val_images", "validation_inputs"),
    "test": ("x_test", "X_test", "test_x", "test_images", "test_inputs"),
}  # fmt: skip
TARGET_NAMES = {
    "train": ("y_train", "train_y", "train_labels", "train_targets", "y", "Y", "targets", "target",
              "labels", "label"),
    "validation": ("y_val", "y_validation", "val_y", "val_labels", "validation_targets"),
    "test": ("y_test", "test_y", "test_labels", "test_targets"),
}  # fmt: skip


Split = tuple["NDArray[Any]", "NDArray[Any]"]


def read_arrays(
    path: Path, target_path: Path | None, inputs: str | None, target: str | None, reporter: Reporter
) -> tuple[dict[str, Split], dict[str, Any]]:
    """Inputs and targets of each split, and the settings that were found out.

    Args:
        path: the .npz file, or the .npy file of inputs.
        target_path: the .npy file of targets.
        inputs: the member of the .npz file that is inputs; None is found out.
        target: the member that is targets.
        reporter: told what was found out and left out.

    Raises:
        DataError: it is no file of NumPy, or does not say what is what.
    """
    if path.suffix.lower() == ".npy":
        return {"train": _checked(path, _array(path), _targets(path, target_path))}, {}
    with _reading(path), _archive(path) as loaded:
        members = list(loaded.files)
        named = _named(path, inputs, target, members)
        unanswered = [x for x, y in named.values() if y is None]
        pairs = {split: (x, y) for split, (x, y) in named.items() if y is not None}
        found: dict[str, Any] = {}
        if "train" not in pairs and not inputs and not target and len(members) == 2:
            pair = _only_pair({name: loaded[name] for name in members})
            if pair:
                pairs = {"train": pair}
                found = {"inputs": pair[0], "target": pair[1]}
                reporter.notice(f"{label_of(path)}: {pair[0]} are inputs -> {pair[1]}")
        if "train" not in pairs:
            raise DataError(
                f"{path} has {', '.join(members) or 'no arrays'}: which are inputs, which targets?",
                hint="Say so: --set dataset.inputs=NAME --set dataset.target=NAME",
            )
        if unanswered and not found:
            left_out = ", ".join(unanswered)
            reporter.warning(f"Left out of {path.name}, for no targets are beside it: {left_out}")
        arrays = {split: (loaded[x], loaded[y]) for split, (x, y) in pairs.items()}
    return {split: _checked(path, *pair) for split, pair in arrays.items()}, found


def inputs_of(path: Path) -> NDArray[Any]:
    """The inputs in a file without targets: of an .npz file those of test, or of train, or the only
    array in it.

    Raises:
        DataError: it is no file of NumPy, or does not say which are inputs.
    """
    if path.suffix.lower() == ".npy":
        values = _array(path)
    else:
        with _reading(path), _archive(path) as loaded:
            members = list(loaded.files)
            usual = [name for split in ("test", "train") for name in INPUT_NAMES[split]]
            known = [name for name in usual if name in members]
            if not known and len(members) != 1:
                raise DataError(
                    f"{path} has {', '.join(members) or 'no arrays'}: which are inputs?",
                    hint="Name them x in the file, or save them alone as an .npy file.",
                )
            values = loaded[(known or members)[0]]
    return _checked(path, values, values)[0]


def _named(
    path: Path, inputs: str | None, target: str | None, members: Sequence[str]
) -> dict[str, tuple[str, str | None]]:
    """The members that are inputs of each split, and those that are its targets."""
    for key, name in (("inputs", inputs), ("target", target)):
        if name is not None and name not in members:
            raise DataError(
                f"{path} has no array {name!r} (dataset.{key}).",
                hint=f"It has {', '.join(members)}.",
            )
    named: dict[str, tuple[str, str | None]] = {}
    for split in INPUT_NAMES:
        first = split == "train"
        names = (inputs,) if first and inputs else INPUT_NAMES[split]
        answers = (target,) if first and target else TARGET_NAMES[split]
        x = next((name for name in names if name in members), None)
        if x is not None:
            named[split] = (x, next((name for name in answers if name in members), None))
    return named


def _only_pair(members: Mapping[str, NDArray[Any]]) -> tuple[str, str] | None:
    """Of two arrays of one length, the one with more axes is inputs, and the other targets."""
    if len(members) != 2 or any(not array.ndim for array in members.values()):
        return None
    target, inputs = sorted(members, key=lambda name: members[name].ndim)
    if len(members[target]) != len(members[inputs]):
        return None
    return (inputs, target) if members[target].ndim < members[inputs].ndim else None


def _archive(path: Path) -> Any:
    import numpy as np

    if not zipfile.is_zipfile(path):  # NumPy would leave the file open
        raise zipfile.BadZipFile("it is no whole zip archive, which an .npz file is")
    return np.load(path, allow_pickle=False)


def _array(path: Path) -> NDArray[Any]:
    import numpy as np

    with _reading(path):
        if zipfile.is_zipfile(path):
            raise DataError(f"{path} is an .npz file.", hint="Let its name end in .npz.")
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return array


def _targets(path: Path, target_path: Path | None) -> NDArray[Any]:
    if target_path is None:
        raise DataError(
            f"{path} has the inputs; where are the targets?",
            hint="Name their file: --set dataset.target_path=targets.npy",
        )
    return _array(target_path)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what NumPy raises about a file into a sentence."""
    try:
        yield
    except (*DAMAGE, ValueError) as error:
        reason = " ".join(str(error).split())
        if ("pickle" in reason or "Python objects" in reason) and _is_numpy(path):
            raise DataError(
                f"{path} holds Python objects (a pickle), which nncli never opens.",
                hint="Save plain arrays: numbers, or strings of a fixed type: array.astype(str)",
            ) from error
        raise DataError(
            f"{path} cannot be read as a file of NumPy: "
            + ("it is none." if "pickle" in reason else f"{reason}."),
            hint=COPIED,
        ) from error


def _checked(path: Path, values: NDArray[Any], targets: NDArray[Any]) -> Split:
    """Inputs and targets that have rows."""
    for array in (values, targets):
        if not array.ndim:
            raise DataError(f"{path} has a single number where a row for each example is wanted.")
        if 0 in array.shape:
            what = "no rows" if not len(array) else f"rows without numbers (shape {array.shape})"
            raise DataError(f"{path} has an array with {what}.")
    return values, targets


def _is_numpy(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(6).startswith((b"\x93NUMPY", b"PK"))
