"""The registry through the server: as its own HTTP interface says it, embedded or remote, and when it is away."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from jupyter_servers import CONFIG, Client
from registry_server import ARTIFACT

pytest_plugins = ("pytest_jupyter.jupyter_server",)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {**CONFIG, "MDKExtension": {"registry_seconds": 2.0}}


@pytest.fixture
def client(jp_fetch: Any) -> Client:
    return Client(jp_fetch)


async def registered(client: Client, name: str, *scores: float, **query: str) -> None:
    for score in scores:
        body = {"artifact": ARTIFACT, "metrics": {"auc": score}, "labels": {"team": "a=b"}}
        await client.post(f"registry/models/{name}/versions", body, **query)


async def test_a_version_comes_to_serve(client: Client, jp_root_dir: Path) -> None:
    await registered(client, "flights", 0.7, 0.8)
    await registered(client, "wine", 0.9)
    page = await client.get("registry/models", limit=1)
    assert [m["name"] for m in page["items"]] == ["flights"] and page["next"]
    assert [m["name"] for m in (await client.get("registry/models", cursor=page["next"]))["items"]] == ["wine"]
    jupyters = {"1732489000123": "", "no_track_activity": "1"}  # what JupyterLab adds
    assert [m["name"] for m in (await client.get("registry/models", text="win", **jupyters))["items"]] == ["wine"]
    versions = (await client.get("registry/models/flights/versions"))["items"]
    assert [v["version"] for v in versions] == ["1.0.1", "1.0.0"]
    assert (await client.get("registry/models/flights/versions/latest"))["version"] == "1.0.1"
    found = await client.get("registry/versions", metric=["auc > 0.75", "auc < 0.85"], label="team=a=b")
    assert [v["version"] for v in found["items"]] == ["1.0.1"]
    trained_by, since = found["items"][0]["registered_by"], found["items"][0]["created"]
    asked = {"trained_by": trained_by, "since": since, "status": "active", "limit": 1}
    page = await client.get("registry/versions", **asked)
    assert [v["model"] for v in page["items"]] == ["wine"] and page["next"]
    assert [v["version"] for v in (await client.get("registry/versions", **asked, cursor=page["next"]))["items"]] == [
        "1.0.1"
    ]
    assert not (await client.get("registry/versions", until=since, champion_in="dev"))["items"]

    plan = await client.get("registry/models/flights/versions/1.0.1/plan", environment="dev")
    assert plan["candidate"] == "1.0.1" and plan["revision"] == 0
    put = {"version": "1.0.1", "reason": "first"}
    champion = await client.put(
        "registry/models/flights/champions/dev", put, **{"If-Match": '"0"', "Idempotency-Key": "k1"}
    )
    assert champion["revision"] == 1
    again = await client.put(
        "registry/models/flights/champions/dev", put, **{"If-Match": '"0"', "Idempotency-Key": "k1"}
    )
    assert again == champion  # the key makes it one
    stale = client.put("registry/models/flights/champions/dev", {"version": "1.0.0"}, **{"If-Match": '"0"'})
    refusal = await client.refused(412, stale)
    assert refusal["revision"] == 1 and refusal["findings"][0]["code"] == "MDK510"
    await client.put("registry/models/flights/champions/dev", {"version": "1.0.0"}, **{"If-Match": '"1"'})
    body = {"reason": "worse", "quarantine": True}
    back = await client.post("registry/models/flights/champions/dev/rollback", body)
    assert back["version"]["version"] == "1.0.1"
    history = await client.get("registry/models/flights/history", environment="dev")
    assert [r["action"] for r in history["items"]] == ["rollback", "publish", "publish"]
    compared = await client.get("registry/compare", a="flights/1.0.0", b="flights@champion", environment="dev")
    assert compared["metrics"][0]["difference"] == pytest.approx(0.1)
    assert (await client.get("registry/lineage", reference="flights/1.0.0"))["nodes"]
    note = {"card": "# Flights", "labels": {"team": None}}
    assert (await client.patch("registry/models/flights/versions/1.0.1", note))["labels"] == {}


async def test_what_is_refused_says_why(client: Client) -> None:
    await registered(client, "flights", 0.7)
    missing = await client.refused(404, client.get("registry/models/none"))
    assert missing["findings"][0]["code"] == "MDK500" and missing["findings"][0]["fix"]
    unbased = client.put("registry/models/flights/champions/prod", {"version": "1.0.0"})
    assert (await client.refused(428, unbased))["findings"][0]["code"] == "MDK571"
    gated = client.put("registry/models/flights/champions/prod", {"version": "1.0.0"}, **{"If-Match": '"0"'})
    refusal = await client.refused(422, gated)
    assert refusal["findings"][0]["code"].startswith("MDK52") and any(not gate["passed"] for gate in refusal["gates"])
    for wrong in (
        client.get("registry/models", colour="red"),
        client.get("registry/models", limit="many"),
        client.post("registry/models/flights/champions/dev/rollback", {}),
        client.post("registry/models/flights/versions/1.0.0/approvals", ["dev"]),
    ):
        assert (await client.refused(400, wrong))["findings"][0]["code"] == "MDK382"
    for wrong in (
        client.get("registry/models", label="team"),
        client.get("registry/lineage"),
        client.put("registry/models/flights/champions/dev", {"version": "1.0.0"}, **{"If-Match": "one"}),
        client.put("registry/policies/dev", {"environment": "stage"}),
    ):
        assert (await client.refused(422, wrong))["findings"][0]["code"] == "MDK572"
    await client.refused(405, client.post("registry/models", {}))
    for secret in ("registry/tokens", "registry/export"):
        await client.refused(404, client.get(secret))


async def test_each_project_has_its_registry(client: Client, jp_root_dir: Path) -> None:
    for name in ("one", "two"):
        (jp_root_dir / name).mkdir()
        (jp_root_dir / name / "mdk.yaml").write_text(f"name: {name}")
        await registered(client, f"of-{name}", 0.5, project_path=f"{name}/flow.ipynb")
    for name in ("one", "two"):
        found = await client.get("registry/models", project_path=name)
        assert [m["name"] for m in found["items"]] == [f"of-{name}"]
    (jp_root_dir / "bare").mkdir()
    (jp_root_dir / "bare/flow.ipynb").write_text("{}")
    await registered(client, "bare", 0.5, project_path="bare/flow.ipynb")
    assert (jp_root_dir / "bare/.mdk/registry.db").is_file()


async def test_a_dead_registry_leaves_the_rest_alone(client: Client, jp_root_dir: Path) -> None:
    with socket.socket() as silent:  # takes connections and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (jp_root_dir / "mdk.yaml").write_text(json.dumps({"name": "p", "registry": {"url": url}}))
        asked = [client.refused(503, client.get("registry/models")) for _ in range(8)]
        waiting = asyncio.gather(*asked)
        content = {
            "cells": [{"cell_type": "code", "metadata": {"tags": ["component:a"]}, "source": "x = 1"}],
            "nbformat": 4,
        }
        for _ in range(5):
            assert (await client.post("check", {"path": "a.ipynb", "content": content}))["ok"]
        assert not waiting.done()
        for problem in await waiting:
            assert problem["service"] == "registry" and problem["findings"][0]["code"] == "MDK381"
    (jp_root_dir / "mdk.yaml").write_text('{"name": "p", "registry": {"url": "http://127.0.0.1:9"}}')
    refused = await client.refused(503, client.get("registry/models"))
    assert refused["service"] == "registry"
    (jp_root_dir / "mdk.yaml").write_text('{"name": "p", "registry": {"url": "postgresql://127.0.0.1:9/registry"}}')
    refused = await client.refused(503, client.get("registry/models"))
    assert refused["service"] == "registry" and refused["findings"][0]["fix"]
