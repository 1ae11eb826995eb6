"""The event bus: every run of this user, however started, and what others change in the registry."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from jupyter_servers import CONFIG, FLOW, Client, Heard, begin, ended, write
from registry_server import ARTIFACT

import mdk_jupyter as mdk
from mdk_jupyter.local.announcing import announced
from mdk_jupyter.registry.connecting import connect, find_home
from mdk_jupyter.registry.domain import ArtifactRef
from mdk_jupyter.server.events.bus import REGISTRY, RUN

pytest_plugins = ("pytest_jupyter.jupyter_server",)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {**CONFIG, "MDKExtension": {"registry_pause": 0.1}}


@pytest.fixture
def client(jp_fetch: Any) -> Client:
    return Client(jp_fetch)


def terminal(*words: object) -> subprocess.Popen[str]:
    """A command as a user types it in a terminal."""
    command = [sys.executable, "-m", "mdk_jupyter.cli", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def test_a_run_in_a_terminal_is_seen_as_it_happens(
    jp_serverapp: Any, client: Client, jp_root_dir: Path, tmp_path: Path
) -> None:
    await begin(jp_serverapp)
    heard = Heard(jp_serverapp, RUN)
    path = write(jp_root_dir / "flows/flow.ipynb", *FLOW)
    elsewhere = write(tmp_path / "elsewhere/flow.ipynb", *FLOW)
    await asyncio.to_thread(mdk.run, elsewhere)  # not below the root
    command = terminal("run", "local", path, "-p", "rate=inf")
    events = await heard.until(ended)
    assert command.wait(60) == 0
    (run,) = {e["run"] for e in events}
    assert {(e["store"], e["source"]) for e in events} == {("flows", "flows/flow.ipynb")}
    told = [(e["event"]["kind"], e["event"].get("step"), e["event"].get("state")) for e in events]
    assert told[0] == ("run", None, "running") and told[-1] == ("run", None, "done")
    for step in ("load", "train", "report"):
        assert (
            told.index(("step", step, "running"))
            < told.index(("cell", step, None))
            < told.index(("step", step, "done"))
        )
    assert events[0]["event"]["data"]["graph"]["train"] == ["load"]
    assert events[-1]["event"]["data"]["metrics"] == {"score": "Infinity"}
    done = next(e["event"] for e in events if e["event"]["step"] == "train" and e["event"]["state"] == "done")
    assert done["data"]["notebook"] == f"flows/.mdk/runs/{run}/train.ipynb"
    # All of it is from the cache, and over in a moment: it is seen all the same.
    heard.events.clear()
    again = await asyncio.to_thread(mdk.run, path, parameters={"rate": float("inf")})
    events = await heard.until(ended)
    assert {e["run"] for e in events} == {again.id} and events[-1]["event"]["state"] == "done"


async def test_a_failure_says_where_and_a_killed_run_that_it_is_over(
    jp_serverapp: Any, client: Client, jp_root_dir: Path
) -> None:
    await begin(jp_serverapp)
    heard = Heard(jp_serverapp, RUN)
    path = write(jp_root_dir / "flow.ipynb", ("component:a", "x = 1\ny = x / 0"))
    assert (await asyncio.to_thread(terminal("run", "local", path).wait, 60)) == 1
    events = await heard.until(ended)
    failed = next(e["event"] for e in events if e["event"]["state"] == "failed")
    assert failed["data"]["findings"][0]["line"] == 2 and failed["data"]["findings"][0]["cell_id"] == "c1"
    assert "place" not in failed["data"]["findings"][0]
    heard.events.clear()
    write(path, ("component:a", "import time\ntime.sleep(60)"))
    command = terminal("run", "local", path)
    events = await heard.until(lambda found: any(e["event"]["kind"] == "cell" for e in found))
    shown = await client.get(f"runs/{events[0]['run']}", store="")
    assert (shown["state"], shown["steps"][0]["cell"], shown["steps"][0]["cells"]) == ("running", 1, 1)
    process = next(one.process for one in announced() if one.run.name == events[0]["run"])
    assert process is not None
    os.kill(process, signal.SIGKILL)
    events = await heard.until(ended)
    assert events[-1]["event"]["state"] == "interrupted"
    await asyncio.to_thread(command.wait, 60)


async def test_a_restart_takes_up_what_goes_on(
    jp_configurable_serverapp: Any, jp_root_dir: Path, jp_fetch: Any
) -> None:
    path = write(
        jp_root_dir / "flow.ipynb", ("component:a", "x = 1"), ("component:b", "import time\ny = x\ntime.sleep(60)")
    )
    old = await asyncio.to_thread(mdk.run, write(jp_root_dir / "old.ipynb", ("component:a", "x = 2")))
    command = terminal("run", "local", path)
    run = await asyncio.to_thread(appeared, path, old.id)
    app = jp_configurable_serverapp()
    heard = Heard(app, RUN)
    await begin(app)
    events = await heard.until(lambda found: any(e["event"]["step"] == "b" for e in found))
    assert {e["run"] for e in events} == {run}  # and nothing of the run that was over
    assert [e["event"]["state"] for e in events if e["event"]["kind"] == "step"][:2] == ["running", "done"]
    client = Client(jp_fetch)
    cancelled = await client.delete(f"runs/{run}", store="")
    assert cancelled["id"] == run
    events = await heard.until(ended)
    assert events[-1]["event"]["state"] == "cancelled"
    assert await asyncio.to_thread(command.wait, 60) == 130
    assert (await client.get(f"runs/{run}"))["state"] == "cancelled"
    again = await client.delete(f"runs/{run}", store="")  # it has ended, and that is all
    assert again["state"] == "cancelled"


def appeared(path: Path, but: str) -> str:
    """Wait until the second step of a run beside a notebook goes on; return the run."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for journal in (path.parent / ".mdk/runs").glob("*/events.jsonl"):
            if journal.parent.name != but and '"step": "b"' in journal.read_text():
                return journal.parent.name
        time.sleep(0.02)
    raise AssertionError("the run did not begin")


async def test_what_others_change_in_the_registry(jp_serverapp: Any, client: Client, jp_root_dir: Path) -> None:
    await begin(jp_serverapp)
    heard = Heard(jp_serverapp, REGISTRY)
    await client.post("registry/models/flights/versions", {"artifact": ARTIFACT})
    events = await heard.until(lambda found: len(found) > 0)
    assert events[0] == {"model": "flights", "environment": None, "action": "version.registered"}
    await asyncio.sleep(0.5)  # the first look is only to know what there is
    heard.events.clear()

    def others() -> None:
        registry = connect(find_home(jp_root_dir))
        registry.register("wine", artifact=ArtifactRef(**ARTIFACT))  # type: ignore[arg-type]
        registry.publish("wine/1.0.0", environment="dev", reason="first")

    await asyncio.to_thread(others)
    events = await heard.until(lambda found: len(found) >= 2)
    assert events == [
        {"model": "wine", "environment": None, "action": "version.registered"},
        {"model": "wine", "environment": "dev", "action": "champion.changed"},
    ]
