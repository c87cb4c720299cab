"""Names of metrics and columns in an experiment: checked, and offered by editors."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from nncli.objectives import metrics

__all__ = ["MEASURED", "MetricName", "Monitored"]

SPLITS = ("validation", "train")
# What is measured of some target without being asked for.
MEASURED = tuple(dict.fromkeys(name for names in metrics.DEFAULTS.values() for name in names))
KNOWN = [*(name for name in metrics.METRICS if name != "loss"), "top_5_accuracy", *metrics.ALIASES]
COLUMNS = [f"{split}_{name}" for split in SPLITS for name in metrics.METRICS]


def _metric(name: str) -> str:
    found = metrics.canonical(name)
    if found is None:
        raise PydanticCustomError("unknown_name", "no metric", {"what": "metric", "known": KNOWN})
    return found


def _monitored(column: str) -> str:
    split, _, name = column.partition("_")
    if split not in SPLITS or (name != "loss" and metrics.canonical(name) != name):
        bare = column if column == "loss" else metrics.canonical(column)
        other = metrics.canonical(name) if split in SPLITS else None
        meant = f"validation_{bare}" if bare else other and f"{split}_{other}"
        what = {"what": "column", "known": COLUMNS, "meant": meant}
        raise PydanticCustomError("unknown_name", "no column", what)
    return column


MetricName = Annotated[
    str,
    AfterValidator(_metric),
    WithJsonSchema(
        {"anyOf": [{"enum": KNOWN}, {"type": "string", "pattern": f"^{metrics.TOP_K}$"}]}
    ),
]
Monitored = Annotated[
    str,
    AfterValidator(_monitored),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": COLUMNS},
                {"type": "string", "pattern": f"^({'|'.join(SPLITS)})_{metrics.TOP_K}$"},
            ]
        }
    ),
]
