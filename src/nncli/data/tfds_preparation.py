"""Letting tensorflow-datasets download and prepare, with its progress told to a `Reporter`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nncli.errors import DataError, DataUnavailableError, NotFoundError, StorageError
from nncli.files import storage_errors
from nncli.reporting import Reporter, Task

__all__ = ["download_and_prepare"]


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
        _require_archives(builder, archives)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    configuration = tfds.download.DownloadConfig(manual_dir=archives)
    try:
        with _progress_told_to(reporter, builder.name):
            builder.download_and_prepare(download_config=configuration)
    except Exception as error:
        raise _explained(error, builder, folder, archives) from error


def _require_archives(builder: Any, archives: Path) -> None:
    if not archives.is_dir():
        raise NotFoundError(f"There is no folder {archives}.")
    wanted = {info.filename: info for info in (builder.url_infos or {}).values() if info.filename}
    missing = sorted(name for name in wanted if not (archives / name).is_file())
    if missing:
        raise NotFoundError(
            f"{archives} lacks {len(missing)} of the {len(wanted)} archives of {builder.name}: "
            f"{', '.join(missing[:8])}{', ...' if len(missing) > 8 else ''}.",
            hint="Put the original files there, under these names.",
        )
    for name, info in wanted.items():
        size = (archives / name).stat().st_size
        if info.size and int(info.size) != size:
            raise DataError(
                f"{archives / name} has {size:,} bytes; the original has {int(info.size):,}.",
                hint="It was cut off or is another file: download it again.",
            )


def _explained(error: Exception, builder: Any, folder: Path, archives: Path | None) -> Exception:
    import requests
    import tensorflow_datasets as tfds

    if isinstance(error, OSError) and error.errno is not None:
        try:
            with storage_errors(folder):
                raise error
        except StorageError as explained:
            return explained
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
    return DataError(
        f"Preparing {builder.name} failed: {reason}",
        hint="The archives may be damaged, or the dataset needs a package that is not installed.",
    )


@contextmanager
def _progress_told_to(reporter: Reporter, dataset: str) -> Iterator[None]:
    """Send the progress of TFDS to `reporter` instead of its own bars.

    TFDS offers to switch its bars off but not to receive them, so its tqdm is replaced for the
    time of the preparation by one that draws nothing and passes its counts on.
    """
    import tqdm
    from tensorflow_datasets.core.utils import tqdm_utils

    units = {"Dl Size": ("Downloading", "bytes"), "Generating": ("Preparing", "examples")}

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
