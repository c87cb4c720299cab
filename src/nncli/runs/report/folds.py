"""The folds of a cross-validation beside each other, with links to their own pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from nncli.descriptions import in_unit
from nncli.runs.metrics import Metrics
from nncli.runs.report.content import Fold
from nncli.runs.report.words import number

__all__ = ["fold_table", "with_deviation"]


def fold_table(
    folds: Sequence[Fold], metrics: Metrics, units: Mapping[str, str]
) -> tuple[str, str]:
    """The head and the rows of a table: a fold a row, and below them their mean and deviation.

    Args:
        folds: those that have something to say.
        metrics: of them all.
        units: of metrics that have one.
    """
    means = metrics.test or {}
    deviations = {name: metrics.deviation_of("test", name) for name in means}
    heads = [in_unit(name, units) for name in means]
    names = [*heads, "kept epoch", "epochs", "test examples", "seconds"]
    head = "<td></td>" + "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = [
        f'<tr><th scope="row"><a href="{quote(fold.page)}">{escape(fold.name)}</a></th>'
        + _cells([number((fold.metrics.test or {}).get(name)) for name in means])
        + _cells(_counts(fold.metrics))
        + "</tr>"
        for fold in folds
    ]
    for name, values in (("mean", means), ("deviation", deviations)):
        cells = _cells([number(values.get(metric)) for metric in means])
        rows.append(f'<tr class="sum"><th scope="row">{name}</th>{cells}{_cells([""] * 4)}</tr>')
    return head, "".join(rows)


def with_deviation(metrics: Metrics, split: str, name: str) -> str:
    """A metric; of a cross-validation with the standard deviation between its folds."""
    value = (getattr(metrics, split) or {}).get(name)
    deviation = metrics.deviation_of(split, name)
    return number(value) if deviation is None else f"{number(value)} ± {number(deviation)}"


def _counts(metrics: Metrics) -> list[str]:
    examples = metrics.dataset.examples.get("test")
    counts = (metrics.kept_epoch, metrics.epochs, examples)
    words = ["-" if count is None else f"{count:,}" for count in counts]
    return [*words, f"{metrics.timing.total_seconds:,.1f}"]


def _cells(words: Sequence[str]) -> str:
    return "".join(f"<td>{word}</td>" for word in words)
