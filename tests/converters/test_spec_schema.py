"""The published JSON Schema is fresh, and editors see the same mistakes as the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mdk_converters.findings import SpecError
from mdk_converters.spec import SCHEMA_ID, Component, Pipeline
from mdk_converters.spec_reader import parse_spec
from mdk_converters.spec_schema import json_schema, schema_text
from mdk_converters.spec_writer import dump_spec

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parents[2]
HEAD = "apiVersion: mdk/v1\nkind: Pipeline\nmetadata: {name: churn}\n"
GOOD = [
    "components: {c: {source: x}}",
    "components: {größe-1: {source: x, outputs: {größe: int, state.random: state}}}",
    "components: {c: {cells: [{id: a, source: x, line_offset: 1}], image: null, resources: null}}",
    "components: {c: {source: x, env: {A: 1, B: on, C: x}, labels: {v: 1.10}, timeout: 1h30m, retries: 2}}",
    "components: {c: {source: x, resources: {cpu: 0.5, memory: 16Gi, gpu: 'nvidia-tesla-t4:1'}}}",
    "components: {a: {source: x, outputs: {x: int}}, b: {source: x, inputs: {y: a.x}, after: [a]}}",
    "parameters: {a: {type: float, default: 1}, b: {type: int, default: null}, c: {type: str}}\n"
    "components: {c: {source: x, parameters: [a, b, c]}}",
    "parameters: {stage: {type: str}, rates: {type: list}}\n"
    "components: {a: {source: x, outputs: {auc: float}}, b: {source: x, when: \"auc > 0.8 and stage == 'dev'\", "
    "foreach: rate in rates, control: {auc: a.auc}}}",
    "definitions: {imports: {source: import os, cell: a, line: 1}}\n"
    "components: {c: {source: x, definitions: [imports]}}",
]
BAD = [
    "components: {}",
    "components: {c: {}}",
    "components: {c: {source: x, cells: []}}",
    "components: {c: {source: x, ressources: {}}}",
    "components: {c: {source: x, cache: 'off'}}",
    "components: {c: {source: x, retries: -1}}",
    "components: {c: {source: x, timeout: '90'}}",
    "components: {c: {source: x, timeout: ''}}",
    "components: {c: {source: x, resources: {memory: 16GB}}}",
    "components: {c: {source: x, resources: {gpu: '1'}}}",
    "components: {c: {source: x, resources: {cpu: 0}}}",
    "components: {c: {source: x, outputs: {a-b: int}}}",
    "components: {c: {source: x, outputs: {a: number}}}",
    "components: {c: {source: x, inputs: {a: load}}}",
    "components: {c.d: {source: x}}",
    "components: {c: {source: x, foreach: rate}}",
    "components: {c: {source: x, when: [auc]}}",
    "components: {c: {source: x, when: a > 1, control: {a: load}}}",
    "components: {-c: {source: x}}",
    "parameters: {a: {type: int, default: ten}}\ncomponents: {c: {source: x}}",
    "parameters: {a: {default: ten}}\ncomponents: {c: {source: x}}",
    "parameters: {1a: {type: int}}\ncomponents: {c: {source: x}}",
]


def is_valid(text: str) -> bool:
    validator: Any = jsonschema.Draft7Validator(json_schema())
    return bool(validator.is_valid(yaml.safe_load(text)))


def test_the_published_file_is_fresh() -> None:
    published = (ROOT / "docs" / "pipeline.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(), "run python -m mdk_converters.spec_schema > docs/pipeline.schema.json"


def test_the_schema_is_a_schema_and_describes_every_key() -> None:
    schema = json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$id"] == SCHEMA_ID
    assert "$defs" not in json.dumps(schema)
    for model in [schema, *schema["definitions"].values()]:
        for name, field in model["properties"].items():
            assert field.get("description") or "$ref" in field, name
    assert set(schema["properties"]) == {f.alias or n for n, f in Pipeline.model_fields.items()}
    assert set(schema["definitions"]["Component"]["properties"]) == {*Component.model_fields, "source"}


@pytest.mark.parametrize("body", GOOD)
def test_editors_accept_what_the_reader_accepts(body: str) -> None:
    pipeline = parse_spec(HEAD + body)
    assert is_valid(HEAD + body)
    assert is_valid(dump_spec(pipeline))


@pytest.mark.parametrize("body", BAD)
def test_editors_refuse_what_the_reader_refuses(body: str) -> None:
    assert not is_valid(HEAD + body)
    with pytest.raises(SpecError):
        parse_spec(HEAD + body)


@pytest.mark.parametrize("missing", ["apiVersion", "kind", "metadata"])
def test_the_head_is_required(missing: str) -> None:
    lines = [line for line in HEAD.splitlines() if not line.startswith(missing)]
    assert not is_valid("\n".join([*lines, GOOD[0]]))
