"""Images in little: the same whatever their size is and however they are held."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from nncli.data.checking.near import near_pairs
from nncli.data.checking.thumbnails import thumbnail, thumbnails
from nncli.reporting import SilentReporter

SIDE = 32


@pytest.fixture(scope="module")
def pieces() -> list[Image.Image]:
    """A photograph cut into pieces as small as those of CIFAR."""
    pixels = load_sample_image("china.jpg")
    corners = [(y, x) for y in range(0, 384, 2 * SIDE) for x in range(0, 608, 2 * SIDE)]
    return [Image.fromarray(pixels[y : y + SIDE, x : x + SIDE]) for y, x in corners]


@pytest.mark.parametrize("side", [20, 27, 40, 200])
@pytest.mark.parametrize("how", [Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
def test_copies_of_another_size_are_found_and_no_others(
    pieces: list[Image.Image], side: int, how: Image.Resampling
) -> None:
    copies = [piece.resize((side, side), how) for piece in pieces]
    small = np.stack([thumbnail(image) for image in (*pieces, *copies)])
    found = near_pairs(small, np.arange(len(small), dtype=np.uint64), SilentReporter())
    assert (found.second == found.first + len(pieces)).all()
    # Of sky alone nothing can be compared; of fine grain little is left in a smaller copy.
    varied = small[: len(pieces)].reshape(len(pieces), -1).std(axis=1) > 8
    assert np.isin(np.flatnonzero(varied), found.first).mean() > 0.9


@pytest.mark.parametrize("shape", [(20, 20), (32, 28), (16, 90), (7, 5)])
def test_arrays_and_images_give_the_same(shape: tuple[int, int]) -> None:
    # Pillow cuts what is darker than black between rows and columns: there is none in these.
    pixels = np.random.default_rng(0).integers(80, 176, (3, *shape), dtype=np.uint8)
    of_images = np.stack([thumbnail(Image.fromarray(image)) for image in pixels]).astype(int)
    of_arrays = thumbnails(pixels[..., None], 255.0).astype(int)
    assert np.abs(of_images - of_arrays).max() <= 2
