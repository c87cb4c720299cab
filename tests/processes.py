"""Processes of their own for what cannot share one: another Keras backend."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["run_on_jax"]


def run_on_jax(code: str, *arguments: str, beside: str) -> None:
    """Run `code` on JAX, where the test module `beside` (its `__file__`) can be imported."""
    folders = [str(Path(beside).parent), str(Path(__file__).parent)]
    paths = [*folders, *filter(None, [os.environ.get("PYTHONPATH")])]
    code = "from nncli import backend; backend.prepare(backend='jax')\n" + code
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
