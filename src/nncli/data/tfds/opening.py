"""Finding a dataset of tensorflow-datasets: on this machine, in its catalogue, on the network."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from nncli.catalogue import dataset_names
from nncli.data import network
from nncli.errors import DataError, DataUnavailableError, NotFoundError
from nncli.functions import DATASETS, plug_ins
from nncli.reporting import listed

__all__ = [
    "beside_you",
    "builder_of",
    "check_network",
    "check_there",
    "described_builder",
    "first_line",
    "prepared_builder",
    "prepared_folder",
]


def prepared_folder(name: str, folder: Path) -> Path | None:
    """Where `name` lies prepared in the data folder, found without importing tensorflow-datasets.

    None where it does not, or several times and tensorflow-datasets must say which is meant.
    """
    place, _, version = name.partition(":")
    found = list((folder / place).glob(f"{version or '*.*.*'}/dataset_info.json"))
    return found[0].parent if len(found) == 1 else None


def prepared_builder(prepared: Path) -> Any:
    """What reads a prepared dataset, whose description lies beside it; None if that is too old.

    The code that made the dataset is not needed, which may want the network for a start.
    """
    import tensorflow_datasets as tfds

    try:
        return tfds.builder_from_directory(prepared)
    except MemoryError:  # says nothing about the dataset
        raise
    except Exception:  # of another format; `builder_of` comes next, and says what stays wrong
        return None


def described_builder(prepared: Path) -> Any:
    """The same for whoever reads the records without TensorFlow: it decodes nothing by itself."""
    try:
        with _number_types_left_alone():
            return prepared_builder(prepared)
    except (ImportError, AttributeError):  # arranged otherwise in another version
        return None


@contextmanager
def _number_types_left_alone() -> Iterator[None]:
    """tensorflow-datasets imports TensorFlow, for seconds, where it reads that a column is sound:
    for the number type that its own decoder would give."""
    from tensorflow_datasets.core.features import audio_feature

    real = audio_feature.tf
    audio_feature.tf = SimpleNamespace(dtypes=SimpleNamespace(as_dtype=lambda given: given))
    try:
        yield
    finally:
        audio_feature.tf = real


def beside_you(name: str) -> str:
    """How a folder or file of the current folder is meant that has the name of a dataset; empty
    where there is none."""
    kind = "folder" if Path(name).is_dir() else "file"
    return f"The {kind} {name} here is meant by ./{name}" if Path(name).exists() else ""


def builder_of(name: str, folder: Path, *, archives: bool = False) -> Any:
    """The builder of `name`, which may be prepared in the data folder or not.

    Args:
        name: as tensorflow-datasets writes it.
        folder: the data folder.
        archives: whether the network is not to be used, as there are archives.

    Raises:
        NotFoundError: tensorflow-datasets knows no such name.
        DataUnavailableError: it is not prepared, and nothing can be downloaded offline.
        DataError: it cannot be constructed.
    """
    if not archives:
        check_there(name, folder)
    import tensorflow_datasets as tfds

    try:
        with network.refused() if archives else nullcontext(), network.only_local_files():
            return tfds.builder(name, data_dir=folder)
    except tfds.core.DatasetNotFoundError as error:
        raise _unknown(name) from error
    except ImportError as error:
        needed = f"the package {error.name}" if error.name else first_line(error)
        raise DataError(
            f"tensorflow-datasets needs {needed} for {name!r}.",
            hint=f"Install it: pip install {error.name}" if error.name else None,
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # a builder may raise anything; the cause stays attached
        raise DataError(
            f"tensorflow-datasets cannot open {name!r}: {first_line(error)}", hint=_forms(name)
        ) from error


def check_there(name: str, folder: Path) -> None:
    """Refuse at once what does not exist and, offline, what is not prepared: constructing it may
    want the network.

    Raises:
        NotFoundError: with the names that are close.
        DataUnavailableError: with the ways out.
    """
    # Where tensorflow-datasets is loaded, others may have added datasets of their own to it.
    known = _builder_name(name) in dataset_names()
    if not known and "tensorflow_datasets" not in sys.modules and not _lies_in(folder, name):
        raise _unknown(name)
    if known and network.is_offline() and not _lies_in(folder, name):
        _not_there(name, folder)


def _builder_name(name: str) -> str:
    return name.partition(":")[0].partition("/")[0]


def _lies_in(folder: Path, name: str) -> bool:
    return any((folder / name.partition(":")[0]).rglob("dataset_info.json"))


def _unknown(name: str) -> NotFoundError:
    names = dataset_names()
    close = difflib.get_close_matches(name.lower(), [*names, *plug_ins(DATASETS)], n=3)
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    if beside := beside_you(name):
        meant = f"{beside}.\n{meant}"
    return NotFoundError(
        f"There is no dataset named {name!r}.",
        hint=f"{meant}Known are digits (embedded) and the {len(names) - 1} names of "
        "tensorflow-datasets.",
    )


def check_network(name: str, builder: Any, folder: Path) -> None:
    """Refuse a dataset whose download cannot be reached.

    Raises:
        DataUnavailableError: with the ways out.
    """
    urls = list(builder.url_infos or ())
    if network.is_offline() or (urls and not network.reachable(urls)):
        _not_there(name, folder)


def _not_there(name: str, folder: Path) -> NoReturn:
    if network.is_offline():
        why = "nothing is downloaded offline"
        connect = "Prepare it from archives you have: "
    else:
        why = "its download cannot be reached"
        connect = "Connect to the network and try again, or prepare it from archives you have: "
    beside = f"{beside}.\n" if (beside := beside_you(name)) else ""
    raise DataUnavailableError(
        f"The dataset {name} is not prepared in {folder} and {why}.",
        hint=(
            f"{beside}{connect}nncli data prepare {name} --from FOLDER\n"
            "A dataset prepared elsewhere is found with --data-dir FOLDER.\n"
            "To train without any: --dataset digits."
        ),
    )


def _forms(name: str) -> str:
    """What could stand behind the builder's name."""
    import tensorflow_datasets as tfds

    place = _builder_name(name)
    try:
        builder = tfds.builder_cls(place)
        configurations = [f"{place}/{key}" for key in builder.builder_configs]
        versions = [str(builder.VERSION), *map(str, builder.SUPPORTED_VERSIONS or ())]
    except Exception:  # it may raise anything, and this is about another error
        return "Check the version and the configuration behind the name."
    shown = listed(configurations)
    parts = [f"Its versions are {', '.join(versions)}." if versions != ["None"] else ""]
    parts += [f"Its configurations are {shown}."] if configurations else []
    return " ".join(filter(None, parts)) or "Check what stands behind the name."


def first_line(error: BaseException) -> str:
    """What an error says, without what tensorflow-datasets puts around it, or what it is."""
    text = str(error).strip()
    text = re.sub(r"^(\w+: )?Failed to construct dataset .*?, builder_kwargs \".*?\": ", "", text)
    line = text.splitlines()[0] if text else type(error).__name__
    return line.removesuffix(" Here are 10 BuilderConfigs whose name closely match:")
