"""What training says while it runs, line by line."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from typing import Any

import pytest

from nncli.cli._console import Screen
from nncli.cli._progress import LiveReporter, PlainReporter
from nncli.reporting import FitPlan


def said(tell: Any, kind: type[PlainReporter] = PlainReporter) -> str:
    """What a reporter writes while `tell` talks to it."""
    stream = io.StringIO()
    with redirect_stderr(stream), Screen(release=True) as screen:
        tell(kind(screen))
    return stream.getvalue()


def test_what_every_fold_says_is_said_once() -> None:
    def tell(reporter: PlainReporter) -> None:
        for fold in (1, 2):
            reporter.notice(f"Fold {fold} of 2")
            reporter.notice("t: size number -> kind")
            reporter.warning("Left out of t: a.txt")

    assert said(tell).splitlines() == [
        "Fold 1 of 2", "t: size number -> kind", "warning: Left out of t: a.txt", "Fold 2 of 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resumed_at", "words"),
    [
        ((1, 4), "3 epochs of 7 steps, going on in epoch 2 after step 4"),
        ((3, 0), "3 epochs of 7 steps, all of them done before"),
    ],
)
@pytest.mark.parametrize("kind", [PlainReporter, LiveReporter])
def test_a_resumed_run_goes_on_in_an_epoch_that_there_is(
    resumed_at: tuple[int, int], words: str, kind: type[PlainReporter]
) -> None:
    plan = FitPlan(3, 7, 32, 200, resumed_at)

    def tell(reporter: PlainReporter) -> None:
        reporter.fit_started(plan)
        if isinstance(reporter, LiveReporter):
            assert reporter.bar and "/3" in reporter.bar.tasks[0].description
            assert "4/3" not in reporter.bar.tasks[0].description
        reporter.fit_ended()

    assert words in said(tell, kind)
