"""The magics in a kernel that a real Jupyter server started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

pytest.importorskip("jupyter_server")
SUPPORT = Path(__file__).parent.parent / "support"
TOKEN = "for-this-test"
WHERE = "get_ipython().find_line_magic('mdk').__self__.session.notebook()"


class Server:
    """A Jupyter server of its own, with one notebook and its kernel."""

    def __init__(self, home: Path) -> None:
        self.root = home / "root"
        (self.root / "sub").mkdir(parents=True)
        self.runtime = home / "runtime"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        folders = {name: str(home / name.lower()) for name in ("CONFIG", "DATA")}
        env = os.environ | {f"JUPYTER_{name}_DIR": path for name, path in folders.items()}
        env |= {"JUPYTER_RUNTIME_DIR": str(self.runtime)}
        options = ["--no-browser", "--allow-root", f"--port={self.url.rpartition(':')[2]}", "--port-retries=0"]
        options += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.root}"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None, method=method)
        request.add_header("Authorization", f"token {TOKEN}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.ask("/api/status")
                return
            except OSError:
                assert self._process.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)

    def open(self, path: str) -> tuple[str, BlockingKernelClient]:
        """Begin a session as a front end does; return its id and a client of its kernel."""
        body = {"path": path, "name": Path(path).name, "type": "notebook", "kernel": {"name": "python3"}}
        session = self.ask("/api/sessions", "POST", body)
        client = BlockingKernelClient(connection_file=str(self.runtime / f"kernel-{session['kernel']['id']}.json"))
        client.load_connection_file()
        client.start_channels(hb=False)  # on a busy machine the first beat comes late
        client.wait_for_ready(timeout=120)
        return session["id"], client

    def close(self) -> None:
        for session in self.ask("/api/sessions"):
            self.ask(f"/api/sessions/{session['id']}", "DELETE")
        self._process.terminate()
        self._process.wait(30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.wait()
    yield running
    running.close()


def evaluate(client: BlockingKernelClient, expression: str) -> str:
    reply = client.execute_interactive("", user_expressions={"it": f"str({expression})"}, timeout=120)
    result = reply["content"]["user_expressions"]["it"]
    return str(result["data"]["text/plain"]) if result["status"] == "ok" else f"{result['ename']}: {result['evalue']}"


def test_the_notebook_is_found_and_followed_through_a_rename(server: Server) -> None:
    for name in ("one.ipynb", "two.ipynb"):
        (server.root / "sub" / name).write_text('{"cells": []}')
    session, client = server.open("sub/one.ipynb")
    client.execute_interactive("%load_ext mdk_jupyter", timeout=120)
    assert evaluate(client, WHERE) == repr(str(server.root / "sub" / "one.ipynb"))
    server.ask(f"/api/sessions/{session}", "PATCH", {"path": "sub/two.ipynb", "name": "two.ipynb"})
    assert evaluate(client, WHERE) == repr(str(server.root / "sub" / "two.ipynb"))
    client.stop_channels()


def test_the_front_end_of_the_same_environment_has_the_widget(server: Server) -> None:
    _, client = server.open("sub/one.ipynb")
    screen = "type(__import__('mdk_jupyter.widgets.live', fromlist=['x']).screen(get_ipython())).__name__"
    assert evaluate(client, screen) == "'WidgetScreen'"
    client.stop_channels()


def test_a_kernel_within_a_kernel_does_not_take_its_notebook(server: Server) -> None:
    (server.root / "sub" / "one.ipynb").write_text('{"cells": []}')
    _, client = server.open("sub/one.ipynb")
    inner = "__import__('real_kernel').Kernel('%load_ext mdk_jupyter')"
    client.execute_interactive(f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\ninner = {inner}", timeout=120)
    found = evaluate(client, f"inner.run({WHERE!r})[-1]")
    client.execute_interactive("inner.close()", timeout=120)
    client.stop_channels()
    assert "MDK360" in found
