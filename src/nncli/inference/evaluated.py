"""What an evaluation found: the numbers, the answers, and the examples behind them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data import Dataset, DatasetSettings, Split
from nncli.data.originals import Originals
from nncli.descriptions import ClassTarget, Target
from nncli.errors import UsageError
from nncli.objectives.assessment import Assessment, ClassMetrics
from nncli.objectives.rates import decided
from nncli.preprocessing import Preprocessing
from nncli.preprocessing.archive import ModelDescription
from nncli.reporting import Reporter, SilentReporter
from nncli.runs import Metrics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nncli.inference.asking import Question

__all__ = ["EvaluatedData", "Evaluation", "pandas_for"]


@dataclass(frozen=True)
class EvaluatedData:
    """The examples that were evaluated: how they are read, and `split` of `dataset` itself."""

    settings: DatasetSettings
    seed: int
    given: Preprocessing | None
    dataset: Dataset
    split: Split

    def originals(self, reporter: Reporter) -> Originals:
        """The examples as they were recorded, whose source is opened once; `reporter` is told what
        takes its time."""
        found = self._originals
        found.reporter = reporter
        return found

    @cached_property
    def _originals(self) -> Originals:
        quiet = SilentReporter()
        return Originals(self.settings, self.dataset, reporter=quiet, given=self.given)


@dataclass(frozen=True)
class Evaluation:
    """What a model is worth on one split: `metrics` by name, and each class by itself.

    Attributes:
        target: what the model answers, with the names and the order that it has.
        answers: of the model, shape (examples, classes, labels or values), float32:
            probabilities, or values in their unit.
        targets: class indices, shape (examples,), int64; zeros and ones, or values, shape
            (examples, labels or values), float32.
        data: the examples themselves.
        model: the opened Keras model; of a cross-validation that of the first fold.
        description: what its file says of it; None if nncli did not make it.
        folds: of a cross-validation how many models answered, each about the examples that it did
            not learn from; `model_path` is the folder, `split` is test. None of a single model.
        question: how they were asked.
    """

    model_path: Path
    dataset: str
    split: str
    examples: int
    metrics: dict[str, float | None]
    per_class: list[ClassMetrics] | None
    document: Metrics
    target: Target = field(repr=False)
    answers: NDArray[np.float32] = field(repr=False)
    targets: NDArray[Any] = field(repr=False)
    data: EvaluatedData = field(repr=False)
    model: Any = field(repr=False)
    description: ModelDescription | None = field(repr=False)
    folds: int | None = None
    question: Question | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        """The data in words: `digits test`, or `digits out of fold`."""
        return f"{self.dataset} {self.split if self.folds is None else 'out of fold'}"

    @property
    def threshold(self) -> float | None:
        """The probability from which on a label, or the second of two classes, is said; None where
        nobody set one."""
        return self.assessment.threshold

    @property
    def deciding(self) -> str:
        """In words what the threshold does; empty where nobody set one."""
        if self.threshold is None:
            return ""
        said = self.target.names[1] if isinstance(self.target, ClassTarget) else "a label"
        return f"{said} is said from a probability of {self.threshold:g} on"

    @cached_property
    def decisions(self) -> NDArray[Any]:
        """What is said: class indices, shape (examples,), int64; of labels zeros and ones, shape
        (examples, labels), int64; values as they are."""
        return decided(self.target, self.answers, self.threshold)

    @property
    def assessment(self) -> Assessment:
        """All numbers: metrics with their intervals, confusion, calibration, deciles."""
        assert self.document.assessment is not None  # every evaluation has one
        return self.document.assessment

    def saying(self, **more: Any) -> Evaluation:
        """The same with more in its document."""
        return replace(self, document=self.document.model_copy(update=more))

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`, an example a row: truth and prediction by name, and the
        probability of each class or label; of values the truth and the prediction of each.

        Raises:
            UsageError: pandas is not installed.
        """
        pandas = pandas_for("to_pandas")
        names = list(self.target.names)
        if isinstance(self.target, ClassTarget):
            frame = pandas.DataFrame(self.answers, columns=names)
            said = [names[place] for place in self.decisions]
            frame.insert(0, "truth", [names[place] for place in self.targets], True)
            frame.insert(1, "prediction", said, True)
            return frame
        columns = [f"{part} {name}" for part in ("truth", "prediction") for name in names]
        import numpy as np

        return pandas.DataFrame(np.hstack([self.targets, self.answers]), columns=columns)

    @property
    def confusion_matrix(self) -> NDArray[np.int64] | None:
        """Examples by true class (rows) and answer (columns), shape (classes, classes), int64; None
        where there are no classes, or more than 1,000."""
        import numpy as np

        matrix = self.assessment.confusion_matrix
        return None if matrix is None else np.array(matrix, np.int64)


def pandas_for(purpose: str) -> Any:
    """The library, which nncli itself does not need.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError:
        raise UsageError(f"{purpose} needs pandas.", hint="pip install pandas") from None
    return pandas
