"""JSON Schema of operations.yaml, for editors: `python -m mdk_jupyter.operations.schema > docs/operations.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from mdk_converters.spec_schema import TEXT, draft7, simplified
from mdk_jupyter.operations.desired import LATEST, SCHEMA_ID, Operations
from mdk_jupyter.operations.reader import ENDPOINT, NUMBER
from mdk_jupyter.registry.domain import ENVIRONMENTS

_VERSION = f"^{NUMBER.pattern}$"


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 7)."""
    schema = draft7(Operations, SCHEMA_ID, "Operations")
    definitions = schema["definitions"]
    schema["properties"]["environments"]["propertyNames"] = {"enum": list(ENVIRONMENTS)}
    entry = definitions["Entry"]["properties"]
    entry["champion"]["pattern"] = f"^({NUMBER.pattern}|{LATEST})$"
    entry["challengers"].update(
        propertyNames={"pattern": _VERSION}, additionalProperties={"type": "integer", "minimum": 0, "maximum": 100}
    )
    entry["quarantined"]["propertyNames"] = {"pattern": _VERSION}
    entry["labels"]["additionalProperties"] = TEXT
    entry["serial"]["minimum"] = 1
    found: dict[str, Any] = simplified(schema)
    found["definitions"]["Entry"]["properties"]["endpoint"]["pattern"] = f"^{ENDPOINT.pattern}$"
    return found


def schema_text() -> str:
    """Return the text of the published file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
