"""Letting tensorflow-datasets download and prepare, with its progress told to a `Reporter`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, NoReturn

from nncli.errors import (
    DataError,
    DataUnavailableError,
    NncliError,
    NotFoundError,
    StorageError,
)
from nncli.files import storage_errors
from nncli.reporting import Reporter, Task

__all__ = ["download_and_prepare"]

# What nncli itself offers to install a package with.
EXTRAS = {"pydub": "'nncli[sound]'"}


def download_and_prepare(
    builder: Any, folder: Path, *, archives: Path | None, reporter: Reporter
) -> None:
    """Prepare `builder` in the data folder `folder`, from `archives` alone if it is given.

    Raises:
        NotFoundError: `archives` lacks a file.
        StorageError: the data folder cannot be written.
        DataUnavailableError: a download failed.
        DataError: an archive is damaged, or preparing failed otherwise.
    """
    import tensorflow_datasets as tfds

    if archives is not None:
        _check_archives(builder, archives)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            configuration = tfds.download.DownloadConfig(manual_dir=archives)
            if archives is not None:
                # TFDS names what it unpacks after the file alone, and takes what it finds there:
                # MNIST's images for those of another dataset whose archive has the same name.
                unpacked = TemporaryDirectory(dir=folder, prefix=f".{builder.name}-")
                configuration.extract_dir = Path(stack.enter_context(unpacked))
            stack.enter_context(_progress_told_to(reporter, builder.name, archives))
            if archives is not None:
                stack.enter_context(_only_from(archives, builder))
            builder.download_and_prepare(download_config=configuration)
    except (NncliError, MemoryError):
        raise
    except Exception as error:  # a builder may raise anything; the cause stays attached
        raise _explained(error, builder, folder, archives) from error


def _check_archives(builder: Any, archives: Path) -> None:
    """Notice archives that were cut off before their first gigabyte is unpacked."""
    if not archives.is_dir():
        raise NotFoundError(f"There is no folder {archives}.")
    for info in (builder.url_infos or {}).values():
        archive = archives / (info.filename or "")
        if archive.is_file() and info.size and int(info.size) != archive.stat().st_size:
            raise DataError(
                f"{archive} has {archive.stat().st_size:,} bytes; the original has "
                f"{int(info.size):,}.",
                hint="It was cut off or is another file: download it again.",
            )


@contextmanager
def _only_from(archives: Path, builder: Any) -> Iterator[None]:
    """Make an archive that is not in `archives` an error, where TFDS would download it."""
    from tensorflow_datasets.core.download.download_manager import DownloadManager

    known = {url: info.filename for url, info in (builder.url_infos or {}).items()}

    def refuse(manager: Any, resource: Any) -> NoReturn:
        name = known.get(resource.url) or resource.url
        others = ", ".join(sorted(filter(None, known.values())))
        raise NotFoundError(
            f"{archives} lacks {name}, an archive of {builder.name}.",
            hint=f"Put the original files there, under their names: {others}.",
        )

    original = DownloadManager._download
    DownloadManager._download = refuse
    try:
        yield
    finally:
        DownloadManager._download = original


def _explained(error: Exception, builder: Any, folder: Path, archives: Path | None) -> Exception:
    import requests
    import tensorflow_datasets as tfds

    if isinstance(error, OSError) and error.errno is not None:
        try:
            with storage_errors(folder):
                raise error
        except StorageError as explained:
            return explained
    if package := _lacking_package(error):
        return DataError(
            f"Preparing {builder.name} needs the package {package}, which is not installed.",
            hint=f"Install it: pip install {EXTRAS.get(package, package)}",
        )
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    failed_download = (
        requests.exceptions.RequestException,
        tfds.download.download_manager.NonMatchingChecksumError,
    )
    if archives is None and isinstance(error, failed_download):
        return DataUnavailableError(
            f"Downloading {builder.name} failed: {reason}",
            hint="Try again later, or prepare it from archives you have: "
            f"nncli data prepare {builder.name} --from FOLDER",
        )
    wrong_checksum = tfds.download.download_manager.NonMatchingChecksumError
    if isinstance(error, wrong_checksum):
        name = re.search(r"downloaded to (.*), has wrong checksum", reason)
        return DataError(
            f"{name[1] if name else builder.name} is damaged: its checksum is not the original's.",
            hint="Download it again.",
        )
    return DataError(
        f"Preparing {builder.name} failed: {reason}",
        hint="The archives may be damaged, or the dataset needs a package that is not installed.",
    )


def _lacking_package(error: BaseException) -> str | None:
    """The package that could not be imported. TFDS raises the error again with what it worked on in
    front, and leaves the name to the first one."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ImportError) and found.name:
            return found.name.partition(".")[0]
        found = found.__cause__ or found.__context__
    return None


@contextmanager
def _progress_told_to(reporter: Reporter, dataset: str, archives: Path | None) -> Iterator[None]:
    """Send the progress of TFDS to `reporter` instead of its own bars.

    TFDS offers to switch its bars off but not to receive them, so its tqdm is replaced for the
    time of the preparation by one that draws nothing and passes its counts on.
    """
    import tqdm
    from tensorflow_datasets.core.utils import tqdm_utils

    fetching = "Downloading" if archives is None else "Reading the archives of"
    units = {"Dl Size": (fetching, "bytes"), "Generating": ("Preparing", "examples")}

    class ReportedTqdm(tqdm.tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.stack = ExitStack()
            self.task: Task | None = None
            super().__init__(*args, **{**kwargs, "disable": False, "mininterval": 0.1})

        def display(self, *args: Any, **kwargs: Any) -> None:
            words = str(self.desc).removesuffix("...: ").removesuffix("...").strip()
            kind = next((kind for kind in units if words.startswith(kind)), None)
            if kind is None or words == "Generating splits":
                return
            if self.task is None:
                verb, unit = units[kind]
                what = words.removeprefix(kind).removesuffix(" examples").strip()
                name = f"{verb} {dataset}" + (f": {what}" if what else "")
                self.task = self.stack.enter_context(reporter.task(name, unit=unit))
            self.task.update(completed=self.n, total=self.total)

        def close(self) -> None:
            self.stack.close()
            super().close()

    original = tqdm_utils.tqdm_lib
    tqdm_utils.tqdm_lib = SimpleNamespace(tqdm=ReportedTqdm)
    try:
        yield
    finally:
        tqdm_utils.tqdm_lib = original
