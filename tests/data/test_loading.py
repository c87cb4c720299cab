"""From a source to arrays: what is told meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nncli import data
from nncli.data import FolderDataset
from nncli.reporting import SilentReporter, Task


class Counting(SilentReporter):
    """Remembers how far each task came."""

    def __init__(self) -> None:
        self.totals: dict[str, float | None] = {}
        self.done: dict[str, list[float]] = {}

    @contextmanager
    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> Iterator[Task]:
        self.totals[description], amounts = total, self.done.setdefault(description, [])

        class Counted:
            def advance(self, amount: float = 1) -> None:
                amounts.append(amount)

            def update(self, *, completed: float | None = None, total: float | None = None) -> None:
                raise AssertionError("nobody says how far it is")

        yield Counted()


def test_examples_that_are_read_twice_are_counted_once(tmp_path: Path) -> None:
    for name, word in (("reviews.neg", "bad"), ("reviews.pos", "good")):
        (tmp_path / name).write_text("".join(f"a {word} film {n}\n" for n in range(400)))
    counting = Counting()
    data.load(FolderDataset(path=tmp_path / "reviews.*"), seed=0, reporter=counting)
    (reading,) = [name for name in counting.totals if name.startswith("Reading reviews: train")]
    assert counting.totals[reading] == 800
    assert sum(counting.done[reading]) == pytest.approx(800)
    assert len(counting.done[reading]) > 4  # a batch each, of both readings
