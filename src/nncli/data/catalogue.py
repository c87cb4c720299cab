"""The names of the datasets that can be used, known without importing tensorflow-datasets."""

from __future__ import annotations

__all__ = ["dataset_names"]


def dataset_names() -> list[str]:
    """The embedded datasets and the names of tensorflow-datasets, from a shipped table.

    `docs/generate.py` writes the table from the installed version, and `make check` compares.
    """
    from importlib.resources import files

    table = files("nncli.data").joinpath("tfds_names.txt").read_text(encoding="utf-8")
    return ["digits", *table.split()]
