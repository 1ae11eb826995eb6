"""The registry's server as a process, and callers with and without roles."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

SHA = "ab" * 32
ARTIFACT = {"uri": "gs://demo/model.joblib", "sha256": SHA, "size": 10, "format": "joblib"}


class Server:
    """`mdk registry serve` on a free port of this machine."""

    def __init__(self, *words: str, environ: dict[str, str] | None = None) -> None:
        self.lines: list[str] = []  # of its log
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mdk_jupyter.cli", "registry", "serve", "--port", "0", *words],
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
        children = psutil.Process(self.pid).children()
        return [child.pid for child in children if "resource_tracker" not in " ".join(child.cmdline())]

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


@contextmanager
def dev_server(url: str, *words: str) -> Iterator[Server]:
    """Run a server with tokens of its own; make them with `token`."""
    with serving("--db", url, "--auth", "dev", *words) as server:
        yield server


def sqlite_url(folder: Path) -> str:
    """Return the URL of a new registry."""
    return f"sqlite:///{folder / 'registry.db'}"
