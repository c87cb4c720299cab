"""Writes `src/nncli/data/tfds_catalogue.tsv`: what nncli can train on of tensorflow-datasets.

Every builder is constructed, which takes minutes: `make catalogue`, after an update of
tensorflow-datasets. What cannot be used is listed with its reason.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

PLACE = Path(__file__).parent.parent / "src" / "nncli" / "data" / "tfds_catalogue.tsv"
HEADER = "name\tinput\ttarget\tdownload_bytes\treason"
SECONDS = 40


def row(name: str) -> str:
    """The line of one builder."""
    import tensorflow_datasets as tfds

    from nncli.data.tfds_features import image_input, meaning
    from nncli.errors import NncliError

    try:
        builder = tfds.builder(name, data_dir=tempfile.mkdtemp())
        size = sum(int(info.size or 0) for info in (builder.url_infos or {}).values())
    except Exception as error:  # any of them may raise anything; it is written down
        return f"{name}\t\t\t\tnot constructed without network: {_plain(error)}"
    try:
        found = meaning(name, builder.info, (), ())
        if found.kind == "image":
            image_input(name, found.features[next(iter(found.inputs.values()))])
    except NncliError as error:
        return f"{name}\t\t\t{size}\t{_plain(error)}"
    except Exception as error:  # likewise
        return f"{name}\t\t\t{size}\tnot understood: {_plain(error)}"
    return f"{name}\t{found.kind}\t{_described(found.target)}\t{size}\t"


def _described(target: object) -> str:
    names = target.names  # type: ignore[attr-defined]
    kind = target.kind  # type: ignore[attr-defined]
    plural = {"class": "classes", "labels": "labels", "value": "values"}[kind]
    return f"{len(names)} {plural if len(names) != 1 else kind.removesuffix('s')}"


def _plain(error: BaseException) -> str:
    text = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
    return " ".join(str(text).split())[:160]


def main() -> None:
    """Construct everything, one after the other, each with a limit of time."""
    import tensorflow_datasets as tfds

    context = multiprocessing.get_context("fork")
    names = tfds.list_builders(with_community_datasets=False)
    lines = []
    for name in names:
        reading, writing = context.Pipe(duplex=False)
        process = context.Process(target=lambda n=name, w=writing: w.send(row(n)))
        process.start()
        line = reading.recv() if reading.poll(SECONDS) else f"{name}\t\t\t\tnot constructed in time"
        process.kill()
        process.join()
        lines.append(line)
    PLACE.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.exit(main())
