"""The server as a process: it is stopped in the middle of a run, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_servers import write
from tornado.websocket import WebSocketClientConnection, websocket_connect

from mdk_jupyter.kernels import place
from mdk_jupyter.server.events.bus import RUN

SLOW = """
import pathlib, time
y = x + 1
while not pathlib.Path("go").exists():
    time.sleep(0.05)
"""


class Server:
    """A Jupyter server on a free port."""

    def __init__(self, root: Path, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.token = secrets.token_hex(8)
        self.url = f"127.0.0.1:{port}"
        folders = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
        words = [
            "--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}",
            f"--IdentityProvider.token={self.token}", "--ServerApp.jpserver_extensions=mdk_jupyter=True",
        ]  # fmt: skip
        with (home / "server.log").open("ab") as log:
            command = [sys.executable, "-m", "jupyter_server", *words]
            self.process = subprocess.Popen(command, env={**os.environ, **folders}, stdout=log, stderr=log)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        return await asyncio.to_thread(self._ask, method, path, body)

    def _ask(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"http://{self.url}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    async def listen(self) -> WebSocketClientConnection:
        """Subscribe to the bus, as JupyterLab does, when the server answers."""
        async with asyncio.timeout(60):
            while True:
                try:
                    return await websocket_connect(f"ws://{self.url}/api/events/subscribe?token={self.token}")
                except OSError:
                    assert self.process.poll() is None, "the server has ended"
                    await asyncio.sleep(0.1)

    def kill(self) -> None:
        """End it without a warning, with all that it started but what has a session of its own."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


@contextmanager
def serving(root: Path, home: Path) -> Iterator[Server]:
    server = Server(root, home)
    try:
        yield server
    finally:
        server.kill()


async def heard(socket: WebSocketClientConnection, *wanted: tuple[str, str | None, str | None]) -> list[dict[str, Any]]:
    """Read the bus until all that is wanted was said, as (kind, step, state)."""
    found: list[dict[str, Any]] = []
    missing = {*wanted}
    async with asyncio.timeout(60):
        while missing:
            message = await socket.read_message()
            assert message is not None, "the server hung up"
            event = json.loads(message)
            if event["schema_id"] == RUN:
                found.append(event)
                said = event["event"]
                missing.discard((said["kind"], said["step"], said["state"]))
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="sessions of POSIX")
def test_a_run_outlives_the_server_that_started_it(tmp_path: Path) -> None:
    try:
        asyncio.run(_story(tmp_path))
    finally:
        (tmp_path / "root/go").touch()  # the run ends, whatever became of the test


async def _story(tmp_path: Path) -> None:
    root, home = tmp_path / "root", tmp_path / "home"
    home.mkdir()
    write(root / "flow.ipynb", ("component:a", "x = 1"), ("component:b metric:y", SLOW), ("component:c", "z = y"))
    assert place.FOLDER in os.environ
    with serving(root, home) as server:
        bus = await server.listen()
        run = await server.ask("POST", "mdk/runs", {"path": "flow.ipynb"})
        events = await heard(bus, ("run", None, "running"), ("step", "a", "done"), ("step", "b", "running"))
        assert {event["run"] for event in events} == {run["id"]}
    with serving(root, home) as server:
        bus = await server.listen()
        listed = await server.ask("GET", "mdk/runs")  # the new server knows what the old one did
        assert [(r["id"], r["state"], r["store"]) for r in listed["runs"]] == [(run["id"], "running", "")]
        (root / "go").touch()
        await heard(bus, ("step", "b", "done"), ("step", "c", "done"), ("run", None, "done"))
        shown = await server.ask("GET", f"mdk/runs/{run['id']}?store=")
        assert shown["state"] == "done" and shown["metrics"] == {"y": 2}
        server.process.terminate()  # it comes to its end by itself
        assert server.process.wait(30) in (0, -signal.SIGTERM)
    log = (home / "server.log").read_text()
    assert "Traceback" not in log and "JupyterServerAuthWarning" not in log, log
