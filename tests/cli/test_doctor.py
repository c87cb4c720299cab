"""`nncli doctor` as it is typed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from nncli import doctor

ESCAPE = "\x1b["
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")


@pytest.fixture
def short_folders(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Folders as short as people have them."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "TFDS_DATA_DIR"):
            monkeypatch.setenv(name, f"{folder}/{name[:4].lower()}")
        with monkeypatch.context() as inside:
            inside.chdir(folder)
            yield Path(folder)


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine on which everything is good and nothing takes time."""
    checks = {name: lambda: doctor._Answer("good", "fine") for name in doctor._checks()}
    monkeypatch.setattr(doctor, "_checks", lambda: checks)
    return monkeypatch


@pytest.fixture
def ill(sound: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with one problem and one warning."""
    answers = {
        "data folder": doctor._Answer("fail", "[bold]/data cannot be written", "Do this\nand that"),
        "network": doctor._Answer("warn", "no answer", "Plug it in"),
    }
    checks = {**doctor._checks(), **{k: lambda v=v: v for k, v in answers.items()}}
    sound.setattr(doctor, "_checks", lambda: checks)
    return sound


@pytest.mark.slow
@pytest.mark.usefixtures("shared_cache", "no_network", "own_folders")
def test_a_real_examination(run_cli: Any) -> None:
    result = run_cli(["doctor"])
    assert result.exit_code == 0, result.stdout
    assert re.search(
        r"^ok    training +3 epochs of digits in .* accuracy 0\.[89]", result.stdout, re.M
    )
    assert re.search(r"^warn  network ", result.stdout, re.M)
    assert result.stdout.splitlines()[-1].startswith("This machine is ready; ")
    assert ESCAPE not in result.stdout
    assert result.stderr == ""


@pytest.mark.usefixtures("no_network", "short_folders")
def test_it_fits_80_columns(run_cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for check in ("_training", "_devices", "_bytecode"):
        monkeypatch.setattr(doctor, check, lambda: doctor._Answer("good", "fine"))
    lines = run_cli(["doctor"]).stdout.splitlines()
    assert len(lines) > 15
    assert [line for line in lines if len(line) > 80] == []


def test_a_sound_machine_is_ready(run_cli: Any, sound: Any) -> None:
    result = run_cli(["doctor"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("\n\nThis machine is ready.\n")


def test_a_problem_is_shown_with_its_remedy(run_cli: Any, ill: Any) -> None:
    result = run_cli(["doctor"])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    at = lines.index("FAIL  data folder     [bold]/data cannot be written")
    assert lines[at + 1 : at + 3] == ["      Do this", "      and that"]
    at = lines.index("warn  network         no answer")
    assert lines[at + 1] == "      Plug it in"
    assert "1 problem, see FAIL above." in lines
    assert lines[-1].endswith("log.txt")
    assert ESCAPE not in result.stdout


def test_only_failures_when_quiet(run_cli: Any, ill: Any) -> None:
    result = run_cli(["doctor", "--quiet"])
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "FAIL  data folder     [bold]/data cannot be written",
        "      Do this",
        "      and that",
    ]


def test_nothing_when_quiet_and_sound(run_cli: Any, sound: Any) -> None:
    result = run_cli(["doctor", "--quiet"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_json_has_every_finding(run_cli: Any, ill: Any) -> None:
    result = run_cli(["doctor", "--json"])
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (document["schema"], document["ok"]) == (1, False)
    assert [finding["name"] for finding in document["findings"]] == list(doctor._checks())
    assert {
        "name": "data folder",
        "grade": "fail",
        "message": "[bold]/data cannot be written",
        "remedy": "Do this\nand that",
    } in document["findings"]
    assert {"name": "python", "grade": "good", "message": "fine", "remedy": None} in document[
        "findings"
    ]


def test_json_of_a_sound_machine(run_cli: Any, sound: Any) -> None:
    result = run_cli(["doctor", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["ok"] is True


def test_marks_are_coloured_on_a_terminal(run_cli: Any, ill: pytest.MonkeyPatch) -> None:
    ill.setenv("FORCE_COLOR", "1")
    ill.setenv("TERM", "xterm-256color")
    ill.delenv("NO_COLOR", raising=False)
    coloured = run_cli(["doctor"]).stdout
    for mark, code in (("ok  ", "32"), ("warn", "33"), ("FAIL", "1;31")):
        assert f"\x1b[{code}m{mark}" in coloured
    ill.setenv("NO_COLOR", "1")
    plain = run_cli(["doctor"]).stdout
    assert "FAIL" in plain
    assert not COLOUR.search(plain)


def test_the_log_has_the_traceback_of_what_was_not_foreseen() -> None:
    program = (
        "import sys; from nncli import doctor; from nncli.cli import main; "
        "doctor._checks = lambda: {'python': lambda: 1 / 0}; sys.exit(main(['doctor']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 1
    assert "FAIL  python  ZeroDivisionError: division by zero" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    log = Path(done.stdout.splitlines()[-1].removeprefix("What the libraries said is in "))
    assert "Traceback" in log.read_text()


def test_ctrl_c_is_130(run_cli: Any, sound: pytest.MonkeyPatch) -> None:
    def interrupted() -> doctor._Answer:
        raise KeyboardInterrupt

    checks = {**doctor._checks(), "training": interrupted}
    sound.setattr(doctor, "_checks", lambda: checks)
    result = run_cli(["doctor"])
    assert result.exit_code == 130
    assert "Traceback" not in result.stderr
