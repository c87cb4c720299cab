"""The JSON Schema (draft 2020-12) of experiments, for editors that complete and check YAML."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from nncli.config.experiment import Experiment
from nncli.config.layers import DEFAULT_TYPES
from nncli.config.origins import shortened
from nncli.config.suggesting import nearest
from nncli.errors import NotFoundError
from nncli.objectives.losses import loss_types
from nncli.optimizers.schedules import schedule_types

__all__ = ["experiment_schema", "schema_file", "schema_of"]


def experiment_schema() -> dict[str, Any]:
    """The schema of an experiment file: short forms and `extends` included."""
    schema = Experiment.model_json_schema()
    typeless: dict[str, Any] = {}
    for key in DEFAULT_TYPES:
        union = schema["properties"][key]
        members = union.pop("oneOf")
        mapping = union.pop("discriminator")["mapping"]
        types = list(mapping)
        typeless[key] = _of_type_without_one(mapping[DEFAULT_TYPES[key]])
        short = {"type": "string"} if key == "dataset" else {"enum": types}
        union["anyOf"] = [short, *members]
    for key in (*DEFAULT_TYPES, "seed", "training"):
        schema["properties"][key] = _or_null(schema["properties"][key])
    for definition in schema["$defs"].values():
        properties = definition.get("properties", {})
        rate = properties.get("learning_rate", {})
        if "oneOf" in rate:  # a number, a schedule, or the name of one
            rate["anyOf"] = [{"enum": schedule_types()}, *rate.pop("oneOf")]
        if "anyOf" in (loss := properties.get("loss", {})):
            members, nothing = loss.pop("anyOf")
            members.pop("discriminator")  # whose mapping has no place for other names
            for member in members["oneOf"]:  # a loss without a type could be any
                schema["$defs"][member["$ref"].rpartition("/")[2]]["required"] = ["type"]
            loss["anyOf"] = [{"enum": loss_types()}, *members["oneOf"], nothing]
    constant = {"learning_rate": _of_type_without_one("#/$defs/Constant")}
    typeless["optimizer"] = {"allOf": [typeless["optimizer"], {"properties": constant}]}
    # A file that extends another may leave the types to it.
    schema |= {"if": {"required": ["extends"]}, "else": {"properties": typeless}}
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "A file, relative to this one, whose values this file is laid over.",
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_of(key: str) -> dict[str, Any]:
    """The schema of one key, such as `training.epochs` or `model`.

    Raises:
        NotFoundError: there is no such key.
    """
    whole = experiment_schema()
    found: list[dict[str, Any]] = [whole]
    parts = key.split(".")
    for number, part in enumerate(parts):
        members = [member for schema in found for member in _members(schema, whole)]
        found = [m["properties"][part] for m in members if part in m.get("properties", {})]
        if not found:
            known = sorted({name for m in members for name in m.get("properties", {})})
            hint = _hint(part, known, ".".join(parts[:number]))
            raise NotFoundError(f"An experiment has no key {shortened(key)}.", hint=hint)
    distinct = [schema for number, schema in enumerate(found) if schema not in found[:number]]
    single = distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
    needed = _references(single, whole["$defs"])
    definitions = {"$defs": needed} if needed else {}
    return {"$schema": whole["$schema"], **single, **definitions}


def _of_type_without_one(reference: str) -> dict[str, Any]:
    """That a mapping that names no type is one of the type at `reference`."""
    untyped = {"type": "object", "not": {"required": ["type"]}}
    return {"if": untyped, "then": {"$ref": reference}}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema`, with nothing allowed too: a key without a value is as good as none."""
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    about = {name: value for name, value in schema.items() if name != "$ref"}
    return {**about, "anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}


def schema_file() -> Path:
    """The schema as it is shipped, for the header that editors read."""
    return Path(str(files("nncli.config") / "experiment.schema.json"))


def _hint(part: str, known: list[str], group: str) -> str:
    if not known:
        return f"{group} is a single value."
    if close := nearest(part, known, 0.7):
        return f"Did you mean {close}?"
    return f"Known here are {', '.join(known)}."


def _references(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions that `schema` refers to, themselves or through each other."""
    text = json.dumps(schema)
    direct = {n: d for n, d in definitions.items() if f'"#/$defs/{n}"' in text}
    others = {n: d for n, d in definitions.items() if n not in direct}
    return direct | (_references(direct, others) if direct and others else {})


def _members(schema: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    """The mappings that a schema may stand for."""
    if "$ref" in schema:
        return [whole["$defs"][schema["$ref"].rpartition("/")[2]]]
    if "anyOf" in schema:
        return [m for member in schema["anyOf"] for m in _members(member, whole)]
    return [schema]
