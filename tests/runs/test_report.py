"""The page that every run writes."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

import nncli
from nncli.runs import DatasetUsed, Metrics, Timing
from nncli.runs.report import Example, Matrix, Reliability, ReportContent, Scatter, render
from nncli.training import TrainingResult

METRICS = Metrics(
    outcome="completed",
    name="a run",
    test={"loss": 0.5, "accuracy": 0.75},
    dataset=DatasetUsed(name="d", requested="d", fallback=False, examples={"test": 4}, classes=2),
    timing=Timing(total_seconds=1.0),
)
HOSTILE = '</script><script>alert("x")</script>\u202e & <b>'


def content(**parts: object) -> ReportContent:
    plain: dict[str, object] = {
        "title": "a run", "facts": [("dataset", "d")], "metrics": METRICS, "history": [],
        "config": "name: a run", "environment": [("python", "3")], "command": "nncli train",
    }  # fmt: skip
    return ReportContent(**{**plain, **parts})  # type: ignore[arg-type]


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
    found = parsed(page)
    assert not found.asked and not found.nameless
    assert found.tags.count("h1") == 1 and found.tags.count("svg") == 3
    counts = re.findall(r">(\d+|·)</button></td>", page)
    assert sum(int(count) for count in counts if count != "·") == 359
    assert len(page) < 3_000_000


def test_what_is_not_known_has_no_heading() -> None:
    page = render(content())
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["What was trained", "Metrics", "Repeat it"]


def test_names_of_users_do_no_harm() -> None:
    names = (HOSTILE, "\U0001f600" * 200)
    example = Example(HOSTILE, HOSTILE, 0.9, b"png")
    page = render(
        content(
            title=HOSTILE, config=HOSTILE, command=HOSTILE, worst=[example],
            matrix=Matrix(names, [[1, 2], [3, 4]], {(0, 1): [example]}),
            scatters=[Scatter(HOSTILE, [(1.0, 2.0), (2.0, 2.0)])],
            reliability=Reliability(0.1, [(0.5, 0.4, 7)]),
        )
    )  # fmt: skip
    # Ours, the examples behind the cells, and no third one.
    assert parsed(page).tags.count("script") == 2


def test_one_epoch_and_constant_numbers_can_be_drawn() -> None:
    row = {"epoch": 1.0, "train_loss": 0.0, "validation_loss": None}
    page = render(content(history=[row], scatters=[Scatter("v", [(5.0, 5.0)])]))
    assert "nan" not in page.lower().split("</style>")[1].split("<script")[0]


def test_of_many_classes_the_confused_ones_are_shown() -> None:
    names = [f"class {number}" for number in range(300)]
    counts = [[int(row == column) for column in range(300)] for row in range(300)]
    counts[7][250] = 9
    page = render(content(matrix=Matrix(names, counts)))
    assert page.count("data-cell=") == 25 * 25
    assert 'data-cell="7-250"' in page and "25 of 300 classes" in page


PROBE = """<script>window.found = {errors: []};
addEventListener("error", event => found.errors.push(String(event.message)));
addEventListener("securitypolicyviolation", event => found.errors.push(event.blockedURI));
addEventListener("load", () => {
  const cells = [...document.querySelectorAll(".matrix button")];
  const cell = cells.find(button => button.textContent !== "\u00b7");
  cell.focus(); cell.click();
  found.images = document.querySelectorAll("#behind img").length;
  found.pressed = cell.getAttribute("aria-pressed");
  found.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const asked = performance.getEntriesByType("resource");
  found.requests = asked.filter(entry => !entry.name.startsWith("data:")).length;
  document.querySelector("button.theme").click();
  found.theme = document.documentElement.dataset.theme;
  document.body.dataset.found = JSON.stringify(found);
});</script>"""


@pytest.mark.matrix
@pytest.mark.parametrize("width", [380, 1280])
def test_in_a_browser(tmp_path: Path, width: int) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("there is no chromium here")
    result = nncli.train({"dataset": "digits", "training": {"epochs": 2}}, run_dir=tmp_path / "run")
    page = (result.folder / "report.html").read_text()
    probed = tmp_path / "probed.html"
    probed.write_text(page.replace("<head>", f"<head>{PROBE}", 1))
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900",
         "--virtual-time-budget=3000", "--dump-dom", f"file://{probed}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    match = re.search(r'data-found="(.*?)"', done.stdout)
    assert match is not None
    found = match[1].replace("&quot;", '"')
    assert '"errors":[]' in found and '"overflow":0' in found and '"requests":0' in found
    assert '"pressed":"true"' in found and '"theme":"' in found
    assert '"images":0' not in found
