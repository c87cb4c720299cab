"""The metrics that a training can measure: their names, and which targets they are for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nncli.descriptions import TASKS, ClassTarget, Target, ValueTarget

__all__ = [
    "ALIASES",
    "DEFAULTS",
    "MAIN_METRICS",
    "METRICS",
    "TOP_K",
    "canonical",
    "fitting_metrics",
    "is_best_when_highest",
    "measured_names",
    "metric_names",
    "metric_units",
    "top_k",
    "unfit",
]

# `top_5_accuracy`: the k is in the name, which is that of a column in the history.
TOP_K = r"top_([2-9]|[1-9][0-9]{1,5})_accuracy"


@dataclass(frozen=True)
class Metric:
    """What a metric is for, and which way it is better."""

    kinds: tuple[str, ...]
    highest_is_best: bool = True


METRICS = {
    "loss": Metric(("class", "labels", "value"), False),
    "accuracy": Metric(("class",)),
    "balanced_accuracy": Metric(("class",)),
    "macro_precision": Metric(("class",)),
    "macro_recall": Metric(("class",)),
    "macro_f1": Metric(("class", "labels")),
    "crossentropy": Metric(("class",), False),
    "auc": Metric(("class", "labels")),
    "micro_f1": Metric(("labels",)),
    "precision": Metric(("labels",)),
    "recall": Metric(("labels",)),
    "binary_accuracy": Metric(("labels",)),
    "binary_crossentropy": Metric(("labels",), False),
    "mae": Metric(("value",), False),
    "rmse": Metric(("value",), False),
    "mse": Metric(("value",), False),
    "mape": Metric(("value",), False),
    "r2": Metric(("value",)),
}

# What is measured in the unit of the values.
IN_UNIT = ("mae", "rmse")

# What is always measured.
DEFAULTS = {
    "class": ("loss", "accuracy"),
    "labels": ("loss", "micro_f1"),
    "value": ("loss", "mae", "rmse"),
}

# What a model is judged by; the first says which of two is better.
MAIN_METRICS = {"class": ("accuracy",), "labels": ("micro_f1",), "value": ("mae", "rmse")}

# Keras's names, and scikit-learn's.
ALIASES = {
    "acc": "accuracy",
    "f1": "macro_f1",
    "f1_score": "macro_f1",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "top_k_categorical_accuracy": "top_5_accuracy",
    "sparse_top_k_categorical_accuracy": "top_5_accuracy",
    "categorical_crossentropy": "crossentropy",
    "sparse_categorical_crossentropy": "crossentropy",
    "roc_auc": "auc",
    "mean_absolute_error": "mae",
    "root_mean_squared_error": "rmse",
    "mean_squared_error": "mse",
    "mean_absolute_percentage_error": "mape",
    "r2_score": "r2",
}


def canonical(name: str) -> str | None:
    """The name under which a metric is measured; None for one that does not exist."""
    name = ALIASES.get(name, name)
    known = name in METRICS and name != "loss"  # which is measured anyway, and no metric of Keras
    return name if known or re.fullmatch(TOP_K, name) else None


def metric_units(target: Target) -> dict[str, str]:
    """What metrics are measured in, by their names: the unit that all values have."""
    unit = target.unit if isinstance(target, ValueTarget) else ""
    return dict.fromkeys(IN_UNIT, unit) if unit else {}


def top_k(name: str) -> int | None:
    """The k of `top_<k>_accuracy`; None for another metric."""
    match = re.fullmatch(TOP_K, name)
    return int(match[1]) if match else None


def is_best_when_highest(name: str) -> bool:
    """Whether more of the metric `name` is better."""
    return top_k(name) is not None or METRICS[name].highest_is_best


def metric_names(target: Target, more: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns that each split has in the history of a training: what is always measured, and
    `more`."""
    return tuple(dict.fromkeys((*DEFAULTS[target.kind], *more)))


def measured_names(target: Target, more: Sequence[str] = ()) -> tuple[str, ...]:
    """What `measure` gives without being asked, and `more`."""
    names = dict.fromkeys(metric_names(target))
    if target.kind == "value":
        names["r2"] = None
    return tuple(dict.fromkeys((*names, *more)))


def unfit(target: Target, name: str) -> str | None:
    """Why the metric `name` is none for `target`; None if it is one."""
    k = top_k(name)
    if k is None:
        kinds = METRICS[name].kinds
    else:
        kinds = ("class",)
        if isinstance(target, ClassTarget) and k >= len(target.names):
            return f"{name} is always 1 where there are {len(target.names)} classes"
    if target.kind in kinds:
        return None
    return f"{name} is for {' and '.join(TASKS[kind] for kind in kinds)}"


def fitting_metrics(target: Target) -> list[str]:
    """The metrics that `target` can have beside those that are always measured."""
    names = [name for name in METRICS if name not in DEFAULTS[target.kind]]
    if isinstance(target, ClassTarget) and len(target.names) > 2:
        names.append(f"top_{min(5, len(target.names) - 1)}_accuracy")
    return [name for name in names if unfit(target, name) is None]
