"""JSON Schema of `mdk.yaml`, for editors: `python -m mdk_jupyter.project.schema > docs/project.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from mdk_converters.spec_schema import TEXT, draft7, simplified
from mdk_jupyter.project.settings import SCHEMA_ID, ProjectFile


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 7)."""
    schema = draft7(ProjectFile, SCHEMA_ID, "Project file")
    definitions = schema["definitions"]
    for part in (schema, definitions["EnvironmentSettings"]):
        part["properties"]["labels"]["additionalProperties"] = TEXT
        for group in ("vertex", "kfp"):
            part["properties"][group].pop("default", None)
    found: dict[str, Any] = simplified(schema)
    return found


def schema_text() -> str:
    """Return the text of the published file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
