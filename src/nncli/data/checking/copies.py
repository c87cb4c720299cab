"""Examples that are there twice: in one split, in several, with different answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nncli.data.checking.examples import Examples
from nncli.data.checking.finding import Finding, share
from nncli.data.checking.near import near_pairs
from nncli.descriptions import ClassTarget, LabelsTarget
from nncli.reporting import Reporter, counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["copies", "near_copies"]

# So few equal rows of a table are chance and not worth a warning.
BY_CHANCE = 0.001
# A table of which so many rows are equal has few columns or few values.
COARSE = 0.3
NAMED = 1000


@dataclass(frozen=True)
class _Groups:
    """Equal examples: `numbers` sorted so that those of one group follow each other.

    Attributes:
        numbers: of the examples that are there more than once, shape (n,).
        group: of each of `numbers`, from 0.
    """

    numbers: NDArray[np.int64]
    group: NDArray[np.int64]


def copies(examples: Examples) -> Iterator[Finding]:
    """Exactly equal examples inside a split, in several splits, and with different targets."""
    equal = _groups(examples.digests)
    noun, sizes = examples.noun, examples.sizes()
    inside, places = _inside(examples, equal)
    small = examples.kind in ("table", "array")
    if small and inside > COARSE * len(examples):
        different = len(examples) - len(equal.numbers) + _count(equal.group)
        yield Finding(
            "warn", "copies",
            f"only {different:,} of {len(examples):,} {noun}s are different from all others",
            "Where columns have few values that is chance; then scores on test mean less than "
            "they seem to, for most of its rows were seen in training.",
        )  # fmt: skip
        yield from _conflicts(examples, equal)
        return
    chance = BY_CHANCE * len(examples) if small else 0
    found = False
    across = _across(examples, equal)
    if across:
        found = True
        few = sum(map(len, across.values())) <= chance
        parts = [
            f"{counted(len(places), noun)} of {name} ({share(len(places), sizes[name])})"
            for name, places in across.items()
        ]
        one = len(across) == 1 and len(next(iter(across.values()))) == 1
        yield Finding(
            "good" if few else "warn", "copies",
            f"{' and '.join(parts)} {'is' if one else 'are'} in another split too",
            "" if few else "They are tested on what was learned by heart: remove the copies.",
            [line for places in across.values() for line in _listed(examples, equal, places)],
        )  # fmt: skip
    if inside:
        found = True
        yield Finding(
            "warn" if inside > chance else "good", "copies",
            f"{counted(inside, noun)} ({share(inside, len(examples))}) "
            f"{'is a copy' if inside == 1 else 'are copies'} inside one split",
            "Remove them, unless they are meant to count more." if inside > chance else "",
            _listed(examples, equal, places),
        )  # fmt: skip
    if not found:
        yield Finding("good", "copies", f"no {noun} is there twice")
    yield from _conflicts(examples, equal)


def _groups(digests: NDArray[np.uint64]) -> _Groups:
    import numpy as np

    order = np.argsort(digests, kind="stable")
    ordered = digests[order]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    member = np.zeros(len(order), bool)
    member[same] = member[same + 1] = True
    kept = ordered[member]
    group = np.zeros(len(kept), np.int64)
    group[1:] = np.cumsum(kept[1:] != kept[:-1])
    return _Groups(order[member], group)


def _count(group: NDArray[np.int64]) -> int:
    return int(group[-1]) + 1 if len(group) else 0


def _inside(examples: Examples, equal: _Groups) -> tuple[int, NDArray[np.int64]]:
    """How many examples are copies of an earlier one of the same split, and which."""
    import numpy as np

    keys = equal.group * len(examples.splits) + examples.split[equal.numbers]
    _, first = np.unique(keys, return_index=True)
    copied = np.ones(len(keys), bool)
    copied[first] = False
    return int(copied.sum()), np.flatnonzero(copied)


def _across(examples: Examples, equal: _Groups) -> dict[str, NDArray[np.int64]]:
    """Of each split but the first the places in `equal` of what an earlier split has too."""
    import numpy as np

    split = examples.split[equal.numbers]
    found = {}
    for number, name in enumerate(examples.splits):
        earlier = np.unique(equal.group[split < number])
        both = np.flatnonzero((split == number) & np.isin(equal.group, earlier))
        if len(both):
            found[name] = both
    return found


def _conflicts(examples: Examples, equal: _Groups) -> Iterator[Finding]:
    """Equal inputs of which one must be wrong, for their classes or labels differ."""
    import numpy as np

    if not len(equal.numbers) or not isinstance(examples.target, ClassTarget | LabelsTarget):
        return
    targets = examples.targets[equal.numbers].reshape(len(equal.numbers), -1)
    pairs = equal.group[1:] == equal.group[:-1]
    differ = pairs & (targets[1:] != targets[:-1]).any(axis=1)
    groups = np.unique(equal.group[1:][differ])
    if not len(groups):
        return
    members = np.flatnonzero(np.isin(equal.group, groups))
    small = examples.kind in ("table", "array") and len(members) <= BY_CHANCE * len(examples)
    starts = np.searchsorted(equal.group[members], groups)
    starts = starts[np.argsort(equal.numbers[members[starts]], kind="stable")]
    listed = []
    for start in starts[:NAMED].tolist():
        number = members[start : start + 2]
        rest = members[start:][equal.group[members[start:]] == equal.group[number[0]]]
        other = rest[(targets[rest] != targets[number[0]]).any(axis=1)][0]
        both = (equal.numbers[number[0]], equal.numbers[other])
        listed.append(" = ".join(f"{examples.place(n)} [{_said(examples, n)}]" for n in both))
    yield Finding(
        "good" if small else "warn", "answers",
        f"{counted(len(members), examples.noun)} "
        f"({share(len(members), len(examples))}) are equal to another that has a different "
        f"{'class' if isinstance(examples.target, ClassTarget) else 'set of labels'}",
        "" if small else "One of the answers is wrong, or the input does not tell them apart.",
        listed,
    )  # fmt: skip


def _said(examples: Examples, number: int) -> str:
    """The class or the labels of an example."""
    target = examples.target
    if isinstance(target, ClassTarget):
        return target.names[int(examples.targets[number])]
    assert isinstance(target, LabelsTarget)
    said = examples.targets[number] > 0
    return ", ".join(n for n, yes in zip(target.names, said, strict=True) if yes) or "none"


def _listed(examples: Examples, equal: _Groups, places: NDArray[np.int64]) -> Sequence[str]:
    """Each of the examples at `places` of `equal`, with the first other that it is equal to."""
    import numpy as np

    places = places[np.argsort(equal.numbers[places], kind="stable")]
    starts = np.searchsorted(equal.group, equal.group[places])
    named = []
    for place, start in zip(places[:NAMED].tolist(), starts[:NAMED].tolist(), strict=True):
        other = equal.numbers[start if start != place else start + 1]
        named.append(f"{examples.place(equal.numbers[place])} = {examples.place(other)}")
    return named


def near_copies(examples: Examples, reporter: Reporter) -> Iterator[Finding]:
    """Images that look like others: inside a split, and of which another split has the like."""
    import numpy as np

    if examples.thumbnails is None:
        return
    near = near_pairs(examples.thumbnails, examples.digests, reporter)
    first, second = near.first, near.second
    for inside in (False, True):
        chosen = (examples.split[first] == examples.split[second]) == inside
        a, b = first[chosen], second[chosen]
        if not len(a):
            continue
        # Where splits differ the earlier one (train) is what the later looks like.
        swap = examples.split[a] > examples.split[b]
        a, b = np.where(swap, b, a), np.where(swap, a, b)
        images, place = np.unique(b, return_index=True)
        listed = [
            f"{examples.place(y)} ~ {examples.place(x)}"
            for y, x in zip(images[:NAMED], a[place[:NAMED]], strict=True)
        ]
        alike = "looks like one" if len(images) == 1 else "look like some"
        where = "the same split" if inside else "another split"
        yield Finding(
            "warn", "near copies",
            f"{counted(len(images), 'image')} {alike} of {where}",
            "Resized, compressed or brighter copies make the test too easy. Look at them, and "
            "keep those that belong together in one split." if not inside
            else "Copies count double, and a split held out of them is too easy.", listed,
        )  # fmt: skip
    if not len(first):
        yield Finding("good", "near copies", "no two images look the same")
    compared = int(examples.thumbnails.shape[0])
    if compared > near.compared and compared > 300_000:
        yield Finding("good", "near copies", f"looked for among {near.compared:,} images alone")
