"""What families of networks there are, and their settings, known without TensorFlow."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from nncli.descriptions import FeatureKind
from nncli.errors import NotFoundError
from nncli.functions import MODELS, Function, plug_ins
from nncli.models import ModelSettings, families, layer_table
from nncli.settings import Settings, in_words
from nncli.signatures import Argument

__all__ = ["Family", "FamilySetting", "catalogue", "family"]

# What a network sees of data, as people call the data.
INPUTS: dict[FeatureKind, str] = {
    "image": "images",
    "spectrogram": "sound",
    "vector": "tables",
    "sequence": "sequences",
    "tokens": "texts",
}


@dataclass(frozen=True)
class FamilySetting:
    """A key of a family.

    Attributes:
        name: the key.
        value: what it may hold, in words.
        default: as YAML has it; None also where there is none.
        needed: whether there is no default.
        description: what it does.
    """

    name: str
    value: str
    default: Any
    needed: bool
    description: str


@dataclass(frozen=True)
class Family:
    """A type of network.

    Attributes:
        type: its name in an experiment.
        takes: what data it is for; empty where nncli cannot know, as of a plug-in.
        description: what it is, in a line.
        settings: its keys.
        layers: of a list of layers, those that can stand in it.
        function: of a plug-in, what is called.
    """

    type: str
    takes: Sequence[str]
    description: str
    settings: Sequence[FamilySetting] = ()
    layers: Sequence[str] = ()
    function: str | None = None


def catalogue() -> list[Family]:
    """Every family of nncli, then what installed packages offer, which are not imported."""
    own = [_family(member) for member in _members()]
    names = {one.type for one in own}
    added = [
        Family(name, (), "A function of an installed package.", function=function)
        for name, function in sorted(plug_ins(MODELS).items())
        if name not in names
    ]
    return [*own, *added]


def family(name: str) -> Family:
    """The family called `name`, of a plug-in with its settings, for which it is imported if its
    source does not show them.

    Raises:
        NotFoundError: there is none.
        NncliError: a plug-in cannot be imported.
    """
    known = {one.type: one for one in catalogue()}
    if name not in known:
        close = difflib.get_close_matches(name.lower(), known, n=1)
        meant = f"; did you mean {close[0]}?" if close else "."
        raise NotFoundError(
            f"There is no type of model {name!r}{meant}", hint=f"There are {', '.join(known)}."
        )
    found = known[name]
    return found if found.function is None else _of_plug_in(found, Function(found.function))


def _of_plug_in(named: Family, function: Function) -> Family:
    arguments, description = function.described(positional=2)
    settings = [
        FamilySetting(
            name=argument.name,
            value=_in_words(argument),
            default=to_jsonable_python(argument.default_value, fallback=str),
            needed=argument.default is None,
            description="",
        )
        for argument in arguments
    ]
    return replace(named, description=description or named.description, settings=settings)


def _in_words(argument: Argument) -> str:
    """What an argument may hold; its annotation where that is not made of plain values."""
    if argument.type is None:
        return argument.annotation or "whatever the function takes"
    return in_words(TypeAdapter(argument.type).json_schema())


def _members() -> Sequence[type[Settings]]:
    members: Sequence[type[Settings]] = get_args(get_args(ModelSettings)[0])
    return members


def _family(member: type[Settings]) -> Family:
    name = str(member.model_fields["type"].default)
    description = inspect.cleandoc(member.__doc__ or "").splitlines()[0]
    layers = layer_table.layer_names() if name == "layers" else ()
    takes = [words for kind, words in INPUTS.items() if kind in families()[name]]
    return Family(name, takes, description, _settings(member), layers)


def _settings(member: type[Settings]) -> list[FamilySetting]:
    schema: Mapping[str, Any] = member.model_json_schema()
    return [
        FamilySetting(
            name=key,
            value=in_words(schema["properties"][key]),
            default=schema["properties"][key].get("default"),
            needed=field.is_required(),
            description=field.description or "",
        )
        for key, field in member.model_fields.items()
        if key != "type"
    ]
