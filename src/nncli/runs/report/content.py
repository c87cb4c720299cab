"""What a report says, in plain values; what is not known is left out of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nncli.drawing.networks import Box
from nncli.objectives.assessment import ClassMetrics, Decile
from nncli.runs.metrics import EpochRow, Metrics, SliceMetrics

__all__ = ["Example", "Fold", "Matrix", "Reliability", "ReportContent", "Residuals", "Scatter"]


@dataclass(frozen=True)
class Example:
    """One example with what was said about it.

    Attributes:
        truth: its class, labels or values.
        answer: what the model said.
        confidence: the probability of the answer; None for values.
        picture: a PNG or JPEG of it; None where there is nothing to see.
        name: its file or row.
        words: its text, or its cells.
        sound: a WAV file of it.
        hidden: a PNG that shows where hiding a part makes the answer less sure.
        is_suspected: whether its label may be wrong.
    """

    truth: str
    answer: str
    confidence: float | None = None
    picture: bytes | None = None
    name: str = ""
    words: str = ""
    sound: bytes | None = None
    hidden: bytes | None = None
    is_suspected: bool = False

    @property
    def bytes(self) -> int:
        """What its pictures and its sound take."""
        return sum(len(media) for media in (self.picture, self.hidden, self.sound) if media)


@dataclass(frozen=True)
class Matrix:
    """Which class is taken for which.

    Attributes:
        names: of the classes.
        counts: examples by true class (rows) and answer (columns).
        examples: some of the examples behind a cell, by (row, column).
    """

    names: Sequence[str]
    counts: Sequence[Sequence[int]]
    examples: Mapping[tuple[int, int], Sequence[Example]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reliability:
    """The expected calibration error, and of each bin the confidence, the share of right answers
    and the number of examples."""

    ece: float
    bins: Sequence[tuple[float, float, int]]


@dataclass(frozen=True)
class Scatter:
    """Truth and answer of some examples, of one value."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Residuals:
    """The errors of one value, by tenths of the truth."""

    name: str
    deciles: Sequence[Decile]


@dataclass(frozen=True)
class Fold:
    """One fold of a cross-validation.

    Attributes:
        name: in words.
        page: its own report, relative to the page of the whole.
        metrics: its document.
        history: a row an epoch.
    """

    name: str
    page: str
    metrics: Metrics
    history: Sequence[EpochRow]


@dataclass(frozen=True)
class ReportContent:
    """Everything on the page.

    Attributes:
        title: the name of the run, or of what was evaluated.
        facts: what was trained on what, or what was evaluated, as pairs of words.
        metrics: the document of the run or of the evaluation.
        history: a row an epoch; none of a cross-validation.
        folds: of a cross-validation; everything that is about a split is then about all examples,
            each answered by the model that did not learn from it.
        config: the resolved experiment as YAML; empty if there is none.
        environment: versions and the machine, as pairs of words.
        command: what repeats it.
        of: a training, or an evaluation of a model.
        more: what writes the page anew with what is costly; empty if it is there.
        split: the split that everything below is about.
        matrix, reliability, scatters, residuals, worst: as far as they are known.
        classes: each class or label by itself.
        slices: of a column the metrics by its values, the worst first.
        layers: of the network from its inputs to its answer, as boxes of a diagram.
        intervals: of metrics of the split, 95 %.
        importance: of each column how much worse the model is without it, and the deviation
            between repetitions; `importance_metric` is what was measured. Of the models of
            `importance_folds` folds it is the mean, and the deviation between them.
        units: of metrics that have one.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    metrics: Metrics
    history: Sequence[EpochRow]
    config: str
    environment: Sequence[tuple[str, str]]
    command: str
    of: Literal["training", "evaluation"] = "training"
    more: str = ""
    split: str | None = None
    matrix: Matrix | None = None
    reliability: Reliability | None = None
    scatters: Sequence[Scatter] = ()
    residuals: Sequence[Residuals] = ()
    worst: Sequence[Example] = ()
    classes: Sequence[ClassMetrics] = ()
    slices: Mapping[str, Sequence[SliceMetrics]] = field(default_factory=dict)
    layers: Sequence[Box] = ()
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    importance: Sequence[tuple[str, float, float]] = ()
    importance_metric: str = ""
    importance_folds: int | None = None
    folds: Sequence[Fold] = ()
    units: Mapping[str, str] = field(default_factory=dict)
