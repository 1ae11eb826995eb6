"""Types of parameters and artifacts in Kubeflow Pipelines, and which values come through them unchanged."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

from mdk_converters.spec import Parameter

ItemType: TypeAlias = Literal["int", "float", "bool", "str", "list", "dict"]

PARAMETER_TYPES: dict[str, str] = {
    "int": "NUMBER_INTEGER", "float": "NUMBER_DOUBLE", "bool": "BOOLEAN", "str": "STRING", "list": "LIST",
    "dict": "STRUCT", "none": "STRING",
}  # fmt: skip
_ITEM_TYPES: dict[type, ItemType] = {int: "int", float: "float", bool: "bool", str: "str", list: "list", dict: "dict"}
_SCHEMAS: dict[str, str] = {"dataset": "system.Dataset", "model": "system.Model"}
_EXACT = 2**53  # numbers travel as doubles


def parameter_type(kind: str) -> dict[str, Any]:
    return {"parameterType": PARAMETER_TYPES[kind]}


def artifact_type(kind: str | None = None, *, listed: bool = False) -> dict[str, Any]:
    """Return the definition of an artifact that holds a value of `kind`."""
    definition: dict[str, Any] = {"artifactType": schema(_SCHEMAS.get(kind or "", "system.Artifact"))}
    return definition | {"isArtifactList": True} if listed else definition


def schema(title: str) -> dict[str, str]:
    return {"schemaTitle": title, "schemaVersion": "0.0.1"}


def nullable(parameter: Parameter) -> bool:
    """Return whether a run that gives no value leaves the parameter out, and means None."""
    return parameter.type == "none" or (not parameter.required and parameter.default is None)


def item_type(parameter: Parameter) -> ItemType | None:
    """Return the one type of the items of a list's default, None if there is no such type."""
    items = parameter.default if isinstance(parameter.default, list) else []
    kinds = {_ITEM_TYPES.get(type(item)) for item in items}
    return kinds.pop() if len(kinds) == 1 else None


def lost(value: Any) -> str | None:
    """Return what of a value does not come through, None if all does."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no number to JSON"
    if type(value) is int and abs(value) > _EXACT:
        return "numbers travel as floating-point numbers, which cannot tell whole numbers beyond 2**53 apart"
    if isinstance(value, dict | list):
        parts = list(value.values()) if isinstance(value, dict) else value
        return next((reason for part in parts if (reason := lost(part))), None)
    return None
