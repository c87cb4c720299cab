"""What can be used by name, known without importing tensorflow-datasets, or anything of nncli."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

__all__ = ["NOT_SAID", "Entry", "catalogue", "dataset_names"]

# With which tensorflow-datasets reads the files of recordings when it prepares them.
SOUND_DECODER = "pydub"
# How the reason ends of a dataset that only wants to be told.
NOT_SAID = "does not say what is input and what is target."


@dataclass(frozen=True)
class Entry:
    """A dataset that has a name.

    Attributes:
        name: as `--dataset` takes it.
        input: image, table, text, sound or array; empty if nncli must be told.
        target: what is predicted, such as `10 classes`; empty likewise.
        download_bytes: size of its archives; None if only the network knows.
        prepared: whether it lies on this machine, ready.
        reason: why it cannot be used as it is; empty if it can.
        needs: the package without which it cannot be prepared here; empty if nothing lacks.
    """

    name: str
    input: str
    target: str
    download_bytes: int | None
    prepared: bool
    reason: str
    needs: str = ""

    @property
    def input_is_open(self) -> bool:
        """Whether it can be used once it is said what is input and what is target."""
        return self.reason.endswith(NOT_SAID)


def dataset_names() -> list[str]:
    """The embedded datasets and the names of tensorflow-datasets, from a shipped table.

    `docs/generate.py` writes the table from the installed version, and `make check` compares.
    """
    return ["digits", *_shipped("tfds_names.txt").split()]


def catalogue(word: str = "", *, data_dir: Path | None = None) -> list[Entry]:
    """The datasets whose name, input or target contains `word`, the embedded ones first.

    The table is shipped; `make catalogue` writes it from the installed version.
    """
    place = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    folder = Path(place).expanduser()
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    embedded = Entry("digits", "image", "10 classes", 0, True, "")
    entries = [embedded, *_rows(folder, there)]
    wanted = word.lower()
    return [e for e in entries if wanted in f"{e.name} {e.input} {e.target}".lower()]


def _rows(folder: Path, there: set[str]) -> Iterator[Entry]:
    decoder = "" if find_spec(SOUND_DECODER) else SOUND_DECODER
    for line in _shipped("tfds_catalogue.tsv").splitlines()[1:]:
        name, kind, target, size, reason = line.split("\t")
        prepared = name in there and any((folder / name).rglob("dataset_info.json"))
        # A size of 0 is that of archives which are fetched by hand.
        needs = decoder if kind == "sound" and not prepared else ""
        yield Entry(name, kind, target, int(size) if size not in ("", "0") else None, prepared,
                    reason, needs)  # fmt: skip


def _shipped(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
