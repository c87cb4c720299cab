"""What is remembered of the inputs as they were recorded, while they are read into the cache.

The cache holds what the network takes: numbers, tokens, spectrograms. Whoever looks at a dataset
wants its words, columns and lengths, and does not want to open the source again for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from nncli.data.choosing import answer
from nncli.data.dataset import DecodedDataset, DecodedSplit
from nncli.data.overview import ColumnSummary, TextExample
from nncli.data.sampling import Sample
from nncli.data.summaries import summed_up
from nncli.descriptions import ClassTarget, SoundInput, TableInput, TextInput
from nncli.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Recorded", "Recorder"]

TEXTS = 6
NO_CLASS = -1
LONGEST_TEXT = 1000


class Recorded(Settings):
    """The first split as it was recorded.

    Attributes:
        columns: of a table.
        texts: a few with their answers.
        lengths: of texts in words, of sound in samples: the smallest, the median, the largest.
    """

    columns: Annotated[tuple[ColumnSummary, ...], Field(strict=False)] = ()
    texts: Annotated[tuple[TextExample, ...], Field(strict=False)] = ()
    lengths: Annotated[tuple[float, ...], Field(strict=False)] = ()


class Recorder:
    """Looks at the batches of a split on their way into the cache."""

    def __init__(self, decoded: DecodedDataset) -> None:
        self.inputs = decoded.inputs
        self.target = decoded.target
        self._forget()

    def _forget(self) -> None:
        self.sample = Sample()
        self.texts: dict[int, list[TextExample]] = {}
        self.lengths: list[int] = []

    def batches(self, split: DecodedSplit) -> Iterator[tuple[Any, NDArray[Any]]]:
        """The batches of a split as they are, looked at."""
        self._forget()  # what was broken off is read again
        for inputs, targets in split.batches():
            self._add(inputs, targets)
            yield inputs, targets

    def _add(self, inputs: Any, targets: NDArray[Any]) -> None:
        match self.inputs:
            case TableInput():
                self.sample.add(inputs, targets)
            case TextInput():
                self.lengths += [len(str(text).split()) for text in inputs]
                self._keep_texts(inputs, targets)
            case SoundInput():
                self.lengths += _lengths(inputs)

    def _keep_texts(self, inputs: NDArray[Any], targets: NDArray[Any]) -> None:
        """The first examples, of each class as many as could be needed: files are often sorted by
        class, and a batch then has one of them."""
        wanted = TEXTS - len(self.texts.get(NO_CLASS, ()))
        if not isinstance(self.target, ClassTarget):
            self._keep(NO_CLASS, inputs, targets, range(min(wanted, len(targets))))
            return
        import numpy as np

        each = -(-TEXTS // len(self.target.names))
        for label in np.unique(targets).tolist():
            room = each - len(self.texts.get(label, ()))
            if room > 0:
                self._keep(label, inputs, targets, np.flatnonzero(targets == label)[:room])

    def _keep(
        self, label: int, inputs: NDArray[Any], targets: NDArray[Any], places: Iterable[int]
    ) -> None:
        for place in map(int, places):
            text = str(inputs[place])[:LONGEST_TEXT]
            example = TextExample(text=text, answer=answer(self.target, targets[place]))
            self.texts.setdefault(label, []).append(example)

    def _texts(self) -> tuple[TextExample, ...]:
        """One of each class before a second one of any."""
        turns = zip_longest(*(texts for _, texts in sorted(self.texts.items())))
        return tuple([text for turn in turns for text in turn if text is not None][:TEXTS])

    def recorded(self) -> Recorded:
        """What was seen."""
        import numpy as np

        columns: tuple[ColumnSummary, ...] = ()
        if isinstance(self.inputs, TableInput) and self.sample.columns:
            columns = summed_up(self.inputs, self.sample.taken()[0])
        lengths: tuple[float, ...] = ()
        if self.lengths:
            low, middle, high = np.quantile(self.lengths, (0, 0.5, 1)).tolist()
            lengths = (low, middle, high)
        return Recorded(columns=columns, texts=self._texts(), lengths=lengths)


def _lengths(samples: NDArray[Any]) -> list[int]:
    """How many samples of each sound lie before the silence that fills it up."""
    import numpy as np

    heard = samples != 0
    last = samples.shape[1] - np.argmax(heard[:, ::-1], axis=1)
    return [int(length) for length in np.where(heard.any(axis=1), last, 0)]
