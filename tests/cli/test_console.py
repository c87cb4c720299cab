"""What is printed for people, in lines that fit."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from nncli.cli._cache import show_cache
from nncli.cli._console import Screen, cut, in_lines, padded
from nncli.data.cache import Cached
from nncli.errors import DataError

HINT = "If it comes from an old Windows or Excel file: --set dataset.encoding=cp1252"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        (HINT, None, [HINT]),
        (HINT, 80, [HINT]),
        (HINT, 60, [HINT[:46], "--set dataset.encoding=cp1252"]),
        (
            HINT, 30,
            ["If it comes from an old", "Windows or Excel file:", "--set dataset.encoding=cp1252"],
        ),
        ("one two three", 9, ["one two", "three"]),
        ("  key: it is empty", 12, ["  key: it is", "  empty"]),
        ("see /a/path/that/is/long.csv now", 10, ["see", "/a/path/that/is/long.csv", "now"]),
        ("--set 'dataset.columns={a: b}'", 10, ["--set 'dataset.columns={a: b}'"]),
        ("\u6570\u636e \u6570\u636e", 8, ["\u6570\u636e", "\u6570\u636e"]),
    ],
)  # fmt: skip
def test_lines_break_between_words_and_never_in_what_is_typed(
    text: str, width: int | None, lines: list[str]
) -> None:
    assert in_lines(text, width) == lines


@pytest.mark.parametrize("terminal", [True, False])
def test_an_error_is_broken_on_a_terminal_and_whole_in_a_file(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    with Screen(release=False) as screen:
        told = io.StringIO()
        narrow = Console(
            file=told, width=40, force_terminal=terminal, color_system=None, highlight=False
        )
        monkeypatch.setattr(screen, "err", narrow)
        screen.error(DataError("A file of yours, numbers.csv, cannot be read at all.", hint=HINT))
    assert told.getvalue().splitlines() == (
        [
            "error: A file of yours, numbers.csv,",
            "cannot be read at all.",
            "  If it comes from an old Windows or",
            "  Excel file:",
            "  --set dataset.encoding=cp1252",
        ]
        if terminal
        else ["error: A file of yours, numbers.csv, cannot be read at all.", f"  {HINT}"]
    )


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("photos", 8, "photos"),
        ("photographs", 8, "photogr…"),
        ("two\nlines", 20, "two lines"),
        ("a\x1b[2Jb", 20, "a\\x1b[2Jb"),
        ("\u6570\u636e\u6570\u636e", 5, "\u6570\u636e…"),
    ],
)
def test_a_name_is_cut_to_the_cells_it_takes_and_cannot_steer_the_terminal(
    text: str, room: int, shown: str
) -> None:
    assert cut(text, room) == shown
    assert cell_len(padded(text, room)) == room


def test_the_names_in_the_cache_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"type": "table", "path": "a.csv", "target": "\x1b[2Jprice"}
    entry = Cached("\x1b]0;mine\x07", Path("cache/one"), {"train": 3}, 1000, 0.0, settings)
    with Screen(release=False) as screen:
        told = io.StringIO()
        monkeypatch.setattr(screen, "out", Console(file=told, width=80, color_system=None))
        show_cache(screen, [entry])
    assert "\x1b" not in told.getvalue() and "\x07" not in told.getvalue()
    assert "price" in told.getvalue()
