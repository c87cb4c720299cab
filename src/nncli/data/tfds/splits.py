"""Splits and slices of splits as tensorflow-datasets writes them: `train[:80%]+validation`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nncli.errors import DataError
from nncli.reporting import Reporter

__all__ = ["Slice", "divided_as", "overlapping", "slices"]

EXAMPLES = "train, train[:80%], train[100:200] or train+validation"
EVERYTHING = "all"  # tensorflow-datasets' word for all splits together
PART = re.compile(r"(?P<split>[A-Za-z_][\w-]*)(\[(?P<bounds>[^\[\]]*)\])?")
BOUND = re.compile(r"(?P<value>-?\d[\d_]*(\.\d+)?)(?P<unit>%|shard)?")


@dataclass(frozen=True)
class Slice:
    """A part of a published split; negative bounds count from its end, None is its beginning or
    end."""

    split: str
    start: float | None = None
    stop: float | None = None
    unit: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the split."""
        return self.start is None and self.stop is None


def slices(expression: str) -> tuple[Slice, ...]:
    """The parts that `expression` adds up.

    Raises:
        ValueError: tensorflow-datasets would not understand it, or it takes examples twice.
    """
    parts = tuple(_slice(part.strip()) for part in expression.split("+"))
    for place, part in enumerate(parts):
        if any(_overlap(part, other) for other in parts[place + 1 :]):
            raise ValueError("takes some examples twice")
    return parts


def _slice(part: str) -> Slice:
    found = PART.fullmatch(part)
    if not found:
        raise ValueError(f"is no split; splits are written like {EXAMPLES}")
    split, bounds = found["split"], found["bounds"]
    if bounds is None:
        return Slice(split)
    if split == EVERYTHING:
        raise ValueError("cannot be cut; name the splits: train[:80%]+test")
    ends = [BOUND.fullmatch(end) if end else None for end in bounds.split(":")]
    written = [bool(end) for end in bounds.split(":")]
    if len(ends) == 1 and ends[0] and ends[0]["unit"] == "shard":
        only = float(ends[0]["value"])
        return Slice(split, only, only + 1, "shard")
    if len(ends) != 2 or not any(written) or written != [end is not None for end in ends]:
        raise ValueError(f"is no slice; slices are written like {EXAMPLES}")
    units = {end["unit"] or "" for end in ends if end}
    if len(units) > 1:
        raise ValueError("has two units; write both bounds in % or both as numbers of examples")
    [unit] = units
    start, stop = (float(end["value"].replace("_", "")) if end else None for end in ends)
    for bound in (start, stop):
        if bound is not None and unit == "%" and abs(bound) > 100:
            raise ValueError("has more than 100 %")
        if bound is not None and unit != "%" and bound != int(bound):
            raise ValueError("has a bound that is no whole number; shares are written in %")
    same_sign = start is not None and stop is not None and (start < 0) == (stop < 0)
    if same_sign and start is not None and stop is not None and start >= stop:
        raise ValueError("is empty: it ends before it begins")
    return Slice(split, start, stop, unit)


def overlapping(first: str, second: str) -> bool:
    """Whether two expressions surely have examples in common, whatever the sizes of the splits."""
    return any(_overlap(one, other) for one in slices(first) for other in slices(second))


def _overlap(one: Slice, other: Slice) -> bool:
    if EVERYTHING in (one.split, other.split):
        return True
    if one.split != other.split:
        return False
    if one.is_whole or other.is_whole:
        return True
    comparable = one.unit == other.unit or None in (one.unit, other.unit)
    ends = [_ends(part) for part in (one, other)]
    if not comparable or None in ends:
        return False  # only the size of the split tells
    (start, stop), (other_start, other_stop) = (end or (0.0, 0.0) for end in ends)
    return max(start, other_start) < min(stop, other_stop)


def _ends(part: Slice) -> tuple[float, float] | None:
    """Where a slice begins and ends, in its unit; None where that depends on the split's size."""
    start, stop = part.start or 0.0, part.stop
    if part.unit == "%":
        stop = 100.0 if stop is None else stop
        return (start + 100 * (start < 0), stop + 100 * (stop < 0))
    if start < 0 or (stop is not None and stop < 0):
        return None
    return start, float("inf") if stop is None else stop


def divided_as(
    name: str,
    infos: Mapping[str, Any],
    wanted: Mapping[str, str | None],
    reporter: Reporter,
) -> dict[str, tuple[str, int]]:
    """What each split of a run consists of: an expression and its number of examples.

    Args:
        name: of the dataset.
        infos: what tensorflow-datasets says about each published split, by name.
        wanted: for train, validation and test the expression; None for the published split of that
            name, if there is one and none of it is trained on.
        reporter: told what is not as one would expect.

    Raises:
        DataError: an expression names no split, is empty, or is trained on as well.
    """
    found: dict[str, tuple[str, int]] = {}
    rows: dict[str, Mapping[str, list[tuple[int, int]]]] = {}
    for role, expression in wanted.items():
        said = expression is not None and (role != "train" or expression != "train")
        expression = expression or role
        if not said and not _published(infos, role):
            continue  # a share of train may take its place
        taken = _rows(name, infos, role, expression)
        if role != "train" and _common(rows.get("train", {}), taken):
            if said:
                raise DataError(
                    f"{name}: some examples of dataset.{role} ({expression}) are trained on, too "
                    f"({wanted['train']}).",
                    hint=f"Leave them out of one: --set 'dataset.train=train[:80%]' "
                    f"--set 'dataset.{role}=train[80%:]'",
                )
            reporter.notice(
                f"{name}: {role} is part of what is trained on, so that a share of that is held "
                "out instead."
            )
            continue
        rows[role] = taken
        count = sum(stop - start for ranges in taken.values() for start, stop in ranges)
        found[role] = (expression, count)
    return found


def _published(infos: Mapping[str, Any], split: str) -> bool:
    return split in infos and bool(infos[split].num_examples)


def _rows(
    name: str, infos: Mapping[str, Any], role: str, expression: str
) -> dict[str, list[tuple[int, int]]]:
    """The examples that `expression` means, as ranges of each published split."""
    import tensorflow_datasets as tfds

    for part in slices(expression):
        if part.split not in infos and part.split != EVERYTHING:
            close = difflib.get_close_matches(part.split, list(infos), n=1)
            meant = f"Did you mean {close[0]}? " if close else ""
            raise DataError(
                f"dataset.{role}: {name} has no split {part.split!r}.",
                hint=f"{meant}It has {', '.join(infos)}.",
            )
    ranges: dict[str, list[tuple[int, int]]] = {}
    try:
        instructions = tfds.core.ReadInstruction.from_spec(expression).to_absolute(infos)
    except (ValueError, AssertionError, IndexError) as error:
        reason = str(error).strip().splitlines()
        raise DataError(
            f"dataset.{role}: {expression} cannot be taken of {name}: {reason[0] if reason else ''}"
        ) from error
    for part in instructions:
        size = infos[part.splitname].num_examples
        start, stop = part.from_ or 0, size if part.to is None else part.to
        if start < stop:
            ranges.setdefault(part.splitname, []).append((start, stop))
    if not ranges:
        sizes = ", ".join(f"{split} {info.num_examples:,}" for split, info in infos.items())
        raise DataError(
            f"dataset.{role}: {expression} of {name} has no examples.", hint=f"It has {sizes}."
        )
    return ranges


def _common(
    some: Mapping[str, list[tuple[int, int]]], others: Mapping[str, list[tuple[int, int]]]
) -> bool:
    return any(
        max(start, other_start) < min(stop, other_stop)
        for split, ranges in some.items()
        for start, stop in ranges
        for other_start, other_stop in others.get(split, ())
    )
