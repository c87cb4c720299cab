"""The command line: one file a command, and the one place where errors become exit codes."""

from nncli.cli.app import main, run

__all__ = ["main", "run"]
