"""The OpenAPI description, held against what the server does with requests that are made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from registry_server import Door, dev_door, role, sqlite_url
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    return str(value).encode("utf-8", "replace")


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    everything = [role("approver"), role("admin")]
    with dev_door(sqlite_url(tmp_path_factory.mktemp("registry")), all=everything, nobody=[]) as running:
        for name in ("flights", "0"):  # the second is a name that generated requests come upon
            for _ in range(2):
                running.register("all", name, labels={"team": "a"}, metrics={"auc": 0.9})
            running("all", "PUT", f"/models/{name}/champions/dev", {"version": "1.0.0"})
        yield running


@pytest.fixture(scope="module")
def schema(door: Door) -> Any:
    document = door("all", "GET", "/openapi.json").json()
    loaded = schemathesis.openapi.from_dict(document)
    loaded.config.update(base_url=door.server.url)
    return loaded


def test_every_operation_says_what_it_answers(door: Door) -> None:
    document = door("all", "GET", "/openapi.json").json()
    assert document["security"] == [{"bearer": []}]
    ids = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            ids.append(operation["operationId"])
            assert operation["description"], (method, path)
            responses = operation["responses"]
            assert {"401", "403", "422", "500", "503"} <= set(responses), (method, path)
            for status, response in responses.items():
                kinds = set(response.get("content", {}))
                assert status < "400" or kinds == {"application/problem+json"}, (method, path, status)
            if method in {"put", "post"} and "/champions/" in path:
                assert {"409", "412", "428"} <= set(responses)
    assert len(ids) == len(set(ids)) > 40
    problem = document["components"]["schemas"]["Problem"]
    assert {"code", "findings", "gates", "revision"} <= set(problem["properties"])
    assert "/health" not in document["paths"]


@pytest.mark.parametrize("who", ["all", "nobody", None])
def test_requests_that_fit_the_description_get_answers_that_fit_it(door: Door, schema: Any, who: str | None) -> None:
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 40
    seen: set[int] = set()
    for operation in operations:
        seen |= _try(door, operation, who)
    if who is None:
        assert seen == {401}
    else:
        assert {200, 422} <= seen and (who == "all" or 403 in seen)


def _try(door: Door, operation: Any, who: str | None) -> set[int]:
    """Send some requests; return the statuses of the answers."""
    headers = {"Authorization": f"Bearer {door.tokens[who]}"} if who else {}
    seen: set[int] = set()
    examples = EXAMPLES if who == "all" else settings(EXAMPLES, max_examples=3)

    @given(case=operation.as_strategy())
    @examples
    def send(case: Any) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)
        seen.add(response.status_code)

    send()
    return seen


_texts = st.one_of(
    st.sampled_from(["\x00", "a\x00b", "\ud800", "é", "'; drop table versions; --", "%s", "{}", "🛫" * 50]),
    st.text(max_size=30),
)


@given(_texts, st.one_of(_texts, st.integers(), st.floats(allow_nan=False), st.none(), st.lists(_texts, max_size=2)))
@settings(max_examples=60, suppress_health_check=list(HealthCheck), derandomize=True)
def test_odd_texts_are_stored_as_they_are_or_refused(door: Door, text: str, value: Any) -> None:
    body = {
        "artifact": {"uri": f"gs://{text}"},
        "description": text,
        "labels": {"odd": text},
        "extra": {"kept": value, text: text},
        "parameters": {"p": value},
    }
    raw = json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {door.tokens['all']}", "Content-Type": "application/json"}
    answer = door.server.client.post("/api/v1/models/odd/versions", content=raw, headers=headers)
    assert answer.status_code in {201, 422}, answer.text
    if answer.status_code == 201:
        version = answer.json()
        assert version["labels"]["odd"] == text and version["extra"]["kept"] == value
        found = door("all", "GET", f"/models/odd/versions/{version['version']}").json()
        assert found == version
    for path in ("/models", "/versions"):
        quoted = text.encode("utf-8", "surrogatepass")
        query = {"text": quoted, "label": b"odd=" + quoted, "project": quoted, "cursor": quoted}
        for name, given_value in query.items():
            response = door.server.client.get(f"/api/v1{path}?{name}={quote(given_value)}", headers=headers)
            assert response.status_code in {200, 422}, (name, response.text)
