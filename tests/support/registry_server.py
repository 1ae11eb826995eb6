"""The registry's server as a process, and callers with and without roles."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from mdk_jupyter.registry.domain import Actor, Grant, Role
from mdk_jupyter.registry.policy import SHARED
from mdk_jupyter.registry.service import Registry

COMMAND = "import typer; from mdk_jupyter.cli.registry_serve import serve; typer.run(serve)"
SHA = "ab" * 32
ARTIFACT = {"uri": "gs://demo/model.joblib", "sha256": SHA, "size": 10, "format": "joblib"}


class Server:
    """`mdk registry serve` on a free port of this machine."""

    def __init__(self, *words: str, environ: dict[str, str] | None = None) -> None:
        self.lines: list[str] = []  # of its log
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "--port", "0", *words],
            env={**os.environ, **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = self._address()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.client = httpx.Client(base_url=self.url, timeout=60)
        self.client.get("/ready").raise_for_status()

    @property
    def pid(self) -> int:
        return self._process.pid

    def workers(self) -> list[int]:
        """Return the processes that answer."""
        return [child.pid for child in psutil.Process(self.pid).children() if _answers(child)]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it, and return its exit code."""
        self.client.close()
        if self._process.poll() is None:
            self._process.send_signal(number)
        code = self._process.wait(60)
        self._reader.join(10)
        return code

    def log(self) -> list[dict[str, Any]]:
        """Return the lines that are JSON."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def _address(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
            if found := re.match(r"registry at (http://\S+?),", line):
                return found[1]
        raise AssertionError("".join(self.lines))

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.lines.extend(self._process.stdout)


@contextmanager
def serving(*words: str, environ: dict[str, str] | None = None) -> Iterator[Server]:
    """Run a server, and leave no process behind."""
    server = Server(*words, environ=environ)
    try:
        yield server
    finally:
        server.stop()


class Callers:
    """People with tokens and roles, who were there before the server was."""

    def __init__(self, url: str, **roles: Iterable[Grant]) -> None:
        self.root = Actor(name="root", grants=(Grant(subject="root", role=Role.ADMIN),))
        registry = Registry.open(url, policies=SHARED)
        self.tokens = {}
        for name, grants in roles.items():
            for grant in grants:
                registry.grant(self.root, name, grant.role, project=grant.project, environment=grant.environment)
            self.tokens[name] = str(registry.create_token(self.root, name).secret)
        registry.close()


class Door:
    """A server with callers. `door("ada", "GET", "/models")` is a request of ada's, below /api/v1."""

    def __init__(self, server: Server, callers: Callers) -> None:
        self.server = server
        self.tokens = callers.tokens

    def __call__(self, who: str, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        return self.at_root(who, method, f"/api/v1{path}", json, **headers)

    def at_root(self, who: str, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        """Send a request to a path that is not below /api/v1. Headers have `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given["Authorization"] = f"Bearer {self.tokens[who]}"
        return self.server.client.request(method, path, json=json, headers=given)

    def register(self, who: str, name: str, **given: Any) -> str:
        """Register a version, and return its number."""
        answer = self(who, "POST", f"/models/{name}/versions", {"artifact": ARTIFACT, **given})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["version"])


def role(name: str, environment: str = "*", project: str = "*") -> Grant:
    """Return a grant of a role."""
    return Grant(subject="somebody", role=Role(name), environment=environment, project=project)


@contextmanager
def dev_door(url: str, *words: str, **roles: Iterable[Grant]) -> Iterator[Door]:
    """Run a server with tokens of its own."""
    callers = Callers(url, **roles)
    with serving("--db", url, "--auth", "dev", *words) as server:
        yield Door(server, callers)


def sqlite_url(folder: Path) -> str:
    """Return the URL of a new registry."""
    return f"sqlite:///{folder / 'registry.db'}"


def _answers(process: psutil.Process) -> bool:
    try:
        return "resource_tracker" not in " ".join(process.cmdline())
    except psutil.Error:  # killed, and not buried yet
        return False
