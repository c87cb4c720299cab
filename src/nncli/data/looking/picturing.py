"""A dataset as a picture: images, spectrograms, or histograms of columns."""

from __future__ import annotations

from pathlib import Path

from nncli import data
from nncli.data.choosing import answer, spread
from nncli.data.overview import ColumnSummary, Overview
from nncli.descriptions import ImageInput, SoundInput, TableInput, TextInput
from nncli.drawing.histograms import Drawn
from nncli.errors import UsageError
from nncli.files import open_atomically
from nncli.reporting import SilentReporter

__all__ = ["draw"]

PICTURES = 40
SPECTROGRAMS = 30
MOST_COLUMNS = 60


def draw(overview: Overview, settings: data.DatasetSettings, path: Path, *, seed: int) -> None:
    """Draw examples of a dataset as a PNG.

    Raises:
        UsageError: it is text, or vectors, which are no pictures.
        StorageError: the file cannot be written.
    """
    from nncli.drawing.grids import draw_grid
    from nncli.drawing.histograms import draw_histograms

    title = f"{overview.name}: {overview.inputs} \u2192 {overview.target}"
    match overview.inputs:
        case TextInput():
            raise UsageError("--picture: texts are shown in the terminal alone.")
        case TableInput():
            shown = overview.columns[:MOST_COLUMNS]
            columns = [_drawn(column) for column in shown if column.kind != "text"]
            if not columns:
                raise UsageError("--picture: columns of text are shown in the terminal alone.")
            with open_atomically(path) as temporary:
                draw_histograms(columns, title, temporary)
            return
        case ImageInput() | SoundInput():
            pass
        case _:
            raise UsageError("--picture: vectors of numbers are no pictures.")
    dataset = data.load_to_look_at(settings, seed=seed, reporter=SilentReporter())
    split = next(iter(dataset.splits.values()))
    wanted = PICTURES if isinstance(overview.inputs, ImageInput) else SPECTROGRAMS
    places = spread(dataset.target, split.labels, wanted)
    pictures = list(split.taking(places).examples)
    titles = [answer(dataset.target, split.labels[place]) for place in places]
    maximum = dataset.inputs.maximum if isinstance(dataset.inputs, ImageInput) else None
    with open_atomically(path) as temporary:
        draw_grid(pictures, titles, title, temporary, maximum=maximum)


def _drawn(column: ColumnSummary) -> Drawn:
    ends: tuple[float, float] | None = None
    labels: tuple[str, str] | None = None
    bins: tuple[int, ...] = ()
    if column.numbers is not None:
        ends, bins = (column.numbers.smallest, column.numbers.largest), column.numbers.bins
        if column.numbers.look_like_years:
            labels = (f"{ends[0]:.0f}", f"{ends[1]:.0f}")
    elif column.dates is not None:
        bins = column.dates.bins
        ends, labels = (0.0, float(len(bins))), (column.dates.first, column.dates.last)
    missing = f"{column.missing / max(column.rows, 1):.0%} missing"
    note = missing if column.missing else ""
    return Drawn(column.name, note, ends, bins, column.words, labels, column.distinct)
