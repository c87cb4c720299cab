"""What several of the `nncli runs` commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from nncli.cli import _completion

__all__ = ["RunArgument", "RunsArgument", "SortOption", "WhereOption"]

RunsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        autocompletion=_completion.runs,
        help="Runs: folder, number, name, latest or best:test.accuracy.",
    ),
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        autocompletion=_completion.runs,
        help="A run: folder, number, name, latest or best:test.accuracy.",
    ),
]


SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="KEY",
        help="Best first by a metric such as test.accuracy, or by date, number, name, "
        "duration, or a key of the experiment. Default: newest first.",
    ),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Only runs such as dataset=mnist, outcome!=failed, 'test.accuracy>=0.9', "
        "'training.epochs>6', tag=paper. May be given several times.",
    ),
]
