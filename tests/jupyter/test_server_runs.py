"""Runs through the server: looked at, compared, read."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from jupyter_servers import CONFIG, FLOW, Client, write

import mdk_jupyter as mdk
from mdk_jupyter.errors import RunError
from mdk_jupyter.local.record import Run
from mdk_jupyter.local.store import create_run_folder

pytest_plugins = ("pytest_jupyter.jupyter_server",)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return CONFIG


@pytest.fixture
def client(jp_fetch: Any) -> Client:
    return Client(jp_fetch)


async def test_runs_and_what_they_left(client: Client, jp_root_dir: Path) -> None:
    path = write(jp_root_dir / "flows/flow.ipynb", *FLOW)
    first = await asyncio.to_thread(mdk.run, path)
    second = await asyncio.to_thread(mdk.run, path, parameters={"rate": float("inf")})
    broken = write(jp_root_dir / "flows/broken.ipynb", ("component:a", "x = 1\ny = x / 0"))
    with pytest.raises(RunError):
        await asyncio.to_thread(mdk.run, broken)

    listed = await client.get("runs", store="flows")
    assert listed["stores"] == ["flows"] and len(listed["runs"]) == 3
    assert await client.get("runs") == listed  # the runs have announced their store
    failed, latest, oldest = listed["runs"]
    assert (latest["id"], oldest["id"], oldest["state"], oldest["source"]) == (second.id, first.id, "done", "flows/flow.ipynb")  # fmt: skip
    assert latest["metrics"]["score"] == "Infinity" and oldest["metrics"]["score"] == 2.5
    assert [(s["name"], s["state"], s["cached"], s["after"]) for s in latest["steps"]] == [
        ("load", "done", True, []),
        ("train", "done", False, ["load"]),
        ("report", "done", False, ["train"]),
    ]
    assert failed["state"] == "failed" and failed["steps"][0]["findings"][0]["line"] == 2
    assert "ZeroDivisionError" in failed["steps"][0]["traceback"]
    assert [r["id"] for r in (await client.get("runs", path="flows/flow.ipynb"))["runs"]] == [second.id, first.id]
    page = await client.get("runs", store="flows", limit=1, before=second.id)
    assert [run["id"] for run in page["runs"]] == [first.id]

    shown = await client.get(f"runs/{first.id}", store="flows")
    assert shown == oldest == await client.get(f"runs/{first.id}")
    assert "trained 1.5" in (await client.get(f"runs/{first.id}/log", store="flows", step="train"))["text"]
    kept = shown["steps"][1]["notebook"]
    assert kept == f"flows/.mdk/runs/{first.id}/train.ipynb"
    assert latest["steps"][0]["notebook"] == f"flows/.mdk/runs/{second.id}/load.ipynb"
    assert (await client.get(f"runs/{first.id}/notebook", store="flows", step="train"))["path"] == kept

    compared = await client.get("runs/compare", a=first.id, b=second.id, store="flows")
    assert compared["parameters"]["rate"] == {"a": 0.5, "b": "Infinity", "same": False, "difference": None}
    assert compared["artifacts"]["load.rows"]["change"] == "same"
    for words in ({"store": "flows"}, {"store": "elsewhere"}, {}):
        missing = await client.refused(404, client.get("runs/20200101-000000-000-aaaa", **words))
        assert missing["findings"][0]["code"] == "MDK352"
    assert (await client.refused(404, client.get(f"runs/{first.id}/log", store="flows", step="x")))["findings"]
    for wrong in ({"limit": "many"}, {"limit": "-1"}):
        await client.refused(400, client.get("runs", **wrong))

    model = await client.get(f"contents/{kept}", type="notebook", content="1")
    assert model["type"] == "notebook" and model["writable"] is False and model["path"] == kept
    assert any("trained" in json.dumps(cell) for cell in model["content"]["cells"])
    bare = await client.get(f"contents/{kept}", content="0")
    assert bare["content"] is None
    folder = await client.get(f"contents/flows/.mdk/runs/{first.id}")
    assert folder["type"] == "directory" and not any(one["writable"] for one in folder["content"])
    assert {"run.json", "pipeline.yaml", "train.ipynb"} <= {one["name"] for one in folder["content"]}
    text = await client.get(f"contents/flows/.mdk/runs/{first.id}/pipeline.yaml", type="file", format="text")
    assert "components:" in text["content"]
    assert await client.get(f"contents/{kept}/checkpoints") == []


async def test_the_drive_gives_nothing_else_and_takes_nothing(client: Client, jp_root_dir: Path) -> None:
    path = write(jp_root_dir / "flow.ipynb", ("component:a", "x = 1"))
    run = await asyncio.to_thread(mdk.run, path)
    (jp_root_dir / "secret.txt").write_text("secret")
    (run.folder / "out.txt").symlink_to(jp_root_dir / "secret.txt")
    (jp_root_dir / "outside").mkdir()
    (jp_root_dir / "outside/.mdk").symlink_to(jp_root_dir)
    inside = f".mdk/runs/{run.id}"
    for wrong in (
        "flow.ipynb", ".mdk", ".mdk/artifacts", f"{inside}/out.txt", f"{inside}/none.ipynb", "outside/.mdk/secret.txt", "outside/.mdk/runs",
    ):  # fmt: skip
        assert "no file" in (await client.refused(404, client.get(f"contents/{wrong}")))["message"]
    await client.refused(400, client.get(f"contents/{inside}/../../../secret.txt"))
    await client.refused(400, client.get(f"contents/{inside}", format="zip"))
    before = sorted(run.folder.iterdir())
    await client.refused(405, client.put(f"contents/{inside}/a.ipynb", {"type": "notebook", "content": {}}))
    await client.refused(405, client.delete(f"contents/{inside}/a.ipynb"))
    await client.refused(405, client.post(f"contents/{inside}/a.ipynb/checkpoints", {}))
    assert sorted(run.folder.iterdir()) == before


async def test_stores_of_open_notebooks_are_known(
    client: Client, jp_root_dir: Path, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run_folder(jp_root_dir / "flows")  # by another user, on another machine
    Run(run.name, "p", run, state="done").save()
    (jp_root_dir / "empty").mkdir()
    assert run.name not in {r["id"] for r in (await client.get("runs"))["runs"]}

    async def sessions() -> list[dict[str, str]]:
        return [{"path": "flows/flow.ipynb"}, {"path": "empty/a.ipynb"}, {"path": "../b.ipynb"}]

    monkeypatch.setattr(jp_serverapp.session_manager, "list_sessions", sessions)
    listed = await client.get("runs")
    assert run.name in {r["id"] for r in listed["runs"]} and "flows" in listed["stores"]
    assert "empty" not in listed["stores"]
    assert (await client.get(f"runs/{run.name}"))["source"] is None
