"""Examining what has no files to name: tensorflow-datasets, arrays of NumPy, the digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nncli import data
from nncli.data.cache import fetch
from nncli.data.checking.examples import Collected, Examined, row_digests
from nncli.data.checking.files import has_words
from nncli.data.checking.finding import Finding
from nncli.data.checking.thumbnails import thumbnails
from nncli.data.dataset import Dataset, DecodedDataset, DecodedSplit
from nncli.data.loading import read_key
from nncli.data.sampling import Sample
from nncli.data.table.columns import MISSING, Seen
from nncli.descriptions import ArrayInput, ImageInput, Input, TableInput, TextInput
from nncli.errors import DataError
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["examine"]

BATCH = 4096
# The columns of wide tables are looked at in so many cells.
MOST_CELLS = 2_000_000


def examine(settings: data.DatasetSettings, reporter: Reporter) -> Examined:
    """Read a dataset as it was recorded, batch by batch."""
    try:
        source = data.source_of(settings, reporter=reporter)
        decoded = _pixels_of_cache(source.key) or source.read(None, reporter)
    except DataError as error:
        return Examined(None, [Finding("fail", "reading", error.message, error.hint or "")])
    seen = _Seen(decoded.inputs)
    collected = Collected(decoded.inputs.kind, tuple(decoded.splits))
    findings = []
    starts: dict[str, int] = {}
    for name, split in decoded.splits.items():
        starts[name] = seen.rows
        try:
            with reporter.task(f"Reading {name}", total=split.size, unit="examples") as task:
                for inputs, targets in split.batches():
                    seen.add(name, inputs, targets)
                    small = _thumbnails(inputs, decoded.inputs)
                    collected.add(name, row_digests(inputs), targets, small)
                    task.advance(len(targets))
        except DataError as error:
            findings.append(Finding("fail", "reading", error.message, error.hint or ""))

    def place(number: int) -> str:
        name = [name for name, start in starts.items() if start <= number][-1]
        return f"{name} row {number - starts[name] + 1}"

    if not findings:
        findings.append(
            Finding("good", "reading", f"all {counted(seen.rows, 'example')} can be read")
        )
    findings += seen.findings(place)
    parts = [split.divider() for split in decoded.splits.values() if split.divider is not None]
    return Examined(
        examples=collected.examples(decoded.target, place, parts or None),
        findings=findings,
        columns=seen.columns,
        sample=seen.sample.taken() if isinstance(decoded.inputs, TableInput) else None,
    )


def _pixels_of_cache(key: Any) -> DecodedDataset | None:
    """The dataset of the cache, if that has the pixels as they were recorded: no TensorFlow."""
    cached = fetch(read_key(key))
    if cached is None or not isinstance(cached.inputs, ImageInput) or cached.inputs.varies:
        return None
    first = next(iter(cached.splits.values()))
    if first.inputs.shape[1:] != cached.inputs.shape:
        return None

    def read(cached: Dataset, name: str) -> DecodedSplit:
        split = cached.splits[name]

        def batches() -> Any:
            import numpy as np

            for start in range(0, len(split), BATCH):
                rows = np.arange(start, min(start + BATCH, len(split)))
                yield split.inputs[rows], split.targets[rows]

        divider = split.divider
        return DecodedSplit(
            len(split), batches, split.targets, None if divider is None else lambda: divider
        )

    return DecodedDataset(
        name=cached.name,
        inputs=cached.inputs,
        target=cached.target,
        splits={name: read(cached, name) for name in cached.splits},
        preprocessing=cached.preprocessing,
    )


def _thumbnails(inputs: Any, described: Input) -> NDArray[Any] | None:
    if not isinstance(described, ImageInput):
        return None
    return thumbnails(inputs, described.maximum)


class _Seen:
    """What examples are like: columns of tables, empty texts, plain images, silence."""

    def __init__(self, inputs: Input) -> None:
        self.inputs = inputs
        self.columns: dict[str, Seen] = {}
        self.sample = Sample()
        self.bare: list[int] = []
        self.not_finite: list[int] = []
        self.rows = 0

    def add(self, split: str, inputs: Any, targets: NDArray[Any]) -> None:
        """Look at a batch."""
        import numpy as np

        if isinstance(self.inputs, TableInput):
            if split == "train":
                self.sample.add(inputs, targets)
                self._look_at_columns(inputs)
        elif isinstance(self.inputs, TextInput):
            bare = [number for number, text in enumerate(inputs) if not has_words(str(text))]
            self.bare += [self.rows + number for number in bare]
        else:
            flat = np.asarray(inputs).reshape(len(targets), -1)
            plain = (flat == flat[:, :1]).all(axis=1)
            if flat.shape[1] > 1:
                self.bare += (self.rows + np.flatnonzero(plain)).tolist()
            if flat.dtype.kind == "f":
                odd = ~np.isfinite(flat).all(axis=1)
                self.not_finite += (self.rows + np.flatnonzero(odd)).tolist()
        self.rows += len(targets)

    def _look_at_columns(self, inputs: dict[str, NDArray[Any]]) -> None:
        import numpy as np

        for name, values in inputs.items():
            seen = self.columns.setdefault(name, Seen(MISSING))
            if seen.rows * len(inputs) > MOST_CELLS:
                continue
            cells = values.tolist()
            if values.dtype != object:
                cells = ["" if value != value else f"{value:.9g}" for value in cells]
            seen.add(np.array(cells, object))

    def findings(self, place: Any) -> list[Finding]:
        """What there is to say about them."""
        found = []
        if self.bare:
            noun, what = {
                "image": ("image", "of one colour alone"), "text": ("text", "without a word"),
                "sound": ("recording", "of silence"), "array": ("row", "of one number repeated"),
            }[self.inputs.kind]  # fmt: skip
            found.append(Finding(
                "warn", "contents", f"{counted(len(self.bare), noun)} {what}",
                "Nothing can be learned from them.", [place(number) for number in self.bare],
            ))  # fmt: skip
        if self.not_finite:
            filled = isinstance(self.inputs, ArrayInput)
            found.append(Finding(
                "warn" if filled else "fail", "contents",
                f"{counted(len(self.not_finite), 'row' if filled else 'example')} with NaN or "
                "infinity",
                "Such a number counts as the mean of its column; fill in what is better."
                if filled else "One of them makes the loss NaN: fill them in or remove them.",
                [place(number) for number in self.not_finite],
            ))  # fmt: skip
        return found
