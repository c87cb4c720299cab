"""Which examples a model gets wrong, the worst first, and whose labels may be wrong themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nncli.data.choosing import answer
from nncli.descriptions import ClassTarget, LabelsTarget, Target, ValueTarget
from nncli.objectives import example_losses
from nncli.reporting import Reporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nncli.inference.evaluated import Evaluation

__all__ = ["WorstExample", "suspected_labels", "worst_examples", "worst_places"]

# More than a good model leaves where one label in ten is wrong, and less than a weak one does; as a
# share of what chance would leave, so that always saying the commonest class proves nothing.
DISAGREED = 0.25
# Where a good model disagrees much oftener than where it is surest, it is the one that is wrong.
OFTENER = 2
SUREST = 20  # answers, of which fewer say nothing about how often
LUCK = 0.05


@dataclass(frozen=True)
class WorstExample:
    """One example that a model gets wrong.

    Attributes:
        place: in the split that was evaluated, counted from 0.
        name: its file, its row, or its split and index (see `Originals.names`).
        truth: what the dataset says, in words.
        answer: what the model says, in words.
        confidence: the probability of what it says; of several labels that of the decision it is
            most wrong about; None for values.
        loss: by the default loss of the target: minus the logarithm of the probability of the
            truth, of several labels the mean of that; of values the squared error in deviations.
        is_suspected: whether the label rather than the answer may be wrong.
        worst_label: of several labels the one that it is most wrong about, and its probability;
            else None.
        original: as it was recorded (see `Originals.at`); None if nobody asked.
    """

    place: int
    name: str
    truth: str
    answer: str
    confidence: float | None
    loss: float
    is_suspected: bool
    worst_label: tuple[str, float] | None = None
    original: Any = field(default=None, repr=False)

    @property
    def said(self) -> str:
        """The answer and its probability, `8 (32 %)`; of several labels that of the label that it
        is most wrong about, `fear (anger: 42 %)`; of values the answer alone."""
        if self.worst_label is not None:
            name, probability = self.worst_label
            return f"{self.answer} ({name}: {100 * probability:.0f} %)"
        if self.confidence is not None:
            return f"{self.answer} ({100 * self.confidence:.0f} %)"
        return self.answer


def worst_examples(
    evaluation: Evaluation,
    count: int | None,
    reporter: Reporter,
    *,
    recorded: bool = True,
) -> list[WorstExample]:
    """The examples with the largest loss: of classes and labels those answered wrong, of values
    any.

    Args:
        evaluation: its answers, what is decided by them, and where its examples come from.
        count: how many at most; None for all.
        reporter: told what takes its time.
        recorded: whether what was recorded of them is read, too.

    Raises:
        DataError: the files cannot be read any more, or are others than they were.
    """
    target, said, truth = evaluation.target, evaluation.answers, evaluation.targets
    decisions = evaluation.decisions
    worst, losses = worst_places(target, said, decisions, truth)
    places = worst[:count].tolist()
    suspected = suspected_labels(said, truth) if isinstance(target, ClassTarget) else None
    used = evaluation.data
    originals = used.originals(reporter)
    names = originals.names(used.split, places)
    values = originals.at(used.split, places) if recorded and places else [None] * len(places)
    found = []
    for place, name, value, loss in zip(
        places, names, values, losses[:count].tolist(), strict=True
    ):
        label = None
        if isinstance(target, LabelsTarget):
            label = _worst_label(said[place], decisions[place], truth[place])
        found.append(
            WorstExample(
                place=place,
                name=name,
                truth=answer(target, truth[place]),
                answer=answer(target, decisions[place]),
                confidence=_confidence(target, said[place], decisions[place], label),
                loss=loss,
                is_suspected=suspected is not None and bool(suspected[place]),
                worst_label=None
                if label is None
                else (target.names[label], float(said[place][label])),
                original=value,
            )
        )
    return found


def worst_places(
    target: Target, said: NDArray[np.float32], decisions: NDArray[Any], truth: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which examples are answered wrong, the largest loss first, and their losses; of values all
    of them.

    Args:
        target: what is answered.
        said: the answers, shape (n, classes, labels or values).
        decisions: what is decided by them (see `nncli.objectives.rates.decided`).
        truth: the targets, as for `nncli.objectives.measure`.
    """
    import numpy as np

    loss = example_losses(target, said, truth)
    wrong = np.flatnonzero(_is_wrong(target, decisions, truth))
    worst = wrong[np.argsort(-loss[wrong], kind="stable")]
    return worst, loss[worst]


def suspected_labels(said: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which labels are likely to be wrong, by confident disagreement.

    A class's self-confidence is the mean probability that the model gives it on the examples that
    are labelled so. A label is suspected where the model says another class at least as sure as
    that class's self-confidence, and gives the label less than the label's own (Northcutt et al.,
    Confident Learning, 2021, with the answer in place of any class above its threshold).

    Of a weak model that is most errors, so its confidence must have proved itself, too: an answer
    counts only from the confidence on at which, of the examples of which the model says that class,
    the share that is labelled otherwise is at most a quarter of that share in all examples, and at
    most twice what it is among the surest answers: wrong labels are as many there as elsewhere, and
    what comes on top is the model's own doubt. And a model that is not right more often than the
    commonest label alone, by more than luck, says nothing about labels.

    Args:
        said: probabilities, shape (n, classes); out-of-fold or on a held-out split, for a model
            agrees with wrong labels that it has learned by heart.
        labels: shape (n,), int64.

    Returns:
        Shape (n,), bool.
    """
    import numpy as np

    classes = said.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = said[np.arange(len(labels)), labels].astype(np.float64)
    sums = np.bincount(labels, weights=own, minlength=classes)
    # Nobody is known to belong to a class without examples: nothing is sure enough for it.
    confidence = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    best, sure = said.argmax(axis=1), said.max(axis=1)
    if not _beats_the_commonest(best, labels, counts):
        return np.zeros(len(labels), bool)
    most = DISAGREED * (1 - counts / max(len(labels), 1))
    needed = np.maximum(confidence, _proved(best, sure, labels, most))
    found: NDArray[np.bool_] = (
        (best != labels) & (sure >= needed[best]) & (own < confidence[labels])
    )
    return found


def _beats_the_commonest(
    best: NDArray[np.int64], labels: NDArray[np.int64], counts: NDArray[np.int64]
) -> bool:
    """Whether the answers are right more often than always saying the class with the most labels:
    by a sign test on the examples that one of the two alone has right."""
    from scipy.special import betainc

    commonest = counts.argmax()
    alone = int(((best == labels) & (labels != commonest)).sum())
    never = int(((best != labels) & (labels == commonest)).sum())
    # The chance that of as many flips of a coin at least `alone` are heads.
    return alone > never and float(betainc(alone, never + 1, 0.5)) < LUCK


def _proved(
    best: NDArray[np.int64],
    sure: NDArray[np.float32],
    labels: NDArray[np.int64],
    most: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The confidence from which on of the answers of each class at most the share `most`, and twice
    that of the surest, is labelled otherwise, shape (classes,); infinite where there is none.

    The share of the surest is the least of any number of them from 20 on, as if one more of them
    was labelled otherwise: none in twenty is not never."""
    import numpy as np

    order = np.lexsort((-sure, best))  # class by class, the surest first
    starts = np.searchsorted(best[order], np.arange(len(most) + 1))
    found = np.full(len(most), np.inf)
    for place in np.unique(best).tolist():
        rows = order[starts[place] : starts[place + 1]]
        wrong, number = np.cumsum(labels[rows] != place), np.arange(1, len(rows) + 1)
        otherwise = wrong / number
        surest = ((wrong + 1) / (number + 1))[SUREST - 1 :].min(initial=1.0)
        allowed = min(most[place], OFTENER * surest)
        is_last = np.append(sure[rows][1:] != sure[rows][:-1], True)  # of those equally sure
        enough = np.flatnonzero((otherwise <= allowed) & is_last)
        if len(enough):
            found[place] = sure[rows][enough[-1]]
    return found


def _is_wrong(target: Target, decisions: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    match target:
        case ClassTarget():
            wrong: NDArray[np.bool_] = decisions != truth
        case LabelsTarget():
            wrong = (decisions != truth).any(axis=1)
        case ValueTarget():
            wrong = np.ones(len(decisions), bool)
    return wrong


def _confidence(
    target: Target, said: NDArray[np.float32], decision: Any, worst_label: int | None
) -> float | None:
    """The probability of what is decided, of several labels about the worst one."""
    match target:
        case ClassTarget():
            return float(said[decision])
        case LabelsTarget():
            yes = float(said[worst_label])
            return yes if decision[worst_label] else 1 - yes
        case _:
            return None


def _worst_label(said: NDArray[np.float32], decisions: NDArray[Any], truth: NDArray[Any]) -> int:
    """The place of the label that is furthest off, of those that are decided wrong."""
    import numpy as np

    return int(np.where(decisions != truth, np.abs(said - truth), -1.0).argmax())
