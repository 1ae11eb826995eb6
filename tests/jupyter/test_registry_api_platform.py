"""The published client of the first registry, as it is, against this one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_client import CAPTURED, PlatformClient
from registry_server import Door, dev_door, role, sqlite_url

from mdk_jupyter.cli import call
from mdk_jupyter.cli.terminal import Terminal
from mdk_jupyter.registry.api.platform.identity import record_id, version_of

BY_PIPELINE = Path(__file__).parents[2] / "deploy/registry/prod-by-pipeline.yaml"
RESOURCE = str(CAPTURED["vertex_ai_model_resource_name"])


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    callers = {"judge": [role("approver")], "keeper": [role("admin")], "reader": [role("viewer")]}
    with dev_door(sqlite_url(tmp_path_factory.mktemp("registry")), **callers) as running:
        yield running


@pytest.fixture(scope="module")
def client(door: Door) -> PlatformClient:
    return PlatformClient(door.server.url, door.tokens["judge"])


def payload(version: str, **changes: Any) -> dict[str, Any]:
    return {**CAPTURED, "vertex_ai_model_version_id": version, **changes}


def named(name: str) -> dict[str, Any]:
    return {"model_name": name, "vertex_ai_model_resource_name": f"projects/1/locations/x/models/{name}"}


def test_a_record_comes_back_as_it_was_sent(door: Door, client: PlatformClient) -> None:
    assert client.add_model(payload("3")) == "1.0.0"
    assert client.add_model(payload("4")) == "1.0.1"
    assert client.add_model(payload("5", minor_version=2)) == "1.2.0"
    found = client.by_number("flights", "1.0.1")
    actual: dict[str, Any] = {"is_primary_deployment": False, "publish_status": None, "challenger_model_ids": []}
    for name, value in {**payload("4"), **actual, "model_semantic_version": "1.0.1"}.items():
        assert found[name] == value, name
    assert str(uuid.UUID(found["id"])) == found["id"]
    assert client.by_vertex(RESOURCE, "4") == found
    quoted = door.at_root("reader", "GET", f"/models/{quote(RESOURCE, safe='')}/vertex_ai_model_version_id/4")
    assert quoted.json() == found
    latest = client.latest("flights", "dev")
    assert latest["model_semantic_version"] == "1.2.0" and client.latest("flights", "train")["id"] == latest["id"]
    native = door("reader", "GET", "/models/flights/versions/1.0.1").json()
    assert native["vertex_model"] == f"{RESOURCE}@4"
    assert native["registered_by"] == "judge" and native["provenance"]["trained_by"] == "ada@example.com"
    assert native["provenance"]["git"]["commit"] == "8f2c1d0"
    assert native["datasets"][0]["uri"] == CAPTURED["training_data_uri"]


def test_publishing_answers_with_records_of_the_new_and_the_old(client: PlatformClient) -> None:
    with pytest.raises(httpx.HTTPStatusError) as caught:
        client.primary("flights", "dev")
    assert caught.value.response.status_code == 404
    first = client.publish_primary(RESOURCE, "3", "train", endpoint="endpoints/1", inference="online")
    assert [record["vertex_ai_model_version_id"] for record in first] == ["3"]
    assert first[0]["deployment_endpoint_id"] == "endpoints/1" and first[0]["deployment_environment"] == "train"
    assert first[0]["deployment_status"] == {"status": "active", "inference_type": "online-inference"}
    second = client.publish_primary(RESOURCE, "4", "dev")
    assert [(r["vertex_ai_model_version_id"], r["is_primary_deployment"]) for r in second] == [
        ("4", True),
        ("3", False),
    ]
    assert client.primary("flights", "dev")["training_data_uri"] == CAPTURED["training_data_uri"]
    again = client.publish_primary(RESOURCE, "4", "dev")
    assert [record["vertex_ai_model_version_id"] for record in again] == ["4"]


def test_rolling_back_goes_to_the_one_before_and_never_forth_again(door: Door, client: PlatformClient) -> None:
    back = client.rollback_primary("dev", model_name="flights")
    assert [(r["vertex_ai_model_version_id"], r["is_primary_deployment"]) for r in back] == [("3", True), ("4", False)]
    with pytest.raises(httpx.HTTPStatusError) as caught:
        client.rollback_primary("dev", model_name="flights")
    assert caught.value.response.status_code == 409
    assert client.primary("flights", "dev")["vertex_ai_model_version_id"] == "3"
    door("judge", "POST", "/models/flights/versions/1.0.1/unquarantine", {"reason": "mended"})
    forth = client.rollback_primary("dev", resource=RESOURCE, version="4")
    assert forth[0]["vertex_ai_model_version_id"] == "4"
    with pytest.raises(httpx.HTTPStatusError) as caught:
        client.rollback_primary("dev", resource=RESOURCE, version="5")
    assert caught.value.response.json()["code"] == "MDK516", "it was never primary"


def test_status_updates_make_challengers_and_take_them_away(door: Door, client: PlatformClient) -> None:
    new = named("taxis")
    resource = new["vertex_ai_model_resource_name"]
    for version in ("1", "2", "3"):
        client.add_model(payload(version, **new))
    client.publish_primary(resource, "1", "dev")
    client.update_status(
        resource, "2", "dev", "challenger", {"deployment_type": "canary", "traffic_split_percentage": 10}
    )
    client.update_status(
        resource, "3", "dev", "challenger", {"deployment_type": "canary", "traffic_split_percentage": 0.2}
    )

    def shares() -> dict[str, int]:
        places = door("reader", "GET", "/models/taxis/deployments").json()[0]["placements"]
        return {place["version"]: place["percent"] for place in places if place["place"] == "challenger"}

    assert shares() == {"1.0.1": 10, "1.0.2": 20}
    primary = client.primary("taxis", "dev")
    ids = [client.by_vertex(resource, version)["id"] for version in ("2", "3")]
    assert sorted(primary["challenger_model_ids"]) == sorted(ids)
    assert client.by_vertex(resource, "2")["publish_status"] == "challenger"
    client.update_status(resource, "1", "dev", "champion", {"status": "active"}, challengers=ids[:1])
    assert shares() == {"1.0.1": 10}
    client.update_status(resource, "2", "dev", "archived", {"status": "inactive", "reason": "lost"})
    assert shares() == {}
    client.update_status(resource, "3", "dev", "champion", {"status": "active", "traffic_split_percentage": 100})
    assert client.primary("taxis", "dev")["vertex_ai_model_version_id"] == "3"
    for version, status, more, code in (
        ("3", "archived", {}, 409),
        ("1", "challenger", {"traffic_split_percentage": "many"}, 422),
        ("1", "challenger", {"traffic_split_percentage": 101}, 422),
        ("9", "challenger", {}, 404),
    ):
        with pytest.raises(httpx.HTTPStatusError) as caught:
            client.update_status(resource, version, "dev", status, more)
        assert caught.value.response.status_code == code
    other = client.by_number("flights", "1.0.0")["id"]
    with pytest.raises(httpx.HTTPStatusError) as caught:
        client.update_status(resource, "3", "dev", "champion", {}, challengers=[other])
    assert caught.value.response.status_code == 422, "a version of another model"


def test_the_rules_of_prod_hold_and_a_policy_can_ease_them(
    door: Door, client: PlatformClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = named("ships")
    resource = new["vertex_ai_model_resource_name"]
    client.add_model(payload("1", **new, deployment_environment="prod"))
    client.add_model(payload("2", **new, deployment_environment="dev"))
    assert client.latest("ships", "prod")["vertex_ai_model_version_id"] == "1"
    assert client.latest("ships", "dev")["vertex_ai_model_version_id"] == "2"
    with pytest.raises(httpx.HTTPStatusError) as caught:
        client.latest("ships", "stage")
    assert caught.value.response.status_code == 404
    with pytest.raises(httpx.HTTPStatusError) as caught:
        client.publish_primary(resource, "1", "prod")
    problem = caught.value.response.json()
    assert problem["code"] == "MDK520"
    for gate in ("after: it was never champion in stage", "promoted: ", "approvals: 0 of 1 agreed"):
        assert gate in problem["detail"]
    assert {gate["gate"] for gate in problem["gates"] if not gate["passed"]} == {"after", "promoted", "approvals"}
    assert "mdk registry policy prod --set prod-by-pipeline.yaml" in problem["findings"][0]["fix"]
    monkeypatch.setenv("MDK_REGISTRY", door.server.url)
    monkeypatch.setenv("MDK_REGISTRY_TOKEN", door.tokens["keeper"])
    call(["registry", "policy", "prod", "--set", str(BY_PIPELINE), "-m", "prod trains its own"], Terminal())
    published = client.publish_primary(resource, "1", "main")
    assert published[0]["is_primary_deployment"] and published[0]["deployment_environment"] == "main"
    assert client.primary("ships", "prod")["deployment_environment"] == "prod"


def test_whoever_registers_cannot_crown_by_a_flag(door: Door, client: PlatformClient) -> None:
    client.add_model(payload("1", **named("trams"), is_primary_deployment=True, publish_status="champion"))
    with pytest.raises(httpx.HTTPStatusError):
        client.primary("trams", "dev")
    found = client.latest("trams", "dev")
    assert not found["is_primary_deployment"] and found["publish_status"] is None
    reading = PlatformClient(door.server.url, door.tokens["reader"])
    with pytest.raises(httpx.HTTPStatusError) as caught:
        reading.add_model(payload("9", **named("trams")))
    assert caught.value.response.status_code == 403


numbers = st.tuples(st.integers(0, 999_999), st.integers(0, 999_999), st.integers(0, 999_999_999))


@given(st.text(min_size=1, max_size=20), numbers)
def test_ids_are_uuids_that_mean_one_version_of_one_model(name: str, number: tuple[int, int, int]) -> None:
    version = ".".join(map(str, number))
    made = uuid.UUID(record_id(name, version))
    assert (made.version, made.variant) == (8, uuid.RFC_4122)
    assert version_of(name, str(made)) == version
    assert version_of(name + "x", str(made)) is None


@given(st.one_of(st.uuids().map(str), st.text()))
def test_other_texts_mean_no_version(text: str) -> None:
    assert version_of("flights", text) is None
