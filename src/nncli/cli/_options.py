"""Options that several commands share. Their help is the description of the field they set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic import BaseModel

from nncli.backend import Device
from nncli.cli._console import Screen
from nncli.config import Experiment, Layer
from nncli.config.explaining import Origins
from nncli.config.yaml import KeyPath

__all__ = [
    "BatchSizeOption",
    "ConfigOption",
    "DataDirOption",
    "DatasetOption",
    "DebugOption",
    "DeviceOption",
    "EpochsOption",
    "HiddenUnitsOption",
    "JsonOption",
    "LearningRateOption",
    "ModelOption",
    "NameOption",
    "OptimizerOption",
    "QuietOption",
    "SeedOption",
    "experiment_flags",
    "screen_of",
]


def described(dotted: str) -> str:
    """The description of an experiment's key, with its default."""
    model: type[BaseModel] = Experiment
    *groups, last = dotted.split(".")
    for group in groups:
        annotation = model.model_fields[group].annotation
        members = get_args(annotation) or (annotation,)  # of a union, the first that has the key
        model = next(member for member in members if last in member.model_fields)
    field = model.model_fields[last]
    default = field.default
    shown = ""
    if isinstance(default, tuple):
        shown = f" [default: {','.join(str(item) for item in default)}]"
    elif isinstance(default, (int, float, str)):
        shown = f" [default: {default}]"
    return f"{field.description}{shown}".replace("[default", "\\[default")


def screen_of(context: typer.Context) -> Screen:
    """The screen of the running command."""
    screen = context.find_root().obj
    assert isinstance(screen, Screen)
    return screen


def _be_quiet(context: typer.Context, value: bool) -> bool:
    if not context.resilient_parsing:
        screen_of(context).quiet = value
    return value


def _show_tracebacks(context: typer.Context, value: bool) -> bool:
    if not context.resilient_parsing:
        screen_of(context).debug = value
    return value


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="A YAML file that describes the experiment."
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="What is learned from: digits (embedded) or a tensorflow-datasets name. Default: "
        "mnist, or digits where mnist can neither be found nor downloaded.",
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help=described("dataset.data_dir")),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="TYPE", help="The network: mlp or cnn.")
]
HiddenUnitsOption = Annotated[
    str | None,
    typer.Option("--hidden-units", metavar="N,N,...", help=described("model.hidden_units")),
]
EpochsOption = Annotated[
    str | None, typer.Option("--epochs", metavar="N", help=described("training.epochs"))
]
BatchSizeOption = Annotated[
    str | None, typer.Option("--batch-size", metavar="N", help=described("training.batch_size"))
]
OptimizerOption = Annotated[
    str | None,
    typer.Option(
        "--optimizer", metavar="TYPE", help="adam, adamw, sgd or rmsprop. \\[default: adam]"
    ),
]
LearningRateOption = Annotated[
    str | None,
    typer.Option("--learning-rate", metavar="X", help=described("optimizer.learning_rate")),
]
SeedOption = Annotated[str | None, typer.Option("--seed", metavar="N", help=described("seed"))]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help=described("name"))]
DeviceOption = Annotated[Device | None, typer.Option("--device", help=described("training.device"))]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the metrics document (JSON) on stdout, nothing else.")
]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_be_quiet, help="Show nothing but errors."),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", callback=_show_tracebacks, help="Show tracebacks of errors.")
]


def experiment_flags(flags: Mapping[tuple[str, KeyPath], Any]) -> Layer:
    """The layer of values that were typed as flags.

    Args:
        flags: by (flag, key path) what was typed, None where it was not. Texts mean what they
            mean in YAML (`6`, `1e-3`); `hidden_units` is a list separated by commas.
    """
    from nncli.config.yaml import parse_value

    values: dict[str, Any] = {}
    origins: dict[KeyPath, str] = {}
    for (flag, key), typed in flags.items():
        if typed is None:
            continue
        value: Any = str(typed)
        if key[-1] == "hidden_units":
            value = _parsed(parse_value, f"[{value.strip('[]')}]")
        elif key[-1] in ("epochs", "batch_size", "learning_rate", "seed"):
            value = _parsed(parse_value, value)
        elif key[-1] == "data_dir":
            value = str(Path(value).expanduser().absolute())
        group = values
        for part in key[:-1]:
            before = group.get(str(part))
            group[str(part)] = _opened(str(part), before)
            group = group[str(part)]
        group[str(key[-1])] = value
        origins[key] = flag
    return Layer(values, Origins.of_flags(origins))


def _opened(part: str, value: Any) -> dict[str, Any]:
    """A mapping to put a further key into: a short form is written in full."""
    from nncli.config.loading import EXPANSIONS

    if value is None:
        return {}
    expand = EXPANSIONS.get(part)
    expanded: dict[str, Any] = expand(value) if expand else value
    return expanded


def _parsed(parse_value: Any, text: str) -> Any:
    try:
        return parse_value(text)
    except ValueError:
        return text  # the experiment says what it wanted instead
