"""A commented experiment to begin with: every key, its value, and what it trades for what."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from pydantic import BaseModel

from nncli.config.experiment import Experiment
from nncli.config.loading import plain_values
from nncli.config.schema import schema_file
from nncli.config.yaml import parse_value

__all__ = ["template"]

WIDTH = 88


def template(experiment: Experiment, file: str) -> str:
    """The text of a YAML file that is `experiment`, each key below its description.

    Keys whose default is nothing are there as comments. `file` is named in the header.
    """
    header = (
        f"# yaml-language-server: $schema={schema_file()}\n"
        f"#\n# Run this experiment:  nncli train -c {file}\n"
        f"# See what it resolves to:  nncli config show -c {file}\n"
        "# Every key may be left out; the values here are the defaults, unless you chose others.\n"
    )
    values = plain_values(experiment)
    if not experiment.names_dataset:
        # Left open, so that the file also runs where there is neither MNIST nor a network.
        values["dataset"]["name"] = None
    return header + "\n".join(_lines(experiment, values, 0)) + "\n"


def _lines(settings: BaseModel, values: dict[str, Any], indent: int) -> list[str]:
    space = " " * indent
    lines: list[str] = []
    for key, value in values.items():
        field = type(settings).model_fields[key]
        group = getattr(settings, key)
        comment = textwrap.wrap(field.description or "", WIDTH - indent - 2)
        if indent == 0:
            lines.append("")
        lines += [f"{space}# {line}" for line in comment]
        if isinstance(group, BaseModel):
            lines.append(f"{space}{key}:")
            lines += _lines(group, value, indent + 2)
        elif value is None:
            default = "" if group is None else f" {_scalar(group)}"
            lines.append(f"{space}# {key}:{default}")
        else:
            lines.append(f"{space}{key}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    """`value` on one line of YAML: plain where that reads back as the same, else quoted."""
    if isinstance(value, list):
        return f"[{', '.join(_scalar(item) for item in value)}]"
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value)
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    try:
        return bool(parse_value(text) == text)
    except ValueError:
        return False
