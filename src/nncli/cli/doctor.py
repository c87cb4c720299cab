"""`nncli doctor`."""

from __future__ import annotations

import typer

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command("doctor")
def doctor_command(context: typer.Context) -> None:
    """Is this machine ready?"""
