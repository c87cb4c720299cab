"""Examining a dataset before hours are spent on it: graded findings, each with advice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from nncli import data
from nncli.data.dataset import Dataset, Split
from nncli.data.table import TableDataset, profile
from nncli.data.table_columns import Seen
from nncli.descriptions import ClassTarget, ImageInput, TableInput, TextInput, ValueTarget
from nncli.errors import DataError
from nncli.reporting import Reporter, SilentReporter, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Finding", "check"]

Grade = Literal["good", "warn", "fail"]
BATCH = 8192
FEW_EXAMPLES = 10
IMBALANCE = 10.0
MOSTLY_MISSING = 0.5
MIXED = (0.02, 0.98)
# How well one column alone may predict the target before it looks like the answer itself.
GIVES_AWAY = 0.97
LEAK_ROWS = 20_000
NEAR_SIDE = 16
NEAR_BITS = 7
PART_BYTES = 4
MOST_ALIKE = 50


@dataclass(frozen=True)
class Finding:
    """One line of `nncli data check`."""

    grade: Grade
    about: str
    message: str
    hint: str = ""


def check(settings: data.DatasetSettings, *, seed: int, reporter: Reporter) -> list[Finding]:
    """Read all of a dataset and grade what is found; the worst is `fail`.

    What cannot be read is a finding, and the rest is then examined without it.
    """
    findings: list[Finding] = []
    try:
        dataset = data.load(settings, seed=seed, reporter=reporter)
        findings.append(Finding("good", "reading", "everything can be read"))
    except DataError as error:
        findings.append(Finding("fail", "reading", error.message, error.hint or ""))
        if getattr(settings, "on_error", None) != "fail":
            return findings
        listening = _Listening()
        try:
            tolerant = settings.model_copy(update={"on_error": "skip"})
            dataset = data.load(tolerant, seed=seed, reporter=listening)
        except DataError:
            return findings
        settings = tolerant
        findings += [Finding("fail", "reading", said) for said in listening.said]
    findings += _sizes(dataset)
    findings += _classes(dataset)
    findings += _copies(dataset, reporter)
    if isinstance(dataset.inputs, TextInput):
        findings += _empty(dataset)
    if isinstance(settings, TableDataset):
        findings += _columns(profile(settings, reporter=reporter), settings)
    if isinstance(dataset.inputs, TableInput):
        findings += _giving_away(dataset, settings)
    return findings


class _Listening(SilentReporter):
    """Keeps the warnings of loading."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warning(self, message: str) -> None:
        """Keep it."""
        self.said.append(message)


def _sizes(dataset: Dataset) -> Iterator[Finding]:
    listed = ", ".join(f"{len(split):,} {name}" for name, split in dataset.splits.items())
    few = len(dataset.splits.get("train", ())) < 10 * FEW_EXAMPLES
    hint = "Scores on so few examples say little; try several seeds." if few else ""
    yield Finding("warn" if few else "good", "splits", listed, hint)


def _classes(dataset: Dataset) -> Iterator[Finding]:
    import numpy as np

    target = dataset.target
    if not isinstance(target, ClassTarget) or "train" not in dataset.splits:
        return
    counts = np.bincount(dataset.splits["train"].labels, minlength=len(target.names))
    for name, split in dataset.splits.items():
        present = np.bincount(split.labels, minlength=len(target.names)) > 0
        lost = [target.names[place] for place in np.flatnonzero(present & (counts == 0))]
        if lost:
            yield Finding(
                "fail", "classes", f"{name} has classes that train lacks: {_some(lost)}",
                "What was never seen cannot be learned; add examples or leave them out.",
            )  # fmt: skip
    small = [target.names[place] for place in np.flatnonzero(counts < FEW_EXAMPLES)]
    if small:
        yield Finding(
            "warn", "classes",
            f"{counted(len(small), 'class').replace('classs', 'classes')} with fewer than "
            f"{FEW_EXAMPLES} training examples: {_some(small)}",
            "Collect more, or join them with others.",
        )  # fmt: skip
    known = counts[counts > 0]
    ratio = float(known.max() / known.min()) if len(known) else 1.0
    if ratio > IMBALANCE:
        most, least = target.names[int(counts.argmax())], target.names[int(
            np.where(counts > 0, counts, counts.max() + 1).argmin())]  # fmt: skip
        yield Finding(
            "warn", "classes", f"{most} is {ratio:.0f} times as frequent as {least}",
            "Look at the recall of each class; training.class_weight=balanced may help.",
        )  # fmt: skip
    elif not small:
        yield Finding("good", "classes", f"{len(target.names)} classes, no rare one")


def _copies(dataset: Dataset, reporter: Reporter) -> Iterator[Finding]:
    """Equal examples inside a split, across splits, and with different answers."""
    places: dict[bytes, list[tuple[str, Any]]] = defaultdict(list)
    near: list[tuple[bytes, str, bytes]] = []
    images = isinstance(dataset.inputs, ImageInput)
    for name, split in dataset.splits.items():
        with reporter.task(f"Comparing {name}", total=len(split), unit="examples") as task:
            labels = split.labels
            start = 0
            for rows in _rows(split):
                digests = _digests(rows)
                alike = _thumbnails(rows) if images else [b""] * len(rows)
                for place, (digest, thumbnail) in enumerate(zip(digests, alike, strict=True)):
                    places[digest].append((name, labels[start + place].tobytes()))
                    if thumbnail:
                        near.append((thumbnail, name, digest))
                start += len(rows)
                task.advance(len(rows))
    inside = sum(
        count - 1
        for found in places.values()
        if len(found) > 1
        for count in Counter(name for name, _ in found).values()
    )
    across = [found for found in places.values() if len({name for name, _ in found}) > 1]
    conflicts = [found for found in places.values() if len({label for _, label in found}) > 1]
    what = "after preprocessing, " if not images else ""
    if across:
        pairs = Counter(" and ".join(sorted({name for name, _ in found})) for found in across)
        listed = ", ".join(f"{count:,} in {pair}" for pair, count in pairs.most_common(3))
        yield Finding(
            "warn", "copies", f"{what}the same example stands in several splits: {listed}",
            "Such examples are tested on what was learned by heart; remove the copies.",
        )  # fmt: skip
    if inside:
        yield Finding("warn", "copies", f"{what}{inside:,} examples are copies inside their split",
                      "Remove them, unless they are meant to count more.")  # fmt: skip
    if conflicts and not isinstance(dataset.target, ValueTarget):
        yield Finding(
            "warn", "labels",
            f"{what}{len(conflicts):,} equal examples have different answers",
            "One of the answers must be wrong, or the inputs do not tell them apart.",
        )  # fmt: skip
    if not across and not inside:
        yield Finding("good", "copies", "no example stands there twice")
    alike_across = _nearly_the_same(near)
    if alike_across:
        yield Finding(
            "warn", "copies", f"{counted(alike_across, 'image')} nearly as another split has them",
            "Resized or compressed copies make a test too easy.",
        )  # fmt: skip


def _nearly_the_same(near: list[tuple[bytes, str, bytes]]) -> int:
    """How many images of one split nearly look like one of another: thumbnails that differ in at
    most `NEAR_BITS` of their 256 bits.

    Of eight parts of a thumbnail at least one is then equal, so that only those are compared that
    share a part; one that many share says nothing.

    Args:
        near: thumbnail, split and digest of each image.
    """
    parts: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for number, (thumbnail, _, _) in enumerate(near):
        for place in range(0, len(thumbnail), PART_BYTES):
            parts[place, thumbnail[place : place + PART_BYTES]].append(number)
    bits = [int.from_bytes(thumbnail) for thumbnail, _, _ in near]
    alike = set()
    for numbers in parts.values():
        if not 2 <= len(numbers) <= MOST_ALIKE:
            continue
        for first, second in combinations(numbers, 2):
            same_split = near[first][1] == near[second][1]
            if same_split or near[first][2] == near[second][2]:
                continue
            if (bits[first] ^ bits[second]).bit_count() <= NEAR_BITS:
                alike.add((first, second))
    return len(alike)


def _rows(split: Split) -> Iterator[NDArray[Any]]:
    import numpy as np

    indices = np.arange(len(split)) if split.indices is None else split.indices
    for start in range(0, len(indices), BATCH):
        yield np.asarray(split.inputs[indices[start : start + BATCH]])


def _digests(rows: NDArray[Any]) -> list[bytes]:
    import hashlib

    import numpy as np

    flat = np.ascontiguousarray(rows).reshape(len(rows), -1)
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in flat]


def _thumbnails(rows: NDArray[Any]) -> list[bytes]:
    """Which of neighbouring parts of each image is brighter (a difference hash of 16 x 16); empty
    for an image that is too plain to be told from others so."""
    import numpy as np

    grey = rows.astype(np.float32).mean(axis=-1)
    height, width = grey.shape[1:]
    if min(height, width) < NEAR_SIDE + 1:
        return [b""] * len(rows)
    top = np.linspace(0, height, NEAR_SIDE + 1).astype(int)[:-1]
    left = np.linspace(0, width, NEAR_SIDE + 2).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(grey, top, axis=1), left, axis=2)
    brighter = sums[:, :, 1:] > sums[:, :, :-1]
    varied = brighter.reshape(len(rows), -1).mean(axis=1)
    packed = np.packbits(brighter.reshape(len(rows), -1), axis=1)
    return [
        row.tobytes() if 0.3 < share < 0.7 else b""
        for row, share in zip(packed, varied, strict=True)
    ]


def _empty(dataset: Dataset) -> Iterator[Finding]:
    empty = sum(
        int((~rows.any(axis=1)).sum()) for split in dataset.splits.values() for rows in _rows(split)
    )
    if empty:
        yield Finding("warn", "texts", f"{counted(empty, 'text')} without a word",
                      "Nothing can be learned from them.")  # fmt: skip


def _columns(seen: Mapping[str, Seen], settings: TableDataset) -> Iterator[Finding]:
    fine = 0
    for name, column in seen.items():
        if name in settings.targets or settings.columns.get(name) == "ignore":
            continue
        _, reason = column.kind()
        share = column.numbers / column.known if column.known else 0.0
        if reason:
            yield Finding("warn", name, f"ignored: {reason}", "Remove the column, or say what it "
                          f"is: --set 'dataset.columns={{{name}: category}}'")  # fmt: skip
        elif column.missing > MOSTLY_MISSING * column.rows:
            yield Finding("warn", name, f"{column.missing / column.rows:.0%} is missing")
        elif MIXED[0] < share < MIXED[1] and not column.words_for_missing:
            others = ", ".join(word for word, _ in column.others.most_common(3))
            yield Finding(
                "warn", name, f"mixed: {share:.0%} are numbers, others are {others}",
                "If those mean missing: --set 'dataset.missing=[...]'",
            )  # fmt: skip
        else:
            fine += 1
    yield Finding("good", "columns", f"{counted(fine, 'column')} without a finding")


def _giving_away(dataset: Dataset, settings: data.DatasetSettings) -> Iterator[Finding]:
    """Columns each of which alone predicts the target: half of the rows learn, half test."""
    import numpy as np
    from sklearn.metrics import accuracy_score, r2_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    source = data.source_of(settings, reporter=SilentReporter())
    decoded = source.read(dataset.preprocessing, SilentReporter())
    columns: dict[str, list[Any]] = defaultdict(list)
    targets: list[NDArray[Any]] = []
    for inputs, answers in decoded.splits["train"].batches():
        for name, values in inputs.items():
            columns[name].append(values)
        targets.append(answers)
        if sum(map(len, targets)) >= LEAK_ROWS:
            break
    answers = np.concatenate(targets)[:LEAK_ROWS]
    half = np.random.Generator(np.random.PCG64(0)).permutation(len(answers))
    learn, test = half[::2], half[1::2]
    classes = isinstance(dataset.target, ClassTarget)
    usual = float(np.bincount(answers[test]).max() / len(test)) if classes else 0.0
    if usual > GIVES_AWAY or len(test) < FEW_EXAMPLES:
        return
    for name, parts in columns.items():
        values = _as_numbers(np.concatenate(parts)[:LEAK_ROWS])
        tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(
            max_leaf_nodes=256, random_state=0
        )
        said = tree.fit(values[learn], answers[learn]).predict(values[test])
        score = accuracy_score(answers[test], said) if classes else r2_score(answers[test], said)
        if score >= GIVES_AWAY:
            yield Finding(
                "warn", name, f"alone gives the target away ({score:.1%} right)",
                "Is it known when the model is used? If not: "
                f"--set 'dataset.columns={{{name}: ignore}}'",
            )  # fmt: skip


def _as_numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """One column for a tree: numbers as they are, words by their place among the words."""
    import numpy as np

    if values.dtype == object:
        _, values = np.unique(values.astype(str), return_inverse=True)
    return np.nan_to_num(values.astype(np.float64), nan=-1e9).reshape(-1, 1)


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
