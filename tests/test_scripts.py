"""The script in docs/scripts.md does what the page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "scripts.md"


@pytest.mark.slow
def test_the_script_trains_three_seeds_and_names_the_best(tmp_path: Path) -> None:
    found = re.search(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    commands = tmp_path / "bin"
    commands.mkdir()
    nncli = f'#!/bin/sh\nexec {sys.executable} -m nncli "$@"\n'
    select = (
        f"#!{sys.executable}\nimport functools, json, sys\n"
        "keys = sys.argv[1].strip('.').split('.')\n"
        "print(functools.reduce(dict.__getitem__, keys, json.load(sys.stdin)))\n"
    )
    scripts = {"nncli": nncli} if shutil.which("jq") else {"nncli": nncli, "jq": select}
    for name, text in scripts.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", found[1]], check=True, cwd=tmp_path, env=environment)
    scores = [line.split() for line in (tmp_path / "scores.txt").read_text().splitlines()]
    assert sorted(place for _, place in scores) == ["sweep/0", "sweep/1", "sweep/2"]
    accuracies = [float(score) for score, _ in scores]
    assert accuracies == sorted(accuracies, reverse=True)
    best = json.loads((tmp_path / "best.json").read_text())
    assert best["test"]["accuracy"] == accuracies[0]
    named = json.loads((tmp_path / "sweep/2/metrics.json").read_text())["name"]
    assert named == "sweep-2"
