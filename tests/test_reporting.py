"""Words that every part uses."""

from __future__ import annotations

import pytest

from nncli.reporting import counted, listed


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12345, "12,345 rows")]
)
def test_one_is_no_plural(count: int, words: str) -> None:
    assert counted(count, "row") == words


@pytest.mark.parametrize(
    ("count", "words"), [(1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2, 3"), (5, "0, 1, 2 and 2 more")]
)
def test_a_list_that_is_cut_says_how_many_more(count: int, words: str) -> None:
    assert listed([str(number) for number in range(count)], 3) == words
