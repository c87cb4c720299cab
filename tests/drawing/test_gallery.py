"""Galleries: every card is drawn, and marked ones stand out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from nncli.drawing.gallery import Card, _wrapped, draw_cards

LIT = np.full((6, 6, 1), 255, np.uint8)


def pixels(path: str) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def red(drawn: np.ndarray) -> int:
    return int(((drawn[..., 0] > 120) & (drawn[..., 1] < 80) & (drawn[..., 2] < 80)).sum())


def test_marked_cards_are_red_and_others_are_not() -> None:
    plain = [Card(LIT * 0, "is 1", "said 2 (90 %)") for _ in range(10)]
    draw_cards(plain, "ten", Path("plain.png"), maximum=255)
    marked = [*plain[:9], Card(LIT * 0, "is 1", "said 2 (90 %)", is_marked=True)]
    draw_cards(marked, "ten", Path("marked.png"), maximum=255)
    assert red(pixels("plain.png")) == 0
    assert red(pixels("marked.png")) > 100


def test_every_card_takes_its_place_and_rows_are_added() -> None:
    black = Card(LIT * 0, "is 1", "said 2")
    for count in (1, 8, 9):
        draw_cards([black] * count, "some", Path(f"{count}.png"), maximum=255)
    dark = {count: int((pixels(f"{count}.png").sum(axis=2) < 60).sum()) for count in (1, 8, 9)}
    assert pixels("9.png").shape[0] > 1.6 * pixels("8.png").shape[0]
    assert dark[9] > 1.05 * dark[8]


def test_pictures_of_different_sizes_spectrograms_and_texts_are_drawn() -> None:
    coloured = Card(np.zeros((9, 30, 3), np.uint8), "is $a_1", "said b")
    draw_cards([coloured, Card(LIT, "is a", "said b")], "sizes", Path("sizes.png"), maximum=255)
    spectrogram = Card(np.random.default_rng(0).normal(size=(8, 20, 1)), "is a", "said b")
    draw_cards([spectrogram], "sound", Path("sound.png"))
    draw_cards([Card("a $text\nof two lines", "is a", "said b")] * 3, "texts", Path("texts.png"))
    for name in ("sizes.png", "sound.png", "texts.png"):
        assert pixels(name).std() > 1


def test_long_texts_are_wrapped_and_cut() -> None:
    lines = _wrapped("word " * 400, 5.0).splitlines()
    assert len(lines) == 12
    assert lines[-1] == "…"
    assert max(map(len, lines)) <= 64
    assert _wrapped("a: 1\n\nb: 2", 5.0) == "a: 1\n\nb: 2"
