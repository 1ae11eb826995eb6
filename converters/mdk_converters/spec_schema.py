"""JSON Schema of the pipeline spec, for editors and other tools.

`python -m mdk_converters.spec_schema > docs/pipeline.schema.json` writes the published file.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import BaseModel

from mdk_converters.spec import SCHEMA_ID, Pipeline

TEXT = {"type": ["string", "number", "boolean"]}  # the spec's reader takes plain scalars as they are written
# \w knows no é in JavaScript, so these say what names are not made of: spaces, ASCII marks but _ and -.
_VARIABLE = r"[^\s\d!-/:-@\[-\^`{-~][^\s!-/:-@\[-\^`{-~]*"
_COMPONENT = r"[^\s!-/:-@\[-\^`{-~][^\s!-,./:-@\[-\^`{-~]{0,63}"
_VALUE = rf"(state\.[a-z][a-z0-9_]*|state\.module:[^\s:]+:[^\s:]+|{_VARIABLE})"
_DEFAULTS: dict[str, Any] = {
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 7, which every editor knows).

    It knows what one place tells about itself. That names exist and that nothing goes in circles is for
    `parse_spec` to find; and it wants quotes around text that looks like a number.
    """
    schema = draft7(Pipeline, SCHEMA_ID, "Pipeline spec")
    schema["required"] = ["apiVersion", "kind", *schema["required"]]
    definitions = schema["definitions"]
    properties = schema["properties"]
    properties["apiVersion"]["title"] = "API version"
    properties["components"].update(minProperties=1, propertyNames={"pattern": f"^{_COMPONENT}$"})
    properties["parameters"]["propertyNames"] = {"pattern": f"^{_VARIABLE}$"}
    _complete_component(definitions["Component"])
    _complete_resources(definitions["Resources"]["properties"])
    definitions["Parameter"]["allOf"] = [_default_rule(kind) for kind in _DEFAULTS]
    definitions["Metadata"]["properties"]["labels"]["additionalProperties"] = TEXT
    plain: dict[str, Any] = simplified(schema)
    return plain


def schema_text() -> str:
    """Return the text of the published file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _complete_component(component: dict[str, Any]) -> None:
    properties = component["properties"]
    for field in ("env", "secrets", "volumes", "labels", "annotations"):
        properties[field]["additionalProperties"] = TEXT
    for field in ("inputs", "outputs"):
        properties[field]["propertyNames"] = {"pattern": f"^{_VALUE}$"}
    properties["control"]["propertyNames"] = {"pattern": f"^{_VARIABLE}$"}
    properties["control"]["additionalProperties"]["pattern"] = rf"^{_COMPONENT}\.{_VARIABLE}$"
    properties["foreach"]["pattern"] = rf"^\s*{_VARIABLE}\s+in\s+{_VARIABLE}\s*$"
    properties["inputs"]["additionalProperties"]["pattern"] = rf"^{_COMPONENT}\.{_VALUE}$"
    properties["retries"]["minimum"] = 0
    properties["timeout"]["pattern"] = r"^(?=.)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"
    properties["source"] = {
        "title": "Source",
        "description": "The code, where the component is one cell.",
        "type": "string",
    }
    container = {"required": ["image"], "anyOf": [{"required": ["command"]}, {"required": ["args"]}]}
    component["oneOf"] = [{"required": ["cells"]}, {"required": ["source"]}, container]


def _complete_resources(properties: dict[str, Any]) -> None:
    properties["cpu"]["exclusiveMinimum"] = 0
    properties["memory"]["pattern"] = r"^\d+(\.\d+)?([kKMGTPE]i?)?$"
    properties["gpu"]["pattern"] = r"^[A-Za-z][A-Za-z0-9._/-]*(:[1-9]\d*)?$"


def draft7(model: type[BaseModel], schema_id: str, title: str) -> dict[str, Any]:
    """Return the schema that pydantic makes of a model, as a published file begins; `simplified` ends it."""
    generated = model.model_json_schema(by_alias=True)
    definitions = generated.pop("$defs")
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": schema_id}
    return {**head, **generated, "title": title, "definitions": definitions}


def simplified(part: Any) -> Any:
    """Take out what generated schemas say in a roundabout way: `default: null`, unions with null, `$defs`."""
    if isinstance(part, list):
        return [simplified(item) for item in part]
    if not isinstance(part, dict):
        return part.replace("#/$defs/", "#/definitions/") if isinstance(part, str) else part
    plain = {key: simplified(value) for key, value in part.items() if (key, value) != ("default", None)}
    match plain.get("anyOf"):
        case [{"type": str(kind)}, {"type": "null"}]:
            del plain["anyOf"]
            plain["type"] = [kind, "null"]
    return plain


def _default_rule(kind: str) -> dict[str, Any]:
    """Say which defaults suit a type; null suits every type."""
    return {
        "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
        "then": {"properties": {"default": {"type": [_DEFAULTS[kind], "null"]}}},
    }


if __name__ == "__main__":
    sys.stdout.write(schema_text())
