"""The command line: one file a command, and the one place where errors become exit codes."""

from nncli.cli.app import main

__all__ = ["main"]
