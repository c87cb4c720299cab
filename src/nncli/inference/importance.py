"""Which columns of a table a model needs: permutation importance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.errors import ModelFileError, UsageError
from nncli.inference.answering import BATCH_SIZE, model_for_arrays
from nncli.inference.evaluated import Evaluation
from nncli.inference.out_of_fold import each_fold
from nncli.objectives import measure
from nncli.objectives.metrics import MAIN_METRICS, is_best_when_highest
from nncli.preprocessing import TablePreprocessing
from nncli.preprocessing.table import places_of
from nncli.reporting import Reporter, SilentReporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ColumnImportance", "permutation_importance"]

REPEATS = 3
MOST_EXAMPLES = 10_000
# Of the part of a fold: of fewer, a shuffled column has too often the cell that it had.
FEWEST_OF_A_FOLD = 10


@dataclass(frozen=True)
class ColumnImportance:
    """What a model loses without a column.

    Attributes:
        column: its name.
        metric: what was measured: accuracy, micro_f1, or mae in the unit of the values.
        drop: how much worse the metric is with the column shuffled, the mean of the repetitions;
            about 0, or below, where the model does not need it.
        deviation: between the repetitions, of a cross-validation between the folds (of a sample:
            n - 1).
    """

    column: str
    metric: str
    drop: float
    deviation: float


def permutation_importance(
    evaluation: Evaluation,
    reporter: Reporter,
    *,
    seed: int = 0,
    repeats: int = REPEATS,
    most: int = MOST_EXAMPLES,
) -> list[ColumnImportance]:
    """Shuffle one recorded column at a time over the examples that were evaluated, and measure
    what the model says then (Breiman, Random Forests, 2001); the most important first.

    A column is shuffled with everything that is made of it: all its categories, its words, whether
    it is missing. Columns that say the same stand in for each other, and both seem unimportant.

    Of a cross-validation each model is asked about the part that it did not learn from, and the
    drops are the means over the folds; nothing is said where a part has fewer than 10 examples.

    Args:
        evaluation: of models that nncli made, on a table.
        reporter: told what is going on.
        seed: of the shuffles.
        repeats: how often each column is shuffled, at least 2.
        most: examples that are used, of all folds together; of more, so many are drawn.

    Raises:
        UsageError: the model takes no table.
        ModelFileError: nncli did not make the model.
    """
    import numpy as np

    described = evaluation.description
    if described is None:
        raise ModelFileError(f"{evaluation.model_path} does not say which columns it takes.")
    prepared = described.preprocessing
    if not isinstance(prepared, TablePreprocessing):
        raise UsageError(f"The model takes {described.inputs}, which have no columns.")
    if evaluation.folds is not None:
        return _of_folds(
            evaluation, evaluation.folds, reporter, seed=seed, repeats=repeats, most=most
        )
    network = model_for_arrays(evaluation.model, described)
    generator = np.random.Generator(np.random.PCG64(seed))
    split, total = evaluation.data.split, len(evaluation.targets)
    chosen = np.arange(total)
    if total > most:
        chosen = np.sort(generator.permutation(total)[:most])
    inputs = split.taking(chosen).examples
    targets = evaluation.targets[chosen]
    metric = MAIN_METRICS[evaluation.target.kind][0]

    def goodness(said: NDArray[np.float32]) -> float:
        found = measure(evaluation.target, said, targets, threshold=evaluation.threshold)
        value = found[metric]
        assert value is not None, "a main metric always has a value"
        return value if is_best_when_highest(metric) else -value

    before = goodness(evaluation.answers[chosen])
    found = []
    columns = places_of(prepared)
    with reporter.task("Shuffling columns", total=len(columns), unit="columns") as task:
        for column, places in columns.items():
            drops = [
                before - goodness(_without(network, inputs, places, generator))
                for _ in range(repeats)
            ]
            found.append(
                ColumnImportance(
                    column, metric, float(np.mean(drops)), float(np.std(drops, ddof=1))
                )
            )
            task.advance(1)
    return sorted(found, key=lambda importance: -importance.drop)


def _of_folds(
    evaluation: Evaluation, folds: int, reporter: Reporter, *, seed: int, repeats: int, most: int
) -> list[ColumnImportance]:
    import numpy as np

    if evaluation.examples // folds < FEWEST_OF_A_FOLD:
        return []
    metric = MAIN_METRICS[evaluation.target.kind][0]
    drops: dict[str, list[float]] = {}
    with reporter.task("Shuffling columns", total=folds, unit="folds") as task:
        for one in each_fold(evaluation):
            found = permutation_importance(
                one, SilentReporter(), seed=seed, repeats=repeats, most=max(most // folds, 2)
            )
            for row in found:
                drops.setdefault(row.column, []).append(row.drop)
            task.advance(1)
    # A model that does not take a column loses nothing without it.
    every = {column: some + [0.0] * (folds - len(some)) for column, some in drops.items()}
    rows = [
        ColumnImportance(column, metric, float(np.mean(some)), float(np.std(some, ddof=1)))
        for column, some in every.items()
    ]
    return sorted(rows, key=lambda row: -row.drop)


def _without(
    network: Any, inputs: NDArray[Any], places: list[int], generator: np.random.Generator
) -> NDArray[np.float32]:
    """What the network says when the numbers at `places` are those of other examples."""
    order = generator.permutation(len(inputs))
    changed = inputs.copy()
    changed[:, places] = inputs[order][:, places]
    said: NDArray[np.float32] = network.predict(changed, batch_size=BATCH_SIZE, verbose=0)
    return said
