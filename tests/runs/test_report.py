"""The page that every run writes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import nncli
from nncli.drawing.networks import Box
from nncli.inference.evaluation_report import report_evaluation
from nncli.objectives.assessment import ClassMetrics, Decile
from nncli.runs import DatasetUsed, Metrics, SliceMetrics, Timing
from nncli.runs.report import (
    Example,
    Fold,
    Matrix,
    Reliability,
    ReportContent,
    Residuals,
    Scatter,
    render,
)
from nncli.runs.report.sizes import fitted
from nncli.training import TrainingResult

METRICS = Metrics(
    outcome="completed",
    name="a run",
    test={"loss": 0.5, "accuracy": 0.75},
    dataset=DatasetUsed(name="d", requested="d", fallback=False, examples={"test": 4}, classes=2),
    timing=Timing(total_seconds=1.0),
)
DECILE = Decile(low=0.0, high=1.0, mean_error=-0.5, mae=1.0, count=10)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
HOSTILE = '</script><script>alert("x")</script>\u202e & <b>'


def content(**parts: Any) -> ReportContent:
    plain: dict[str, Any] = {
        "title": "a run", "facts": [("dataset", "d")], "metrics": METRICS, "history": [],
        "config": "name: a run", "environment": [("python", "3")], "command": "nncli train",
    }  # fmt: skip
    return ReportContent(**{**plain, **parts})


class Headings(HTMLParser):
    """Collects tags, and what is asked of others."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.asked: list[str] = []
        self.nameless = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        for key in ("src", "href"):
            if given.get(key) and not (given[key] or "").startswith("data:"):
                self.asked.append(str(given[key]))
        if tag == "img" or given.get("role") == "img":
            self.nameless += not (given.get("alt") or given.get("aria-label"))


def parsed(page: str) -> Headings:
    headings = Headings()
    headings.feed(page)
    return headings


def test_every_run_writes_one(digits_run: TrainingResult) -> None:
    page = (digits_run.folder / "report.html").read_text()
    assert digits_run.metrics.test is not None
    assert f"<b>{digits_run.metrics.test['accuracy']:.4f}</b>" in page
    assert re.search(r"<code>nncli runs report \S*1-digits-mlp</code>", page)
    found = parsed(page)
    assert not [one for one in found.asked if not one.startswith("#")] and not found.nameless
    assert found.tags.count("h1") == 1 and found.tags.count("svg") == 4
    counts = re.findall(r">(\d+|·)</button></td>", page)
    assert sum(int(count) for count in counts if count != "·") == 359
    assert len(page) < 3_000_000


def test_what_is_not_known_has_no_heading() -> None:
    page = render(content())
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert headings == ["What was trained", "Metrics", "How to repeat it"]
    assert "nncli runs report" not in page and "left out" not in page


def hostile() -> ReportContent:
    """Names that would break out of a page, are long, or turn what is beside them around."""
    names = (HOSTILE, "\U0001f600" * 200, "\u05e9\u05dc\u05d5\u05dd")
    example = Example(HOSTILE, names[1], 0.9, PNG, HOSTILE, HOSTILE, is_suspected=True)
    return content(
        title=HOSTILE, config=HOSTILE, command=HOSTILE, more=HOSTILE, worst=[example] * 20,
        matrix=Matrix(names, [[1, 2, 0], [3, 4, 0], [0, 0, 1]], {(1, 0): [example]}),
        classes=[ClassMetrics(name=name, precision=0.5, recall=0.5, f1=0.5, count=3)
                 for name in names],
        scatters=[Scatter(HOSTILE, [(1.0, 2.0), (2.0, 2.0)])],
        residuals=[Residuals(HOSTILE, [DECILE, DECILE])],
        reliability=Reliability(0.1, [(0.5, 0.4, 7)]),
        slices={HOSTILE: [SliceMetrics(value=HOSTILE, count=2, metrics={"accuracy": 0.5})]},
        importance=[(HOSTILE, 0.1, 0.01), (names[1], -0.1, 0.01)], importance_metric="accuracy",
        layers=[Box(HOSTILE, "Dense", "10", "", ()), Box(names[1], "Dense", "10", "", (0,))],
        history=[{"epoch": float(n), "train_loss": 1 / n, "validation_loss": 2 / n}
                 for n in range(1, 400)],
    )  # fmt: skip


def test_names_of_users_do_no_harm() -> None:
    found = parsed(render(hostile()))
    # Ours, the examples behind the cells, and no third one.
    assert found.tags.count("script") == 2
    assert not found.nameless and not [one for one in found.asked if not one.startswith("#")]


def test_a_name_of_bytes_that_are_no_text_can_be_written() -> None:
    page = render(content(worst=[Example("a", "b", name="caf\udce9.wav", words="caf\udce9")]))
    assert "caf?.wav" in page and page.encode()


def test_no_script_but_ours_may_run() -> None:
    page = render(hostile())
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page and "http" not in page.split("</style>")[1]


def test_one_epoch_and_constant_numbers_can_be_drawn() -> None:
    row = {"epoch": 1.0, "train_loss": 0.0, "validation_loss": None}
    page = render(content(history=[row], scatters=[Scatter("v", [(5.0, 5.0)])]))
    assert "nan" not in page.lower().split("</style>")[1].split("<script")[0]


def test_a_loss_that_became_infinite_is_left_out_of_the_curve() -> None:
    losses = (2.0, float("inf"), 1.0)
    rows = [{"epoch": float(n), "train_loss": loss} for n, loss in enumerate(losses, start=1)]
    page = render(content(history=rows))
    [line] = re.findall(r'<polyline class="line0" points="([^"]*)"', page)
    assert len(line.split()) == 2


def folds(count: int, epochs: int) -> list[Fold]:
    """Folds of a cross-validation whose losses fall."""
    history = [{"epoch": float(n), "train_loss": 1 / n} for n in range(1, epochs + 1)]
    return [
        Fold(f"fold {n}", f"fold-{n}/report.html", METRICS, history) for n in range(1, count + 1)
    ]


def test_folds_are_linked_and_drawn_over_each_other() -> None:
    deviation = {"test": {"loss": 0.125, "accuracy": 0.0625}}
    metrics = METRICS.model_copy(update={"deviation": deviation, "folds": [{}, {}, {}]})
    page = render(
        content(metrics=metrics, folds=folds(3, 4), split="test", worst=[Example("a", "b")])
    )
    assert re.findall(r'<a href="(fold-\d/report.html)">', page) == [
        f"fold-{n}/report.html" for n in (1, 2, 3)
    ]
    assert page.count("0.7500 ± 0.0625") == 1 and "± 0.0625 between folds" in page
    assert page.count('<polyline class="line0 several"') == 3
    assert "<h1" in page and "Cross-validation report" in page
    assert "Worst errors out of fold" in page and "on test" not in page


def test_a_curve_has_the_name_of_its_fold_where_another_has_none() -> None:
    first, second, third = folds(3, 4)
    page = render(content(folds=[first, replace(second, history=[]), third]))
    said = re.findall(r"<title>(fold \d, train)</title>", page)
    assert said == ["fold 1, train", "fold 3, train"]


def test_folds_are_in_the_unit_of_the_values() -> None:
    page = render(content(folds=folds(2, 3), units={"loss": "cm"}))
    assert '<th scope="col">loss (cm)</th><th scope="col">accuracy</th>' in page


def test_many_long_folds_make_no_large_page() -> None:
    page = render(content(folds=folds(200, 3000)))
    assert "The first 30 of 200 folds" in page and page.count("fold-") == 200
    assert len(page) < 300_000


def test_the_page_shows_what_it_is_given() -> None:
    page = render(
        content(
            residuals=[Residuals("price", [DECILE] * 10)],
            scatters=[Scatter("price", [(1.0, 2.0), (2.0, 2.5)])],
            slices={"sex": [SliceMetrics(value="female", count=7, metrics={"accuracy": 0.25})]},
            layers=[Box("hidden_1", "Dense", "64", "640 parameters", ())],
            classes=[ClassMetrics(name="seven", precision=0.25, recall=0.5, f1=0.333, count=12)],
        )
    )
    assert page.count('<rect class="band"') == 10 and "answer by truth" in page
    assert "<bdi>female</bdi>" in page and "0.2500" in page
    assert "640 parameters" in page and "<bdi>seven</bdi>" in page and "0.333" in page


def test_a_page_has_three_megabytes_at_most_and_says_what_is_left_out() -> None:
    examples = [Example("a", "b", 0.5, bytes(20_000)) for _ in range(300)]
    matrix = Matrix(("a", "b"), [[0, 200], [0, 0]], {(0, 1): examples[100:]})
    page = render(content(worst=examples[:100], matrix=matrix))
    assert len(page.encode()) <= 3_000_000
    shown = page.count("data:image/png")
    assert shown > 80 and f"{300 - shown:,} examples, or their sound, are left out" in page


def test_every_cell_shows_an_example_before_any_shows_two() -> None:
    cells = {(0, 1): 4, (1, 0): 4, (0, 0): 4}
    matrix = Matrix(
        ("a", "b"), [[9, 5], [6, 0]],
        {cell: [Example("a", "b", 0.5, bytes(300))] * count for cell, count in cells.items()},
    )  # fmt: skip
    shown, left_out = fitted(content(matrix=matrix, worst=[Example("a", "b", 1, bytes(300))]), 2400)
    assert shown.matrix is not None and len(shown.worst) == 1
    assert {cell: len(some) for cell, some in shown.matrix.examples.items()} == {
        (1, 0): 2, (0, 1): 2, (0, 0): 1,
    }  # fmt: skip
    assert left_out == 7


def test_a_recording_that_is_too_long_leaves_its_name_and_the_others() -> None:
    long = Example("a", "b", 0.5, name="long.wav", sound=bytes(5000), picture=bytes(30))
    short = Example("a", "b", 0.5, name="short.wav", sound=bytes(300))
    shown, left_out = fitted(content(worst=[long, short]), 1000)
    assert [(one.name, one.sound is not None) for one in shown.worst] == [
        ("long.wav", False), ("short.wav", True),
    ]  # fmt: skip
    assert shown.worst[0].picture is not None and left_out == 1


def test_of_many_classes_the_confused_ones_are_shown() -> None:
    names = [f"class {number}" for number in range(300)]
    counts = [[int(row == column) for column in range(300)] for row in range(300)]
    counts[7][250] = 9
    page = render(content(matrix=Matrix(names, counts)))
    assert page.count("data-cell=") == 25 * 25
    assert 'data-cell="7-250"' in page and "Of 300 classes, the 25" in page


# Runs in the page, which stands in a frame as wide as a phone: a window cannot be that narrow.
PROBE = """window.found = {errors: []};
addEventListener("error", event => found.errors.push(String(event.message)));
addEventListener("securitypolicyviolation", event => found.errors.push(event.blockedURI));
addEventListener("load", () => {
  const cells = [...document.querySelectorAll(".matrix button")];
  const behind = document.querySelector("#behind");
  const cell = cells.find(button => button.getAttribute("aria-pressed") === "true");
  found.opened = behind.querySelectorAll("img").length;
  found.said = behind.querySelector("p").textContent;
  found.label = cell.getAttribute("aria-label");
  cells[0].focus();
  cells[0].dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
  found.moved = document.activeElement === cells[1];
  cells[0].click();
  found.clicked = cells[0].getAttribute("aria-pressed");
  found.pressed = document.querySelectorAll('.matrix [aria-pressed="true"]').length;
  found.stops = cells.filter(button => button.tabIndex === 0).length;
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  found.width = innerWidth;
  found.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const asked = performance.getEntriesByType("resource");
  found.requests = asked.filter(entry => !entry.name.startsWith("data:")).length;
  const before = getComputedStyle(document.body).backgroundColor;
  document.querySelector("button.theme").click();
  found.turned = getComputedStyle(document.body).backgroundColor !== before;
  parent.postMessage(found, "*");
});"""
FRAME = """<!doctype html><body style="margin:0"><script>addEventListener("message", event => {
document.body.dataset.found = JSON.stringify(event.data); });</script>
<iframe style="border:0" width="%d" height="900" src="probed.html"></iframe>"""


def probed(page: str, folder: Path, width: int) -> dict[str, object]:
    """What a browser says about a page that is `width` pixels wide."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("there is no chromium here")
    digest = base64.b64encode(hashlib.sha256(PROBE.encode()).digest()).decode()
    page = page.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    page = page.replace("<title>", f"<script>{PROBE}</script><title>", 1)
    (folder / "probed.html").write_text(page, encoding="utf-8")
    (folder / "frame.html").write_text(FRAME % width, encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000",
         "--virtual-time-budget=3000", "--dump-dom", f"file://{folder / 'frame.html'}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    match = re.search(r'data-found="(.*?)"', done.stdout)
    assert match is not None, done.stdout[:500]
    found: dict[str, object] = json.loads(unescape(match[1]))
    return found


@pytest.mark.matrix
@pytest.mark.parametrize("width", [380, 1280])
@pytest.mark.parametrize("of", ["a run", "an evaluation", "hostile names", "folds"])
def test_in_a_browser(digits_run: TrainingResult, tmp_path: Path, width: int, of: str) -> None:
    page = (digits_run.folder / "report.html").read_text()
    if of == "hostile names":
        page = render(hostile())
    elif of == "folds":
        page = render(replace(hostile(), folds=folds(40, 300), title="folds"))
    elif of == "an evaluation":
        model, place = digits_run.model_path, tmp_path / "evaluation.html"
        evaluation = nncli.evaluate(model, compare=model, calibrate=tmp_path / "calibrated.keras")
        report_evaluation(evaluation, place, command=["nncli", "evaluate", str(model)])
        page = place.read_text()
    found = probed(page, tmp_path, width)
    said = str(found.pop("said"))
    assert said == found.pop("label") and " are answered " in said
    assert isinstance(opened := found.pop("opened"), int) and opened > 0
    assert found == {
        "errors": [], "overflow": 0, "requests": 0, "width": width, "moved": True,
        "clicked": "true", "pressed": 1, "stops": 1, "turned": True,
    }  # fmt: skip
