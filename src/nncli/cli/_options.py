"""Options that several commands share. Their help is the description of the field they set."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nncli.backend import Backend, Device
from nncli.cli import _completion
from nncli.cli._console import Screen
from nncli.cli._descriptions import described
from nncli.errors import Mistake, UsageError

if TYPE_CHECKING:  # whoever only reads the help does not wait for these
    from nncli.config import Layer, Resolved
    from nncli.config.yaml import KeyPath
    from nncli.data import DatasetSettings

__all__ = [
    "AsJson",
    "BackendOption",
    "DataDirOption",
    "DebugOption",
    "Described",
    "DeviceOption",
    "JsonOption",
    "OfflineOption",
    "QuietOption",
    "RunDirOption",
    "RunsDirOption",
    "experiment_flags",
    "experiment_options",
    "other_dataset",
    "screen_of",
]


def screen_of(context: typer.Context) -> Screen:
    """The screen of the running command."""
    screen = context.find_root().obj
    assert isinstance(screen, Screen)
    return screen


def _be_quiet(context: typer.Context, value: bool) -> bool:
    if not context.resilient_parsing:
        screen_of(context).quiet = value
    return value


def _stay_offline(context: typer.Context, value: bool) -> bool:
    if value and not context.resilient_parsing:
        from nncli.data import network

        context.with_resource(network.offline())
    return value


def _show_tracebacks(context: typer.Context, value: bool) -> bool:
    if not context.resilient_parsing:
        screen_of(context).debug = value
    return value


ConfigOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--config",
        "-c",
        autocompletion=_completion.experiments,
        metavar="FILE",
        help="A YAML file that describes the experiment; of several, later ones win.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any key of the experiment, its value as in YAML: --set model.dropout=0.2",
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        autocompletion=_completion.datasets,
        metavar="NAME|PATH",
        help="What is learned from: a file or folder of yours (table.csv, photos/), digits "
        "(embedded) or a tensorflow-datasets name. Default: mnist, or digits where mnist can "
        "neither be found nor downloaded.",
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help=described("dataset.data_dir")),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        autocompletion=_completion.model_types_and_models,
        metavar="TYPE",
        help="The network: linear, mlp, cnn, resnet, rnn, text_cnn, transformer or tabular.",
    ),
]
HiddenUnitsOption = Annotated[
    str | None,
    typer.Option("--hidden-units", metavar="N,N,...", help=described("model.hidden_units")),
]
EpochsOption = Annotated[
    str | None, typer.Option("--epochs", metavar="N", help=described("training.epochs"))
]
BatchSizeOption = Annotated[
    str | None,
    typer.Option("--batch-size", metavar="N|auto", help=described("training.batch_size")),
]
# All but the last, and the last.
OPTIMIZERS = ", ".join(_completion.optimizers("")).rsplit(", ", 1)
OptimizerOption = Annotated[
    str | None,
    typer.Option(
        "--optimizer",
        autocompletion=_completion.optimizers,
        metavar="TYPE",
        help=f"{OPTIMIZERS[0]} or {OPTIMIZERS[1]}. \\[default: adam]",
    ),
]
LearningRateOption = Annotated[
    str | None,
    typer.Option("--learning-rate", metavar="X", help=described("optimizer.learning_rate")),
]
FoldsOption = Annotated[
    str | None, typer.Option("--folds", metavar="N", help=described("dataset.folds"))
]
SeedOption = Annotated[str | None, typer.Option("--seed", metavar="N", help=described("seed"))]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help=described("name"))]
BackendOption = Annotated[
    Backend | None, typer.Option("--backend", help=described("training.backend"))
]
RunsDirOption = Annotated[
    Path | None,
    typer.Option("--runs-dir", metavar="DIR", help="Where runs are numbered. \\[default: runs]"),
]
RunDirOption = Annotated[
    Path | None,
    typer.Option(
        "--run-dir", metavar="DIR", help="The exact run folder, instead of a numbered one."
    ),
]
DeviceOption = Annotated[Device | None, typer.Option("--device", help=described("training.device"))]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the metrics document (JSON) on stdout, nothing else.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, nothing else.")]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_be_quiet, help="Show nothing but errors."),
]
OfflineOption = Annotated[
    bool,
    typer.Option(
        "--offline",
        callback=_stay_offline,
        help="Never touch the network, not even to look up a name.",
    ),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", callback=_show_tracebacks, help="Show tracebacks of errors.")
]


# What describes an experiment on the command line: parameter, flag, key, option.
EXPERIMENT_OPTIONS: tuple[tuple[str, str, KeyPath, Any], ...] = (
    ("dataset", "--dataset", ("dataset",), DatasetOption),
    ("data_dir", "--data-dir", ("dataset", "data_dir"), DataDirOption),
    ("model", "--model", ("model",), ModelOption),
    ("hidden_units", "--hidden-units", ("model", "hidden_units"), HiddenUnitsOption),
    ("epochs", "--epochs", ("training", "epochs"), EpochsOption),
    ("batch_size", "--batch-size", ("training", "batch_size"), BatchSizeOption),
    ("optimizer", "--optimizer", ("optimizer",), OptimizerOption),
    ("learning_rate", "--learning-rate", ("optimizer", "learning_rate"), LearningRateOption),
    ("folds", "--folds", ("dataset", "folds"), FoldsOption),
    ("seed", "--seed", ("seed",), SeedOption),
    ("backend", "--backend", ("training", "backend"), BackendOption),
    ("device", "--device", ("training", "device"), DeviceOption),
    ("name", "--name", ("name",), NameOption),
)
# Flags whose text is not YAML but the value itself.
TEXTS = ("--dataset", "--data-dir", "--model", "--optimizer", "--backend", "--device", "--name")


@dataclass(frozen=True)
class Described:
    """What a command line says about an experiment: files, then the environment (`NNCLI_...`),
    then flags, then `--set`; later ones win."""

    files: Sequence[Path]
    environment: Layer
    typed: Sequence[Layer]

    @property
    def layers(self) -> Sequence[Layer]:
        """What lies over the files."""
        return (self.environment, *self.typed)

    def without_environment(self) -> Described:
        """The same for a file that is to mean the same in every environment."""
        from nncli.config import Layer

        return replace(self, environment=Layer({}))

    def with_dataset(self, name: str | None) -> Described:
        """The same with a dataset that was named as an argument; below `--set`, as a flag is."""
        if name is None:
            return self
        flags, settings = self.typed
        return replace(self, typed=(flags, experiment_flags({"dataset": name}), settings))

    def resolve(self) -> Resolved:
        """The experiment, on top of the defaults; `ExperimentError` if there are mistakes."""
        from nncli.config import resolve

        return resolve(self.files, *self.layers)


def experiment_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that describe an experiment, and hand it `described`."""
    own = inspect.signature(command, eval_str=True).parameters
    shared = {"config": ConfigOption, "settings": SetOption}
    shared |= {name: option for name, _, _, option in EXPERIMENT_OPTIONS}
    context, *others = [parameter for parameter in own.values() if parameter.name != "described"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in shared.items()
    ]
    others = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in others]
    parameters = [context, *added, *others]

    def run(context: typer.Context, **typed: Any) -> None:
        files: list[Path] = typed.pop("config") or []
        settings = _set_layer(typed.pop("settings") or [])
        flags = experiment_flags({name: typed.pop(name) for name, *_ in EXPERIMENT_OPTIONS})
        from nncli.config import Layer

        environment = Layer.of_environment(os.environ)
        command(context, described=Described(files, environment, (flags, settings)), **typed)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__dict__["__signature__"] = inspect.Signature(parameters)  # which Typer reads
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def experiment_flags(typed: Mapping[str, Any]) -> Layer:
    """The layer of what was typed as flags, by the names in `EXPERIMENT_OPTIONS`."""
    from nncli.config import Layer

    settings = [
        (flag, key, str(typed[name]))
        for name, flag, key, _ in EXPERIMENT_OPTIONS
        if typed.get(name) is not None
    ]
    return Layer.of_texts(settings, plain=TEXTS)


def other_dataset(name: str | None, assignments: Sequence[str]) -> DatasetSettings | None:
    """The dataset of `--dataset NAME` with what `--set dataset.KEY=VALUE` says about it.

    Raises:
        UsageError: something else is set, or nothing that it could be about is named.
        ExperimentError: a key or its value is wrong.
    """
    from nncli.config import load_experiment

    settings = _set_layer(assignments)
    others = sorted(settings.values.keys() - {"dataset"})
    if others:
        raise UsageError(
            f"--set: {others[0]} is no key of the dataset, and the model has the rest already.",
            hint="Such as: --set dataset.on_error=skip",
        )
    if name is None:
        if assignments:
            raise UsageError(
                "--set says how the data of --dataset is read, and none is named.",
                hint="The model's own is read as it was for the training.",
            )
        return None
    return load_experiment([], experiment_flags({"dataset": name}), settings).dataset


def _set_layer(assignments: Sequence[str]) -> Layer:
    """The layer of `--set KEY=VALUE`: keys with dots, values as YAML writes them."""
    from nncli.config import Layer
    from nncli.config.origins import shortened

    settings: list[tuple[str, KeyPath, str]] = []
    problems: list[Mistake] = []
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            found = shortened(repr(assignment))
            message = f"must be KEY=VALUE such as training.epochs=6, not {found}."
            problems.append(Mistake(f"--set: {message}", message))
            continue
        settings.append((f"--set {shortened(key.strip())}", tuple(parts), text))
    return Layer.of_texts(settings, problems)
