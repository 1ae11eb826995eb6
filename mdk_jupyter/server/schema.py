"""`python -m mdk_jupyter.server.schema`: the JSON Schema of everything that travels, for `make types`."""

from __future__ import annotations

import inspect
import json
from types import ModuleType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from mdk_jupyter.registry import domain
from mdk_jupyter.server import models, run_models


class _Plain(GenerateJsonSchema):
    """Answers have all their fields; and no field has a title, which would become a type of its own."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


def schema() -> dict[str, object]:
    """Return one schema whose definitions are the models of the server and of the registry, as answers have them."""
    found = [*_models(models), *_models(run_models), *_models(domain)]
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation" if issubclass(model, models.Asked) else "serialization") for model in found
    ]
    _, content = models_json_schema(wanted, ref_template="#/definitions/{model}", schema_generator=_Plain)
    return {"title": "Everything", "type": "object", "definitions": content["$defs"]}


def _models(module: ModuleType) -> list[type[BaseModel]]:
    return [
        value
        for name, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, BaseModel) and value.model_fields and not name.startswith("_") and not _is_generic(value)
    ]


def _is_generic(model: type[BaseModel]) -> bool:
    return bool(model.__pydantic_generic_metadata__["parameters"])


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1))
