"""Columns that give the target away: one of them alone predicts it.

Each column learns on one half of the rows and is tested on the other, and the other way round: as
a table of words (the commonest answer of each) and as a tree of thresholds, whichever is better.
Answers are measured by the mean recall of the classes, so that a rare class counts, values by how
much of the variance of their ranks is explained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.data.checking.finding import Finding
from nncli.descriptions import ClassTarget, Target, ValueTarget
from nncli.reporting import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MOST_ROWS", "giving_away", "ranks"]

MOST_ROWS = 20_000
MOST_CELLS = 2_000_000
FEWEST_ROWS = 40
# The score that a column is above with some certainty.
GIVES_AWAY = 0.95
EXPLAINED = 0.97
# Two standard errors: on few rows a good column may look perfect.
DEVIATIONS = 2.0
MOST_TARGETS = 20


@dataclass(frozen=True)
class _Question:
    """One thing to be predicted: classes as integers, or the ranks of values from 0 to 1."""

    name: str
    answers: NDArray[Any]
    is_class: bool


def giving_away(
    columns: Mapping[str, NDArray[Any]],
    targets: NDArray[Any],
    target: Target | None,
    reporter: Reporter,
) -> Iterator[Finding]:
    """A finding for every column that predicts a target alone.

    Args:
        columns: some rows of train: numbers with NaN for missing, or strings.
        targets: their targets, shape (n,) or (n, values).
        target: what those are.
        reporter: told how far it is.
    """
    import numpy as np

    if target is None or len(targets) < FEWEST_ROWS:
        return
    limit = min(MOST_ROWS, max(MOST_CELLS // max(len(columns), 1), 1000))
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(targets))[:limit]
    questions = [q for q in _questions(targets[order], target) if _can_be_asked(q)]
    found: dict[str, list[str]] = {}
    with reporter.task("Comparing columns", total=len(columns), unit="columns") as task:
        for name, values in columns.items():
            numbers, words = _both(values[order])
            for question in questions:
                score, error = _score(numbers, words, question)
                least = GIVES_AWAY if question.is_class else EXPLAINED
                if score - DEVIATIONS * error >= least:
                    found.setdefault(name, []).append(_told(question, score))
            task.advance(1)
    for name, told in found.items():
        yield Finding(
            "warn", name, f"alone gives the target away: {', '.join(told[:3])}",
            "Is it known when the model is used? If not, leave it out:\n"
            f"--set 'dataset.columns={{{name}: ignore}}'",
        )  # fmt: skip


def _questions(targets: NDArray[Any], target: Target) -> Iterator[_Question]:
    import numpy as np

    if isinstance(target, ClassTarget):
        yield _Question("", targets, is_class=True)
        return
    for place, name in enumerate(target.names[:MOST_TARGETS]):
        one = "" if len(target.names) == 1 else name
        values = targets[:, place]
        if isinstance(target, ValueTarget):
            yield _Question(one, ranks(values), is_class=False)
        else:
            yield _Question(one, values.astype(np.int64), is_class=True)


def ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """The place of each value among all, from 0 to 1; equal ones share theirs."""
    import numpy as np

    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle: NDArray[np.float64] = (np.cumsum(counts) - counts / 2) / len(values)
    return middle[inverse]


def _can_be_asked(question: _Question) -> bool:
    """Whether two answers at least are frequent enough to be learned and tested."""
    import numpy as np

    if not question.is_class:
        return bool(question.answers.std() > 0)
    return int((np.bincount(question.answers) >= 8).sum()) >= 2


def _told(question: _Question, score: float) -> str:
    about = f"{question.name} " if question.name else ""
    right = "right, the classes counted alike" if question.is_class else "of it explained"
    return f"{about}{score:.1%} {right}"


def _both(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A column as ordered numbers and as the numbers of its different cells."""
    import numpy as np

    if values.dtype == object:
        _, words = np.unique(values.astype(str), return_inverse=True)
        return words.astype(np.float64), words.astype(np.int64)
    filled = np.nan_to_num(values.astype(np.float64), nan=-1e300)
    _, words = np.unique(filled, return_inverse=True)
    return words.astype(np.float64), words.astype(np.int64)


def _score(
    numbers: NDArray[np.float64], words: NDArray[np.int64], question: _Question
) -> tuple[float, float]:
    """How well a column predicts, from 0 to 1, and the standard error of that."""
    import numpy as np

    rows = np.arange(len(numbers))
    halves = ((rows[::2], rows[1::2]), (rows[1::2], rows[::2]))
    scores = []
    for said_by in (_by_word, _by_threshold):
        said = np.empty(len(rows), question.answers.dtype)
        for learn, test in halves:
            said[test] = said_by(numbers, words, question, learn, test)
        scores.append(_recall(question, said) if question.is_class else _explained(question, said))
    return max(scores)


def _by_word(
    numbers: NDArray[np.float64], words: NDArray[np.int64], question: _Question,
    learn: NDArray[np.int64], test: NDArray[np.int64],
) -> NDArray[Any]:  # fmt: skip
    """The commonest class or the mean of the same cell; of an unknown one that of all rows."""
    import numpy as np

    answers, size = question.answers[learn], int(words.max()) + 1
    seen = np.bincount(words[learn], minlength=size)
    if not question.is_class:
        sums = np.bincount(words[learn], answers, minlength=size)
        means = np.where(seen > 0, sums / np.maximum(seen, 1), answers.mean())
        return means[words[test]]
    pairs, counts = np.unique(np.stack([words[learn], answers]), axis=1, return_counts=True)
    commonest = np.full(size, int(np.bincount(answers).argmax()))
    rising = np.argsort(counts, kind="stable")  # the last one that is written stays
    commonest[pairs[0, rising]] = pairs[1, rising]
    return commonest[words[test]]


def _by_threshold(
    numbers: NDArray[np.float64], words: NDArray[np.int64], question: _Question,
    learn: NDArray[np.int64], test: NDArray[np.int64],
) -> NDArray[Any]:  # fmt: skip
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if question.is_class else DecisionTreeRegressor
    weighed = {"class_weight": "balanced"} if question.is_class else {}
    tree = kind(max_leaf_nodes=256, min_samples_leaf=2, random_state=0, **weighed)
    tree.fit(numbers[learn, None], question.answers[learn])
    said: NDArray[Any] = tree.predict(numbers[test, None])
    return said


def _recall(question: _Question, said: NDArray[Any]) -> tuple[float, float]:
    """The mean recall of the classes, and its standard error."""
    import numpy as np

    counts = np.bincount(question.answers)
    right = np.bincount(question.answers[said == question.answers], minlength=len(counts))
    known = counts >= 4  # rarer ones are measured by chance
    recall = right[known] / counts[known]
    error = np.sqrt((recall * (1 - recall) / counts[known]).sum()) / known.sum()
    return float(recall.mean()), float(error)


def _explained(question: _Question, said: NDArray[Any]) -> tuple[float, float]:
    """The share of the variance that is explained; that of ranks needs no error."""
    left = float(((question.answers - said) ** 2).mean())
    return 1 - left / float(question.answers.var()), 0.0
