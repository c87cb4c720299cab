"""Every family by every kind of input that it takes, on both backends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nncli import backend, models

SCRIPT = Path(__file__).with_name("matrix.py")
PLAIN_KERAS = """
import sys, keras
for path in sys.argv[1:]:
    keras.saving.load_model(path)
assert not any(name.startswith("nncli") for name in sys.modules)
"""

# Those that need no setting: what a list, a function or a file builds has tests of its own.
FAMILIES = [
    name for name, kinds in models.families().items() if name in models.families_for(kinds[0])
]


@pytest.mark.matrix
@pytest.mark.parametrize("chosen", ["tensorflow", "jax"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_trains_resumes_and_loads_with_every_input(
    tmp_path: Path, family: str, chosen: str
) -> None:
    """The structure that a family is for is planted; shuffled, there is nothing left to find."""
    if not backend.is_installed(chosen):
        pytest.skip(f"{chosen} is not installed")
    command = [sys.executable, str(SCRIPT), family, chosen, str(tmp_path)]
    paths = [str(SCRIPT.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    said = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-3000:]
    found = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    assert [row["kind"] for row in found] == list(models.families()[family])
    for row in found:
        assert row["accuracy"] >= 0.9, row
        assert row["difference"] <= 1e-6, row
        assert row["evaluated"] and row["resumed"], row
        assert row.get("shuffled", 0) <= 0.7, row
    files = [row["model"] for row in found]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    opened = subprocess.run(
        [sys.executable, "-c", PLAIN_KERAS, *files],
        env=environment | {"KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert opened.returncode == 0, opened.stderr[-3000:]
