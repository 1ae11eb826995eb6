"""The server as a process: how it starts, what it refuses, how it stops, and its other ways to know callers."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from oidc import AUDIENCE, issuer
from registries import ADA, artifact
from registry_server import ARTIFACT, COMMAND, dev_door, role, serving, sqlite_url
from servers import wait_until

from mdk_jupyter.registry.api.spool import Spool
from mdk_jupyter.registry.service import Registry


def test_workers_share_a_port_and_their_numbers_and_end_together(tmp_path: Path) -> None:
    with dev_door(sqlite_url(tmp_path), "--workers", "2", ada=[role("approver")]) as door:
        workers = door.server.workers()
        assert len(workers) == 2
        for pid in workers:  # other loops answer each request of a kept connection 40 ms late
            assert any("uvloop" in mapped.path for mapped in psutil.Process(pid).memory_maps())
        for _ in range(40):  # new connections, so that both get some
            httpx.get(f"{door.server.url}/health")
        numbers = [door.at_root("ada", "GET", "/metrics").text for _ in range(2)]
        counted = [
            float(line.rpartition(" ")[2])
            for text in numbers
            for line in text.splitlines()
            if line.startswith("mdk_registry_request_seconds_count") and 'route="/health"' in line
        ]
        assert counted == [40.0, 40.0]
        url = door.server.url
        assert door.server.stop() in {0, -signal.SIGTERM}
        assert not [pid for pid in workers if psutil.pid_exists(pid)]
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health")


def test_requests_under_way_are_carried_out(tmp_path: Path) -> None:
    with dev_door(sqlite_url(tmp_path), ada=[role("approver"), role("admin")]) as door:
        begun, answers = threading.Event(), []

        def slowly() -> Iterator[bytes]:
            yield b"\n"
            begun.set()
            assert wait_until(lambda: any("Shutting down" in line for line in door.server.lines))
            yield b"\n"

        def send() -> None:
            headers = {"Authorization": f"Bearer {door.tokens['ada']}"}
            answers.append(
                httpx.post(f"{door.server.url}/api/v1/import", content=slowly(), headers=headers, timeout=30)
            )

        sending = threading.Thread(target=send)
        sending.start()
        assert begun.wait(30)
        door.server.stop()
        sending.join(30)
        assert [answer.status_code for answer in answers] == [200], answers[0].text


def test_a_reader_that_stalls_holds_no_connection_to_the_database(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    registry = Registry.open(url)
    for number in range(12):  # more than sockets hold
        profile = {"columns": "x" * (1 << 20)}
        registry.register(ADA, "flights", artifact=artifact(number), profile=profile)
    registry.close()
    with dev_door(url, vic=[role("viewer")]) as door:
        address = urlsplit(door.server.url)
        with socket.create_connection((address.hostname, address.port)) as stalled:
            lines = (
                "GET /api/v1/export HTTP/1.1",
                f"Host: {address.netloc}",
                f"Authorization: Bearer {door.tokens['vic']}",
            )
            stalled.sendall("\r\n".join([*lines, "", ""]).encode())
            assert stalled.recv(12) == b"HTTP/1.1 200"
            # While anybody reads an old state, SQLite cannot empty its log.
            with closing(sqlite3.connect(tmp_path / "registry.db", isolation_level=None)) as database:
                database.execute("UPDATE tokens SET note = 'written meanwhile'")
                assert wait_until(lambda: database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
        answer = door("vic", "GET", "/export")
        assert len(answer.text.splitlines()) > 12 and answer.text.endswith("\n")


def test_an_export_that_breaks_off_is_not_taken_for_whole() -> None:
    def lines() -> Iterator[str]:
        yield "first\n"
        raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError, match="went away"):
        b"".join(Spool(lines()))
    assert b"".join(Spool(iter(["a" * 100_000, "b\n"]))) == b"a" * 100_000 + b"b\n"


def test_id_tokens_are_enough_where_the_issuer_is_trusted(tmp_path: Path) -> None:
    with issuer() as local:
        words = ["--auth", "oidc", "--issuer", local.url, "--audience", AUDIENCE, "--admin", "root@example.com"]
        with serving("--db", sqlite_url(tmp_path), *words) as server:

            def call(email: str, method: str, path: str, body: object = None, **claims: Any) -> httpx.Response:
                token = local.token(**{"email": email, "email_verified": True, **claims})
                headers = {"Authorization": f"Bearer {token}", "X-Serverless-Authorization": "Bearer of-the-platform"}
                return server.client.request(method, f"/api/v1{path}", json=body, headers=headers)

            register = ("POST", "/models/flights/versions", {"artifact": ARTIFACT})
            assert call("ada@example.com", *register).status_code == 403
            grant = {"subject": "ada@example.com", "role": "contributor"}
            assert call("ada@example.com", "POST", "/grants", grant).status_code == 403
            assert call("root@example.com", "POST", "/grants", grant).status_code == 201
            done = call("ada@example.com", *register)
            assert (done.status_code, done.json()["registered_by"]) == (201, "ada@example.com")
            assert call("ada@example.com", *register, aud="https://other.example.com").status_code == 401
            assert call("ada@example.com", *register, email_verified=False).status_code == 403
            assert call("ada@example.com", *register, iss="https://accounts.google.com").status_code == 401
            record = call("ada@example.com", "GET", "/models/flights/history").json()["items"][0]
            assert (record["actor"], record["method"]) == ("ada@example.com", "oidc")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--auth", "dev", "--host", "0.0.0.0"], "MDK577"),
        (["--auth", "oidc"], "MDK578"),
        (["--auth", "cloudrun", "--audience", AUDIENCE], "MDK578"),
        (["--auth", "dev", "--db", "nonsense://x"], "MDK546"),
        (["--auth", "none"], "is not one of"),
        ([], "--auth"),
    ],
)
def test_what_would_not_be_safe_does_not_start(tmp_path: Path, words: list[str], code: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "K_SERVICE"}
    database = [] if "--db" in words else ["--db", sqlite_url(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "--port", "0", *database, *words],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert code in done.stderr
    assert not (tmp_path / "registry.db").exists()


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with dev_door(sqlite_url(tmp_path)) as door:
        port = door.server.url.rpartition(":")[2]
        words = ["--db", sqlite_url(tmp_path), "--auth", "dev", "--port", port]
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode != 0 and "MDK580" in done.stderr
