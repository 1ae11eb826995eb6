"""Starting runs through the server: on this machine, and on a service."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from jupyter_servers import CONFIG, FLOW, Client, Heard, begin, ended, write
from standin_server import standin
from submitting import mdk, write_project

from mdk_jupyter.server import starting
from mdk_jupyter.server.events.bus import RUN

pytest_plugins = ("pytest_jupyter.jupyter_server",)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return CONFIG


@pytest.fixture
def client(jp_fetch: Any) -> Client:
    return Client(jp_fetch)


async def test_a_run_begins_and_is_followed(jp_serverapp: Any, client: Client, jp_root_dir: Path) -> None:
    await begin(jp_serverapp)
    heard = Heard(jp_serverapp, RUN)
    write(jp_root_dir / "flows/flow.ipynb", *FLOW)
    asked = {"path": "flows/flow.ipynb", "parameters": {"rate": 2, "steps": "5"}}
    run = await client.post("runs", asked)
    assert run["source"] == "flows/flow.ipynb" and run["parameters"] == {"rate": 2.0, "steps": 5}
    events = await heard.until(ended)
    assert {e["run"] for e in events} == {run["id"]} and events[-1]["event"]["data"]["metrics"] == {"score": 21.0}
    assert (jp_root_dir / "flows/flow.pipeline.yaml").is_file()  # as by the command
    heard.events.clear()
    part = await client.post("runs", {**asked, "only": ["train"], "workers": 1})
    await heard.until(ended)
    states = [(s["name"], s["state"], s["cached"]) for s in (await client.get(f"runs/{part['id']}"))["steps"]]
    assert states == [("load", "done", True), ("train", "done", False), ("report", "skipped", False)]


async def test_what_cannot_run_says_why(client: Client, jp_root_dir: Path) -> None:
    write(jp_root_dir / "flow.ipynb", *FLOW)
    write(jp_root_dir / "broken.ipynb", ("component:a", "x = ("))
    wrong = await client.refused(422, client.post("runs", {"path": "broken.ipynb"}))
    assert wrong["findings"][0]["code"] == "MDK140" and wrong["findings"][0]["cell"] == 1
    unknown = await client.refused(400, client.post("runs", {"path": "flow.ipynb", "parameters": {"rat": 1}}))
    assert unknown["findings"][0]["code"] == "MDK306"
    assert (await client.refused(400, client.post("runs", {"path": "none.ipynb"})))["findings"][0]["code"] == "MDK354"
    await client.refused(400, client.post("runs", {"path": "flow.ipynb", "workers": 0}))
    await client.refused(400, client.post("runs", {"path": "flow.ipynb", "target": "moon"}))
    assert not (jp_root_dir / ".mdk/runs").exists()


async def test_a_plan_is_shown_sent_and_followed(jp_serverapp: Any, client: Client, jp_root_dir: Path) -> None:
    await begin(jp_serverapp)
    heard = Heard(jp_serverapp, RUN)
    standin()
    write_project(jp_root_dir)
    write(jp_root_dir / "flow.ipynb", *FLOW)
    asked = {"path": "flow.ipynb", "environment": "dev", "parameters": {"rate": 3.0}}
    planned = await client.post("plans", asked)
    assert planned["plan"]["target"] == "vertex" and planned["plan"]["changed"] == {"rate": 3.0}
    assert [step["name"] for step in planned["plan"]["steps"]] == ["load", "train", "report"]
    assert planned["plan"]["job"] in planned["text"] and not planned["protected"]
    assert (await client.post("plans", {**asked, "environment": "prod"}))["protected"]
    unknown = await client.refused(400, client.post("plans", {**asked, "environment": "production"}))
    assert unknown["findings"][0]["code"] == "MDK446"

    run = await client.post("runs", {**asked, "target": "vertex"})
    assert (run["target"], run["environment"], run["protected"]) == ("vertex", "dev", False) and run["link"]
    events = await heard.until(ended, 200)
    assert events[0]["event"]["state"] == "running" and events[0]["event"]["data"]["graph"]["train"] == ["load"]
    assert events[-1]["event"]["state"] == "done" and events[-1]["event"]["data"]["metrics"] == {"score": 10.0}
    shown = await client.get(f"runs/{run['id']}", store="")
    assert shown["state"] == "done" and [s["state"] for s in shown["steps"]] == ["done"] * 3
    assert shown["steps"][1]["notebook"] is None  # it is in the bucket
    fetched = (await client.get(f"runs/{run['id']}/notebook", store="", step="train"))["path"]
    assert "trained" in json.dumps((await client.get(f"contents/{fetched}"))["content"])
    assert "trained" in (await client.get(f"runs/{run['id']}/log", store="", step="train"))["text"]
    again = await client.post("runs", {**asked, "target": "vertex"})
    assert again["id"] == run["id"]  # the same plan makes one run

    heard.events.clear()
    await asyncio.to_thread(mdk, jp_root_dir, "submit", "--env", "dev", "-p", "rate=4")  # in a terminal
    events = await heard.until(ended, 200)
    assert events[0]["run"] != run["id"] and events[-1]["event"]["data"]["metrics"] == {"score": 13.0}

    scheduled = await client.post("runs", {**asked, "target": "vertex", "schedule": "0 6 * * 1"})
    assert "created" in scheduled["text"]
    assert "ended" in (await client.post("runs", {**asked, "target": "vertex", "schedule": "off"}))["text"]


async def test_a_service_that_is_away(client: Client, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "PATIENCE", 2.0)
    write_project(jp_root_dir, kfp={"host": "http://127.0.0.1:9", "pipeline_root": "gs://demo/x"})
    write(jp_root_dir / "flow.ipynb", *FLOW)
    refused, checked = await asyncio.gather(
        client.refused(503, client.post("runs", {"path": "flow.ipynb", "environment": "dev", "target": "kfp"})),
        client.post("check", {"path": "flow.ipynb"}),
    )
    assert refused["service"] == "kfp" and refused["findings"][0]["code"] == "MDK381" and checked["ok"]
