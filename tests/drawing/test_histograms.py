"""Pictures of the columns of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from nncli.drawing.histograms import Drawn, draw_histograms


@pytest.mark.parametrize(
    ("distinct", "said"), [(8, ""), (9, "and 1 more"), (1508, "and 1,500 more")]
)
def test_words_without_a_bar_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distinct: int, said: str
) -> None:
    drawn: list[Any] = []
    original = Figure.savefig

    def watched(figure: Figure, *arguments: Any, **options: Any) -> None:
        drawn.append(figure)
        original(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", watched)
    words = [(f"word{number}", 20 - number) for number in range(8)]
    column = Drawn("colour", "", None, (), words, distinct=distinct)
    draw_histograms([column], "flowers", tmp_path / "picture.png")
    (axes,) = drawn[0].axes
    assert len(axes.patches) == 8
    assert axes.get_xlabel() == said
