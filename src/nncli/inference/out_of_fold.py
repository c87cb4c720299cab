"""A cross-validation as one evaluation: every example is answered by the model that did not learn
from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nncli.data import Dataset, Split
from nncli.errors import ModelFileError
from nncli.files import shown_path
from nncli.inference.asking import Answered, Question, ask
from nncli.inference.choosing import models_of
from nncli.inference.evaluated import Evaluation
from nncli.reporting import Reporter, SilentReporter

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FoldAnswers", "ask_folds", "each_fold", "together"]


@dataclass(frozen=True)
class FoldAnswers:
    """What the model of a fold says about the part of the data that it was tested on.

    Attributes:
        indices: of the examples in the published training split, shape (n,), int64.
        answers: shape (n, classes, labels or values), float32.
        targets: class indices, shape (n,), int64; labels or values, shape (n, ...), float32.
    """

    indices: NDArray[np.int64]
    answers: NDArray[np.float32]
    targets: NDArray[Any]

    @classmethod
    def of(cls, split: Split, answers: NDArray[np.float32], targets: NDArray[Any]) -> FoldAnswers:
        """The same of the test split of a fold."""
        assert split.indices is not None, "a fold is a part of the training split"
        return cls(split.indices, answers, targets)


def together(dataset: Dataset, folds: Sequence[FoldAnswers]) -> tuple[Dataset, FoldAnswers]:
    """All folds as one test split, in the order in which the examples are stored.

    Args:
        dataset: as one of the folds loaded it.
        folds: all of them.

    Returns:
        The dataset with that split alone, and the answers about it.
    """
    import numpy as np

    indices = np.concatenate([one.indices for one in folds])
    order = np.argsort(indices)
    answers = np.concatenate([one.answers for one in folds])[order]
    targets = np.concatenate([one.targets for one in folds])[order]
    split = replace(dataset.splits["test"], indices=indices[order])
    whole = dataset.with_splits({"test": split})
    return whole, FoldAnswers(indices[order], answers, targets)


def ask_folds(files: Sequence[Path], question: Question, reporter: Reporter) -> Answered:
    """Ask the model of each fold about its test split, and put the answers together.

    Args:
        files: the models, fold by fold.
        question: of which only what is not about other data is theirs.
        reporter: told what is going on.

    Returns:
        Its model and description are those of the first fold, whose network is built as the others
        are; `data` holds the examples of all folds, as the first fold loaded them.

    Raises:
        ModelFileError: the folds answer different things.
        UsageError, DataError: as `nncli.evaluate`.
    """
    import numpy as np

    own = _own(question)
    first: Answered | None = None
    folds, validations, penalties, seconds = [], [], [], 0.0
    for number, path in enumerate(files, start=1):
        if first is None:
            first = one = ask(path, own, reporter)
        else:  # what there is to say about the data was said
            with reporter.task(f"Evaluating fold {number} of {len(files)}"):
                one = ask(path, own, SilentReporter())
        if one.target.names != first.target.names:
            raise ModelFileError(
                f"{shown_path(path)} answers {one.target}, {shown_path(first.path)} "
                f"{first.target}: they are not folds of one run."
            )
        folds.append(FoldAnswers.of(one.data.split, one.answers, one.targets))
        validations += [one.validation] if one.validation is not None else []
        penalties.append(one.penalty)
        seconds += one.loaded_seconds
    assert first is not None
    dataset, all_of_them = together(first.data.dataset, folds)
    validation = tuple(np.concatenate(parts) for parts in zip(*validations, strict=True))
    return replace(
        first,
        answers=all_of_them.answers,
        targets=all_of_them.targets,
        data=replace(first.data, dataset=dataset, split=dataset.splits["test"]),
        validation=(validation[0], validation[1]) if validation else None,
        penalty=float(np.average(penalties, weights=[len(one.answers) for one in folds])),
        loaded_seconds=seconds,
    )


def each_fold(evaluation: Evaluation) -> Iterator[Evaluation]:
    """The evaluation of a cross-validation fold by fold, for what is about one model: its model and
    the part that it was tested on, prepared as that model has it. The numbers stay those of all.

    Each model is opened when its turn comes: those of many folds may not fit into memory together.

    Raises:
        DataError, ModelFileError: as `nncli.evaluate`.
    """
    assert evaluation.question is not None, "whoever answered was asked"
    own = _own(evaluation.question)
    for path in models_of(evaluation.model_path):
        one = ask(path, own, SilentReporter())
        yield replace(
            evaluation,
            model_path=path,
            examples=len(one.targets),
            answers=one.answers,
            targets=one.targets,
            data=one.data,
            model=one.model,
            description=one.description,
            folds=None,
        )


def _own(question: Question) -> Question:
    """What each fold is asked: about its own test split."""
    return replace(question, dataset=None, split="test", pixel_range=None)
