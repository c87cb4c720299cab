"""What `nncli train --find-learning-rate` says, and the command to type next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from nncli.config import plain_values
from nncli.optimizers.schedules import Piecewise, Schedule, initial_rate

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.config import Experiment
    from nncli.training.range_test import RangeTest

__all__ = ["document_of", "next_command", "show_range_test"]

# What is left out of the next command, and how many words each of them takes.
OF_THE_TEST = {
    "--find-learning-rate": 1,
    "--picture": 2,
    "--json": 1,
    "--quiet": 1,
    "-q": 1,
    "--learning-rate": 2,
}
ENDINGS = {
    "diverged": "beyond {last:.2g} it explodes",
    "not_finite": "beyond {last:.2g} it is no number any more",
    "end_of_range": "it does not explode up to {last:.2g}",
}


def show_range_test(
    screen: Screen, found: RangeTest, command: Sequence[str], picture: Path
) -> None:
    """Print the rates, and what to type next."""
    ending = ENDINGS[found.ended].format(last=found.rates[-1])
    lines = [
        f"The loss falls fastest at a learning rate of {found.suggestion:g} and is lowest at "
        f"{found.lowest:g}; {ending}.",
        f"The curve is in {picture}",
        "\nTrain with the suggested rate:",
        f"  {next_command(command, found.experiment, found.suggestion)}",
    ]
    if found.careful is not None:
        lines += [
            f"If that is unsteady, a tenth of the lowest ({found.careful:g}) is more careful:",
            f"  {next_command(command, found.experiment, found.careful)}",
        ]
    screen.out.print(Text("\n".join(lines)), soft_wrap=True)


def document_of(found: RangeTest, command: Sequence[str], picture: Path) -> Mapping[str, Any]:
    """The same as a document for JSON."""
    return {
        "experiment": plain_values(found.experiment),
        **{f.name: getattr(found, f.name) for f in fields(found) if f.name != "experiment"},
        "picture": str(picture),
        "command": next_command(command, found.experiment, found.suggestion),
    }


def next_command(command: Sequence[str], experiment: Experiment, rate: float) -> str:
    """The command that trains as `command` says, with `rate`; a schedule keeps its form.

    Args:
        command: `nncli train ...`, as it was typed.
        experiment: what it describes.
        rate: the learning rate, of a schedule the initial one.
    """
    words = _without_the_test(command)
    value = _written(experiment, rate)
    # What --set says of the whole optimizer lies above the flag.
    if any(word.removeprefix("--set=").startswith("optimizer=") for word in words):
        words += ["--set", f"optimizer.learning_rate={value}"]
    else:
        words += ["--learning-rate", value]
    return shlex.join(words)


def _without_the_test(command: Sequence[str]) -> list[str]:
    words, left = [], list(command)
    while left:
        count = OF_THE_TEST.get(left[0], 0)
        key = left[1] if left[0] == "--set" and len(left) > 1 else left[0].removeprefix("--set=")
        if key.startswith(("optimizer.learning_rate=", "optimizer.learning_rate.")):
            count = 2 if left[0] == "--set" else 1
        elif left[0].startswith(("--picture=", "--learning-rate=")):
            count = 1
        if count:
            del left[:count]
        else:
            words.append(left.pop(0))
    return words


def _written(experiment: Experiment, rate: float) -> str:
    """The value of `optimizer.learning_rate`, as YAML."""
    settings = experiment.optimizer.learning_rate
    if not isinstance(settings, Schedule):
        return f"{rate:g}"
    values: dict[str, Any] = settings.model_dump(exclude_defaults=True)
    if isinstance(settings, Piecewise):
        times = rate / initial_rate(settings, rate)
        values["values"] = [float(f"{times * value:.2g}") for value in settings.values]
        values["boundaries"] = list(settings.boundaries)
    else:
        values["initial_learning_rate"] = rate
    inside = ", ".join(f"{key}: {value}" for key, value in values.items())
    return f"{{type: {settings.type}, {inside}}}"
