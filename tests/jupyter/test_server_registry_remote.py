"""A registry's server behind the Jupyter server: the same answers as its own, and its token stays there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from jupyter_servers import CONFIG, Client, Heard, begin
from registry_server import ARTIFACT, Door, dev_door, role, sqlite_url
from tornado.httpclient import HTTPClientError

from mdk_jupyter.server.events.bus import REGISTRY

pytest_plugins = ("pytest_jupyter.jupyter_server",)

READING = (
    "/models", "/models?limit=1", "/models?text=fli&project=default", "/models?label=team%3Dgrowth", "/models?champion_in=dev",
    "/models/flights", "/models/flights/versions", "/models/flights/versions/1.0.0", "/models/flights/versions/latest",
    "/models/flights/versions/champion?environment=dev", "/versions?metric=auc+%3E+0.6&metric=auc+%3C+0.9&status=active",
    "/versions?trained_by=ada", "/compare?a=flights/1.0.0&b=flights/1.0.1", "/lineage?reference=flights/1.0.0",
    "/costs?by=team", "/models/flights/champions/dev", "/models/flights/deployments",
    "/models/flights/versions/1.0.1/plan?environment=prod", "/models/flights/versions/1.0.1/approvals",
    "/models/flights/history", "/models/flights/history?environment=dev&limit=1", "/verify", "/events?limit=2", "/policies/prod",
    "/grants?subject=ada",
    "/models/none", "/models/flights/versions/9.9.9", "/models/flights/champions/stage", "/compare?a=flights/1.0.0&b=none/1.0.0",
    "/models?cursor=nonsense", "/lineage?dataset=gs://nowhere/x", "/policies/moon", "/grants",
)  # fmt: skip


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {**CONFIG, "MDKExtension": {"registry_pause": 0.2}}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with dev_door(
        sqlite_url(tmp_path), ada=[role("approver", "dev"), role("contributor")], root=[role("admin")]
    ) as door:
        yield door


async def test_its_answers_are_the_registrys_own(
    jp_serverapp: Any, jp_fetch: Any, jp_root_dir: Path, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(jp_serverapp)
    heard = Heard(jp_serverapp, REGISTRY)
    monkeypatch.setenv("FLIGHTS_TOKEN", door.tokens["ada"])
    settings = {"url": door.server.url, "token_variable": "FLIGHTS_TOKEN"}
    (jp_root_dir / "mdk.yaml").write_text(json.dumps({"name": "p", "registry": settings}))
    client = Client(jp_fetch)
    told: list[bytes] = []

    async def ask(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
        address, _, query = path.partition("?")
        pairs = [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]
        given = [(name, unquote_plus(value)) for name, value in pairs]
        text = None if body is None else json.dumps(body)
        try:
            answer = await jp_fetch("mdk", "registry", *address.strip("/").split("/"), method=method, params=given, body=text, headers=headers)  # fmt: skip
        except HTTPClientError as error:
            assert error.response is not None
            answer = error.response
        told.append(answer.body)
        return answer.code, json.loads(answer.body or b"null"), answer.headers.get("ETag")

    for number, score in enumerate((0.7, 0.8)):
        body = {"artifact": ARTIFACT, "metrics": {"auc": score}, "labels": {"team": "growth"}, "cost": {"usd": number}}
        code, made, _ = await ask("POST", "/models/flights/versions", {**body, "cost": None})
        assert (code, made["version"]) == (201, f"1.0.{number}")
    code, champion, tag = await ask("PUT", "/models/flights/champions/dev", {"version": "1.0.0"}, **{"If-Match": '"0"'})
    assert (code, champion["revision"], tag) == (200, 1, '"1"')

    for path in READING:
        direct = door("ada", "GET", path)
        code, answer, tag = await ask("GET", path)
        assert code == direct.status_code, f"{path}: {answer}"
        if code == 200:
            assert answer == direct.json(), path
            assert tag == direct.headers.get("ETag"), path
        else:
            problem = direct.json()
            assert [f["code"] for f in answer["findings"]] == [problem["code"]], path
            assert answer["findings"][0]["message"] == problem["findings"][0]["message"]

    changes: list[tuple[str, Any, dict[str, str]]] = [
        ("/models/flights/champions/dev", {"version": "1.0.1"}, {"If-Match": '"0"'}),
        ("/models/flights/champions/prod", {"version": "1.0.1"}, {"If-Match": '"0"'}),
        ("/models/flights/champions/prod", {"version": "1.0.1"}, {}),
        ("/models/none/champions/dev", {"version": "1.0.1"}, {"If-Match": '"0"'}),
    ]
    for path, body, headers in changes:
        named = {name.replace("-", "_"): value for name, value in headers.items()}
        direct = door("ada", "PUT", path, body, **named)
        code, answer, _ = await ask("PUT", path, body, **headers)
        problem = direct.json()
        assert (code, answer["revision"], answer["gates"]) == (
            direct.status_code,
            problem["revision"],
            problem["gates"],
        )

    again = await ask("GET", "/models/flights/champions/dev", **{"If-None-Match": '"1"'})
    assert again[0] == 304, (again, tag)

    heard.events.clear()
    door.register("ada", "wine")  # by somebody else
    events = await heard.until(lambda found: any(event["model"] == "wine" for event in found))
    assert {"model": "wine", "environment": None, "action": "version.registered"} in events
    about = await client.get("about")
    assert about["registry"]["kind"] == "remote" and about["registry"]["where"] == door.server.url
    assert not [text for text in told if door.tokens["ada"].encode() in text]
    assert door.tokens["ada"] not in json.dumps(about)
    monkeypatch.setenv("FLIGHTS_TOKEN", "wrong")
    (jp_root_dir / "mdk.yaml").write_text(
        json.dumps({"name": "p", "registry": {**settings, "url": door.server.url + "/"}})
    )
    assert (await ask("GET", "/models"))[0] == 403  # not 401: the browser has nothing to log in with
