"""The wrong examples of an evaluation in files: a table to work through, and a picture."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ImageInput, SoundInput, TableInput, TextInput, ValueTarget
from nncli.errors import UsageError
from nncli.files import open_atomically, write_atomically
from nncli.inference.errors import WorstExample, worst_examples
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from nncli.inference.evaluated import Evaluation

__all__ = ["draw_gallery", "in_words", "write_errors"]

# Every value is a little wrong: only the worst are written.
MOST_VALUES = 1000
PICTURES = 40
TEXTS = 20
LETTERS = 400


def write_errors(evaluation: Evaluation, path: Path, reporter: Reporter) -> int:
    """Write the examples that are answered wrong, the largest loss first, a row each.

    Columns: `example`, `truth`, `answer`, `confidence`, `loss`, `suspected` (that the label is
    wrong), and behind them `text`, or the columns of the table that are inputs; one of those that
    is called like a column in front gets ` (input)` behind its name. All wrong ones are written;
    of values the 1,000 worst.

    Returns:
        How many were written.

    Raises:
        DataError: the examples cannot be read any more.
        StorageError: the file cannot be written.
    """
    inputs = evaluation.data.dataset.inputs
    most = MOST_VALUES if isinstance(evaluation.target, ValueTarget) else None
    readable = isinstance(inputs, TextInput | TableInput)
    worst = worst_examples(evaluation, most, reporter, recorded=readable)
    rows = [_row(example) for example in worst]
    names = [*_row(_NOTHING)]
    if isinstance(inputs, TextInput):
        names.append("text")
    elif isinstance(inputs, TableInput):
        names += [_free(column.name) for column in inputs.columns]
    if path.suffix.lower() == ".jsonl":
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        write_atomically(path, "".join(lines))
    else:
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        for row in rows:  # true and false as JSON has them
            writer.writerow(row | {"suspected": json.dumps(row["suspected"])})
        write_atomically(path, stream.getvalue())
    return len(rows)


def draw_gallery(evaluation: Evaluation, path: Path, reporter: Reporter) -> None:
    """Draw the worst examples as a PNG: images, spectrograms, texts or rows, each above its truth
    and the answer.

    Raises:
        UsageError: nothing is wrong, or vectors of numbers are no pictures.
        DataError: the examples cannot be read any more.
        StorageError: the file cannot be written.
    """
    import numpy as np

    from nncli.drawing.gallery import Card, draw_cards

    used, inputs = evaluation.data, evaluation.data.dataset.inputs
    is_picture = isinstance(inputs, ImageInput | SoundInput)
    if not is_picture and not isinstance(inputs, TextInput | TableInput):
        raise UsageError(
            "--gallery: vectors of numbers are no pictures.", hint="--errors lists them."
        )
    worst = worst_examples(
        evaluation,
        PICTURES if is_picture else TEXTS,
        reporter,
        recorded=not isinstance(inputs, SoundInput),
    )
    if not worst:
        raise UsageError("--gallery: nothing is answered wrong: there is nothing to draw.")
    cards = []
    for example in worst:
        shown = example.original
        if isinstance(inputs, SoundInput):
            shown = used.split.taking(np.array([example.place])).examples[0]
        elif not is_picture:
            shown = in_words(shown, between="\n")
        cards.append(
            Card(
                shown, f"is {example.truth}", f"said {example.said}", is_marked=example.is_suspected
            )
        )
    heading = f"{evaluation.where}: the worst {len(worst)}"
    if evaluation.deciding:
        heading += f"\n{evaluation.deciding}"
    with open_atomically(path) as temporary:
        maximum = inputs.maximum if isinstance(inputs, ImageInput) else None
        draw_cards(cards, heading, temporary, maximum=maximum)


_NOTHING = WorstExample(0, "", "", "", None, 0.0, False)
_OWN = ("example", "truth", "answer", "confidence", "loss", "suspected", "text")


def _row(example: WorstExample) -> dict[str, Any]:
    row: dict[str, Any] = {
        "example": example.name,
        "truth": example.truth,
        "answer": example.answer,
        "confidence": None if example.confidence is None else _rounded(example.confidence),
        "loss": _rounded(example.loss),
        "suspected": example.is_suspected,
    }
    if isinstance(example.original, str):
        row["text"] = example.original
    elif isinstance(example.original, dict):
        row |= {_free(name): _cell(value) for name, value in example.original.items()}
    return row


def _free(name: str) -> str:
    """A name for an input that none of the columns in front has."""
    return f"{name} (input)" if name in _OWN else name


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return int(value) if value.is_integer() else float(f"{value:.7g}")  # float32
    return value or None


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def in_words(original: Any, *, between: str) -> str:
    """A recorded text, or a row with `between` between its cells, as far as there is room."""
    if not isinstance(original, str):
        cells = {name: _cell(value) for name, value in original.items()}
        original = between.join(
            f"{name}: {'-' if value is None else value}" for name, value in cells.items()
        )
    return original if len(original) <= LETTERS else f"{original[: LETTERS - 1]}…"
