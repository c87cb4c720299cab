"""The command line: one file a command, and the one place where errors become exit codes.

Nothing is imported here that takes time, so that Ctrl-C while the command line itself is still
being imported is met like any other.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "run"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: `nncli.cli.app.main`."""
    from nncli.cli import app

    return app.main(arguments)


def run() -> NoReturn:
    """The `nncli` of the shell: `nncli.cli.app.run`, and what Ctrl-C does before it begins.

    Importing TensorFlow makes a million objects that stay. Python's own thresholds have all of them
    looked through for garbage again and again, a second of a training of ten.
    """
    gc.set_threshold(50_000, 20, 20)
    try:
        from nncli.cli import app

        app.run()
    except KeyboardInterrupt:
        try:
            os.write(2, b"error: Stopped by Ctrl-C.\n")
        finally:  # whatever is half imported is not taken down
            os._exit(130)
