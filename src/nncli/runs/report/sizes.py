"""How much of a report's pictures and sound is shown: a page that is sent by mail stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nncli.runs.report.content import Example, Matrix, ReportContent

__all__ = ["fitted"]

WORST, CELLS = "worst", "cells"
BASE64 = 4 / 3  # characters of a byte


def fitted(content: ReportContent, room: int) -> tuple[ReportContent, int]:
    """`content` whose pictures and sound take at most `room` characters of a page.

    The worst answers come first, then what is behind the cells of the matrix: one example of every
    cell before a second of any, and wrong answers before right ones.

    Returns:
        The content, and how many examples were left out or lost their sound.
    """
    left_out = 0
    full = False
    worst: list[Example] = []
    cells: dict[tuple[int, int], list[Example]] = {}
    for cell, example in _by_importance(content):
        kept: Example | None = example
        if example.bytes and (full or example.bytes * BASE64 > room):
            left_out += 1
            kept = _without_sound(example, room)
            full = full or example.sound is None  # a long recording does not cost later pictures
        if kept is None:
            continue
        room -= int(kept.bytes * BASE64)
        if cell is None:
            worst.append(kept)
        else:
            cells.setdefault(cell, []).append(kept)
    matrix = content.matrix and replace(content.matrix, examples=cells)
    return replace(content, worst=worst, matrix=matrix), left_out


def _without_sound(example: Example, room: int) -> Example | None:
    """What is left without its sound if that can be shown; None if there is nothing then."""
    silent = replace(example, sound=None)
    if example.sound is None or silent.bytes * BASE64 > room:
        silent = replace(silent, picture=None, hidden=None)
    return silent if silent.bytes or silent.words or silent.name else None


def _by_importance(
    content: ReportContent,
) -> Iterator[tuple[tuple[int, int] | None, Example]]:
    """Every example with its cell; None for the worst answers."""
    for example in content.worst:
        yield None, example
    if content.matrix is not None:
        yield from _of_cells(content.matrix)


def _of_cells(matrix: Matrix) -> Iterator[tuple[tuple[int, int], Example]]:
    order: Sequence[tuple[int, int]] = sorted(
        matrix.examples,
        key=lambda cell: (cell[0] == cell[1], -matrix.counts[cell[0]][cell[1]]),
    )
    most = max((len(examples) for examples in matrix.examples.values()), default=0)
    for number in range(most):
        for cell in order:
            if number < len(matrix.examples[cell]):
                yield cell, matrix.examples[cell][number]
