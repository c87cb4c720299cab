"""The run folder: what is in it, how it is named, written and read."""

from nncli.runs.finding import find, find_model
from nncli.runs.folder import RunFolder, check_place, create, environment_of
from nncli.runs.metrics import (
    Calibrated,
    ClassMetrics,
    Comparison,
    DatasetUsed,
    EpochRow,
    Metrics,
    Outcome,
    SliceMetrics,
    Timing,
)

__all__ = [
    "Calibrated",
    "ClassMetrics",
    "Comparison",
    "DatasetUsed",
    "EpochRow",
    "Metrics",
    "Outcome",
    "RunFolder",
    "SliceMetrics",
    "Timing",
    "check_place",
    "create",
    "environment_of",
    "find",
    "find_model",
]
