"""Answers as the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from nncli.descriptions import ClassTarget, LabelsTarget, Target, in_unit, units_of
from nncli.errors import UsageError
from nncli.inference.prediction import Answered
from nncli.objectives import LABEL_THRESHOLD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CellKind", "Tabulated"]

CellKind = Literal["text", "labels", "number"]
TEXT: CellKind = "text"
LABELS: CellKind = "labels"
NUMBER: CellKind = "number"


class Tabulated:
    """How the answers of a model stand in a table.

    Classes: `input`, `prediction`, `probability`, and with `top` above 1 `prediction_2`,
    `probability_2` and so on. Labels: `input`, `prediction` (those whose probability is at least
    0.5), and a column with the probability of each. Values: `input`, and a column for each.

    Attributes:
        columns: their names.
        headings: the same for people, with the units of values.
        kinds: what the cells of each are: a string, a list of strings, or a float32, which is not
            finite where a network answered so.
    """

    def __init__(self, target: Target, *, top: int = 1) -> None:
        """`top`: how many classes are given, the likeliest first.

        Raises:
            UsageError: the model has no classes to choose from.
        """
        if top != 1 and not isinstance(target, ClassTarget):
            raise UsageError(f"The model says {target}: there is no order to take the first of.")
        self.target = target
        self.top = min(top, len(target.names))
        numbers = [""] + [f"_{place}" for place in range(2, self.top + 1)]
        of, units = units_of(target), dict[str, str]()
        match target:
            case ClassTarget():
                own = [f"{name}{n}" for n in numbers for name in ("prediction", "probability")]
                kinds = [TEXT, NUMBER] * self.top
            case LabelsTarget():
                own = ["prediction", *_distinct(target.names, ("input", "prediction"))]
                kinds = [LABELS, *[NUMBER] * len(target.names)]
            case _:
                own = _distinct(target.names, ("input",))
                named = zip(own, target.names, strict=True)
                units = {column: of[name] for column, name in named if name in of}
                kinds = [NUMBER] * len(own)
        self.columns = ("input", *own)
        self.headings = tuple(in_unit(name, units) for name in self.columns)
        self.kinds = (TEXT, *kinds)

    def cells(self, answered: Answered) -> list[Any]:
        """What stands in each column: an item for each example, in a list or an array."""
        names, answers = _in_unicode(answered.names), answered.answers
        match self.target:
            case ClassTarget():
                return [names, *self._likeliest(answers)]
            case LabelsTarget():
                words = self.target.names
                said = [
                    [word for word, yes in zip(words, row, strict=True) if yes]
                    for row in (answers >= LABEL_THRESHOLD).tolist()
                ]
                return [names, said, *answers.T]
            case _:
                return [names, *answers.T]

    def _likeliest(self, answers: NDArray[np.float32]) -> list[Any]:
        """The names and the probabilities of the `top` classes in turn; of equal ones the first."""
        import numpy as np

        if self.top == 1:
            order = answers.argmax(axis=1)[:, np.newaxis]
        else:
            order = np.argsort(-answers, axis=1, kind="stable")[:, : self.top]
        chosen = np.take_along_axis(answers, order, axis=1)
        words = np.array(self.target.names, object)[order]
        turns: list[Any] = []
        for place in range(self.top):
            turns += [words[:, place].tolist(), chosen[:, place]]
        return turns


def _in_unicode(names: Sequence[str]) -> Sequence[str]:
    """The names; of a file whose name is in no known encoding its bytes are named, because nothing
    that reads the table takes them."""
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        return [
            name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            for name in names
        ]
    return names


def _distinct(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Names of columns that are not `taken`, nor each other."""
    used = {*taken, *names}
    found = []
    for name in names:
        own = name
        while name in taken and own in used:
            own += "_"
        used.add(own)
        found.append(own)
    return found
