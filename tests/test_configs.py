"""Every shipped experiment is valid, and says what to expect of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nncli.config import load_experiment

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_config_loads_and_its_header_is_complete(path: Path) -> None:
    assert load_experiment([path])
    header = re.match(r"(#.*\n)+", path.read_text())
    assert header is not None
    assert f"nncli train -c configs/{path.name}" in header[0]
    assert re.search(r"duration +about \d+ (s|min)", header[0])
    assert re.search(r"score +.*\d\.\d+", header[0])


def test_the_mnist_config_writes_the_defaults_out() -> None:
    written = load_experiment([next(path for path in CONFIGS if path.name == "mnist.yaml")])
    assert written.model_copy(update={"name": None}) == load_experiment()
