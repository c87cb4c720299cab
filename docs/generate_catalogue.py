"""Writes `src/nncli/catalogue/tfds_catalogue.tsv`: what nncli can train on of tensorflow-datasets.

Every builder is constructed, without a network: `make catalogue`, after an update of
tensorflow-datasets. What cannot be used is listed with its reason.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

PLACE = Path(__file__).parent.parent / "src" / "nncli" / "catalogue" / "tfds_catalogue.tsv"
HEADER = "name\tinput\ttarget\tdownload_bytes\treason"


def row(name: str) -> str:
    """The line of one builder, the same with and without a network."""
    import tensorflow_datasets as tfds

    from nncli.data import network
    from nncli.data.tfds.features import image_input, meaning
    from nncli.data.tfds.opening import first_line
    from nncli.errors import NncliError

    try:
        with network.offline(), network.only_local_files():
            builder = tfds.builder(name, data_dir=tempfile.mkdtemp())
            size = sum(int(info.size or 0) for info in (builder.url_infos or {}).values())
    except ImportError as error:
        return f"{name}\t\t\t\tneeds the package {error.name or 'pandas'}"
    except Exception as error:  # any of them may raise anything; it is written down
        return f"{name}\t\t\t\t{_why(first_line(error))}"
    try:
        found = meaning(name, builder.info)
        if found.kind == "image":
            image_input(name, found.features[next(iter(found.inputs.values()))])
    except NncliError as error:
        return f"{name}\t\t\t{size}\t{_plain(error.message)}"
    return f"{name}\t{found.kind}\t{_described(found)}\t{size}\t"


def _described(found: Any) -> str:
    if found.target is None:
        count = len(found.targets)
        return "classes or a value" if count == 1 else f"{count} labels or values"
    names, kind = found.target.names, found.target.kind
    plural = {"class": "classes", "labels": "labels", "value": "values"}[kind]
    return f"{len(names)} {plural if len(names) != 1 else kind.removesuffix('s')}"


def _why(reason: str) -> str:
    """Why a builder cannot be constructed, without the paths of the machine that tried."""
    if any(sign in reason for sign in ("://", "network", "HTTP")):
        return "is described on the network alone"
    without_folders = re.sub(r"\S*/(?=\S)", "", reason)
    return f"cannot be constructed: {_plain(without_folders)}"


def _plain(text: str) -> str:
    return " ".join(text.split())[:160]


def main() -> None:
    """Construct everything, one after the other."""
    import tensorflow_datasets as tfds

    lines = [row(name) for name in tfds.list_builders(with_community_datasets=False)]
    PLACE.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.exit(main())
