"""The registry over HTTP: what is asked, what is answered, and what goes into the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from registry_server import ARTIFACT, Door, dev_door, role, sqlite_url

from mdk_jupyter.registry.domain import Champion, Page, PromotionPlan, Version

EVERYBODY = {
    "reader": [role("viewer")],
    "maker": [role("contributor")],
    "judge": [role("approver")],
    "second": [role("approver")],
    "keeper": [role("admin")],
    "stranger": [],
}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with dev_door(sqlite_url(tmp_path_factory.mktemp("registry")), **EVERYBODY) as running:
        yield running


@pytest.fixture(scope="module")
def flown(door: Door) -> Door:
    """The registry with `flights`: two versions went to prod, one after the other, and the second came back."""
    first, second = (door.register("maker", "flights", metrics={"auc": auc}) for auc in (0.8, 0.9))
    assert (first, second) == ("1.0.0", "1.0.1")
    for number in (first, second):
        done = door("judge", "PUT", "/models/flights/champions/stage", {"version": number, "reason": "try"})
        assert Champion.model_validate_json(done.content).version.version == number
        ready = door("judge", "POST", f"/models/flights/versions/{number}/promote", {"to": "prod"}, If_Match=_rev(door))
        assert ready.status_code == 200, ready.text
        assert door(
            "second", "POST", f"/models/flights/versions/{number}/approvals", {"environment": "prod"}
        ).is_success
        plan = door("reader", "GET", f"/models/flights/versions/{number}/plan?environment=prod")
        assert PromotionPlan.model_validate_json(plan.content).may_publish
        tag = plan.headers["ETag"]
        done = door("judge", "PUT", "/models/flights/champions/prod", {"version": number}, If_Match=tag)
        assert done.status_code == 200, done.text
        assert done.headers["ETag"] == f'"{done.json()["revision"]}"' != tag
    back = door(
        "judge",
        "POST",
        "/models/flights/champions/prod/rollback",
        {"reason": "it drifts"},
        If_Match=done.headers["ETag"],
    )
    assert back.json()["version"]["version"] == first
    return door


def test_a_version_goes_from_registration_to_prod_and_back(flown: Door) -> None:
    door = flown
    history = door("reader", "GET", "/models/flights/history?environment=prod&limit=100").json()["items"]
    assert [record["action"] for record in reversed(history) if record["action"] in {"publish", "rollback"}] == [
        "publish",
        "publish",
        "rollback",
    ]
    assert {record["actor"] for record in history} <= {"judge", "second"}
    assert door("reader", "GET", "/verify").json()["breaks"] == []


def _rev(door: Door, environment: str = "prod") -> str:
    plan = door("reader", "GET", f"/models/flights/versions/latest/plan?environment={environment}")
    return str(plan.headers["ETag"])


def test_changes_say_what_they_are_based_on(door: Door) -> None:
    number = door.register("maker", "taxis")
    path = "/models/taxis/champions/dev"
    assert door("maker", "PUT", path, {"version": number}, If_Match='"0"').status_code == 200
    stale = door("maker", "PUT", path, {"version": "latest"}, If_Match='"0"')
    assert (stale.status_code, stale.json()["code"], stale.json()["revision"]) == (412, "MDK510", 1)
    for wrong in ("1", 'W/"1"', "*", '"1", "2"', '"x"', '"99999999999999999999"'):
        answer = door("maker", "PUT", path, {"version": number}, If_Match=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "MDK572"), wrong
    for method, way, body in (
        ("PUT", "champions/prod", {"version": number}),
        ("POST", "champions/prod/rollback", {"reason": "so"}),
        ("PUT", "challengers/prod", {"challengers": {}}),
        ("POST", f"versions/{number}/promote", {"to": "prod"}),
    ):
        answer = door("judge", method, f"/models/taxis/{way}", body)
        assert (answer.status_code, answer.json()["code"]) == (428, "MDK571"), way
    found = door("reader", "GET", path)
    assert found.headers["ETag"] == '"1"'
    same = door("reader", "GET", path, If_None_Match='"1"')
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", '"1"')


def test_a_request_with_a_key_has_one_effect(door: Door) -> None:
    body = {"artifact": ARTIFACT, "labels": {"team": "a"}}
    first, again = (door("maker", "POST", "/models/once/versions", body, Idempotency_Key="k1") for _ in range(2))
    assert first.json() == again.json()
    other = door("maker", "POST", "/models/once/versions", {**body, "version": "7.0"}, Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "MDK543")
    assert door("reader", "GET", "/models/once").json()["versions"] == 1
    mine = door("judge", "POST", "/models/once/versions", body, Idempotency_Key="k1")
    assert mine.json()["version"] == "1.0.1", "keys are everybody's own"


def test_lists_come_in_pages_that_name_the_next_one(door: Door) -> None:
    for _ in range(5):
        door.register("maker", "pages", labels={"kind": "paged"})
    for path in ("/api/v1/models/pages/versions?limit=2", "/api/v1/versions?label=kind%3Dpaged&limit=2"):
        found: list[str] = []
        next_page: str | None = path
        while next_page:
            answer = door.at_root("reader", "GET", next_page)
            page = Page[Version].model_validate_json(answer.content)
            found += [version.version for version in page.items]
            next_page = answer.links.get("next", {}).get("url")
            assert (next_page is None) == (page.next is None)
        assert found == ["1.0.4", "1.0.3", "1.0.2", "1.0.1", "1.0.0"], path
    assert door("reader", "GET", "/models/pages/versions?cursor=nonsense").status_code == 422
    assert door("reader", "GET", "/models/pages/versions?limit=0").json()["code"] == "MDK572"


def test_problems_say_what_is_wrong_and_do_not_repeat_what_was_sent(door: Door) -> None:
    wrong = door("maker", "POST", "/models/flights/versions", {"artifact": {"uri": 7, "password": "hush"}, "who": "me"})
    assert wrong.headers["Content-Type"] == "application/problem+json"
    problem = wrong.json()
    assert (wrong.status_code, problem["status"], problem["code"]) == (422, 422, "MDK572")
    assert {finding["names"][0] for finding in problem["findings"]} == {"uri", "password", "who"}
    assert "hush" not in wrong.text
    missing = door("reader", "GET", "/models/nowhere").json()
    assert (missing["code"], missing["title"]) == ("MDK500", "Not Found") and missing["findings"][0]["fix"]
    door.register("maker", "gated")
    refused = door("judge", "PUT", "/models/gated/champions/prod", {"version": "latest"}, If_Match='"0"').json()
    assert refused["code"] == "MDK520"
    assert {gate["gate"]: gate["passed"] for gate in refused["gates"]} == {
        "after": False,
        "promoted": False,
        "approvals": False,
    }
    for path, status, code in (("/api/v2/models", 404, "MDK573"), ("/api/v1/models/flights", 405, "MDK573")):
        answer = door.at_root("reader", "DELETE", path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    long = door("maker", "POST", "/models/flights/versions", {"artifact": ARTIFACT, "description": "x" * (5 << 20)})
    assert (long.status_code, long.json()["code"]) == (413, "MDK574")


def test_all_that_is_wrong_is_said_at_once_and_to_those_who_may_call_only(door: Door) -> None:
    def register(content: bytes, token: str = door.tokens["maker"], kind: str = "application/json") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind, "Idempotency-Key": "no space"}
        return door.server.client.post("/api/v1/models/-/versions", content=content, headers=headers)

    for content, names in (
        (b"{}", {"name", "idempotency-key", "artifact"}),
        (b"{", {"name", "idempotency-key", "body"}),
    ):
        answer = register(content)
        findings = answer.json()["findings"]
        assert answer.status_code == 422 and {finding["names"][0] for finding in findings} == names
    assert register(b"{", token="mdk_nobody").status_code == 401
    form = register(b"{}", kind="text/plain").json()
    assert form["code"] == "MDK572" and "application/json" in form["findings"][0]["fix"]
    assert register(b"{}", kind="application/vnd.mdk+json; charset=utf-8").json()["findings"][-1]["names"] == [
        "artifact"
    ]


def test_bodies_without_an_announced_length_have_an_end_too(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.tokens['maker']}", "Content-Type": "application/json"}
    chunks = (b" " * (1 << 20) for _ in range(6))
    answer = door.server.client.post("/api/v1/models/flights/versions", content=chunks, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "MDK574")


def test_nothing_but_health_answers_without_a_token(door: Door) -> None:
    client = door.server.client
    paths = client.get("/api/v1/openapi.json", headers={"Authorization": f"Bearer {door.tokens['stranger']}"}).json()[
        "paths"
    ]
    routes = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    assert len(routes) > 40
    others = [("GET", "/metrics"), ("GET", "/api/v1/openapi.json"), ("GET", "/docs"), ("GET", "/nowhere"), ("GET", "/")]
    for method, path in [*routes, *others]:
        for headers in ({}, {"Authorization": "Bearer mdk_wrong"}, {"Authorization": door.tokens["maker"]}):
            answer = client.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "MDK570"), (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json() == {"status": "ready"}


def test_tokens_are_worthless_when_revoked_and_secrets_are_shown_once(flown: Door) -> None:
    door = flown
    made = door("keeper", "POST", "/tokens", {"subject": "guest", "days": 1})
    assert made.headers["Cache-Control"] == "no-store"
    door.tokens["guest"] = made.json()["secret"]
    assert door("guest", "GET", "/models").json()["items"] == [], "who has no role sees nothing"
    assert door("guest", "GET", "/models/flights").status_code in {403, 404}
    assert door("keeper", "POST", "/grants", {"subject": "guest", "role": "viewer"}).status_code == 201
    assert door("guest", "GET", "/models/flights").status_code == 200
    taken = door("keeper", "DELETE", "/grants?subject=guest&role=viewer")
    assert (taken.status_code, taken.content) == (204, b"")
    assert door("guest", "GET", "/models/flights").status_code in {403, 404}
    listed = door("keeper", "GET", "/tokens").json()
    assert all(token["secret"] is None for token in listed)
    assert door("keeper", "DELETE", f"/tokens/{made.json()['id']}").status_code == 204
    assert door("guest", "GET", "/models").status_code == 401


def test_what_is_exported_can_be_imported_elsewhere(flown: Door, tmp_path: Path) -> None:
    door = flown
    lines = door("keeper", "GET", "/export?name=flights")
    assert lines.status_code == 200, lines.text
    assert lines.headers["Content-Type"].startswith("application/x-ndjson")
    assert door("reader", "GET", "/export?name=nowhere").status_code == 404
    with dev_door(sqlite_url(tmp_path), keeper=[role("admin")]) as other:
        headers = {"Authorization": f"Bearer {other.tokens['keeper']}"}
        done = other.server.client.post("/api/v1/import", content=lines.content, headers=headers)
        assert done.json() == {"models": 1, "versions": 2, "skipped": 0}
        wrong = other.server.client.post("/api/v1/import", content=b"\xff\xfe", headers=headers)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "MDK572")
        assert other("keeper", "GET", "/models/flights/champions/prod").json()["version"]["version"] == "1.0.0"


def test_the_log_has_a_line_for_each_request_and_no_secret(flown: Door) -> None:
    door = flown
    known = door.at_root("reader", "GET", "/api/v1/models/flights?secret=hush", X_Request_Id="my-request.1")
    assert known.headers["X-Request-Id"] == "my-request.1"
    forged = door.at_root("reader", "GET", "/api/v1/models/no%0Awhere", X_Request_Id='x" bad')
    assert forged.headers["X-Request-Id"] != 'x" bad'
    assert door.server.client.get("/metrics").status_code == 401
    numbers = door.at_root("reader", "GET", "/metrics").text  # and the lines before it are written
    assert 'mdk_registry_problems_total{code="MDK570"}' in numbers
    assert 'route="/api/v1/models/{name}",status="200"' in numbers
    assert 'route="/models/{name}"' not in numbers
    lines = [line for line in door.server.log() if "route" in line]
    mine = next(line for line in lines if line["request_id"] == "my-request.1")
    assert mine["actor"] == "reader" and mine["path"] == "/api/v1/models/flights" and mine["status"] == 200
    assert any(line["path"] == "/api/v1/models/no\nwhere" and line["code"] == "MDK572" for line in lines)
    text = "".join(door.server.lines)
    assert not [name for name, token in door.tokens.items() if token in text]
    assert "hush" not in text and '"severity": "ERROR"' not in text
    json.loads(door.server.lines[-1])


def test_lineage_and_comparison_and_costs(door: Door) -> None:
    data = {"uri": "gs://demo/train.parquet", "role": "training"}
    door.register("maker", "rides", datasets=[data], labels={"team": "x"}, cost={"amount": 2.5}, metrics={"auc": 0.5})
    door.register("maker", "rides", datasets=[data], labels={"team": "x"}, cost={"amount": 1.5}, metrics={"auc": 0.75})
    graph = door("reader", "GET", "/lineage?dataset=gs://demo/train.parquet").json()
    assert {"rides 1.0.0", "rides 1.0.1"} <= {node["label"] for node in graph["nodes"]}
    assert door("reader", "GET", "/lineage?reference=rides/1.0.0").status_code == 200
    assert door("reader", "GET", "/lineage").status_code == 422
    compared = door("reader", "GET", "/compare?a=rides/1.0.0&b=rides@latest").json()
    assert compared["metrics"][0]["difference"] == 0.25
    rows = door("reader", "GET", "/costs?by=team").json()
    assert [row["amount"] for row in rows if row["value"] == "x"] == [4.0]
    changed = door("maker", "PATCH", "/models/rides/versions/1.0.0", {"labels": {"team": None, "tier": "gold"}})
    assert changed.json()["labels"] == {"tier": "gold"}
