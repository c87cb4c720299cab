"""`nncli model`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nncli.cli import _completion
from nncli.cli._options import (
    AsJson,
    DebugOption,
    Described,
    OfflineOption,
    QuietOption,
    experiment_options,
    screen_of,
)
from nncli.cli._outputs import PICTURES, check_output
from nncli.cli._progress import reporter_for
from nncli.files import to_json

__all__ = ["app"]

app = typer.Typer(
    name="model",
    help="See what networks there are, and what one is made of.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _group() -> None:
    pass


@app.command("list")
def list_command(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="TYPE",
            autocompletion=_completion.model_types,
            help="Show the settings of this one: mlp, cnn.",
        ),
    ] = None,
    json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Show the types of models: what data they take; of one, every setting with its default."""
    from dataclasses import asdict

    from nncli.cli._families import show_families, show_family
    from nncli.models.listing import catalogue, family

    screen = screen_of(context)
    if name is not None:
        screen.capture_libraries()  # a plug-in may have to be imported, with what it imports
    found = catalogue() if name is None else [family(name)]
    if json:
        documents = [asdict(one) for one in found]
        screen.out.file.write(to_json(documents if name is None else documents[0]))
    elif name is None:
        show_families(screen, found)
    else:
        show_family(screen, found[0])


@app.command("show")
@experiment_options
def show_command(
    context: typer.Context,
    described: Described,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Also draw it, as a PNG or SVG."),
    ] = None,
    json: AsJson = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what a model is made of: layers, shapes, parameters, operations and memory.

    Nothing is trained. Of the data only as much is read as the shapes follow from.
    """
    experiment = described.resolve().experiment
    check_output("--picture", picture, PICTURES)
    screen = screen_of(context)
    screen.capture_libraries()
    from nncli.cli._network import document, show_network
    from nncli.training.overview import draw, look

    overview = look(experiment, reporter=reporter_for(screen))
    if picture is not None:
        draw(overview, picture)
    if json:
        screen.out.file.write(to_json(document(overview)))
    elif not quiet:
        show_network(screen, overview)
        if picture is not None:
            screen.out.print(f"\nPicture: {picture}", markup=False, soft_wrap=True)
